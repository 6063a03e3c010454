#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/mysql/chunk_query.h"
#include "capture/mysql/connection.h"
#include "server_table.h"
#include "tests/support/mysql_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::capture::mysql {
namespace {

using testing::MysqlProduct;
using testing::MysqlServer;

constexpr int kRangeRows = 20'000;
constexpr size_t kCount = 4;

class KeyRangesServerTest : public ::testing::TestWithParam<MysqlProduct> {
 protected:
  void SetUp() override {
    auto server = MysqlServer::Start({.product = GetParam()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    ASSERT_OK(server_->Exec("SET NAMES utf8mb4"));
    ASSERT_OK(server_->Exec("SET sql_mode = '', time_zone = '+00:00'"));
    ASSERT_OK(server_->Exec("CREATE TABLE numbers (n int PRIMARY KEY) ENGINE=InnoDB"));
    std::string insert = "INSERT INTO numbers VALUES (0)";
    for (int n = 1; n < kRangeRows; ++n) absl::StrAppend(&insert, ",(", n, ")");
    ASSERT_OK(server_->Exec(insert));
    ConnectionOptions options;
    options.host = "127.0.0.1";
    options.port = static_cast<uint16_t>(server_->port());
    options.user = "root";
    auto connection = Connection::Open(options);
    ASSERT_TRUE(connection.ok()) << connection.status();
    connection_ = *std::move(connection);
  }

  // The rows of each range that `keyed`, so made, is cut into.
  std::vector<int> Sizes(const std::string& columns, const std::string& key,
                         const std::string& values) {
    EXPECT_OK(server_->Exec("DROP TABLE IF EXISTS keyed"));
    EXPECT_OK(server_->Exec(absl::StrCat("CREATE TABLE keyed (", columns, ", n int, PRIMARY KEY (",
                                         key, ")) ENGINE=InnoDB")));
    EXPECT_OK(server_->Exec(
        absl::StrCat("INSERT IGNORE INTO keyed SELECT ", values, ", n FROM numbers")));
    EXPECT_OK(server_->Exec("ANALYZE TABLE keyed"));
    auto table = DescribeServerTable(*server_, "keyed");
    EXPECT_TRUE(table.ok()) << table.status();
    auto flushed = connection_->Execute("FLUSH STATUS");
    auto ranges = PlanKeyRanges(*connection_, *table, kCount, {});
    EXPECT_TRUE(ranges.ok()) << ranges.status();
    if (!ranges.ok()) return {};
    ExpectFewLooks();
    EXPECT_TRUE(ranges->front().lower.empty());
    EXPECT_TRUE(ranges->back().upper.empty());
    std::vector<int> sizes;
    for (const KeyRange& range : *ranges) {
      ChunkRequest request;
      request.range = range;
      auto rows = server_->Query(
          absl::StrCat("SELECT count(*) FROM (", ChunkSelect(*table, request), ") AS part"));
      EXPECT_TRUE(rows.ok()) << rows.status();
      if (rows.ok()) sizes.push_back(std::stoi(*(*rows)[0][0]));
    }
    return sizes;
  }

  // Not the table's rows.
  void ExpectFewLooks() {
    auto rows = connection_->Execute("SHOW SESSION STATUS LIKE 'Handler_read%'");
    ASSERT_TRUE(rows.ok()) << rows.status();
    int64_t looks = 0;
    for (int row = 0; row < rows->rows(); ++row) looks += rows->number(row, 1);
    EXPECT_LT(looks, 1000);
    EXPECT_GT(looks, 0);
  }

  void ExpectEven(const std::vector<int>& sizes, int rows) {
    ASSERT_EQ(sizes.size(), kCount);
    EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), 0), rows);
    for (int size : sizes) {
      EXPECT_GT(size, rows / 16);
      EXPECT_LT(size, rows / 2);
    }
  }

  std::unique_ptr<MysqlServer> server_;
  std::unique_ptr<Connection> connection_;
};

TEST_P(KeyRangesServerTest, RangesAreOfSimilarSize) {
  const std::vector<std::array<std::string, 3>> cases = {
      {"a int", "a", "n * 3 - 10000"},
      {"a bigint unsigned", "a", "18446744073709551615 - n"},
      {"a bigint", "a", "n * n * n"},
      {"a int, b bigint", "a, b", "5, n"},
      {"a decimal(20,4)", "a", "n / 3"},
      {"a double", "a", "n / 7"},
      {"a datetime(3)", "a", "if(n = 0, 0, adddate('2001-06-01', interval n hour))"},
      {"a date, b int", "a, b", "adddate('2001-06-01', n % 1000), n"},
      {"a binary(16)", "a", "unhex(left(sha2(n, 256), 32))"},
      {"a varchar(40) character set latin1", "a", "left(sha2(n, 256), 32)"},
      {"a varchar(40)", "a", "concat('user', lpad(n, 5, '0'))"},
      {"a varchar(40) collate utf8mb4_bin", "a",
       "concat('é', left(to_base64(unhex(sha2(n, 256))), 12))"},
      {"a enum('z','y','b','a'), b int", "a, b", "1 + n % 4, n"},
  };
  for (const auto& [columns, key, values] : cases) {
    SCOPED_TRACE(columns);
    ExpectEven(Sizes(columns, key, values), kRangeRows);
  }
  if (server_->mariadb()) {
    SCOPED_TRACE("uuid");
    ExpectEven(
        Sizes("a uuid", "a", "concat(left(sha2(n, 256), 12), '4abc8', left(sha2(n, 256), 15))"),
        kRangeRows);
  }
}

TEST_P(KeyRangesServerTest, NoPointsMeanOneRange) {
  EXPECT_EQ(Sizes("a set('x','y'), b int", "a, b", "n % 4, n"), std::vector<int>{kRangeRows});
  EXPECT_EQ(Sizes("a int", "a", "7"), std::vector<int>{1});
  ASSERT_OK(server_->Exec("DELETE FROM numbers"));
  EXPECT_EQ(Sizes("a int", "a", "n"), std::vector<int>{0});
}

INSTANTIATE_TEST_SUITE_P(Servers, KeyRangesServerTest, ::testing::ValuesIn(testing::kMysqlProducts),
                         [](const auto& of) { return std::string(testing::Name(of.param)); });

}  // namespace
}  // namespace tidemark::capture::mysql
