#include "capture/mysql/watermark.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "capture/mysql/watermark_table.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint32_t kServerId = 1001;

// The table and what is written there are the same with GTIDs, which the shared server has. Tests
// that change the server's settings start their own, without them.
class WatermarkTest : public ServerTest {
 protected:
  static testing::MysqlOptions WithoutGtids() {
    return {.settings = {{"gtid_mode", "OFF"}, {"enforce_gtid_consistency", "OFF"}}};
  }
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Share());
    ASSERT_OK(server().Exec("DROP DATABASE IF EXISTS tidemark"));
    options_.server_id = kServerId;
    ASSERT_OK_AND_ASSIGN(sql_, Open());
  }
  // Its own server, with the table.
  void StartPrepared(testing::MysqlOptions options) {
    ASSERT_NO_FATAL_FAILURE(StartOwn(std::move(options)));
    ASSERT_OK_AND_ASSIGN(sql_, Open());
    ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  }
  absl::StatusOr<BinlogEnd> Write() {
    return watermark_.Write(*sql_, [this] { ++waits_; }, {});
  }
  int64_t Counter() {
    absl::StatusOr<std::string> counter = server().QueryValue(
        absl::StrCat("SELECT counter FROM tidemark.watermark WHERE reader = 0"));
    EXPECT_OK(counter);
    return counter.ok() ? std::stoll(*counter) : -1;
  }

  MysqlOptions options_;
  const Watermark watermark_{options_.watermark_table, kServerId, 0};
  std::unique_ptr<Connection> sql_;
  int waits_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Products, WatermarkTest, ::testing::Values(testing::MysqlProduct::kMySql9),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(WatermarkTest, EachIsCountedBehindThePlaceThatItTells) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK_AND_ASSIGN(const BinlogEnd first, Write());
  ASSERT_OK_AND_ASSIGN(const BinlogEnd second, Write());
  ASSERT_OK_AND_ASSIGN(const BinlogEnd end, LoadBinlogEnd(*sql_, {}));
  EXPECT_LT(first.offset, second.offset);
  EXPECT_LT(second.offset, end.offset);
  EXPECT_EQ(Counter(), 2);
}

TEST_P(WatermarkTest, ReadersHaveRowsOfTheirOwn) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  WatermarkRows rows;
  WatermarkRows::Lease zero(&rows);
  {
    WatermarkRows::Lease one(&rows);
    EXPECT_EQ(one.number(), 1u);
  }
  WatermarkRows::Lease again(&rows);
  EXPECT_EQ(zero.number(), 0u);
  EXPECT_EQ(again.number(), 1u);
  ASSERT_OK(Write());
  ASSERT_OK(Watermark(options_.watermark_table, kServerId, again.number()).Write(*sql_, [] {}, {}));
  ASSERT_OK_AND_ASSIGN(const std::string count,
                       server().QueryValue("SELECT count(*) FROM tidemark.watermark"));
  EXPECT_EQ(count, "2");
  EXPECT_EQ(Counter(), 1);
}

TEST_P(WatermarkTest, ARowThatAnEarlierSessionHoldsIsWaitedFor) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK(Write());
  ASSERT_OK(server().Exec("BEGIN; UPDATE tidemark.watermark SET counter = 7"));
  std::thread later([&] {
    absl::SleepFor(absl::Seconds(2));
    EXPECT_OK(server().Exec("COMMIT"));
  });
  ASSERT_OK(sql_->Execute("SET innodb_lock_wait_timeout = 1"));
  const absl::Status written = Write().status();
  later.join();
  EXPECT_OK(written);
  EXPECT_GT(waits_, 5);
  EXPECT_EQ(Counter(), 8);
}

TEST_P(WatermarkTest, AStopEndsTheWait) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK(Write());
  ASSERT_OK(server().Exec("BEGIN; UPDATE tidemark.watermark SET counter = 7"));
  std::stop_source stop;
  const absl::Status status = watermark_
                                  .Write(
                                      *sql_, [&] { stop.request_stop(); }, stop.get_token())
                                  .status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  ASSERT_OK(server().Exec("ROLLBACK"));
}

TEST_P(WatermarkTest, ARowThatDoesNotChangeIsNoticed) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK(Write());
  ASSERT_OK(
      server().Exec("CREATE TRIGGER tidemark.keep BEFORE UPDATE ON tidemark.watermark"
                    " FOR EACH ROW SET NEW.counter = OLD.counter"));
  const absl::Status status = Write().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("trigger"));
}

TEST_P(WatermarkTest, ASessionThatDoesNotLogIsNoticed) {
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK(sql_->Execute("SET sql_log_bin = 0"));
  const absl::Status status = Write().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("sql_log_bin"));
}

TEST_P(WatermarkTest, CommitsThatAreNotOrderedAreRefused) {
  ASSERT_NO_FATAL_FAILURE(StartPrepared(WithoutGtids()));
  ASSERT_OK(Write());
  ASSERT_OK(server().Exec("SET GLOBAL binlog_order_commits = OFF"));
  for (const absl::Status& status : {Write().status(), PrepareWatermarks(*sql_, options_, {})}) {
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    EXPECT_THAT(status.message(), AllOf(HasSubstr("binlog_order_commits is OFF"),
                                        HasSubstr("SET PERSIST binlog_order_commits = ON")));
  }
}

TEST(WatermarkVersionTest, ServersBefore8030CommitXaInNoOrder) {
  EXPECT_TRUE(XaNotOrdered(80029).has_value());
  EXPECT_FALSE(XaNotOrdered(80030).has_value());
  EXPECT_FALSE(XaNotOrdered(90704).has_value());
}

TEST_P(WatermarkTest, AFilteredBinlogIsRefused) {
  testing::MysqlOptions options = WithoutGtids();
  options.settings.push_back({"binlog_ignore_db", "tidemark"});
  ASSERT_NO_FATAL_FAILURE(StartOwn(options));
  ASSERT_OK_AND_ASSIGN(sql_, Open());
  absl::Status status = PrepareWatermarks(*sql_, options_, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("binlog_ignore_db"));
  status = Write().status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("binlog_ignore_db"));
}

TEST_P(WatermarkTest, AnAccountThatMayMakeTheTableMakesIt) {
  ASSERT_OK(
      server().Exec("DROP USER IF EXISTS 'maker'@'%'; CREATE USER 'maker'@'%';"
                    "GRANT REPLICATION CLIENT ON *.* TO 'maker'@'%';"
                    "GRANT CREATE, SELECT, INSERT, UPDATE ON tidemark.* TO 'maker'@'%'"));
  ConnectionOptions login = OptionsFor(server());
  login.user = "maker";
  ASSERT_OK_AND_ASSIGN(sql_, Connection::Open(login));
  EXPECT_THAT(ExamineWatermarks(*sql_, options_, {}), ::testing::IsEmpty());
  ASSERT_OK(PrepareWatermarks(*sql_, options_, {}));
  ASSERT_OK(Write());
  EXPECT_EQ(Counter(), 1);
}

TEST_P(WatermarkTest, AnAccountThatMayNotIsToldWhatToRun) {
  ASSERT_OK(
      server().Exec("DROP USER IF EXISTS 'poor'@'%'; CREATE USER 'poor'@'%';"
                    "GRANT REPLICATION CLIENT ON *.* TO 'poor'@'%'"));
  ConnectionOptions login = OptionsFor(server());
  login.user = "poor";
  ASSERT_OK_AND_ASSIGN(sql_, Connection::Open(login));
  const std::string grant = "GRANT SELECT, INSERT, UPDATE ON `tidemark`.`watermark` TO 'poor'@'%'";
  const std::string create =
      "CREATE TABLE IF NOT EXISTS `tidemark`.`watermark` (server_id int unsigned NOT NULL, reader "
      "int unsigned NOT NULL, counter bigint unsigned NOT NULL, PRIMARY KEY (server_id, reader)) "
      "ENGINE=InnoDB";
  const absl::Status refused = PrepareWatermarks(*sql_, options_, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(refused.message(), AllOf(HasSubstr(grant), HasSubstr(create)));
  const std::vector<Problem> problems = ExamineWatermarks(*sql_, options_, {});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].remedy, AllOf(HasSubstr(grant), HasSubstr(create)));
  ASSERT_OK(server().Exec("CREATE DATABASE tidemark; " + create + "; " + grant));
  EXPECT_OK(PrepareWatermarks(*sql_, options_, {}));
  EXPECT_THAT(ExamineWatermarks(*sql_, options_, {}), ::testing::IsEmpty());
}

TEST_P(WatermarkTest, ATableThatIsCapturedIsRefused) {
  options_.watermark_table = {"test", "marks"};
  const absl::Status status = PrepareWatermarks(*sql_, options_, {});
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(status.message(), AllOf(HasSubstr("test.marks"), HasSubstr("watermark_table")));
  options_.tables = {"test.orders"};
  EXPECT_OK(PrepareWatermarks(*sql_, options_, {}));
}

TEST_P(WatermarkTest, AServerThatIsReadOnlyIsAProblem) {
  ASSERT_NO_FATAL_FAILURE(StartPrepared(WithoutGtids()));
  ASSERT_OK(server().Exec("SET GLOBAL super_read_only = ON"));
  const std::vector<Problem> problems = ExamineWatermarks(*sql_, options_, {});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0].message, HasSubstr("read-only"));
}

}  // namespace
}  // namespace tidemark::capture::mysql
