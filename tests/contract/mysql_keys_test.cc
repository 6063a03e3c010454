// Keys under the collations of MySQL and MariaDB, and keys that nobody declared.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using ::testing::HasSubstr;

class MysqlKeysTest : public CaptureTest {
 protected:
  // In which 'a' and 'a ' are two keys.
  std::string NoPad() {
    if (mariadb()) return "utf8mb4_nopad_bin";
    return mysql_server().version() < 80017 ? "utf8mb4_0900_as_cs" : "utf8mb4_0900_bin";
  }

  std::vector<std::string> Collations() {
    std::vector<std::string> collations = {"utf8mb4_general_ci", "utf8mb4_unicode_ci",
                                           "utf8mb4_bin", "latin1_swedish_ci", NoPad()};
    if (mysql()) collations.push_back("utf8mb4_0900_ai_ci");
    if (mysql() && NoPad() != "utf8mb4_0900_as_cs") collations.push_back("utf8mb4_0900_as_cs");
    return collations;
  }

  static std::string Charset(const std::string& collation) {
    return collation.substr(0, collation.find('_'));
  }
};

TEST_P(MysqlKeysTest, KeysOfEveryCollationAreExact) {
  for (const std::string& collation : Collations()) {
    Sql(absl::StrCat("CREATE TABLE ", collation, " (id varchar(20) CHARACTER SET ",
                     Charset(collation), " COLLATE ", collation, " PRIMARY KEY, version bigint)"));
    Sql(absl::StrCat("INSERT INTO ", collation, " VALUES ('abc', 1), ('xyz', 1), ('m ', 1)"));
    // Mixed cases, so that the order of the bytes is not that of the keys.
    Sql(absl::StrCat("INSERT INTO ", collation, " SELECT if(i % 2 = 0, 'k', 'K') || i, 1 FROM ",
                     Rows(1, 3000)));
  }
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (const std::string& collation : Collations()) {
    Sql(absl::StrCat("UPDATE ", collation, " SET id = 'ABC', version = 2 WHERE id = 'abc'"));
  }
  Snapshot();
  for (const std::string& collation : Collations()) {
    Sql(absl::StrCat("UPDATE ", collation, " SET id = 'XYZ', version = 2 WHERE id = 'xyz'"));
    Sql(absl::StrCat("UPDATE ", collation, " SET id = 'm', version = 2 WHERE id = 'm '"));
    Sql(absl::StrCat("DELETE FROM ", collation, " WHERE id IN ('K7', 'k8')"));
  }
  ExpectExact();
  for (const std::string& collation : Collations()) {
    EXPECT_EQ(Changes(v1::OP_UPDATE, Named(collation)).size(), 0u) << collation;
  }
}

TEST_P(MysqlKeysTest, KeysDifferingInCaseAndTrailingBlanksStayApart) {
  Sql("CREATE TABLE t (id varchar(20) COLLATE " + NoPad() + " PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t VALUES ('a', 1), ('A', 1), ('a ', 1), (' a', 1), ('ä', 1), ('', 1)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET version = 2 WHERE id = 'A'; DELETE FROM t WHERE id = 'a '");
  ExpectExact();
}

TEST_P(MysqlKeysTest, SnapshotOfCollatedKeysWhileCasesChangeIsExact) {
  Sql("CREATE TABLE t (a varchar(20) COLLATE utf8mb4_general_ci, b int, version bigint, "
      "PRIMARY KEY (a, b))");
  Sql("INSERT INTO t SELECT if(i % 2 = 0, 'key', 'KEY') || (i % 50), i, 1 FROM " + Rows(1, 20000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  for (int round = 0; round < 10; ++round) {
    Sql(
        absl::StrCat("UPDATE t SET a = if(version % 2 = 0, lower(a), upper(a)), "
                     "version = version + 1 WHERE b % 100 = ",
                     round));
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  ExpectExact();
}

TEST_P(MysqlKeysTest, AnIndexThatIsSwitchedOffIsNoKey) {
  Sql("CREATE TABLE off (a int NOT NULL, b int NOT NULL, version bigint, UNIQUE KEY z_a (a), "
      "UNIQUE KEY a_b (b))");
  Sql("INSERT INTO off SELECT i, 1000 - i, 1 FROM " + Rows(1, 300));
  Sql(absl::StrCat("ALTER TABLE off ALTER INDEX a_b ", mariadb() ? "IGNORED" : "INVISIBLE"));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE off SET version = 2 WHERE a % 3 = 0");
  ExpectExact();
}

// In cp932, NEC's row 13 and IBM's extensions have codes for characters that have one already.
TEST_P(MysqlKeysTest, LabelsOfTwoCodesAreExact) {
  Sql("CREATE TABLE e (id enum('a', x'FA54', 'b', x'8790') CHARACTER SET cp932, n int, "
      "version bigint, PRIMARY KEY (id, n))");
  Sql("INSERT INTO e SELECT i % 4 + 1, i, 1 FROM " + Rows(1, 900));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const v1::Snapshot snapshot = Snapshot();
  EXPECT_EQ(snapshot.rows_done(), 900u);
  Sql("UPDATE e SET version = 2 WHERE n % 3 = 0");
  ExpectExact();
}

TEST_P(MysqlKeysTest, UniqueKeyThatCannotBeNullIsAKey) {
  Sql("CREATE TABLE t (note text, code varchar(20) NOT NULL UNIQUE, version bigint)");
  Sql("INSERT INTO t SELECT 'n', 'c' || i, 1 FROM " + Rows(1, 500));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET note = 'x', version = 2 WHERE code LIKE '%5'");
  Sql("UPDATE t SET code = 'moved', version = 2 WHERE code = 'c1'; "
      "DELETE FROM t WHERE code LIKE 'c2%'");
  ExpectExact();
}

TIDEMARK_ON_EVERY_MYSQL(MysqlKeysTest);

class MariaDbKeysTest : public CaptureTest {};

// The server adds the end of a row's time to the primary key, and the stream does not have it.
TEST_P(MariaDbKeysTest, VersionedTableWithItsOwnPeriodHoldsNoOtherUp) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("CREATE TABLE v (id int, n int, ts timestamp(6) GENERATED ALWAYS AS ROW START, "
      "te timestamp(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (ts, te), "
      "PRIMARY KEY (id)) WITH SYSTEM VERSIONING");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO v (id, n) VALUES (1, 1)");
  Sql("INSERT INTO t VALUES (1, 1)");
  const auto refused = service().CreateSnapshot({Named("v")});
  EXPECT_TRUE(absl::IsFailedPrecondition(refused.status())) << refused.status();
  Snapshot({Named("t")});
  ExpectExact();
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("v")).size(), 1u);
}

TEST_P(MariaDbKeysTest, VersionedTableIsRefusedWithTheReason) {
  Sql("CREATE TABLE v (id int PRIMARY KEY, n int) WITH SYSTEM VERSIONING");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const absl::Status refused = service().CreateSnapshot({Named("v")}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(refused.message(), HasSubstr("shop.v has SYSTEM VERSIONING"));
  EXPECT_THAT(refused.message(), HasSubstr("ALTER TABLE `shop`.`v` DROP SYSTEM VERSIONING"));
}

TIDEMARK_ON_EVERY_MARIADB(MariaDbKeysTest);

class MySqlInvisibleKeyTest : public CaptureTest {};

TEST_P(MySqlInvisibleKeyTest, GeneratedInvisibleKeyIsTheKey) {
  Sql("SET SESSION sql_generate_invisible_primary_key = ON");
  Sql("CREATE TABLE t (note varchar(20))");
  Sql("INSERT INTO t SELECT 'n' || i FROM " + Rows(1, 200));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET note = 'same' WHERE note LIKE 'n1%'; DELETE FROM t WHERE note = 'n55'");
  Sql("INSERT INTO t VALUES ('same'), ('same')");
  ExpectExact();
  const std::vector<v1::Change> read = Changes(v1::OP_READ, Named("t"));
  ASSERT_FALSE(read.empty());
  EXPECT_EQ(read[0].after().values_size(), 2);
}

INSTANTIATE_TEST_SUITE_P(MySql, MySqlInvisibleKeyTest,
                         ::testing::Values(testing::MysqlKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
