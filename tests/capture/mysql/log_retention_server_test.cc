// What the server says of its binlogs.

#include <memory>
#include <string>

#include "capture/mysql/session.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

class LogRetentionTest : public ServerTest {};
TIDEMARK_ALL_PRODUCTS(LogRetentionTest);

TEST_P(LogRetentionTest, IsTheSizeOfAllBinlogsAndTheAgeAtWhichTheyGo) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto connection, Open());
  ASSERT_OK(server().Exec("SET GLOBAL binlog_expire_logs_seconds = 3600"));
  auto before = LoadRetention(*connection, {});
  ASSERT_OK(before);
  EXPECT_EQ(before->expire_s, 3600u);
  EXPECT_EQ(before->safe_bytes, std::nullopt);
  EXPECT_EQ(before->slot_status, "");
  ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  ASSERT_OK(server().Exec("CREATE TABLE test.t (v text)"));
  ASSERT_OK(server().Exec("INSERT INTO test.t VALUES ('" + std::string(50'000, 'x') + "')"));
  ASSERT_OK(server().Exec("SET GLOBAL binlog_expire_logs_seconds = 0"));
  auto after = LoadRetention(*connection, {});
  ASSERT_OK(after);
  // The file before is still counted.
  EXPECT_GT(*after->retained_bytes, *before->retained_bytes + 50'000);
  EXPECT_EQ(after->expire_s, std::nullopt);
}

// MariaDB always purges by age.
class MySqlRetentionTest : public LogRetentionTest {};
INSTANTIATE_TEST_SUITE_P(Products, MySqlRetentionTest,
                         ::testing::Values(testing::MysqlProduct::kMySql9),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(MySqlRetentionTest, BinlogsThatAreNotPurgedByAgeHaveNone) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto connection, Open());
  ASSERT_OK(server().Exec("SET GLOBAL binlog_expire_logs_seconds = 3600"));
  ASSERT_OK(server().Exec("SET GLOBAL binlog_expire_logs_auto_purge = OFF"));
  ASSERT_OK_AND_ASSIGN(const LogRetention retention, LoadRetention(*connection, {}));
  EXPECT_EQ(retention.expire_s, std::nullopt);
  ASSERT_OK(server().Exec("SET GLOBAL binlog_expire_logs_auto_purge = ON"));
}

}  // namespace
}  // namespace tidemark::capture::mysql
