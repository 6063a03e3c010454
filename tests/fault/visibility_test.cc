// Hazard H1: PostgreSQL shows a commit to the log before it is visible to SELECTs. And H5: partial
// images in the window. Each both ways: exact with the settle step and folding, wrong without them.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/fault/hot_rows_test.h"

namespace tidemark::fault {
namespace {

// A commit that is flushed, and in the log's stream, but stays invisible: it waits for a
// synchronous standby that does not exist.
class HeldCommitTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
    Sql("INSERT INTO t SELECT i, 'old', 1 FROM generate_series(1, 100) i");
  }

  // The version that row 1 has in the held transaction.
  void HoldUpdate() {
    ASSERT_OK_AND_ASSIGN(writer_, server().Connect("shop"));
    ASSERT_OK(server().Exec("ALTER SYSTEM SET synchronous_standby_names = 'nosuch'"));
    ASSERT_OK(server().Exec("SELECT pg_reload_conf()"));
    // The server takes a moment to notice: updates before that pass.
    for (int version = 2; version < 1000; ++version) {
      ASSERT_OK(writer_->Send(
          absl::Substitute("UPDATE t SET note = 'new $0', version = $0 WHERE id = 1", version)));
      while (!writer_->Finished()) {
        if (Waits()) {
          held_ = Value(absl::StrCat("SELECT backend_xid FROM pg_stat_activity WHERE pid = ",
                                     writer_->backend_pid()));
          return;
        }
        absl::SleepFor(absl::Milliseconds(5));
      }
      ASSERT_OK(writer_->Finish());
      absl::SleepFor(absl::Milliseconds(10));
    }
    FAIL() << "no update was held";
  }

  void Release() {
    ASSERT_OK(server().Exec("ALTER SYSTEM RESET synchronous_standby_names"));
    ASSERT_OK(server().Exec("SELECT pg_reload_conf()"));
    ASSERT_OK(writer_->Finish());
  }

  const std::string& held() const { return held_; }

 private:
  bool Waits() {
    return Value(absl::StrCat(
               "SELECT coalesce(wait_event, '') = 'SyncRep' FROM pg_stat_activity WHERE pid = ",
               writer_->backend_pid())) == "t";
  }

  std::unique_ptr<testing::SqlConnection> writer_;
  std::string held_;
};

TEST_P(HeldCommitTest, SnapshotWaitsUntilTheCommitIsVisible) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_UPDATE, "public.t").back().transaction_id(), std::stoull(held()));
  ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot({"public.t"}));
  absl::SleepFor(absl::Seconds(2));
  ASSERT_OK_AND_ASSIGN(snapshot, service().GetSnapshot(snapshot.id()));
  EXPECT_EQ(snapshot.state(), v1::Snapshot::RUNNING);
  EXPECT_EQ(snapshot.rows_done(), 0u);
  EXPECT_TRUE(absl::StrContains(snapshot.waiting_for(), held())) << snapshot.waiting_for();
  EXPECT_TRUE(absl::StrContains(snapshot.waiting_for(), "standby")) << snapshot.waiting_for();
  Release();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK_AND_ASSIGN(snapshot, service().WaitForSnapshot(snapshot.id(), absl::Seconds(20)));
  EXPECT_EQ(snapshot.rows_done(), 100u);
  EXPECT_EQ(snapshot.waiting_for(), "");
  ExpectExactNow();
}

TEST_P(HeldCommitTest, HeldCommitIsRememberedOverAKill) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  service().Kill9();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot({"public.t"}));
  absl::SleepFor(absl::Seconds(2));
  ASSERT_OK_AND_ASSIGN(snapshot, service().GetSnapshot(snapshot.id()));
  EXPECT_EQ(snapshot.rows_done(), 0u);
  EXPECT_TRUE(absl::StrContains(snapshot.waiting_for(), held())) << snapshot.waiting_for();
  Release();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(service().WaitForSnapshot(snapshot.id(), absl::Seconds(20)));
  ExpectExactNow();
}

TEST_P(HeldCommitTest, WithoutTheSettleStepAStaleRowComesOut) {
  StartService(WithoutSettle());
  ASSERT_FALSE(HasFatalFailure());
  HoldUpdate();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  EXPECT_TRUE(fold().violations().empty());
  Snapshot({"public.t"});
  Release();
  CatchUp();
  const auto session = NewSession();
  ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                       oracle::CompareWithSource(fold(), *session, {}));
  EXPECT_EQ(found.difference_count, 2u) << oracle::Verdict(fold(), found);
  EXPECT_FALSE(fold().violations().empty());
}

TIDEMARK_ON_SYSTEM_SERVER(HeldCommitTest);

constexpr int kWriters = 32;

TEST_P(HotRowsTest, HundredsOfWindowsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(kWriters);
  const uint64_t windows = Windows(250, [] { return false; });
  StopWriters();
  EXPECT_GE(windows, 250u);
  ExpectExactNow();
  Report(windows);
}

TEST_P(HotRowsTest, WithoutTheSettleStepRowsGoStale) {
  StartService(WithoutSettle());
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(kWriters);
  const uint64_t windows = Windows(4000, [this] { return WentBack(); });
  StopWriters();
  EXPECT_TRUE(WentBack());
  Report(windows);
}

// Texts outside of their rows: the log's images of the updates lack them.
class PartialImagesTest : public HotRowsTest {
 protected:
  static constexpr size_t kBody = 2;

  void SetUp() override {
    HotRowsTest::SetUp();
    Sql("UPDATE hot SET body = repeat(md5(id::text), 80), version = 2");
  }
};

TEST_P(PartialImagesTest, AreCompletedFromTheChunk) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(kWriters);
  EXPECT_EQ(RowsLeftIncomplete(20, kBody), 0u);
  StopWriters();
  ExpectExactNow();
}

TEST_P(PartialImagesTest, WithoutFoldingTheirTextIsLost) {
  StartService(WithoutFolding());
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(kWriters);
  EXPECT_GT(RowsLeftIncomplete(100, kBody), 0u);
  StopWriters();
}

TIDEMARK_ON_SYSTEM_SERVER(HotRowsTest);
TIDEMARK_ON_SYSTEM_SERVER(PartialImagesTest);

}  // namespace
}  // namespace tidemark::fault
