// Snapshots as users drive them: paused, gone on with, slowed down, cancelled, listed and watched.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using testing::FromGrpc;

constexpr absl::Duration kRest = absl::Milliseconds(500);
constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr int64_t kRows = 60'000;

// Readers rest at every hundredth row.
constexpr char kSlowPredicate[] =
    "pg_catalog.pg_sleep(CASE WHEN id % 100 = 0 THEN 0.01 ELSE 0 END) IS NOT NULL";

class SnapshotsTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
    Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, kRows));
    StartService();
  }

  template <typename Request>
  absl::StatusOr<v1::Snapshot> Call(grpc::Status (v1::Snapshots::Stub::*method)(
                                        grpc::ClientContext*, const Request&, v1::Snapshot*),
                                    const Request& request) {
    grpc::ClientContext context;
    v1::Snapshot snapshot;
    absl::Status status = FromGrpc((service().snapshots().*method)(&context, request, &snapshot));
    if (!status.ok()) return status;
    return snapshot;
  }
  template <typename Request>
  absl::StatusOr<v1::Snapshot> Call(grpc::Status (v1::Snapshots::Stub::*method)(
                                        grpc::ClientContext*, const Request&, v1::Snapshot*),
                                    uint64_t id) {
    Request request;
    request.set_id(id);
    return Call(method, request);
  }
  absl::StatusOr<v1::Snapshot> Pause(uint64_t id) { return Call(&v1::Snapshots::Stub::Pause, id); }
  absl::StatusOr<v1::Snapshot> Resume(uint64_t id) {
    return Call(&v1::Snapshots::Stub::Resume, id);
  }
  absl::StatusOr<v1::Snapshot> Cancel(uint64_t id) {
    return Call(&v1::Snapshots::Stub::Cancel, id);
  }
  absl::StatusOr<v1::Snapshot> SetReaders(uint64_t id, uint32_t readers_max) {
    v1::UpdateSnapshotRequest request;
    request.set_id(id);
    request.set_readers_max(readers_max);
    return Call(&v1::Snapshots::Stub::Update, request);
  }

  std::vector<v1::Snapshot> List() {
    grpc::ClientContext context;
    v1::ListSnapshotsResponse listed;
    EXPECT_OK(FromGrpc(service().snapshots().List(&context, {}, &listed)));
    return {listed.snapshots().begin(), listed.snapshots().end()};
  }

  // Sessions that read for a snapshot now; the most of them that were seen within `time`.
  int MostReaders(absl::Duration time) {
    int most = 0;
    for (const absl::Time end = absl::Now() + time; absl::Now() < end;) {
      const std::string now = Value(
          "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> "
          "pg_backend_pid() AND query LIKE '%pg_sleep(CASE%'");
      most = std::max(most, std::atoi(now.c_str()));
      absl::SleepFor(absl::Milliseconds(20));
    }
    return most;
  }

  // As many are soon; more are not.
  void ExpectReaders(int count) {
    int most = 0;
    for (const absl::Time deadline = absl::Now() + kPatience; absl::Now() < deadline;) {
      most = MostReaders(kRest);
      if (most == count) break;
    }
    EXPECT_EQ(most, count);
  }

  // Chunks that are being read are finished first: waits until no more rows come.
  v1::Snapshot AwaitRest(uint64_t id) {
    v1::Snapshot before, now;
    for (const absl::Time deadline = absl::Now() + kPatience; absl::Now() < deadline;) {
      before = std::exchange(now, service().GetSnapshot(id).value_or(v1::Snapshot()));
      if (now.rows_done() > 0 && now.rows_done() == before.rows_done()) break;
      absl::SleepFor(kRest);
    }
    return now;
  }
  // Waits until some rows are done.
  void AwaitRows(uint64_t id, uint64_t more_than) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (absl::Now() < deadline) {
      ASSERT_OK_AND_ASSIGN(const v1::Snapshot now, service().GetSnapshot(id));
      if (now.rows_done() > more_than) return;
      absl::SleepFor(absl::Milliseconds(20));
    }
    FAIL() << "no rows are read";
  }

  size_t RowsInTheStream(uint64_t id) {
    CatchUp();
    const std::vector<v1::Change> read = Changes(v1::OP_READ, Named("t"));
    return static_cast<size_t>(std::count_if(
        read.begin(), read.end(), [id](const v1::Change& row) { return row.snapshot_id() == id; }));
  }
};

// A Watch of one snapshot.
class Watcher {
 public:
  Watcher(v1::Snapshots::Stub& stub, uint64_t id) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    v1::WatchSnapshotRequest request;
    request.set_id(id);
    request.set_interval_ms(50);
    reader_ = stub.Watch(&context_, request);
  }

  // Reads until one is in that state; false: none was.
  bool Await(v1::Snapshot::State state) {
    v1::Snapshot snapshot;
    while (reader_->Read(&snapshot)) {
      if (snapshot.state() == state) return true;
    }
    return false;
  }
  // The last one.
  v1::Snapshot Last() {
    v1::Snapshot snapshot;
    while (reader_->Read(&snapshot)) {
    }
    return snapshot;
  }
  absl::Status Finish() { return FromGrpc(reader_->Finish()); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::Snapshot>> reader_;
};

TEST_P(SnapshotsTest, PausedOneRestsOverAKillAndIsExactOnceItGoesOn) {
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot({Named("t")});
  ASSERT_FALSE(HasFailure());
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot paused, Pause(id));
  EXPECT_EQ(paused.state(), v1::Snapshot::PAUSED);
  // Else it would rest only once all is read.
  EXPECT_LT(AwaitRest(id).rows_done(), static_cast<uint64_t>(kRows));
  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot before, service().GetSnapshot(id));
  Sql("UPDATE t SET version = 2 WHERE id % 7 = 0; DELETE FROM t WHERE id % 11 = 0");
  absl::SleepFor(kRest);
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot after, service().GetSnapshot(id));
  EXPECT_EQ(after.state(), v1::Snapshot::PAUSED);
  EXPECT_EQ(after.rows_done(), before.rows_done());
  EXPECT_GT(after.rows_done(), 0u);
  EXPECT_LT(after.rows_done(), static_cast<uint64_t>(kRows));
  EXPECT_EQ(after.limits().rows_per_second_max(), 10'000u);

  Watcher watcher(service().snapshots(), id);
  EXPECT_TRUE(watcher.Await(v1::Snapshot::PAUSED));
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot resumed, Resume(id));
  EXPECT_EQ(resumed.state(), v1::Snapshot::RUNNING);
  EXPECT_TRUE(watcher.Await(v1::Snapshot::RUNNING));
  const v1::Snapshot completed = FinishSlowSnapshot(id);
  const v1::Snapshot last = watcher.Last();
  EXPECT_OK(watcher.Finish());
  EXPECT_EQ(last.state(), v1::Snapshot::COMPLETED);
  EXPECT_EQ(last.last_sequence(), completed.last_sequence());
  EXPECT_GT(last.last_sequence(), 0u);
  ExpectExact({.tables = {Named("t")}});
}

TEST_P(SnapshotsTest, CancelledOneIsMarkedAndReadsNoMore) {
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot({Named("t")});
  ASSERT_FALSE(HasFailure());
  Watcher watcher(service().snapshots(), id);
  EXPECT_TRUE(watcher.Await(v1::Snapshot::RUNNING));
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot cancelled, Cancel(id));
  EXPECT_EQ(cancelled.state(), v1::Snapshot::CANCELLED);
  EXPECT_EQ(watcher.Last().state(), v1::Snapshot::CANCELLED);
  EXPECT_OK(watcher.Finish());
  const size_t rows = RowsInTheStream(id);
  EXPECT_GT(rows, 0u);
  EXPECT_LT(rows, static_cast<size_t>(kRows));
  ASSERT_EQ(fold().ended_snapshots().count(id), 1u);
  EXPECT_EQ(fold().ended_snapshots().at(id), v1::SnapshotMark::CANCELLED);

  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  for (const absl::Status& changed :
       {Pause(id).status(), Resume(id).status(), Cancel(id).status(), SetReaders(id, 1).status()}) {
    EXPECT_EQ(changed.code(), absl::StatusCode::kFailedPrecondition) << changed;
    EXPECT_TRUE(absl::StrContains(changed.message(), "cancelled")) << changed;
  }
  const v1::Snapshot second = Snapshot({Named("t")});
  EXPECT_EQ(RowsInTheStream(id), rows);
  const std::vector<v1::Snapshot> listed = List();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].id(), second.id());
  EXPECT_EQ(listed[0].state(), v1::Snapshot::COMPLETED);
  EXPECT_EQ(listed[1].id(), id);
  EXPECT_EQ(listed[1].state(), v1::Snapshot::CANCELLED);
  EXPECT_EQ(listed[1].last_sequence(), cancelled.last_sequence());
  ExpectExact({.tables = {Named("t")}});
}

TEST_P(SnapshotsTest, ReadersAreChangedWhileItRuns) {
  ASSERT_FALSE(HasFatalFailure());
  // More than is read meanwhile.
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(kRows + 1, 2 * kRows));
  Sql("CREATE TABLE u (id int PRIMARY KEY); INSERT INTO u SELECT id FROM t");
  v1::CreateSnapshotRequest request;
  for (const char* table : {"t", "u"}) {
    v1::TableSelection* selection = request.add_tables();
    selection->set_table(Named(table));
    selection->set_predicate(kSlowPredicate);
  }
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot created, service().CreateSnapshot(request));
  ExpectReaders(2);
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot updated, SetReaders(created.id(), 1));
  EXPECT_EQ(updated.limits().readers_max(), 1u);
  ExpectReaders(1);
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot before, service().GetSnapshot(created.id()));
  AwaitRows(created.id(), before.rows_done());
  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot after, service().GetSnapshot(created.id()));
  EXPECT_EQ(after.state(), v1::Snapshot::RUNNING);
  EXPECT_EQ(after.limits().readers_max(), 1u);
  ExpectReaders(1);
  // As many as are configured.
  ASSERT_OK(SetReaders(created.id(), 0));
  ExpectReaders(2);
}

// Jobs know no server: one is enough.
INSTANTIATE_TEST_SUITE_P(Postgres, SnapshotsTest,
                         ::testing::Values(testing::PostgresKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
