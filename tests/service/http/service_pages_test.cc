// The pages of a real tidemarkd that captures a real PostgreSQL.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/tls/certificates.h"
#include "tests/service/http/http_client.h"
#include "tests/service/http/scraped_page.h"
#include "tests/support/certificates.h"
#include "tests/support/free_port.h"
#include "tests/support/postgres_server.h"
#include "tests/support/promtool.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"

namespace tidemark::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

bool Await(const std::function<bool()>& holds, absl::Duration timeout = absl::Seconds(30)) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!holds() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(20));
  return holds();
}

class ServicePagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_, PostgresServer::Start({}));
    ASSERT_OK(server_->Exec("CREATE TABLE t (id int PRIMARY KEY, v text)"));
    ASSERT_OK(server_->Exec("INSERT INTO t SELECT i, 'v' FROM generate_series(1, 5000) i"));
    address_ = absl::StrCat("127.0.0.1:", FreePort());
  }
  void StartService() { ASSERT_OK_AND_ASSIGN(service_, ServiceProcess::Start(Options())); }
  ServiceOptions Options() const {
    return {.connection = server_->ConnectionString(),
            .source_lines = {"readers: 2", "chunk_ms: 10"},
            .top_lines = {absl::StrCat("http: {listen: \"", address_, "\"}")}};
  }
  bool AwaitReady(int status) {
    return Await([&] {
      EXPECT_EQ(HttpGet(address_, "/healthz").status, 200) << HttpGet(address_, "/healthz").body;
      return HttpGet(address_, "/readyz").status == status;
    });
  }
  Metrics Scrape() { return testing::Scrape(address_); }
  static double Events(const Metrics& series, const std::string& op) {
    return Value(series,
                 absl::StrCat("tidemark_source_events_total{source=\"db\",op=\"", op, "\"}"));
  }

  std::unique_ptr<PostgresServer> server_;
  std::string address_;
  std::unique_ptr<ServiceProcess> service_;
};

// Scrapes all the while, as no counter may ever go back.
class Scraper {
 public:
  explicit Scraper(std::function<Metrics()> scrape)
      : thread_([this, scrape = std::move(scrape)] {
          Metrics before;
          while (!stop_) {
            Metrics now = scrape();
            for (const auto& [name, value] : before) {
              const bool counts = absl::StrContains(name, "_total") ||
                                  absl::StrContains(name, "_bucket") ||
                                  absl::EndsWith(name, "_count");
              if (!counts) continue;
              EXPECT_GE(now[name], value) << name;
            }
            before = std::move(now);
            ++scrapes_;
          }
        }) {}
  int Stop() {
    stop_ = true;
    thread_.join();
    return scrapes_;
  }

 private:
  std::atomic<bool> stop_ = false;
  int scrapes_ = 0;
  std::thread thread_;
};

TEST_F(ServicePagesTest, CountersCountExactlyWhileASnapshotAndWritersRun) {
  ASSERT_NO_FATAL_FAILURE(StartService());
  ASSERT_TRUE(AwaitReady(200));
  Scraper scraper([this] { return Scrape(); });
  ASSERT_OK_AND_ASSIGN(auto snapshot, service_->CreateSnapshot());
  for (int i = 0; i < 50; ++i) {
    ASSERT_OK(server_->Exec(absl::StrCat("INSERT INTO t VALUES (", 10'000 + i, ", 'new')")));
    ASSERT_OK(server_->Exec(
        absl::StrCat("UPDATE t SET v = 'u' WHERE id IN (", 1 + i, ", ", 2000 + i, ")")));
    ASSERT_OK(server_->Exec(absl::StrCat("DELETE FROM t WHERE id = ", 4000 + i)));
  }
  ASSERT_OK(service_->WaitForSnapshot(snapshot.id()));
  EXPECT_TRUE(Await([&] { return Events(Scrape(), "delete") == 50; }));
  EXPECT_GT(scraper.Stop(), 0);

  Metrics series = Scrape();
  EXPECT_EQ(Events(series, "create"), 50);
  EXPECT_EQ(Events(series, "update"), 100);
  EXPECT_EQ(Events(series, "delete"), 50);
  EXPECT_EQ(Events(series, "transaction"), 150);
  // Every event is of one kind, and nothing else is in the journal.
  EXPECT_EQ(Sum(series, "tidemark_source_events_total{"),
            Value(series, "tidemark_journal_newest_sequence{source=\"db\"}"));
  EXPECT_EQ(Sum(series, "tidemark_source_event_bytes_total{"),
            Value(series, "tidemark_journal_bytes{source=\"db\"}"));
  ASSERT_OK_AND_ASSIGN(auto ended, service_->GetSnapshot(snapshot.id()));
  EXPECT_EQ(
      Events(series, "read") + Value(series, "tidemark_chunk_rows_dropped_total{source=\"db\"}"),
      ended.rows_done());
  EXPECT_EQ(Value(series, "tidemark_snapshots_ended_total{source=\"db\",state=\"completed\"}"), 1);
  EXPECT_EQ(Value(series, "tidemark_windows_open{source=\"db\"}"), 0);
  EXPECT_GT(Value(series, "tidemark_chunks_done_total{source=\"db\"}"), 0);
  EXPECT_GT(Value(series, "tidemark_source_commit_to_journal_seconds_count{source=\"db\"}"), 0);

  // What is asked for beside the work comes within seconds.
  EXPECT_TRUE(Await([&] {
    series = Scrape();
    return series.contains("tidemark_source_log_status{source=\"db\",status=\"reserved\"}") &&
           series.contains("tidemark_store_disk_free_bytes");
  }));
  EXPECT_EQ(Value(series, "tidemark_source_log_status{source=\"db\",status=\"reserved\"}"), 1);
  EXPECT_GT(Value(series, "tidemark_source_log_retained_bytes{source=\"db\"}"), 0);
  EXPECT_TRUE(
      Await([&] { return Value(Scrape(), "tidemark_source_lag_seconds{source=\"db\"}") < 5; }));

  grpc::ClientContext context;
  v1::AcknowledgeRequest request;
  request.set_source("db");
  request.set_consumer("search");
  request.set_sequence(10);
  v1::AcknowledgeResponse response;
  ASSERT_OK(FromGrpc(service_->change_stream().Acknowledge(&context, request, &response)));
  const double newest = Value(Scrape(), "tidemark_journal_newest_sequence{source=\"db\"}");
  EXPECT_TRUE(Await([&] {
    series = Scrape();
    return series.contains("tidemark_consumer_lag_events{source=\"db\",consumer=\"search\"}");
  }));
  EXPECT_EQ(Value(series, "tidemark_consumer_lag_events{source=\"db\",consumer=\"search\"}"),
            newest - 10);
  EXPECT_GT(Value(series, "tidemark_consumer_lag_bytes{source=\"db\",consumer=\"search\"}"), 0);
  EXPECT_EQ(Value(series, "tidemark_consumer_connected{source=\"db\",consumer=\"search\"}"), 0);

  grpc::ClientContext stream_context;
  v1::SubscribeRequest subscribe;
  subscribe.set_source("db");
  subscribe.set_consumer("search");
  auto stream = service_->change_stream().Subscribe(&stream_context, subscribe);
  v1::SubscribeResponse batch;
  ASSERT_TRUE(stream->Read(&batch));
  series = Scrape();
  EXPECT_EQ(Value(series, "tidemark_consumer_connected{source=\"db\",consumer=\"search\"}"), 1);
  EXPECT_EQ(Value(series, "tidemark_grpc_streams{source=\"db\"}"), 1);
  EXPECT_EQ(Value(series, "tidemark_grpc_streams_opened_total{source=\"db\"}"), 1);
  EXPECT_GE(Value(series, "tidemark_grpc_sent_bytes_total{source=\"db\"}"), batch.ByteSizeLong());

  // The page as Prometheus sees it, with all of the above on it.
  EXPECT_OK(CheckMetrics(HttpGet(address_, "/metrics").body));
}

TEST_F(ServicePagesTest, BrokersThatAreAwayLeaveItReadyAndTheirLagUnknown) {
  TempFolder folder;
  ASSERT_OK(MakeAuthority(folder.path(), "ca"));
  // The state, so that Kafka need not be asked for it.
  ServiceOptions options = Options();
  options.data_folder = folder.File("data");
  ASSERT_OK_AND_ASSIGN(service_, ServiceProcess::Start(options));
  ASSERT_TRUE(AwaitReady(200));
  ASSERT_OK(service_->Terminate());
  options.top_lines.push_back(
      absl::StrCat("kafka: {brokers: \"127.0.0.1:1\", tls: {ca: ", folder.File("ca.pem"),
                   ", cert: ", folder.File("ca.pem"), ", key: ", folder.File("ca.key"), "}}"));
  options.source_lines.push_back("publish: {format: protobuf}");
  ASSERT_OK_AND_ASSIGN(service_, ServiceProcess::Start(options));
  ASSERT_TRUE(AwaitReady(200));
  ASSERT_OK(server_->Exec("INSERT INTO t VALUES (10000, 'new')"));
  EXPECT_TRUE(
      Await([&] { return absl::StrContains(HttpGet(address_, "/readyz").body, "127.0.0.1:1"); }));
  EXPECT_THAT(HttpGet(address_, "/readyz").body,
              StartsWith("ready\nkafka for source db is connecting, how far behind the journal is "
                         "not known yet: "));
  EXPECT_TRUE(Await([&] { return Events(Scrape(), "create") == 1; }));
  const Metrics series = Scrape();
  EXPECT_EQ(Value(series, "tidemark_ready"), 1);
  EXPECT_EQ(Value(series, "tidemark_kafka_state{source=\"db\",state=\"connecting\"}"), 1);
  for (const auto& [name, value] : series) {
    EXPECT_FALSE(absl::StartsWith(name, "tidemark_kafka_lag")) << name << " is " << value;
  }
  EXPECT_EQ(Value(series, "tidemark_certificate_expiry_timestamp_seconds{use=\"kafka\"}"),
            absl::ToUnixSeconds(*service::CertificateExpiry(folder.File("ca.pem"))));
  ASSERT_OK_AND_ASSIGN(const v1::Source status, service_->Status());
  EXPECT_EQ(status.publisher().state(), v1::Publisher::CONNECTING);
  EXPECT_FALSE(status.publisher().has_lag_events() || status.publisher().has_lag_us() ||
               status.publisher().has_lag_bytes() || status.publisher().has_published_sequence());
}

TEST_F(ServicePagesTest, ReadyIsCapturingAndAliveIsNotStuck) {
  ASSERT_OK(server_->Stop(PostgresServer::StopMode::kFast));
  ASSERT_NO_FATAL_FAILURE(StartService());
  EXPECT_TRUE(AwaitReady(503));
  EXPECT_THAT(HttpGet(address_, "/readyz").body, HasSubstr("source db is connecting: "));
  ASSERT_OK(server_->StartAgain());
  EXPECT_TRUE(AwaitReady(200));
  EXPECT_EQ(HttpGet(address_, "/readyz").body, "ready\n");
  EXPECT_EQ(Sum(Scrape(), "tidemark_source_restarts_total{"), 0);

  ASSERT_OK(server_->Stop(PostgresServer::StopMode::kFast));
  EXPECT_TRUE(AwaitReady(503));
  Metrics series = Scrape();
  EXPECT_EQ(Value(series, "tidemark_ready"), 0);
  EXPECT_EQ(Value(series, "tidemark_healthy"), 1);
  EXPECT_EQ(Value(series, "tidemark_source_state{source=\"db\",state=\"connecting\"}"), 1);
  EXPECT_FALSE(series.contains("tidemark_source_lag_bytes{source=\"db\"}"));
  const double lag_s = Value(series, "tidemark_source_lag_seconds{source=\"db\"}");
  EXPECT_TRUE(Await(
      [&] { return Value(Scrape(), "tidemark_source_lag_seconds{source=\"db\"}") > lag_s + 1; }));

  ASSERT_OK(server_->StartAgain());
  EXPECT_TRUE(AwaitReady(200));
  series = Scrape();
  EXPECT_EQ(Sum(series, "tidemark_source_restarts_total{"), 1);
  EXPECT_EQ(Value(series, "tidemark_source_restarts_total{source=\"db\",cause=\"unavailable\"}"),
            1);
  EXPECT_EQ(HttpGet(address_, "/nowhere").status, 404);
}

}  // namespace
}  // namespace tidemark::testing
