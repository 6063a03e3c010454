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

}  // namespace
}  // namespace tidemark::capture::mysql
