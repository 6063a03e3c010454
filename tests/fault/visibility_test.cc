// Hazard H1: PostgreSQL shows a commit to the log before it is visible to SELECTs. And H5: partial
// images in the window. Each both ways: exact with the settle step and folding, wrong without them.

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

namespace tidemark::fault {
namespace {

using Environment = std::vector<std::pair<std::string, std::string>>;

const Environment& WithoutSettle() {
  static const auto* const environment = new Environment{{"TIDEMARK_TEST_WITHOUT_SETTLE", "1"}};
  return *environment;
}

const Environment& WithoutFolding() {
  static const auto* const environment = new Environment{{"TIDEMARK_TEST_WITHOUT_FOLDING", "1"}};
  return *environment;
}

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

// 32 sessions that update 500 rows as fast as they can, under the server's default settings.
class HotRowsTest : public FaultTest {
 protected:
  static constexpr int kWriters = 32;
  static constexpr int kRows = 500;
  static constexpr size_t kSnapshotsAtOnce = 4;

  testing::PostgresOptions ServerOptions() const override { return {.fsync = true}; }

  void SetUp() override {
    FaultTest::SetUp();
    seed_ = testing::RandomSeed();
    Sql("CREATE TABLE hot (id int PRIMARY KEY, note text, body text, version bigint)");
    Sql("ALTER TABLE hot ALTER body SET STORAGE EXTERNAL");
    Sql(absl::StrCat("INSERT INTO hot SELECT i, '', '', 1 FROM generate_series(1, ", kRows, ") i"));
  }

  void TearDown() override {
    StopWriters();
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
    while (created < count || !running.empty()) {
      if (created < count && running.size() < kSnapshotsAtOnce) {
        auto snapshot = service().CreateSnapshot({"public.hot"});
        EXPECT_OK(snapshot);
        if (!snapshot.ok()) return created;
        running.push_back(snapshot->id());
        ++created;
        continue;
      }
      auto done = service().WaitForSnapshot(running.front());
      EXPECT_OK(done) << service().Log();
      if (!done.ok()) return created;
      running.pop_front();
      if (created % 20 == 0 && enough()) count = created;
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

TEST_P(HotRowsTest, HundredsOfWindowsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  const int windows = Windows(250, [] { return false; });
  StopWriters();
  std::printf("%d windows, %llu updates\n", windows, static_cast<unsigned long long>(updates()));
  EXPECT_EQ(windows, 250);
  ExpectExactNow();
}

TEST_P(HotRowsTest, WithoutTheSettleStepRowsGoStale) {
  StartService(WithoutSettle());
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  const int windows = Windows(1500, [this] {
    CatchUp();
    return !fold().violations().empty();
  });
  StopWriters();
  CatchUp();
  std::printf("%zu stale rows in %d windows, %llu updates\n", fold().violations().size(), windows,
              static_cast<unsigned long long>(updates()));
  EXPECT_FALSE(fold().violations().empty());
}

// Texts outside of their rows: the log's images of the updates lack them.
class PartialImagesTest : public HotRowsTest {
 protected:
  void SetUp() override {
    HotRowsTest::SetUp();
    Sql("UPDATE hot SET body = repeat(md5(id::text), 80), version = 2");
  }

  // Rows of which a consumer that folds this snapshot from its start never sees the text.
  uint64_t RowsLeftIncomplete(const v1::Snapshot& snapshot) {
    oracle::Fold from_start({.first_sequence = snapshot.first_sequence()});
    const oracle::StreamOptions options = {.source = testing::ServiceProcess::kSource,
                                           .first_sequence = snapshot.first_sequence(),
                                           .until_snapshot_ended = snapshot.id()};
    EXPECT_OK(oracle::FoldStream(service().change_stream(), options, from_start));
    const oracle::HeldTable* table = from_start.FindTable("public.hot");
    EXPECT_NE(table, nullptr);
    if (table == nullptr) return 0;
    uint64_t incomplete = 0;
    for (const auto& [key, row] : table->rows) {
      const oracle::Cells cells = oracle::Unpack(row.cells);
      incomplete += cells[2].state == oracle::Cell::State::kUnknown ? 1 : 0;
    }
    return incomplete;
  }

  // Over so many snapshots, or until a row was left incomplete.
  uint64_t RowsLeftIncomplete(int snapshots) {
    uint64_t incomplete = 0;
    for (int i = 0; i < snapshots && incomplete == 0 && !HasFatalFailure(); ++i) {
      incomplete = RowsLeftIncomplete(Snapshot({"public.hot"}));
    }
    return incomplete;
  }
};

TEST_P(PartialImagesTest, AreCompletedFromTheChunk) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  EXPECT_EQ(RowsLeftIncomplete(20), 0u);
  StopWriters();
  ExpectExactNow();
}

TEST_P(PartialImagesTest, WithoutFoldingTheirTextIsLost) {
  StartService(WithoutFolding());
  ASSERT_FALSE(HasFatalFailure());
  StartWriters();
  EXPECT_GT(RowsLeftIncomplete(100), 0u);
  StopWriters();
}

TIDEMARK_ON_SYSTEM_SERVER(HotRowsTest);
TIDEMARK_ON_SYSTEM_SERVER(PartialImagesTest);

}  // namespace
}  // namespace tidemark::fault
