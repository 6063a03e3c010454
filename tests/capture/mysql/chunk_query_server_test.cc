#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "capture/mysql/chunk_query.h"
#include "capture/mysql/key_text.h"
#include "capture/mysql/schema_builder.h"
#include "server_table.h"
#include "tests/support/mysql_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::capture::mysql {
namespace {

using testing::MysqlProduct;
using testing::MysqlServer;
using testing::SqlRow;
using testing::SqlRows;

constexpr int kRows = 600;
constexpr uint64_t kChunk = 37;

// A key, and the values of row n (0 to 599).
struct KeyCase {
  std::string columns;  // "a int, b int"
  std::string key;      // "a, b"
  std::string values;
  bool range = true;  // the index serves it
};

const std::vector<KeyCase> kCommon = {
    {"a int", "a", "n - 300"},
    {"a bigint unsigned", "a", "18446744073709551615 - n"},
    {"a tinyint unsigned, b smallint", "a, b", "n % 7, n - 300"},
    {"a int, b varchar(20), c bigint", "b, a, c", "n % 3, concat('k', n % 5), n"},
    {"a decimal(30,10)", "a", "(n - 300) * 1.0000000001"},
    {"a double", "a", "(n - 300) / 7"},
    {"a float", "a", "(n - 300) / 7"},
    {"a bit(20)", "a", "n * 7"},
    {"a year, b int", "a, b", "if(n % 5 = 0, 0, 1901 + n % 250), n"},
    {"a date", "a", "if(n = 0, '0000-00-00', adddate('1969-06-01', n))"},
    {"a datetime(3)", "a", "if(n = 0, 0, adddate('1969-06-01 12:00:00.001', n))"},
    {"a timestamp(2)", "a", "if(n = 0, 0, from_unixtime(n * 1000.25))"},
    {"a time(6)", "a", "sec_to_time((n - 300) * 3600.000001)"},
    {"a binary(4)", "a", "unhex(lpad(hex(n * 256), 8, '0'))"},
    {"a varbinary(20)", "a", "unhex(rpad(hex(n), 2 + 2 * (n % 10), '0'))"},
    {"a varchar(20) character set latin1", "a", "concat('é''\\\\', n)"},
    {"a varchar(20) character set utf8mb4 collate utf8mb4_bin", "a",
     "concat(if(n % 2, 'k', 'K'), n, '😀')"},
    {"a char(20) character set utf16", "a", "concat('k', n)"},
    {"a varchar(20) character set cp932 collate cp932_bin", "a",
     "concat(if(n % 2, _cp932 x'8754', _cp932 x'fa4a'), n div 2)"},
    {"a varchar(20) character set sjis", "a", "concat('表\\\\', n)"},
    {"a varchar(20) character set armscii8", "a", "concat(_armscii8 x'ff27', n)"},
    {"a enum('z','b','a','m'), b int", "a, b", "1 + n % 4, n"},
    {"a enum('z','b','a','m') character set latin1, b int", "a, b", "n % 5, n"},
    {"a int, b enum('y','x')", "a, b", "n div 2, 1 + n % 2"},
    {"a set('z','b','a','m'), b int", "a, b", "n % 16, n", false},
};

const std::vector<KeyCase> kMariaDb = {
    {"a uuid", "a",
     "concat(lpad(hex(n * 99991), 8, '0'), '-1111-1000-8000-00000000',"
     " lpad(hex(n * 31 % 600), 4, '0'))"},
    {"a inet6", "a", "concat('::', hex(n * 200))"},
    {"a inet4", "a", "concat('10.0.', n % 250, '.', n)"},
};

class ChunkQueryServerTest : public ::testing::TestWithParam<MysqlProduct> {
 protected:
  void SetUp() override {
    auto server = MysqlServer::Start({.product = GetParam()});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    ASSERT_OK(server_->Exec("SET NAMES utf8mb4"));
    ASSERT_OK(server_->Exec("SET sql_mode = '', time_zone = '+00:00'"));
    ASSERT_OK(server_->Exec("CREATE TABLE numbers (n int PRIMARY KEY) ENGINE=InnoDB"));
    std::string insert = "INSERT INTO numbers VALUES (0)";
    for (int n = 1; n < kRows; ++n) absl::StrAppend(&insert, ",(", n, ")");
    ASSERT_OK(server_->Exec(insert));
  }

  // Makes the table `keyed`, whose last column, n, numbers its rows.
  void Make(const KeyCase& key) {
    ASSERT_OK(server_->Exec("DROP TABLE IF EXISTS keyed"));
    ASSERT_OK(server_->Exec(absl::StrCat("CREATE TABLE keyed (", key.columns,
                                         ", n int, PRIMARY KEY (", key.key, ")) ENGINE=InnoDB")));
    ASSERT_OK(server_->Exec(
        absl::StrCat("INSERT IGNORE INTO keyed SELECT ", key.values, ", n FROM numbers")));
    ASSERT_OK(server_->Exec("ANALYZE TABLE keyed"));
    auto table = DescribeServerTable(*server_, "keyed");
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = *table;
    auto built = BuildFromCatalog(table_);
    ASSERT_TRUE(built.ok()) << built.status();
    built_ = *std::move(built);
  }

  SqlRows Read(const ChunkRequest& request) {
    EXPECT_OK(CheckRequest(table_, request));
    EXPECT_OK(server_->Exec("SET character_set_results = NULL"));
    auto rows = server_->Query(ChunkSelect(table_, request));
    EXPECT_TRUE(rows.ok()) << rows.status() << " " << ChunkSelect(table_, request);
    return rows.value_or(SqlRows());
  }

  KeyText KeyOf(const SqlRow& row) const {
    KeyText key;
    for (uint32_t column : table_.key) {
      key.push_back(KeyTextOfSql(built_.codecs[column], *row[column]));
    }
    return key;
  }

  int RowCount() { return std::stoi(*server_->QueryValue("SELECT count(*) FROM keyed")); }

  // How many rows the engine was asked for since the last FLUSH STATUS.
  int RowsTouched() {
    auto rows = server_->Query("SHOW SESSION STATUS LIKE 'Handler_read%'");
    int touched = 0;
    for (const SqlRow& row : *rows) {
      if (row[0]->find("retry") == std::string::npos) touched += std::stoi(*row[1]);
    }
    return touched;
  }

  std::unique_ptr<MysqlServer> server_;
  CatalogTable table_;
  BuiltTable built_;
};

std::vector<KeyCase> CasesOf(const MysqlServer& server) {
  std::vector<KeyCase> cases = kCommon;
  if (server.mariadb()) cases.insert(cases.end(), kMariaDb.begin(), kMariaDb.end());
  return cases;
}

TEST_P(ChunkQueryServerTest, ChunksCoverTheTableOnceAndUseTheIndex) {
  for (const KeyCase& key : CasesOf(*server_)) {
    SCOPED_TRACE(absl::StrCat(key.columns, " KEY ", key.key));
    ASSERT_NO_FATAL_FAILURE(Make(key));
    std::multiset<std::string> seen;
    ChunkRequest request;
    request.rows_max = kChunk;
    for (int chunk = 0; chunk < kRows; ++chunk) {
      ASSERT_OK(server_->Exec("FLUSH STATUS"));
      const SqlRows rows = Read(request);
      const int touched = RowsTouched();
      EXPECT_GE(touched, static_cast<int>(rows.size()));
      if (key.range) {
        EXPECT_LE(touched, static_cast<int>(kChunk) + 12) << ChunkSelect(table_, request);
      }
      for (const SqlRow& row : rows) seen.insert(*row.back());
      if (rows.size() < kChunk) break;
      request.range.lower = KeyOf(rows.back());
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(RowCount()));
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), seen.size());
    EXPECT_GT(RowCount(), kRows / 3);
  }
}

TEST_P(ChunkQueryServerTest, RangesEndWhereTheNextBegins) {
  for (const KeyCase& key : CasesOf(*server_)) {
    SCOPED_TRACE(absl::StrCat(key.columns, " KEY ", key.key));
    ASSERT_NO_FATAL_FAILURE(Make(key));
    ChunkRequest all;
    all.bytes_max = 1;  // so that they come in order
    const SqlRows rows = Read(all);
    const size_t first = rows.size() / 3, last = rows.size() / 2;
    ChunkRequest middle;
    middle.range = {.lower = KeyOf(rows[first]), .upper = KeyOf(rows[last])};
    ASSERT_OK(server_->Exec("FLUSH STATUS"));
    const SqlRows found = Read(middle);
    if (key.range) {
      EXPECT_LE(RowsTouched(), static_cast<int>(last - first) + 15) << ChunkSelect(table_, middle);
    }
    EXPECT_EQ(found, SqlRows(rows.begin() + static_cast<long>(first) + 1,
                             rows.begin() + static_cast<long>(last) + 1));
    auto after = server_->Query(KeyAfterSelect(table_, middle, 5));
    ASSERT_TRUE(after.ok()) << after.status();
    ASSERT_EQ(after->size(), 1u);

    ChunkRequest keys;
    keys.keys = {KeyOf(rows[first]), KeyOf(rows[last]), KeyOf(rows[0])};
    ASSERT_OK(server_->Exec("FLUSH STATUS"));
    EXPECT_EQ(Read(keys).size(), 3u) << ChunkSelect(table_, keys);
    if (key.range) {
      EXPECT_LE(RowsTouched(), 15) << ChunkSelect(table_, keys);
    }
  }
}

TEST_P(ChunkQueryServerTest, APredicateStaysOneCondition) {
  ASSERT_NO_FATAL_FAILURE(Make(kCommon[0]));
  ChunkRequest request;
  request.range.upper = {"-291"};
  request.predicate = "n = 3 OR n = 500 -- both";
  EXPECT_EQ(Read(request).size(), 1u);
  auto accepts = [&](const std::string& predicate) {
    request.predicate = predicate;
    for (const std::string& select : ExplainSelects(table_, request)) {
      if (!server_->Exec(select).ok()) return false;
    }
    return true;
  };
  EXPECT_TRUE(accepts("n = 3 OR n = 500 -- both"));
  EXPECT_TRUE(accepts("(n = 3) OR (n = 500)"));
  EXPECT_FALSE(accepts("n = = 3"));
  EXPECT_FALSE(accepts("n = 3) OR (n = 500"));
  EXPECT_FALSE(accepts("n = 3 ORDER BY n"));
}

INSTANTIATE_TEST_SUITE_P(Servers, ChunkQueryServerTest,
                         ::testing::ValuesIn(testing::kMysqlProducts),
                         [](const auto& of) { return std::string(testing::Name(of.param)); });

}  // namespace
}  // namespace tidemark::capture::mysql
