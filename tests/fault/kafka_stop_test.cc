// What a platform does to a service that it moves: SIGTERM in the middle of its work, then a start
// on the same volume, or on an empty one. The stream goes on, snapshots go on from their place, and
// the pages of metrics and health tell the truth all the way.

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/health_watch.h"
#include "tests/fault/kafka_fault.h"
#include "tests/oracle/fold.h"
#include "tests/service/http/scraped_page.h"
#include "tests/support/free_port.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::FromGrpc;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::Scrape;
using testing::ServiceProcess;
using testing::Sum;

constexpr absl::Duration kStopMost = absl::Seconds(5);
constexpr absl::Duration kStopPatience = absl::Seconds(60);
constexpr absl::Duration kStopPoll = absl::Milliseconds(5);
// Then nothing more is sent to a consumer that does not read.
constexpr absl::Duration kStall = absl::Milliseconds(150);
// More than gRPC takes ahead of a consumer that does not read.
constexpr int kUnreadRows = 3'000;
constexpr int kLateRows = 500;

// A consumer over gRPC: goes on after the last event of `fold`, until the stream ends.
class Follower {
 public:
  Follower(v1::ChangeStream::Stub& stream, oracle::Fold* fold)
      : sequence_(fold->sequence()), thread_([this, &stream, fold] { Follow(stream, fold); }) {}
  ~Follower() {
    context_.TryCancel();
    if (thread_.joinable()) thread_.join();
  }

  uint64_t sequence() const { return sequence_; }
  // How the stream ended.
  absl::Status Wait() {
    thread_.join();
    return ended_;
  }

 private:
  void Follow(v1::ChangeStream::Stub& stream, oracle::Fold* fold) {
    v1::SubscribeRequest request;
    request.set_source(ServiceProcess::kSource);
    request.set_sequence(sequence_ + 1);
    const auto reader = stream.Subscribe(&context_, request);
    fold->BeginStream();
    v1::SubscribeResponse response;
    while (reader->Read(&response)) {
      for (const v1::Event& event : response.events()) fold->Apply(event);
      sequence_ = fold->sequence();
    }
    ended_ = FromGrpc(reader->Finish());
  }

  grpc::ClientContext context_;
  std::atomic<uint64_t> sequence_;
  absl::Status ended_;
  std::thread thread_;
};

class KafkaStopTest : public KafkaFaultTest {
 protected:
  void SetUp() override {
    KafkaFaultTest::SetUp();
    if (HasFatalFailure()) return;
    Sql("CREATE TABLE late (id bigint PRIMARY KEY)");
    pages_ = absl::StrCat("127.0.0.1:", testing::FreePort());
    watch_.emplace(pages_);
  }

  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = KafkaFaultTest::ServiceSettings();
    options.top_lines.push_back(absl::StrCat("http: {listen: \"", pages_, "\"}"));
    return options;
  }

  // Nothing here is about it.
  absl::Duration TransactionTimeout() const override { return absl::Seconds(30); }

  template <typename Condition>
  void Await(Condition condition) {
    const absl::Time deadline = absl::Now() + kStopPatience;
    while (!condition()) {
      ASSERT_LT(absl::Now(), deadline) << watch_->Said() << publisher()->Log();
      absl::SleepFor(kStopPoll);
    }
  }

  double Gauge(const std::string& name, const std::string& labels = "") {
    return testing::Value(Scrape(pages_), absl::StrCat(name, "{source=\"db\"", labels, "}"));
  }

  void AwaitReady() {
    Await([this] { return watch_->State() == 'R'; });
    if (HasFatalFailure()) return;
    ASSERT_OK_AND_ASSIGN(const v1::Source source, publisher()->Status());
    EXPECT_EQ(source.state(), v1::Source::CAPTURING);
  }

  // Of all tables, slow enough to be under way for minutes.
  void StartSnapshot() {
    v1::CreateSnapshotRequest request;
    request.mutable_limits()->set_rows_per_second_max(100);
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, publisher()->CreateSnapshot(request));
    snapshot_ = snapshot.id();
  }

  void SetSpeed(uint64_t rows_per_second) {
    v1::UpdateSnapshotRequest request;
    request.set_id(snapshot_);
    request.set_rows_per_second_max(rows_per_second);
    grpc::ClientContext context;
    v1::Snapshot snapshot;
    ASSERT_OK(FromGrpc(publisher()->snapshots().Update(&context, request, &snapshot)));
  }

  v1::Snapshot Progress() {
    auto snapshot = publisher()->GetSnapshot(snapshot_);
    EXPECT_OK(snapshot) << publisher()->Log();
    return snapshot.value_or(v1::Snapshot());
  }

  // It is under way with at least what it had done, table by table, and its metrics agree.
  void ExpectGoesOnFrom(const v1::Snapshot& before) {
    const v1::Snapshot now = Progress();
    EXPECT_EQ(now.state(), v1::Snapshot::RUNNING);
    EXPECT_EQ(now.create_time_us(), before.create_time_us());
    ASSERT_EQ(now.tables_size(), before.tables_size());
    for (int i = 0; i < before.tables_size(); ++i) {
      EXPECT_GE(now.tables(i).rows_done(), before.tables(i).rows_done()) << now.tables(i).table();
    }
    const std::string labels = absl::StrCat(",snapshot=\"", snapshot_, "\"");
    const double rows = Gauge("tidemark_snapshot_rows_done", labels);
    EXPECT_GE(rows, now.rows_done());
    EXPECT_LE(rows, Progress().rows_done());
    EXPECT_GT(Gauge("tidemark_snapshot_rows_estimated", labels), rows);
    EXPECT_EQ(Gauge("tidemark_snapshots", ",state=\"running\""), 1);
    EXPECT_EQ(Sum(Scrape(pages_), "tidemark_snapshots_ended_total{source=\"db\""), 0);
  }

  // Returns what is done then.
  v1::Snapshot AwaitRows(uint64_t rows) {
    Await([&] { return Progress().rows_done() >= rows; });
    return Progress();
  }

  // A consumer that does not read: the service has sent it what gRPC takes, and waits.
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> OpenIdle(
      grpc::ClientContext* context) {
    v1::SubscribeRequest request;
    request.set_source(ServiceProcess::kSource);
    request.set_beginning(true);
    auto idle = publisher()->change_stream().Subscribe(context, request);
    double sent = 0;
    Await([&] {
      const double before = std::exchange(sent, Gauge("tidemark_grpc_sent_bytes_total"));
      absl::SleepFor(kStall);
      return sent > 0 && sent == before;
    });
    EXPECT_LT(sent, Gauge("tidemark_journal_bytes"));
    return idle;
  }

  // SIGTERM, while one consumer over gRPC reads and another one does not.
  void Stop() {
    grpc::ClientContext context;
    const auto idle = OpenIdle(&context);
    Follower follower(publisher()->change_stream(), &stream_);
    const uint64_t newest = publisher()->Status()->newest_sequence();
    Await([&] { return follower.sequence() >= newest; });
    if (HasFatalFailure()) return;
    EXPECT_EQ(Gauge("tidemark_grpc_streams"), 2);
    Terminate();
    const absl::Status ended = follower.Wait();
    EXPECT_EQ(ended.code(), absl::StatusCode::kUnavailable) << ended;
    EXPECT_THAT(ended.message(), HasSubstr("subscribe again from the last sequence + 1"));
    EXPECT_TRUE(stream_.violations().empty()) << absl::StrJoin(stream_.violations(), "\n");
    EXPECT_THAT(watch_->Said(), HasSubstr("stopping: ending the streams")) << publisher()->Log();
    EXPECT_THAT(watch_->Take(), MatchesRegex("S?C?RX"));
  }

  void Terminate() {
    const absl::Time start = absl::Now();
    ASSERT_OK_AND_ASSIGN(const int code, publisher()->Terminate());
    EXPECT_EQ(code, 0) << publisher()->Log();
    EXPECT_LT(absl::Now() - start, kStopMost) << publisher()->Log();
  }

  // The journal gets what Kafka does not.
  void FallBehind() {
    kafka().Freeze(0);
    kafka().Freeze(1);
    Sql(absl::StrCat("INSERT INTO late SELECT i FROM ", Rows(1, kLateRows)));
    // Its age grows as long as brokers do not answer.
    Await([this] {
      return Gauge("tidemark_kafka_lag_events") >= kLateRows &&
             Gauge("tidemark_kafka_lag_seconds") >= 1;
    });
    EXPECT_GT(Gauge("tidemark_kafka_lag_bytes"), 0);
  }

  // No broker answers: alive, not ready, and stopped as quickly as any.
  void StartInVain() {
    kafka().Freeze(2);
    ASSERT_OK(publisher()->Launch());
    Await([this] { return absl::StrContains(watch_->Said(), "asking Kafka for its state"); });
    Terminate();
    EXPECT_THAT(watch_->Take(), MatchesRegex("SX?"));
  }

  void StartOnceBrokersAnswer() {
    ASSERT_OK(publisher()->Launch());
    Await([this] { return absl::StrContains(watch_->Said(), "asking Kafka for its state"); });
    for (int i = 0; i < kafka().brokers(); ++i) kafka().Thaw(i);
    ASSERT_OK(publisher()->WaitUntilReady());
    AwaitReady();
    EXPECT_THAT(watch_->Take(), MatchesRegex("SC?R"));
  }

  // The newest event that was read, by the numbers of a journal that was restored once.
  double NewestRead() {
    ReadMore();
    return static_cast<double>(fold().fold().sequence() + (uint64_t{1} << 32));
  }

  // Nobody writes, and the snapshot is done.
  void ExpectMetricsOfWhatWasRead() {
    Await([this] {
      return Gauge("tidemark_kafka_lag_events") == 0 &&
             Gauge("tidemark_journal_newest_sequence") == NewestRead();
    });
    const testing::Metrics series = Scrape(pages_);
    const double newest = testing::Value(series, "tidemark_journal_newest_sequence{source=\"db\"}");
    const double oldest = testing::Value(series, "tidemark_journal_oldest_sequence{source=\"db\"}");
    EXPECT_EQ(Sum(series, "tidemark_source_events_total{"), newest - oldest + 1);
    EXPECT_EQ(Sum(series, "tidemark_snapshots_ended_total{"), 1);
    EXPECT_EQ(
        testing::Value(series, "tidemark_snapshots_ended_total{source=\"db\",state=\"completed\"}"),
        1);
    EXPECT_EQ(testing::Value(series, "tidemark_snapshots{source=\"db\",state=\"running\"}"), 0);
    EXPECT_EQ(testing::Value(series, "tidemark_windows_open{source=\"db\"}"), 0);
    EXPECT_EQ(testing::Value(series, "tidemark_kafka_lag_seconds{source=\"db\"}"), 0);
  }

  std::string pages_;
  std::optional<HealthWatch> watch_;
  uint64_t snapshot_ = 0;
  // Of the consumer over gRPC.
  oracle::Fold stream_{{.first_sequence = 1, .engine = GetParam().engine}};
};

TEST_P(KafkaStopTest, WorkGoesOnOnTheVolumeAndOnAnEmptyOneAndThePagesTellTheTruth) {
  publisher() = NewService();
  ASSERT_NE(publisher(), nullptr);
  ASSERT_NO_FATAL_FAILURE(AwaitReady());
  workload::Writers writers(
      {.connection = ConnectionString(), .writers = 2, .transactions_per_second = 100});
  Sql(absl::StrCat("INSERT INTO bulk SELECT i, repeat('x', 1500) FROM ", Rows(1, kUnreadRows)));
  ASSERT_NO_FATAL_FAILURE(StartSnapshot());
  const v1::Snapshot first = AwaitRows(50);
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOnFrom(first));
  ASSERT_NO_FATAL_FAILURE(Stop());

  ASSERT_OK(publisher()->StartAgain());
  ASSERT_NO_FATAL_FAILURE(AwaitReady());
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOnFrom(first));
  const v1::Snapshot second = AwaitRows(first.rows_done() + 50);
  // Kafka has all of it then.
  ASSERT_NO_FATAL_FAILURE(CatchUp());
  ASSERT_NO_FATAL_FAILURE(FallBehind());
  ASSERT_NO_FATAL_FAILURE(Stop());

  RemoveFolder(*publisher());
  ASSERT_NO_FATAL_FAILURE(StartInVain());
  RemoveFolder(*publisher());
  ASSERT_NO_FATAL_FAILURE(StartOnceBrokersAnswer());
  ASSERT_NO_FATAL_FAILURE(ExpectGoesOnFrom(second));
  ASSERT_NO_FATAL_FAILURE(SetSpeed(0));
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot done, publisher()->WaitForSnapshot(snapshot_));
  ASSERT_OK(writers.Stop());
  ASSERT_NO_FATAL_FAILURE(ExpectExact());
  EXPECT_EQ(fold().restore_count(), 1u);
  ASSERT_NO_FATAL_FAILURE(ExpectMetricsOfWhatWasRead());
  EXPECT_EQ(fold().Missing(), "");
  // A table that nobody writes: each of its rows was read once.
  for (const v1::TableProgress& table : done.tables()) {
    if (table.table() != Named("bulk")) continue;
    EXPECT_EQ(table.rows_done(), static_cast<uint64_t>(kUnreadRows));
  }
}

TIDEMARK_ON_SYSTEM_SERVER(KafkaStopTest);

}  // namespace
}  // namespace tidemark::fault
