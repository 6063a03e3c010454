#include "tests/contract/capture_test.h"

#include <grpcpp/grpcpp.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/postgres_programs.h"

namespace tidemark::contract {

using testing::PostgresServer;
using testing::ServiceProcess;

std::vector<int> Versions() {
  // 0: none is installed; each test then fails and names the remedy.
  const int system = testing::SystemPostgresVersion().value_or(0);
  return system == 18 ? std::vector<int>{18} : std::vector<int>{system, 18};
}

std::string VersionName(const ::testing::TestParamInfo<int>& info) {
  return absl::StrCat(info.param);
}

void CaptureTest::SetUp() {
  testing::PostgresOptions options = ServerOptions();
  options.version = GetParam();
  ASSERT_OK_AND_ASSIGN(server_, PostgresServer::Start(options));
  ASSERT_OK(server_->Exec("CREATE DATABASE shop"));
}

void CaptureTest::EnsureSession() {
  // An idle session learns only now that the server has gone.
  if (session_ != nullptr && session_->Exec("SELECT 1").ok()) return;
  session_ = NewSession();
}

std::unique_ptr<testing::SqlConnection> CaptureTest::NewSession() {
  auto session = server_->Connect("shop");
  EXPECT_OK(session);
  return session.ok() ? *std::move(session) : nullptr;
}

void CaptureTest::Sql(const std::string& statements) {
  EnsureSession();
  ASSERT_NE(session_, nullptr);
  EXPECT_OK(session_->Exec(statements)) << statements;
}

std::string CaptureTest::Value(const std::string& query) {
  EnsureSession();
  if (session_ == nullptr) return "";
  auto value = session_->QueryValue(query);
  EXPECT_OK(value) << query;
  return value.value_or("");
}

void CaptureTest::StartService(std::vector<std::pair<std::string, std::string>> environment) {
  testing::ServiceOptions options = ServiceSettings();
  options.environment = std::move(environment);
  ASSERT_OK_AND_ASSIGN(service_, ServiceProcess::Start(options));
  ASSERT_OK(service_->WaitUntilCapturing()) << service_->Log();
}

void CaptureTest::StopService() {
  ASSERT_OK_AND_ASSIGN(const int code, service_->Terminate());
  EXPECT_EQ(code, 0) << service_->Log();
}

void CaptureTest::StartServiceAgain() {
  ASSERT_OK(service_->StartAgain());
  ASSERT_OK(service_->WaitUntilCapturing()) << service_->Log();
}

v1::Snapshot CaptureTest::Snapshot(const std::vector<std::string>& tables) {
  auto snapshot = service_->CreateSnapshot(tables);
  EXPECT_OK(snapshot);
  if (!snapshot.ok()) return {};
  snapshot = service_->WaitForSnapshot(snapshot->id());
  EXPECT_OK(snapshot);
  return snapshot.value_or(v1::Snapshot{});
}

void CaptureTest::CatchUp() {
  EnsureSession();
  ASSERT_NE(session_, nullptr);
  ASSERT_OK_AND_ASSIGN(const uint64_t end, oracle::EndOfLog(*session_));
  // Rows that a snapshot read follow the log's end where the server is idle.
  ASSERT_OK_AND_ASSIGN(const v1::Source source, service_->Status());
  const oracle::StreamOptions options = {.source = ServiceProcess::kSource,
                                         .until_offset = end,
                                         .until_sequence = source.newest_sequence()};
  ASSERT_OK(oracle::FoldStream(service_->change_stream(), options, fold_)) << service_->Log();
}

void CaptureTest::ExpectExact(const oracle::CompareOptions& options) {
  CatchUp();
  if (HasFatalFailure()) return;
  auto comparison = oracle::CompareWithSource(fold_, *session_, options);
  // Rows that are read again after a key change follow the log at their own pace.
  for (int more = 0; more < 20 && comparison.ok() && comparison->unknown_values > 0; ++more) {
    if (options.allow_unknown) break;
    ASSERT_OK(oracle::FoldMore(service_->change_stream(), ServiceProcess::kSource,
                               absl::Milliseconds(500), fold_));
    comparison = oracle::CompareWithSource(fold_, *session_, options);
  }
  ASSERT_OK(comparison);
  EXPECT_TRUE(oracle::IsExact(fold_, *comparison)) << oracle::Verdict(fold_, *comparison);
}

std::vector<v1::Change> CaptureTest::Changes(v1::Op op, const std::string& table) {
  std::vector<v1::Change> changes;
  std::map<uint32_t, std::string> names;
  grpc::ClientContext context;
  v1::SubscribeRequest request;
  request.set_source(ServiceProcess::kSource);
  request.set_beginning(true);
  request.set_heartbeat_interval_ms(100);
  const auto reader = service_->change_stream().Subscribe(&context, request);
  v1::SubscribeResponse response;
  bool more = true;
  while (more && reader->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      const v1::TableSchema& schema = event.schema();
      if (event.has_schema()) {
        names[schema.id()] = absl::StrCat(schema.namespace_(), ".", schema.name());
      }
      const bool wanted = event.has_change() && event.change().op() == op &&
                          names[event.change().schema_id()] == table;
      if (wanted) changes.push_back(event.change());
      more = more && event.sequence() < fold_.sequence();
    }
  }
  context.TryCancel();
  return changes;
}

}  // namespace tidemark::contract
