// Memory stays flat: a transaction of 2 million rows, a snapshot of 5 million with a consumer that
// reads nothing.

#include <grpcpp/grpcpp.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/process.h"

namespace tidemark::fault {
namespace {

constexpr uint64_t kMemoryMax = 256 << 20;
constexpr uint64_t kTransactionRows = 2'000'000;
constexpr uint64_t kSnapshotRows = 5'000'000;

// Follows the stream without keeping rows: after any number of calls and restarts, every event must
// have come once and in order.
class Counter {
 public:
  // Reads on from the last event until `enough`, or the stream ends. Returns false if something was
  // out of order.
  bool Read(v1::ChangeStream::Stub& stub, const std::function<bool(const Counter&)>& enough) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(90));
    v1::SubscribeRequest request;
    request.set_source(testing::ServiceProcess::kSource);
    request.set_heartbeat_interval_ms(100);
    if (sequence_ == 0) {
      request.set_beginning(true);
    } else {
      request.set_sequence(sequence_ + 1);
    }
    const auto reader = stub.Subscribe(&context, request);
    v1::SubscribeResponse response;
    while (!enough(*this) && reader->Read(&response)) {
      for (const v1::Event& event : response.events()) Apply(event);
    }
    context.TryCancel();
    while (reader->Read(&response)) {
    }
    reader->Finish();
    return in_order_;
  }

  // Rows of the transaction that is being counted, and those that snapshots have read.
  uint64_t rows() const { return rows_; }
  uint64_t reads() const { return reads_; }
  // Transactions that have ended with all their rows.
  uint64_t transactions() const { return transactions_; }

 private:
  void Apply(const v1::Event& event) {
    if (event.has_heartbeat() || (event.has_schema() && event.sequence() <= sequence_)) return;
    in_order_ = in_order_ && event.sequence() == sequence_ + 1;
    sequence_ = event.sequence();
    if (event.has_transaction_end()) {
      in_order_ = in_order_ && event.transaction_end().change_count() == rows_;
      ++transactions_;
    }
    if (!event.has_change()) return;
    const v1::Change& change = event.change();
    if (change.op() == v1::OP_READ) {
      ++reads_;
      return;
    }
    const oracle::LogPosition position(change.position());
    if (position != position_) rows_ = 0;
    position_ = position;
    in_order_ = in_order_ && change.transaction_index() == rows_;
    ++rows_;
  }

  bool in_order_ = true;
  uint64_t sequence_ = 0;
  oracle::LogPosition position_;
  uint64_t rows_ = 0;
  uint64_t reads_ = 0;
  uint64_t transactions_ = 0;
};

class MemoryTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE large (id bigint PRIMARY KEY, number int NOT NULL)");
  }

  // Room for the rows, so that they are soon there.
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    return testing::MysqlOptions{
        .settings = {{"innodb_buffer_pool_size", "400M"}, {"innodb_doublewrite", "OFF"}}};
  }

  void Insert(uint64_t rows) {
    Sql(absl::StrCat("INSERT INTO large SELECT i, i FROM ", Rows(1, static_cast<int64_t>(rows))));
  }

  // Rows from before the capture, of which the log need know nothing.
  void InsertBeforehand(uint64_t rows) {
    if (engine() == testing::Engine::kPostgres) {
      Insert(rows);
      return Sql("ANALYZE large");
    }
    Sql("SET SESSION sql_log_bin = 0");
    Insert(rows);
    Sql("ANALYZE TABLE large; SET SESSION sql_log_bin = 1");
  }

  void ExpectLittleMemory() {
    const uint64_t peak = testing::PeakResidentBytes(service().process().pid());
    std::printf("peak resident memory of the service: %llu MiB\n",
                static_cast<unsigned long long>(peak >> 20));
    EXPECT_GT(peak, 0u);
    EXPECT_LT(peak, kMemoryMax);
  }
};

TEST_P(MemoryTest, TransactionOfMillionsOfRowsPassesOverKills) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Insert(kTransactionRows);
  Counter counter;
  for (const uint64_t kill_at : {kTransactionRows / 4, kTransactionRows / 2}) {
    ASSERT_TRUE(counter.Read(service().change_stream(),
                             [&](const Counter& now) { return now.rows() >= kill_at; }));
    ASSERT_GE(counter.rows(), kill_at) << service().Log();
    ExpectLittleMemory();
    service().Kill9();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
  }
  ASSERT_TRUE(counter.Read(service().change_stream(),
                           [](const Counter& now) { return now.transactions() >= 1; }));
  EXPECT_EQ(counter.rows(), kTransactionRows) << service().Log();
  EXPECT_EQ(counter.transactions(), 1u);
  ExpectLittleMemory();
  // Nothing of it comes again behind it.
  Sql("INSERT INTO large VALUES (0, 0)");
  ASSERT_TRUE(counter.Read(service().change_stream(),
                           [](const Counter& now) { return now.transactions() >= 2; }));
  EXPECT_EQ(counter.rows(), 1u);
}

TEST_P(MemoryTest, SnapshotOfMillionsOfRowsPassesBesideAConsumerThatReadsNothing) {
  InsertBeforehand(kSnapshotRows);
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  grpc::ClientContext context;
  v1::SubscribeRequest request;
  request.set_source(testing::ServiceProcess::kSource);
  request.set_beginning(true);
  const auto idle = service().change_stream().Subscribe(&context, request);
  const absl::Time begin = absl::Now();
  ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot({Named("large")}));
  ASSERT_OK_AND_ASSIGN(snapshot, service().WaitForSnapshot(snapshot.id(), absl::Minutes(3)));
  std::printf("snapshot: %.1f s\n", absl::ToDoubleSeconds(absl::Now() - begin));
  EXPECT_EQ(snapshot.rows_done(), kSnapshotRows);
  ExpectLittleMemory();
  // Another consumer gets all of it meanwhile.
  Counter counter;
  ASSERT_TRUE(counter.Read(service().change_stream(),
                           [](const Counter& now) { return now.reads() >= kSnapshotRows; }));
  EXPECT_EQ(counter.reads(), kSnapshotRows);
  ExpectLittleMemory();
  context.TryCancel();
}

TIDEMARK_ON_EACH_MAKE(MemoryTest);

}  // namespace
}  // namespace tidemark::fault
