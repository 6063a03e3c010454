// Hazard H2 where no GTID tells what a SELECT saw: MySQL sends a commit to its replicas before it
// is visible. Both ways: exact with the watermark of the settle step, wrong without.

#include <atomic>
#include <deque>
#include <random>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/support/soak.h"

namespace tidemark::fault {
namespace {

#define TIDEMARK_ON_MYSQL_WITHOUT_GTIDS(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(MySql, suite,                                                \
                           ::testing::Values(::tidemark::testing::MysqlKinds().back()), \
                           ::tidemark::contract::KindName)

// A commit that is in the binlog but stays invisible: it waits for a semi-synchronous replica that
// does not exist.
class HeldWatermarkTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
    Sql("INSERT INTO t SELECT i, 'old', 1 FROM " + Rows(1, 100));
    // The server is shared: an earlier test may have done it.
    if (Value("SELECT count(*) FROM information_schema.plugins WHERE plugin_name = "
              "'rpl_semi_sync_source'") == "0") {
      Sql("INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'");
    }
    Sql("SET GLOBAL rpl_semi_sync_source_timeout = 3600000");
  }

  void TearDown() override {
    Sql("SET GLOBAL rpl_semi_sync_source_enabled = OFF");
    writer_.reset();
    FaultTest::TearDown();
  }

  void HoldUpdate() {
    Sql("SET GLOBAL rpl_semi_sync_source_enabled = ON");
    writer_ = NewSession();
    ASSERT_NE(writer_, nullptr);
    ASSERT_OK(writer_->Send("UPDATE t SET note = 'new', version = 2 WHERE id = 1"));
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Value("SELECT variable_value FROM performance_schema.global_status"
                 " WHERE variable_name = 'Rpl_semi_sync_source_wait_sessions'") == "0") {
      ASSERT_LT(absl::Now(), deadline) << "the update is not held";
      absl::SleepFor(absl::Milliseconds(5));
    }
    EXPECT_FALSE(writer_->Finished());
    EXPECT_EQ(Value("SELECT version FROM t WHERE id = 1"), "1");
  }

  void Release() {
    Sql("SET GLOBAL rpl_semi_sync_source_enabled = OFF");
    ASSERT_OK(writer_->Finish());
  }

  // A snapshot that waits for the held commit until it is released.
  void ExpectSnapshotWaits() {
    ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot({"shop.t"}));
    absl::SleepFor(absl::Seconds(2));
    ASSERT_OK_AND_ASSIGN(snapshot, service().GetSnapshot(snapshot.id()));
    EXPECT_EQ(snapshot.state(), v1::Snapshot::RUNNING);
    EXPECT_EQ(snapshot.rows_done(), 0u);
    EXPECT_TRUE(absl::StrContains(snapshot.waiting_for(), "semi-synchronous replica"))
        << snapshot.waiting_for();
    Release();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_OK_AND_ASSIGN(snapshot, service().WaitForSnapshot(snapshot.id(), absl::Seconds(20)));
    EXPECT_EQ(snapshot.rows_done(), 100u);
    EXPECT_EQ(snapshot.waiting_for(), "");
    ExpectExactNow();
  }

 private:
  std::unique_ptr<testing::Session> writer_;
};

TEST_P(HeldWatermarkTest, SnapshotWaitsUntilTheCommitIsVisible) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  ASSERT_EQ(Changes(v1::OP_UPDATE, "shop.t").size(), 1u);
  ExpectSnapshotWaits();
}

// The update was merged before, and nothing in the log names it again.
TEST_P(HeldWatermarkTest, HeldCommitIsWaitedForOverAKill) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectSnapshotWaits();
}

// The reader's row is locked then by the session of the service that was killed.
TEST_P(HeldWatermarkTest, KillWhileAWatermarkIsHeldIsSurvived) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot({"shop.t"}));
  absl::SleepFor(absl::Seconds(1));
  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  absl::SleepFor(absl::Seconds(12));  // longer than a lock is waited for
  Release();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(service().WaitForSnapshot(snapshot.id(), absl::Seconds(30)));
  ExpectExactNow();
}

TEST_P(HeldWatermarkTest, WithoutTheSettleStepAStaleRowComesOut) {
  StartService(WithoutSettle());
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  EXPECT_TRUE(fold().violations().empty());
  Snapshot({"shop.t"});
  Release();
  CatchUp();
  const auto session = NewSession();
  ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                       oracle::CompareWithSource(fold(), *session, {}));
  EXPECT_EQ(found.difference_count, 2u) << oracle::Verdict(fold(), found);
  EXPECT_FALSE(fold().violations().empty());
}

TIDEMARK_ON_MYSQL_WITHOUT_GTIDS(HeldWatermarkTest);

// 32 sessions that update 300 rows as fast as they can, and become visible 3 ms after they are in
// the log.
class WatermarkHotRowsTest : public FaultTest {
 protected:
  static constexpr int kWriters = 32;
  static constexpr int kRows = 300;
  static constexpr size_t kSnapshotsAtOnce = 4;

  void SetUp() override {
    FaultTest::SetUp();
    seed_ = testing::RandomSeed();
    Sql("CREATE TABLE hot (id int PRIMARY KEY, note text, version bigint)");
    Sql("INSERT INTO hot SELECT i, '', 1 FROM " + Rows(1, kRows));
    Sql("SET GLOBAL binlog_group_commit_sync_delay = 3000");
  }

  void TearDown() override {
    StopWriters();
    Sql("SET GLOBAL binlog_group_commit_sync_delay = 0");
    FaultTest::TearDown();
  }

  void StartWriters() {
    for (int number = 0; number < kWriters; ++number) {
      writers_.emplace_back([this, number](std::stop_token stop) { Write(stop, number); });
    }
  }

  void StopWriters() {
    for (std::jthread& writer : writers_) writer.request_stop();
    writers_.clear();
  }

  // So many windows, a few at a time; stops early once `enough`.
  template <typename Enough>
  int Windows(int count, Enough enough) {
    std::deque<uint64_t> running;
    int created = 0;
    while ((created < count && !HasFailure()) || !running.empty()) {
      if (created < count && running.size() < kSnapshotsAtOnce) {
        auto snapshot = service().CreateSnapshot({"shop.hot"});
        EXPECT_OK(snapshot);
        if (!snapshot.ok()) return created;
        running.push_back(snapshot->id());
        ++created;
        continue;
      }
      EXPECT_OK(service().WaitForSnapshot(running.front()));
      running.pop_front();
      if (created % 10 == 0 && enough()) count = created;
    }
    return created;
  }

  uint64_t updates() const { return updates_; }

 private:
  void Write(std::stop_token stop, int number) {
    const auto session = NewSession();
    if (session == nullptr) return;
    std::mt19937_64 random(seed_ + static_cast<uint64_t>(number));
    while (!stop.stop_requested()) {
      const absl::Status status = session->Exec(
          absl::Substitute("UPDATE hot SET note = 'w$0', version = version + 1 WHERE id = $1",
                           number, 1 + random() % kRows));
      if (!status.ok()) {
        ADD_FAILURE() << status;
        return;
      }
      ++updates_;
    }
  }

  uint64_t seed_ = 0;
  std::atomic<uint64_t> updates_ = 0;
  std::vector<std::jthread> writers_;
};

TEST_P(WatermarkHotRowsTest, ManyWindowsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  const int asked = static_cast<int>(testing::Repeats(100, 1000));
  const int windows = Windows(asked, [] { return false; });
  StopWriters();
  std::printf("%d windows, %llu updates\n", windows, static_cast<unsigned long long>(updates()));
  EXPECT_EQ(windows, asked);
  ExpectExactNow();
}

TEST_P(WatermarkHotRowsTest, WithoutTheSettleStepRowsGoStale) {
  StartService(WithoutSettle());
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  const int windows = Windows(1000, [this] {
    CatchUp();
    return !fold().violations().empty();
  });
  StopWriters();
  CatchUp();
  std::printf("%zu stale rows in %d windows, %llu updates\n", fold().violations().size(), windows,
              static_cast<unsigned long long>(updates()));
  EXPECT_FALSE(fold().violations().empty());
}

TIDEMARK_ON_MYSQL_WITHOUT_GTIDS(WatermarkHotRowsTest);

}  // namespace
}  // namespace tidemark::fault
