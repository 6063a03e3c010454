#include "capture/mysql/mysql_catalog.h"

#include <gmock/gmock.h>

#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MysqlCatalogTest : public ServerTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Share());
    ASSERT_OK_AND_ASSIGN(sql_, Open());
    catalog_.emplace(sql_.get());
  }

  // Of database test. Fails the test and is empty if there is none.
  CatalogTable Describe(const std::string& table) {
    absl::StatusOr<std::optional<CatalogTable>> found = catalog_->DescribeTable("test", table);
    EXPECT_OK(found);
    EXPECT_TRUE(found.ok() && found->has_value()) << table;
    return found.ok() && found->has_value() ? **found : CatalogTable{};
  }

  void Exec(const std::string& sql) { ASSERT_OK(server().Exec(sql)); }

  std::unique_ptr<Connection> sql_;
  std::optional<MysqlCatalog> catalog_;
};
TIDEMARK_ALL_PRODUCTS(MysqlCatalogTest);

TEST_P(MysqlCatalogTest, ColumnsHaveTheirTypes) {
  Exec(
      "CREATE TABLE t (id bigint unsigned PRIMARY KEY, d decimal(65,30) NOT NULL DEFAULT 1.5,"
      " l varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci, b varbinary(7), f "
      "datetime(3),"
      " e enum('a','it''s','\xc3\xbc','x\\\\y'), s set('p','q'),"
      " g int GENERATED ALWAYS AS (id + 1) STORED, j json)");
  const CatalogTable table = Describe("t");
  // MariaDB's generated columns are left out.
  ASSERT_EQ(table.columns.size(), mariadb() ? 8u : 9u);
  ASSERT_EQ(table.left_out.size(), mariadb() ? 1u : 0u);
  EXPECT_EQ(table.engine, "InnoDB");
  EXPECT_EQ(table.columns[0].data_type, "bigint");
  EXPECT_THAT(table.columns[0].column_type, ::testing::HasSubstr("unsigned"));
  EXPECT_FALSE(table.columns[0].nullable);
  EXPECT_EQ(table.columns[0].collation, 0u);
  EXPECT_EQ(table.columns[1].precision, 65u);
  EXPECT_EQ(table.columns[1].scale, 30u);
  ASSERT_TRUE(table.columns[1].default_expression.has_value());
  EXPECT_EQ(table.columns[2].collation, 5u);
  EXPECT_EQ(table.columns[2].octet_length, 20u);
  EXPECT_TRUE(table.columns[2].nullable);
  EXPECT_EQ(table.columns[3].collation, 63u);
  EXPECT_EQ(table.columns[3].octet_length, 7u);
  EXPECT_EQ(table.columns[4].fraction_digits, 3u);
  EXPECT_THAT(table.columns[5].labels, ElementsAre("a", "it's", "\xc3\xbc", "x\\y"));
  EXPECT_THAT(table.columns[6].labels, ElementsAre("p", "q"));
  if (mariadb()) {
    EXPECT_EQ(table.left_out[0].name, "g");
    EXPECT_EQ(table.left_out[0].index, 7u);
  } else {
    EXPECT_TRUE(table.columns[7].generated);
  }
  EXPECT_FALSE(table.columns[1].generated);
  EXPECT_EQ(table.columns.back().data_type, mariadb() ? "longtext" : "json");
  EXPECT_EQ(table.columns.back().json_alias, mariadb());
}

TEST_P(MysqlCatalogTest, KeyIsThePrimaryElseTheShortestUniqueNotNullOne) {
  Exec("CREATE TABLE a (x int, y int NOT NULL, z int NOT NULL, UNIQUE (z), PRIMARY KEY (y, x))");
  EXPECT_THAT(Describe("a").key, ElementsAre(1, 0));
  EXPECT_EQ(Describe("a").key_index, "PRIMARY");
  Exec(
      "CREATE TABLE b (n int, p text NOT NULL, x int NOT NULL, y int NOT NULL, UNIQUE nullable (n),"
      " UNIQUE prefix (p(5)), UNIQUE a_long (y, x), UNIQUE b_short (y))");
  EXPECT_THAT(Describe("b").key, ElementsAre(3));
  EXPECT_EQ(Describe("b").key_index, "b_short");
  Exec("CREATE TABLE c (n int, KEY (n), UNIQUE (n))");
  EXPECT_THAT(Describe("c").key, IsEmpty());
  Exec("CREATE TABLE d (p varchar(99), PRIMARY KEY (p(5)))");
  EXPECT_THAT(Describe("d").key, ElementsAre(0));
}

TEST_P(MysqlCatalogTest, GeneratedInvisiblePrimaryKeyCounts) {
  if (mariadb()) {
    Exec("CREATE TABLE t (a int, my_row_id bigint INVISIBLE AUTO_INCREMENT PRIMARY KEY)");
  } else {
    Exec(
        "SET sql_generate_invisible_primary_key = ON; CREATE TABLE t (a int);"
        "SET sql_generate_invisible_primary_key = OFF");
  }
  const CatalogTable table = Describe("t");
  ASSERT_EQ(table.columns.size(), 2u);
  ASSERT_EQ(table.key.size(), 1u);
  EXPECT_EQ(table.columns[table.key[0]].name, "my_row_id");
}

TEST_P(MysqlCatalogTest, ViewsAndMissingTablesAreNone) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t");
  ASSERT_OK_AND_ASSIGN(const auto view, catalog_->DescribeTable("test", "v"));
  EXPECT_FALSE(view.has_value());
  ASSERT_OK_AND_ASSIGN(const auto missing, catalog_->DescribeTable("test", "no'table"));
  EXPECT_FALSE(missing.has_value());
}

TEST_P(MysqlCatalogTest, OddNamesAreFound) {
  Exec("CREATE TABLE `it's a \\\\ \xc3\xbc-table` (`a``b` int PRIMARY KEY)");
  const CatalogTable table = Describe("it's a \\\\ \xc3\xbc-table");
  ASSERT_EQ(table.columns.size(), 1u);
  EXPECT_EQ(table.columns[0].name, "a`b");
}

TEST_P(MysqlCatalogTest, ListsCapturedTablesWithKeysAndEstimates) {
  Exec(
      "CREATE DATABASE IF NOT EXISTS tidemark; CREATE TABLE IF NOT EXISTS tidemark.w (id int);"
      "CREATE TABLE t (a int, b int NOT NULL, PRIMARY KEY (b, a)); CREATE VIEW v AS SELECT 1;"
      "CREATE TABLE m (a int) ENGINE=MyISAM");
  Exec("INSERT INTO t SELECT 1, seq FROM (SELECT 1 AS seq UNION SELECT 2 UNION SELECT 3) q");
  Exec("ANALYZE TABLE t");
  ASSERT_OK_AND_ASSIGN(const auto listed, ListCapturedTables(*sql_, {}));
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].name, "m");
  EXPECT_EQ(listed[0].engine, "MyISAM");
  EXPECT_THAT(listed[0].key_columns, IsEmpty());
  EXPECT_EQ(listed[1].database, "test");
  EXPECT_EQ(listed[1].rows_estimated, 3u);
  EXPECT_THAT(listed[1].key_columns, ElementsAre("b", "a"));
  EXPECT_EQ(listed[1].key_index, "PRIMARY");
  ASSERT_OK_AND_ASSIGN(const auto one, ListCapturedTables(*sql_, {"test.t", "tidemark.w"}));
  ASSERT_EQ(one.size(), 1u);
  ASSERT_OK_AND_ASSIGN(const auto all, ListCapturedTables(*sql_, {"test.*"}));
  EXPECT_EQ(all.size(), 2u);
  Exec("DROP DATABASE tidemark");
}

TEST_P(MysqlCatalogTest, CascadingKeysAreListed) {
  Exec(
      "CREATE TABLE p (id int PRIMARY KEY);"
      "CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id)"
      " ON DELETE CASCADE);"
      "CREATE TABLE n (id int PRIMARY KEY, p int, CONSTRAINT fk2 FOREIGN KEY (p) REFERENCES p (id)"
      " ON UPDATE SET NULL);"
      "CREATE TABLE r (id int PRIMARY KEY, p int, FOREIGN KEY (p) REFERENCES p (id))");
  ASSERT_OK_AND_ASSIGN(const auto keys, ListCascadingKeys(*sql_));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].child, "c");
  EXPECT_EQ(keys[0].parent, "p");
  EXPECT_EQ(keys[0].on_delete, "CASCADE");
  EXPECT_EQ(keys[0].on_update, "");
  EXPECT_EQ(keys[1].child, "n");
  EXPECT_EQ(keys[1].on_update, "SET NULL");
}

TEST_P(MysqlCatalogTest, SystemVersionedTablesAreMarked) {
  Exec(mariadb() ? "CREATE TABLE t (id int PRIMARY KEY) WITH SYSTEM VERSIONING"
                 : "CREATE TABLE t (id int PRIMARY KEY)");
  const CatalogTable table = Describe("t");
  EXPECT_EQ(table.system_versioned, mariadb());
  EXPECT_THAT(table.key, ElementsAre(0));
}

}  // namespace
}  // namespace tidemark::capture::mysql
