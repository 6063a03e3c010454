// A log that is read by file and offset: where it goes on, and when it must not.

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "capture/mysql/resume_token.h"
#include "tests/capture/decoded_batch.h"
#include "tests/capture/mysql/log_test.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FileLogTest : public LogTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(StartOwn(WithoutGtids()));
    MakeTable();
    MakeSource(server());
  }
  static testing::MysqlOptions WithoutGtids() {
    return {.settings = {{"gtid_mode", "OFF"}, {"enforce_gtid_consistency", "OFF"}}};
  }
  // The first error of a log that is opened and read for a while.
  absl::Status FirstError() {
    absl::Status status = OpenLog();
    const absl::Time deadline = absl::Now() + absl::Seconds(5);
    while (status.ok() && absl::Now() < deadline) status = Read();
    return status;
  }
  // Adds the rows' keys to seen_.
  absl::Status Read() {
    absl::StatusOr<LogBatch> batch = log_->Read(1 << 20, milliseconds(100));
    if (!batch.ok()) return batch.status();
    for (const auto& schema : batch->schemas) registry_.MarkAnnounced(schema->id);
    for (const std::string& brief : Briefs(*batch)) {
      if (brief.rfind("CREATE", 0) == 0) {
        const size_t key = brief.find("key(") + 4;
        seen_.push_back(std::stoi(brief.substr(key)));
      }
    }
    transactions_ += batch->transactions.size();
    resume_ = batch->resume;
    return absl::OkStatus();
  }
  void ReadUntilSeen(size_t count) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (seen_.size() < count && absl::Now() < deadline) ASSERT_OK(Read());
    ASSERT_EQ(seen_.size(), count);
  }

  std::vector<int> seen_;
  size_t transactions_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Products, FileLogTest, ::testing::Values(testing::MysqlProduct::kMySql9),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(FileLogTest, GoesOnBehindWhatWasDeliveredOverFilesAndRestarts) {
  ASSERT_OK(OpenLog());
  Insert(1);
  ReadUntilSeen(1);
  ASSERT_OK(OpenLog());
  Insert(2);
  ReadUntilSeen(2);
  log_.reset();
  Insert(3);
  ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  Insert(4);
  ASSERT_OK(server().Restart());
  Insert(5);
  ASSERT_OK(OpenLog());
  ReadUntilSeen(5);
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5));
}

// Watermarks are no rows of the stream, and nobody waits for them.
TEST_P(FileLogTest, WatermarksDoNotComeOut) {
  ASSERT_OK(OpenLog());
  ASSERT_OK_AND_ASSIGN(auto chunks, source_->OpenChunkReader(&registry_, {}));
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK(chunks->Settle({}, [](const std::string&) {}, {}));
  }
  Insert(1);
  ReadUntilSeen(1);
  EXPECT_EQ(transactions_, 1u);
  ASSERT_OK_AND_ASSIGN(const std::string counted,
                       server().QueryValue("SELECT sum(counter) FROM tidemark.watermark"));
  EXPECT_EQ(counted, "3");
}

TEST_P(FileLogTest, IsTheSameWhateverGtidModeIsMeanwhile) {
  ASSERT_OK(OpenLog());
  Insert(1);
  ASSERT_OK(server().Exec("SET GLOBAL gtid_mode = OFF_PERMISSIVE"));
  Insert(2);
  ReadUntilSeen(2);
  ASSERT_OK(server().Exec("SET GLOBAL gtid_mode = ON_PERMISSIVE"));
  Insert(3);
  ASSERT_OK(OpenLog());
  Insert(4);
  ReadUntilSeen(4);
  ASSERT_OK(server().Exec("SET GLOBAL enforce_gtid_consistency = ON; SET GLOBAL gtid_mode = ON"));
  Insert(5);
  ASSERT_OK(OpenLog());
  Insert(6);
  ReadUntilSeen(6);
  EXPECT_THAT(seen_, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(ResumeToken::Decode(resume_)->naming, Naming::kFile);
  // Its windows stay those of the log.
  ASSERT_OK_AND_ASSIGN(auto chunks, source_->OpenChunkReader(&registry_, {}));
  ASSERT_OK(chunks->Settle({}, [](const std::string&) {}, {}));
  ASSERT_OK(server().QueryValue("SELECT counter FROM tidemark.watermark"));
}

TEST_P(FileLogTest, ALogOfGtidsIsNotReadWithoutThem) {
  ASSERT_NO_FATAL_FAILURE(StartOwn({}));
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY)"));
  MakeSource(server());
  ASSERT_OK(OpenLog());
  Insert(1);
  ReadUntilSeen(1);
  ASSERT_OK(server().Exec("SET GLOBAL gtid_mode = ON_PERMISSIVE"));
  const absl::Status status = OpenLog();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("gtid_mode"));
}

TEST_P(FileLogTest, AnotherServerIsRefused) {
  ASSERT_OK(OpenLog());
  Insert(1);
  ReadUntilSeen(1);
  testing::MysqlOptions options = WithoutGtids();
  options.product = GetParam();
  ASSERT_OK_AND_ASSIGN(const auto other, testing::MysqlServer::Start(options));
  log_.reset();
  MakeSource(*other);
  const absl::Status status = OpenLog();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("another server"), HasSubstr("gtid_mode=ON")));
  ASSERT_OK_AND_ASSIGN(const std::string databases,
                       other->QueryValue("SELECT count(*) FROM information_schema.schemata"
                                         " WHERE schema_name = 'tidemark'"));
  EXPECT_EQ(databases, "0");
}

TEST_P(FileLogTest, APurgedLogIsDataLoss) {
  ASSERT_OK(OpenLog());
  Insert(1);
  ReadUntilSeen(1);
  log_.reset();
  Insert(2);
  ASSERT_OK(server().PurgeLogs());
  const absl::Status status = FirstError();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("binlog_expire_logs_seconds"));
}

// The files have the same names then, and the place may be one in the new log too.
TEST_P(FileLogTest, ALogThatWasBegunAnewIsDataLoss) {
  ASSERT_OK(server().Exec(server().words().reset_log));
  ASSERT_OK(OpenLog());
  Insert(1);
  ReadUntilSeen(1);
  log_.reset();
  const std::string stale = std::exchange(resume_, "");
  const ResumeToken token = *ResumeToken::Decode(stale);
  EXPECT_EQ(token.file, "binlog.000001");
  absl::SleepFor(absl::Seconds(1.1));
  // The same statements then lead to the same places.
  ASSERT_OK(server().Exec("DROP DATABASE tidemark; " + server().words().reset_log));
  ASSERT_OK(OpenLog());
  Insert(2);
  ReadUntilSeen(2);
  EXPECT_EQ(ResumeToken::Decode(resume_)->offset, token.offset);
  Insert(3);
  resume_ = stale;
  const absl::Status status = FirstError();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("RESET"));
  EXPECT_THAT(seen_, ElementsAre(1, 2));
}

TEST_P(FileLogTest, StopsWhenCommitsAreNotOrderedAnyMore) {
  ASSERT_OK(OpenLog());
  ASSERT_OK(server().Exec("SET GLOBAL binlog_order_commits = OFF"));
  absl::Status status;
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (status.ok() && absl::Now() < deadline) status = Read();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("binlog_order_commits is OFF"));
  EXPECT_EQ(OpenLog().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tidemark::capture::mysql
