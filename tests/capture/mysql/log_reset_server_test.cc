// A binlog that the same server begins anew, with all that was merged in its history: the log goes
// on by names, and positions behind those of before.

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "capture/mysql/resume_token.h"
#include "tests/capture/mysql/log_test.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class LogResetTest : public LogTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartOwn());
    MakeTable();
    MakeSource(server());
    ASSERT_OK(OpenLog());
  }

  absl::Status Read() {
    absl::StatusOr<LogBatch> batch = log_->Read(1 << 20, milliseconds(100));
    if (!batch.ok()) return batch.status();
    for (const auto& schema : batch->schemas) registry_.MarkAnnounced(schema->id);
    for (const auto& transaction : batch->transactions) places_.push_back(transaction.commit);
    resume_ = batch->resume;
    return absl::OkStatus();
  }
  void ReadUntilSeen(size_t count) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (places_.size() < count && absl::Now() < deadline) ASSERT_OK(Read());
    ASSERT_EQ(places_.size(), count);
  }
  void Insert(int first, int last) {
    for (int id = first; id <= last; ++id) LogTest::Insert(id);
  }
  // What the server has executed stays what it has executed.
  void ResetLog() {
    const std::string history = mariadb() ? "gtid_binlog_state" : "gtid_executed";
    ASSERT_OK_AND_ASSIGN(const std::string executed,
                         server().QueryValue("SELECT @@global." + history));
    ASSERT_OK(server().Exec(server().words().reset_log));
    ASSERT_OK(server().Exec(
        absl::StrCat("SET GLOBAL ", mariadb() ? history : "gtid_purged", " = '", executed, "'")));
  }
  ResumeToken Token() const { return *ResumeToken::Decode(resume_); }
  // Each transaction once, in one order, and those from `moved` on in another binlog.
  void ExpectPlaces(size_t moved) const {
    for (size_t i = 0; i < places_.size(); ++i) {
      EXPECT_EQ(places_[i].file >> 32, i < moved ? 0u : 1u) << i;
      EXPECT_LT(i == 0 ? model::Position() : places_[i - 1], places_[i]);
    }
  }

  std::vector<model::Position> places_;
};
TIDEMARK_ALL_PRODUCTS(LogResetTest);

TEST_P(LogResetTest, PositionsGoOnWhereTheNewLogIsShorter) {
  for (int i = 0; i < 3; ++i) ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  Insert(1, 2);
  ReadUntilSeen(2);
  log_.reset();
  ASSERT_NO_FATAL_FAILURE(ResetLog());
  Insert(3, 4);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(4);
  ExpectPlaces(2);
  // Only once.
  Insert(5, 5);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(5);
  ExpectPlaces(2);
}

TEST_P(LogResetTest, PositionsGoOnWhereTheNewLogIsLonger) {
  Insert(1, 2);
  ReadUntilSeen(2);
  log_.reset();
  const uint64_t offset = Token().offset;
  ASSERT_NO_FATAL_FAILURE(ResetLog());
  Insert(3, 32);
  ASSERT_OK_AND_ASSIGN(const testing::SqlRows end, server().Query(server().words().show_log_end));
  EXPECT_EQ(*end[0][0], Token().file);
  EXPECT_GT(std::stoull(*end[0][1]), offset);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(32);
  ExpectPlaces(2);
}

// A restore to a point in time, for which the last of what was merged was executed again.
TEST_P(LogResetTest, WhatTheNewLogRepeatsDoesNotComeAgain) {
  for (int i = 0; i < 3; ++i) ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  Insert(1, 2);
  ReadUntilSeen(2);
  log_.reset();
  // "uuid:1-7" or "0-1-7"
  const std::string merged = Token().gtids;
  const size_t number = merged.rfind('-') + 1;
  const uint64_t last = std::stoull(merged.substr(number));
  ASSERT_OK(server().Exec(absl::StrCat(
      "SET sql_log_bin = 0; DELETE FROM t WHERE id = 2; SET sql_log_bin = 1; ",
      server().words().reset_log, "; SET GLOBAL ", mariadb() ? "gtid_binlog_state" : "gtid_purged",
      " = '", merged.substr(0, number), last - 1, "'")));
  ASSERT_OK(server().Exec(
      mariadb()
          ? absl::StrCat("SET gtid_seq_no = ", last)
          : absl::StrCat("SET gtid_next = '", merged.substr(0, merged.find(':') + 1), last, "'")));
  Insert(2, 2);
  ASSERT_OK(server().Exec(mariadb() ? "SET gtid_seq_no = DEFAULT" : "SET gtid_next = AUTOMATIC"));
  Insert(3, 3);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(3);
  ExpectPlaces(2);
}

TEST_P(LogResetTest, FilesOfAnotherNameAreAnotherLog) {
  Insert(1, 1);
  ReadUntilSeen(1);
  ResumeToken token = Token();
  token.file = "another.000001";
  resume_ = token.Encode();
  Insert(2, 2);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(2);
  ExpectPlaces(1);
}

TEST_P(LogResetTest, TheSameLogIsNoOtherOverFilesAndRestarts) {
  ASSERT_OK(OpenLog());
  Insert(1, 1);
  ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  ReadUntilSeen(1);
  ASSERT_OK(OpenLog());
  ASSERT_OK(server().Restart());
  Insert(2, 2);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(2);
  ASSERT_OK(OpenLog());
  Insert(3, 3);
  ReadUntilSeen(3);
  ExpectPlaces(3);
}

// The server goes on serving its dump threads as if nothing had been.
TEST_P(LogResetTest, AReaderThatIsConnectedNotices) {
  Insert(1, 30);
  ReadUntilSeen(30);
  // The end is known by then.
  const absl::Time known = absl::Now() + absl::Seconds(2);
  while (absl::Now() < known) ASSERT_OK(Read());
  ASSERT_NO_FATAL_FAILURE(ResetLog());
  absl::Status status;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (status.ok() && absl::Now() < deadline) status = Read();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  Insert(31, 31);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(31);
  ExpectPlaces(30);
}

// Its rows are bounded by places that the log's have passed long ago.
TEST_P(LogResetTest, AChunkIsNotReadBeforeTheLogIsOpenedAgain) {
  Insert(1, 30);
  ASSERT_OK_AND_ASSIGN(const auto chunks, source_->OpenChunkReader(&registry_, {}));
  ASSERT_OK_AND_ASSIGN(const auto tables, source_->ListTables({}));
  ChunkRequest request;
  request.table = tables.at(0).id;
  ASSERT_OK(chunks->Read(request, {}));
  ASSERT_NO_FATAL_FAILURE(ResetLog());
  const absl::Status status = chunks->Read(request, {}).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("begun anew"));
}

TEST_P(LogResetTest, AServerThatForgotWhatItExecutedIsRefused) {
  for (int i = 0; i < 3; ++i) ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  Insert(1, 1);
  ReadUntilSeen(1);
  log_.reset();
  ASSERT_OK(server().Exec(server().words().reset_log));
  const absl::Status status = OpenLog();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("lacks transactions that are in the stream"));
}

}  // namespace
}  // namespace tidemark::capture::mysql
