// Key changes, keys of several columns, replica identities, tables that cannot be read exactly; on
// every server what every server can do.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using ::testing::HasSubstr;

class KeysTest : public CaptureTest {};

TEST_P(KeysTest, KeyChangeIsADeleteAndACreateInOneTransaction) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, note text)");
  Sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET id = 10 WHERE id = 1");
  Sql("UPDATE t SET id = id + 100");
  ExpectExact();
  EXPECT_EQ(Changes(v1::OP_DELETE, Named("t")).size(), 3u);
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 3u);
  EXPECT_EQ(Changes(v1::OP_UPDATE, Named("t")).size(), 0u);
}

TEST_P(KeysTest, KeysThatSwapInOneTransactionAreExact) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, note text)");
  Sql("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("BEGIN; UPDATE t SET id = 3 WHERE id = 1; UPDATE t SET id = 1 WHERE id = 2; "
      "UPDATE t SET id = 2 WHERE id = 3; COMMIT");
  ExpectExact();
}

TEST_P(KeysTest, KeysOfSeveralColumnsAreExact) {
  Sql("CREATE TABLE t (note text, b varchar(20), a int, version bigint, PRIMARY KEY (a, b))");
  Sql("INSERT INTO t SELECT 'n', 'b' || (i % 100), floor(i / 100), 1 FROM " + Rows(1, 5000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET a = a + 1000, version = 2 WHERE a % 7 = 0");
  Sql("UPDATE t SET note = NULL, version = 3 WHERE a % 5 = 0; DELETE FROM t WHERE b = 'b3'");
  ExpectExact();
}

TEST_P(KeysTest, TableWithoutUsableKeyIsRefusedWithTheReason) {
  Sql("CREATE TABLE keyless (note text)");
  Sql("CREATE TABLE nullable (code varchar(20) UNIQUE)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (const std::string& table : {Named("keyless"), Named("nullable")}) {
    const absl::Status refused = service().CreateSnapshot({table}).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr(table));
  }
}

TIDEMARK_ON_EVERY_SERVER(KeysTest);

class PostgresKeysTest : public CaptureTest {};

TEST_P(PostgresKeysTest, KeysDifferingInCaseAndTrailingBlanksStayApart) {
  Sql("CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', "
      "deterministic = false)");
  Sql("CREATE TABLE plain (id text PRIMARY KEY, version bigint)");
  Sql("CREATE TABLE folded (id text COLLATE any_case PRIMARY KEY, version bigint)");
  Sql("INSERT INTO plain VALUES ('a', 1), ('A', 1), ('a ', 1), (' a', 1), ('ä', 1)");
  Sql("INSERT INTO folded VALUES ('abc', 1), ('xyz', 1)");
  Sql("INSERT INTO folded SELECT 'k' || i, 1 FROM generate_series(1, 3000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("UPDATE folded SET id = 'ABC', version = 2 WHERE id = 'abc'");
  Snapshot();
  Sql("UPDATE folded SET id = 'XYZ', version = 2 WHERE id = 'xyz'");
  Sql("UPDATE plain SET version = 2 WHERE id = 'A'; DELETE FROM plain WHERE id = 'a '");
  ExpectExact();
}

TEST_P(PostgresKeysTest, EveryReplicaIdentityIsExact) {
  Sql("CREATE TABLE whole (id int PRIMARY KEY, note text, version bigint)");
  Sql("ALTER TABLE whole REPLICA IDENTITY FULL");
  Sql("CREATE TABLE by_index (code text NOT NULL, note text, version bigint)");
  Sql("CREATE UNIQUE INDEX by_code ON by_index (code)");
  Sql("ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_code");
  Sql("INSERT INTO whole SELECT i, 'n' || i, 1 FROM generate_series(1, 200) i");
  Sql("INSERT INTO by_index SELECT 'c' || i, 'n' || i, 1 FROM generate_series(1, 200) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  for (const std::string table : {"whole", "by_index"}) {
    Sql(absl::StrCat("UPDATE ", table, " SET note = 'x', version = 2 WHERE note LIKE '%5'"));
    Sql(absl::StrCat("DELETE FROM ", table, " WHERE note LIKE 'n1%'"));
  }
  Sql("UPDATE by_index SET code = 'moved', version = 3 WHERE code = 'c22'");
  Sql("UPDATE whole SET id = 9999, version = 3 WHERE id = 22");
  ExpectExact();
  EXPECT_TRUE(Changes(v1::OP_UPDATE, "public.whole")[0].has_before());
  EXPECT_FALSE(Changes(v1::OP_UPDATE, "public.by_index")[0].has_before());
}

TIDEMARK_ON_EVERY_POSTGRES(PostgresKeysTest);

}  // namespace
}  // namespace tidemark::contract
