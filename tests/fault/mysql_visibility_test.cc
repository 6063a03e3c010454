// Hazards H2 and H3: MySQL and MariaDB show a commit to the binlog before the engine commits it,
// and MariaDB's end of the binlog does not bracket what a SELECT sees. Each both ways: exact, and
// wrong without the guard.

#include <gmock/gmock.h>

#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/hot_rows_test.h"
#include "tests/support/soak.h"

namespace tidemark::fault {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr absl::Duration kHoldTimeout = absl::Seconds(20);

// A commit that is in the binlog, and was sent to us, but not to the engine: it waits for a
// semi-synchronous replica that does not exist.
class MysqlHeldCommitTest : public FaultTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    testing::MysqlOptions options{.fsync = true, .settings = {{"sync_binlog", "1"}}};
    if (mysql()) options.settings.push_back({"plugin_load_add", "semisync_source.so"});
    return options;
  }

  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
    Sql("INSERT INTO t SELECT i, 'old', 1 FROM " + Rows(1, 100));
    Set("wait_point", "AFTER_SYNC");
    Set("timeout", 3'600'000);
  }

  // What it sets the row's note to, in SQL.
  virtual std::string HeldNote() const { return "'new'"; }

  // Row 1 is updated, and nothing else can commit from now on.
  void HoldUpdate() {
    writer_ = NewSession();
    ASSERT_NE(writer_, nullptr);
    Set("enabled", 1);
    ASSERT_OK(
        writer_->Send("UPDATE t SET note = " + HeldNote() + ", version = 2 WHERE id = 1"));
    const absl::Time deadline = absl::Now() + kHoldTimeout;
    while (Value("SELECT count(*) FROM information_schema.PROCESSLIST "
                 "WHERE STATE LIKE 'Waiting for semi-sync ACK%'") != "1") {
      ASSERT_LT(absl::Now(), deadline) << "no update was held";
      absl::SleepFor(absl::Milliseconds(10));
    }
  }

  void Release() {
    Set("enabled", 0);
    ASSERT_OK(writer_->Finish());
  }

  // The stream has the new row, and nobody can see it.
  void ExpectOnlyTheLogHasIt() {
    CatchUp();
    const auto updates = Changes(v1::OP_UPDATE, Named("t"));
    ASSERT_EQ(updates.size(), 1u);
    held_ = updates.front().transaction_id();
    EXPECT_EQ(Value("SELECT note FROM t WHERE id = 1"), "old");
  }

  v1::Snapshot SnapshotThatWaits() {
    auto snapshot = service().CreateSnapshot({Named("t")});
    EXPECT_OK(snapshot);
    absl::SleepFor(absl::Seconds(2));
    snapshot = service().GetSnapshot(snapshot.ok() ? snapshot->id() : 0);
    EXPECT_OK(snapshot);
    if (!snapshot.ok()) return {};
    EXPECT_EQ(snapshot->state(), v1::Snapshot::RUNNING);
    EXPECT_EQ(snapshot->rows_done(), 0u);
    EXPECT_THAT(snapshot->waiting_for(),
                AllOf(HasSubstr(absl::StrCat(held_)), HasSubstr("semi-synchronous replica")));
    return *snapshot;
  }

  void ExpectExactOnceReleased(uint64_t snapshot) {
    Release();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot ended,
                         service().WaitForSnapshot(snapshot, absl::Seconds(20)));
    EXPECT_EQ(ended.rows_done(), 100u);
    EXPECT_EQ(ended.waiting_for(), "");
    ExpectExactNow();
  }

  void ExpectASnapshotWaits() {
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    HoldUpdate();
    ASSERT_FALSE(HasFatalFailure());
    ExpectOnlyTheLogHasIt();
    ExpectExactOnceReleased(SnapshotThatWaits().id());
  }

  void ExpectItIsRememberedOverAKill() {
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    HoldUpdate();
    ASSERT_FALSE(HasFatalFailure());
    ExpectOnlyTheLogHasIt();
    service().Kill9();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
    ExpectExactOnceReleased(SnapshotThatWaits().id());
  }

  // With a guard left out: the old row comes after the new one.
  void ExpectAStaleRowComesOut(const Environment& without) {
    StartService(without);
    ASSERT_FALSE(HasFatalFailure());
    HoldUpdate();
    ASSERT_FALSE(HasFatalFailure());
    ExpectOnlyTheLogHasIt();
    EXPECT_TRUE(fold().violations().empty());
    Snapshot({Named("t")});
    Release();
    // Behind the snapshot in the stream.
    Sql("UPDATE t SET version = 2 WHERE id = 100");
    CatchUp();
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                         oracle::CompareWithSource(fold(), *NewSession(), {}));
    EXPECT_EQ(found.difference_count, 2u) << oracle::Verdict(fold(), found);
    EXPECT_FALSE(fold().violations().empty());
  }

 private:
  template <typename T>
  void Set(const std::string& name, const T& value) {
    const std::string role = mysql() ? "source" : "master";
    const std::string text = absl::StrCat(value);
    Sql(absl::StrCat("SET GLOBAL rpl_semi_sync_", role, "_", name, " = ",
                     absl::StartsWith(text, "A") ? absl::StrCat("'", text, "'") : text));
  }

  std::unique_ptr<testing::Session> writer_;
  uint64_t held_ = 0;
};

TEST_P(MysqlHeldCommitTest, SnapshotWaitsUntilTheCommitIsVisible) { ExpectASnapshotWaits(); }

TEST_P(MysqlHeldCommitTest, HeldCommitIsRememberedOverAKill) { ExpectItIsRememberedOverAKill(); }

TEST_P(MysqlHeldCommitTest, WithoutTheSettleStepAStaleRowComesOut) {
  ExpectAStaleRowComesOut(WithoutSettle());
}

TIDEMARK_ON_EVERY_GTID_SERVER(MysqlHeldCommitTest);

class MariaDbHeldCommitTest : public MysqlHeldCommitTest {};

TEST_P(MariaDbHeldCommitTest, WithTheEndOfTheBinlogAsTheViewAStaleRowComesOut) {
  ExpectAStaleRowComesOut(WithoutExactView());
}

TIDEMARK_ON_EVERY_MARIADB(MariaDbHeldCommitTest);

constexpr char kTinyFile[] = "4096";

// The held commit fills its file: the next one is begun before it is visible.
class MariaDbFullFileTest : public MysqlHeldCommitTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    auto options = MysqlHeldCommitTest::MysqlServerOptions();
    options->settings.emplace_back("max_binlog_size", kTinyFile);
    return options;
  }
  std::string HeldNote() const override { return "repeat('x', 5000)"; }
};

TEST_P(MariaDbFullFileTest, SnapshotWaitsUntilTheCommitIsVisible) { ExpectASnapshotWaits(); }

TEST_P(MariaDbFullFileTest, HeldCommitIsRememberedOverAKill) { ExpectItIsRememberedOverAKill(); }

TIDEMARK_ON_EVERY_MARIADB(MariaDbFullFileTest);

constexpr int kHotWriters = 40;
constexpr uint64_t kWindowsOfControl = 20'000;

class MysqlHotRowsTest : public HotRowsTest {
 protected:
  void ExpectRowsGoStale(const Environment& without) {
    StartService(without);
    ASSERT_FALSE(HasFatalFailure());
    StartWriters(kHotWriters);
    const uint64_t windows = Windows(kWindowsOfControl, [this] { return WentBack(); });
    StopWriters();
    EXPECT_TRUE(WentBack());
    Report(windows);
  }
};

TEST_P(MysqlHotRowsTest, ManyWindowsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(kHotWriters);
  const uint64_t asked = testing::Repeats(500, 3000);
  const uint64_t windows = Windows(asked, [] { return false; });
  StopWriters();
  EXPECT_GE(windows, asked);
  ExpectExactNow();
  Report(windows);
}

TEST_P(MysqlHotRowsTest, WithoutTheSettleStepRowsGoStale) { ExpectRowsGoStale(WithoutSettle()); }

TIDEMARK_ON_EVERY_GTID_SERVER(MysqlHotRowsTest);

class MariaDbHotRowsTest : public MysqlHotRowsTest {};

// The server has one copy of binlog_snapshot_position for all sessions that ask for the status.
TEST_P(MariaDbHotRowsTest, SessionsThatAskForTheStatusDisturbNoWindow) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters(8);
  std::vector<std::jthread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([this](std::stop_token stop) {
      const auto session = NewSession();
      while (session != nullptr && !stop.stop_requested()) {
        EXPECT_OK(session->Exec("SHOW GLOBAL STATUS LIKE 'binlog_snapshot_%'"));
      }
    });
  }
  const uint64_t windows = Windows(testing::Repeats(100, 1000), [] { return false; });
  askers.clear();
  StopWriters();
  ExpectExactNow();
  Report(windows);
}

TEST_P(MariaDbHotRowsTest, WithTheEndOfTheBinlogAsTheViewRowsGoStale) {
  ExpectRowsGoStale(WithoutExactView());
}

TIDEMARK_ON_EVERY_MARIADB(MariaDbHotRowsTest);

// A file of the binlog is full after a few commits.
class MariaDbTinyFilesTest : public MysqlHotRowsTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    auto options = MysqlHotRowsTest::MysqlServerOptions();
    options->settings.emplace_back("max_binlog_size", kTinyFile);
    return options;
  }
};

TEST_P(MariaDbTinyFilesTest, WindowsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  // Without a pause they begin files faster than a busy machine reads them.
  StartWriters(kHotWriters, absl::Milliseconds(200));
  // Each takes long where every few commits begin a file.
  const uint64_t asked = testing::Repeats(30, 200);
  const uint64_t windows = Windows(asked, [] { return false; });
  StopWriters();
  EXPECT_GE(windows, asked);
  ExpectExactNow();
  Report(windows);
}

TIDEMARK_ON_EVERY_MARIADB(MariaDbTinyFilesTest);

}  // namespace
}  // namespace tidemark::fault
