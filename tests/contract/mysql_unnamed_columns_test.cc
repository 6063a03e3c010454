// MySQL and MariaDB as they log by default: binlog_row_metadata is MINIMAL or NO_LOG, so that the
// columns' names come from the catalog. Exact, or the source stops.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class MysqlUnnamedColumnsTest : public CaptureTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    return testing::MysqlOptions{
        .settings = {{"binlog_row_metadata", mariadb() ? "NO_LOG" : "MINIMAL"}}};
  }

  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int unsigned PRIMARY KEY, a varchar(20), b varchar(20), "
        "m enum('low', 'high'), version bigint)");
    Sql("INSERT INTO t SELECT i, 'a', 'b', 'low', 1 FROM " + Rows(1, 300));
  }

  void Update() { Sql("UPDATE t SET a = 'new', version = version + 1 WHERE id % 3 = 0"); }

  // Two columns of one type change places and change back; nothing but a name tells them apart.
  void AlterTwice() {
    Sql("ALTER TABLE t MODIFY b varchar(20) AFTER id");
    Update();
    Sql("ALTER TABLE t MODIFY b varchar(20) AFTER a");
  }

  void ExpectStoppedSince(const std::string& reason) {
    const v1::Source source = WaitUntilStopped();
    EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
    EXPECT_THAT(source.error(),
                AllOf(HasSubstr("shop.t"), HasSubstr("without the names of their columns"),
                      HasSubstr(reason), HasSubstr("SET GLOBAL binlog_row_metadata = 'FULL'"),
                      HasSubstr("capture it anew")));
  }
};

TEST_P(MysqlUnnamedColumnsTest, StatementsThatTheLogHasCaughtUpWithAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Update();
  ExpectExact();
  const char* const statements[] = {
      "ALTER TABLE t ADD c int DEFAULT 5 FIRST",
      "ALTER TABLE t MODIFY b varchar(20) AFTER id",
      "ALTER TABLE t MODIFY m enum('high', 'low')",
      "ALTER TABLE t MODIFY id bigint unsigned",
      "ALTER TABLE t RENAME COLUMN b TO x",
      "DROP TABLE t; CREATE TABLE t (id int PRIMARY KEY, a varchar(20), version bigint)",
  };
  int id = 1000;
  for (const char* statement : statements) {
    SCOPED_TRACE(statement);
    Sql(statement);
    CatchUp();
    Sql(absl::StrCat("INSERT INTO t (id, a, version) VALUES (", ++id, ", 'first', 1)"));
    Update();
    ExpectExact({.allow_unknown = true});
    if (HasFailure()) return;
  }
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlUnnamedColumnsTest, RowsFromBeforeAStatementAreExactAfterARestart) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  service().Kill9();
  Update();
  Sql("ALTER TABLE t MODIFY b varchar(20) AFTER id");
  Update();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectExact();
}

TEST_P(MysqlUnnamedColumnsTest, StatementsThatAlterNothingLeaveNoDoubt) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  for (int round = 0; round < 2; ++round) {
    Sql("CREATE TABLE IF NOT EXISTS t (id int PRIMARY KEY)");
    Sql("CREATE TABLE IF NOT EXISTS fresh (id int PRIMARY KEY, a varchar(20), version bigint)");
    // As mysqldump's files are loaded.
    Sql("LOCK TABLES t WRITE; ALTER TABLE t DISABLE KEYS");
    Update();
    Sql("ALTER TABLE t ENABLE KEYS; UNLOCK TABLES");
    Sql(absl::StrCat("INSERT INTO fresh VALUES (", round, ", 'new', 1)"));
    Sql("ALTER TABLE t COMMENT 'round', AUTO_INCREMENT = 5");
  }
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectExact({.tables = {Named("t"), Named("fresh")}});
}

TEST_P(MysqlUnnamedColumnsTest, ALockedTableHoldsNoOtherUp) {
  Sql("CREATE TABLE u (id int PRIMARY KEY, version bigint)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  const auto other = NewSession();
  ASSERT_NE(other, nullptr);
  ASSERT_OK(other->Exec("LOCK TABLES t WRITE"));
  ASSERT_OK(other->Exec("ALTER TABLE t ADD c int"));
  Sql("INSERT INTO u VALUES (1, 1)");
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("u")).size(), 1u);
  ASSERT_OK(other->Exec("UNLOCK TABLES"));
  Update();
  ExpectExact({.allow_unknown = true});
}

TEST_P(MysqlUnnamedColumnsTest, WhatWasAlteredTwiceBeforeItWasReadStopsTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  AlterTwice();
  ASSERT_OK(service().StartAgain());
  ExpectStoppedSince("it was altered at binlog.");
}

TEST_P(MysqlUnnamedColumnsTest, ATableThatIsGoneStopsTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  Sql("ALTER TABLE t ADD c int");
  Update();
  Sql("DROP TABLE t");
  ASSERT_OK(service().StartAgain());
  ExpectStoppedSince("it is not there any more");
}

// What the catalog says now is of later.
TEST_P(MysqlUnnamedColumnsTest, WithoutTheLookAheadValuesComeUnderOtherNames) {
  StartService({{"TIDEMARK_TEST_WITHOUT_LOOK_AHEAD", "1"}});
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  AlterTwice();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  const auto session = NewSession();
  ASSERT_NE(session, nullptr);
  ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                       oracle::CompareWithSource(fold(), *session, {}));
  EXPECT_FALSE(oracle::IsExact(fold(), found));
}

TEST_P(MysqlUnnamedColumnsTest, TablesMadeUnderWayAndPreparedTransactionsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("CREATE TABLE fresh (PRIMARY KEY (id)) SELECT id, a, version FROM t WHERE id % 2 = 0");
  Sql("UPDATE fresh SET version = 2 WHERE id % 4 = 0");
  const auto other = NewSession();
  ASSERT_NE(other, nullptr);
  ASSERT_OK(
      other->Exec("XA START 'x'; UPDATE t SET a = 'xa', version = 9 WHERE id < 10; "
                  "XA END 'x'; XA PREPARE 'x'"));
  CatchUp();
  Sql("UPDATE t SET a = 'after', version = 2 WHERE id = 20");
  ASSERT_OK(other->Exec("XA COMMIT 'x'"));
  ExpectExact();
}

TIDEMARK_ON_EVERY_MYSQL(MysqlUnnamedColumnsTest);

class MariaDbUnnamedColumnsTest : public MysqlUnnamedColumnsTest {};

TEST_P(MariaDbUnnamedColumnsTest, SequencesAreInTheStream) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("CREATE SEQUENCE numbers; INSERT INTO t (id, version) VALUES (NEXTVAL(numbers) + 5000, 1)");
  Update();
  ExpectExact();
}

TEST_P(MariaDbUnnamedColumnsTest, HiddenColumnsStopTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("CREATE TABLE s (id int PRIMARY KEY, a text UNIQUE)");
  Sql("INSERT INTO s VALUES (1, 'a')");
  const v1::Source source = WaitUntilStopped();
  EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
  EXPECT_THAT(source.error(), AllOf(HasSubstr("shop.s"), HasSubstr("hidden columns"),
                                    HasSubstr("SET GLOBAL binlog_row_metadata = 'FULL'")));
}

TIDEMARK_ON_EVERY_MARIADB(MariaDbUnnamedColumnsTest);

}  // namespace
}  // namespace tidemark::contract
