// A log that is read by GTIDs: what counts as merged and not yet visible after a restart.

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "capture/mysql/resume_token.h"
#include "tests/capture/mysql/log_test.h"
#include "tests/support/open_session.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;

// Its commits are in the binlog, and held there until Release: they wait for a semi-synchronous
// replica that does not exist.
class GtidLogTest : public LogTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartOwn({.fsync = true,
                                      .settings = {{"sync_binlog", "1"},
                                                   {"plugin_load_add", "semisync_source.so"},
                                                   {"rpl_semi_sync_source_timeout", "3600000"}}}));
    MakeTable();
    MakeSource(server());
    ASSERT_OK_AND_ASSIGN(writer_,
                         testing::OpenSession(testing::MysqlUrl("root", server().port(), "test")));
  }

  void Open(const std::string& resume) {
    resume_ = resume;
    ASSERT_OK(OpenLog());
  }

  // Reads until `enough` says so of a batch, at most 20 s; returns that batch.
  template <typename Enough>
  LogBatch ReadUntil(Enough enough) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (absl::Now() < deadline) {
      absl::StatusOr<LogBatch> batch = log_->Read(1 << 20, milliseconds(50));
      EXPECT_OK(batch);
      if (!batch.ok()) return {};
      if (enough(*batch)) return *std::move(batch);
    }
    ADD_FAILURE() << "it did not come";
    return {};
  }

  void Hold(const std::string& statement) {
    ASSERT_OK(server().Exec("SET GLOBAL rpl_semi_sync_source_enabled = ON"));
    ASSERT_OK(writer_->Send(statement));
  }
  void Release() {
    ASSERT_OK(server().Exec("SET GLOBAL rpl_semi_sync_source_enabled = OFF"));
    ASSERT_OK(writer_->Finish());
  }

  std::unique_ptr<testing::Session> writer_;
};
INSTANTIATE_TEST_SUITE_P(Products, GtidLogTest, ::testing::Values(testing::MysqlProduct::kMySql9),
                         [](const auto& test) { return std::string(Name(test.param)); });

// A long binlog is looked through within one Read, whose thread would else be taken for stuck.
TEST_P(GtidLogTest, LookingThroughTheLogAheadIsProgress) {
  ASSERT_OK(server().Exec("SET GLOBAL binlog_row_metadata = MINIMAL"));
  Open("");
  int steps = 0;
  log_->OnProgress([&] { ++steps; });
  ReadUntil([](const LogBatch& batch) { return !batch.replaying; });
  // A table whose columns nobody has asked for yet.
  ASSERT_OK(server().Exec("CREATE TABLE test.unasked (id int PRIMARY KEY)"));
  ASSERT_OK(server().Exec("INSERT INTO test.unasked VALUES (1)"));
  ReadUntil([](const LogBatch& batch) { return !batch.transactions.empty(); });
  EXPECT_GT(steps, 0);
}

// Else a window could be opened that sees none of its rows, and has no touch of those delivered.
TEST_P(GtidLogTest, APartOfAHeldTransactionKeepsWindowsClosedAfterARestart) {
  Open("");
  const LogBatch before = ReadUntil([](const LogBatch& batch) { return !batch.replaying; });
  Hold("INSERT INTO t VALUES (1), (2)");
  const LogBatch held =
      ReadUntil([](const LogBatch& batch) { return !batch.transactions.empty(); });
  ASSERT_FALSE(HasFailure());
  // As if the service had been killed when the journal had the first row.
  ASSERT_OK_AND_ASSIGN(ResumeToken token, ResumeToken::Decode(before.resume));
  ASSERT_OK_AND_ASSIGN(token.partial_gtid,
                       server().QueryValue(absl::StrCat("SELECT GTID_SUBTRACT('",
                                                        ResumeToken::Decode(held.resume)->gtids,
                                                        "', '", token.gtids, "')")));
  token.partial = held.transactions[0].commit;
  token.partial_rows = token.partial_changes = 1;
  Open(token.Encode());
  const LogBatch rest =
      ReadUntil([](const LogBatch& batch) { return !batch.transactions.empty(); });
  EXPECT_TRUE(rest.replaying);
  EXPECT_NE(rest.hidden, "");
  Release();
  ReadUntil([](const LogBatch& batch) { return !batch.replaying; });
}

}  // namespace
}  // namespace tidemark::capture::mysql
