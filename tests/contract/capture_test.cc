#include "tests/contract/capture_test.h"

#include <grpcpp/grpcpp.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tidemark::contract {

using testing::Engine;
using testing::PostgresServer;
using testing::ServiceProcess;

std::string KindName(const ::testing::TestParamInfo<testing::ServerKind>& info) {
  return testing::Name(info.param);
}

void CaptureTest::SetUp() {
  if (engine() == Engine::kPostgres) {
    testing::PostgresOptions options = ServerOptions();
    options.version = GetParam().version;
    ASSERT_OK_AND_ASSIGN(postgres_, PostgresServer::Start(options));
    ASSERT_OK_AND_ASSIGN(database_, testing::PostgresDatabase::Make(*postgres_));
  } else {
    ASSERT_OK(StartMysqlServer());
    ASSERT_OK_AND_ASSIGN(database_, testing::MysqlDatabase::Make(*mysql_));
  }
}

absl::Status CaptureTest::StartMysqlServer() {
  std::optional<testing::MysqlOptions> options = MysqlServerOptions();
  if (!options) {
    absl::StatusOr<testing::MysqlServer*> shared = testing::SharedMysqlServer(GetParam());
    if (shared.ok()) mysql_ = *shared;
    return shared.status();
  }
  absl::StatusOr<std::unique_ptr<testing::MysqlServer>> started =
      testing::MysqlServer::Start(testing::OptionsOf(GetParam(), *std::move(options)));
  if (!started.ok()) return started.status();
  own_mysql_ = *std::move(started);
  mysql_ = own_mysql_.get();
  return absl::OkStatus();
}

void CaptureTest::TearDown() {
  // What a test leaves open would hold locks on the shared server.
  service_.reset();
  session_.reset();
}

testing::ServiceOptions CaptureTest::ServiceSettings() const {
  testing::ServiceOptions options;
  database_->Describe(options);
  return options;
}

std::string CaptureTest::Named(const std::string& table) const {
  return absl::StrCat(database_->name_space(), ".", table);
}

void CaptureTest::EnsureSession() {
  // An idle session learns only now that the server has gone.
  if (session_ != nullptr && session_->Exec("SELECT 1").ok()) return;
  session_ = NewSession();
}

std::unique_ptr<testing::Session> CaptureTest::NewSession() {
  auto session = testing::OpenSession(database_->url());
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

v1::Source CaptureTest::WaitUntilStopped() {
  absl::StatusOr<v1::Source> source = service_->Status();
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (!source.ok() || source->state() == v1::Source::STOPPED) break;
    absl::SleepFor(absl::Milliseconds(50));
    source = service_->Status();
  }
  EXPECT_OK(source);
  return source.value_or(v1::Source());
}

v1::Snapshot CaptureTest::Snapshot(const std::vector<std::string>& tables) {
  auto snapshot = service_->CreateSnapshot(tables);
  EXPECT_OK(snapshot);
  if (!snapshot.ok()) return {};
  snapshot = service_->WaitForSnapshot(snapshot->id());
  EXPECT_OK(snapshot);
  return snapshot.value_or(v1::Snapshot{});
}

uint64_t CaptureTest::StartSlowSnapshot(const std::vector<std::string>& tables) {
  v1::CreateSnapshotRequest request;
  for (const std::string& table : tables) request.add_tables()->set_table(table);
  request.mutable_limits()->set_rows_per_second_max(10000);
  const absl::Time deadline = absl::Now() + absl::Seconds(60);
  auto snapshot = service().CreateSnapshot(request);
  while (snapshot.ok() && snapshot->tables(0).chunks_done() < 3 && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(20));
    snapshot = service().GetSnapshot(snapshot->id());
  }
  EXPECT_OK(snapshot);
  if (!snapshot.ok()) return 0;
  EXPECT_GE(snapshot->tables(0).chunks_done(), 3u) << snapshot->ShortDebugString();
  EXPECT_EQ(snapshot->state(), v1::Snapshot::RUNNING);
  return snapshot->id();
}

v1::Snapshot CaptureTest::FinishSlowSnapshot(uint64_t id) {
  v1::UpdateSnapshotRequest request;
  request.set_id(id);
  request.set_rows_per_second_max(0);
  grpc::ClientContext context;
  v1::Snapshot snapshot;
  EXPECT_TRUE(service().snapshots().Update(&context, request, &snapshot).ok());
  auto ended = service().WaitForSnapshot(id);
  EXPECT_OK(ended);
  return ended.value_or(snapshot);
}

void CaptureTest::CatchUp() {
  EnsureSession();
  ASSERT_NE(session_, nullptr);
  ASSERT_OK_AND_ASSIGN(oracle::LogPosition end, oracle::EndOfLog(*session_));
  end.file |= failovers_ << 32;
  // Rows that a snapshot read follow the log's end where the server is idle.
  ASSERT_OK_AND_ASSIGN(const v1::Source source, service_->Status());
  const oracle::StreamOptions options = {.source = ServiceProcess::kSource,
                                         .until_position = end,
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

void CaptureTest::ForEachChange(
    const std::function<void(const std::string& table, const v1::Change& change)>& visit) {
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
      if (event.has_change()) visit(names[event.change().schema_id()], event.change());
      more = more && event.sequence() < fold_.sequence();
    }
  }
  context.TryCancel();
}

std::vector<v1::Change> CaptureTest::Changes(v1::Op op, const std::string& table) {
  std::vector<v1::Change> changes;
  ForEachChange([&](const std::string& name, const v1::Change& change) {
    if (change.op() == op && name == table) changes.push_back(change);
  });
  return changes;
}

}  // namespace tidemark::contract
