// Transactions as only MySQL and MariaDB log them: savepoints beside tables without transactions,
// XA, statements in text.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using ::testing::HasSubstr;

class MysqlTransactionsTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  }

  // On a session of its own, that ends.
  void Prepare(const std::string& name, int id) {
    auto session = NewSession();
    ASSERT_NE(session, nullptr);
    ASSERT_OK(session->Exec(absl::StrCat("XA START '", name, "'; INSERT INTO t VALUES (", id,
                                         ", 1); XA END '", name, "'; XA PREPARE '", name, "'")));
  }

  // MariaDB keeps an ended session's transaction only once the session is gone.
  void Finish(const std::string& statement) {
    absl::Status done = absl::UnknownError("");
    for (int attempt = 0; attempt < 100 && !done.ok(); ++attempt) {
      if (attempt > 0) absl::SleepFor(absl::Milliseconds(50));
      done = NewSession()->Exec(statement);
    }
    EXPECT_OK(done) << statement;
  }
};

TEST_P(MysqlTransactionsTest, PreparedTransactionComesAtItsCommit) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Prepare("one", 1);
  Prepare("two", 2);
  Sql("INSERT INTO t VALUES (3, 1)");
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 1u);
  Finish("XA COMMIT 'one'");
  Finish("XA ROLLBACK 'two'");
  ExpectExact({.tables = {Named("t")}});
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 2u);
}

TEST_P(MysqlTransactionsTest, PreparedTransactionsOutliveRestarts) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Prepare("one", 1);
  Prepare("two", 2);
  Snapshot();
  service().Kill9();
  ASSERT_OK(database().Restart());
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO t VALUES (3, 1)");
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 1u);
  Finish("XA COMMIT 'one'");
  Finish("XA ROLLBACK 'two'");
  ExpectExact();
  StopService();
  StartServiceAgain();
  Sql("UPDATE t SET version = 2");
  ExpectExact();
}

TEST_P(MysqlTransactionsTest, PreparedTransactionsThatCommitDuringASnapshotAreExact) {
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1000, 30000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (int i = 0; i < 10; ++i) Prepare(absl::StrCat("x", i), 100 + i);
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  for (int i = 0; i < 10; ++i) {
    Finish(absl::StrCat(i % 3 == 0 ? "XA ROLLBACK" : "XA COMMIT", " 'x", i, "'"));
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  ExpectExact();
}

TEST_P(MysqlTransactionsTest, CommitInOnePhaseIsATransaction) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("XA START 'x'; INSERT INTO t VALUES (1, 1), (2, 1); XA END 'x'; XA COMMIT 'x' ONE PHASE");
  Sql("XA START 'y'; DELETE FROM t; XA END 'y'; XA ROLLBACK 'y'");
  ExpectExact({.tables = {Named("t")}});
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 2u);
}

TEST_P(MysqlTransactionsTest, StatementInTextStopsTheSourceWithTheRemedy) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO t VALUES (1, 1)");
  CatchUp();
  Sql("SET SESSION binlog_format = STATEMENT");
  Sql("INSERT INTO t VALUES (2, 1)");
  const v1::Source source = WaitUntilStopped();
  EXPECT_EQ(source.state(), v1::Source::STOPPED);
  EXPECT_THAT(source.error(), HasSubstr("binlog_format"));
}

TEST_P(MysqlTransactionsTest, AutomaticKeysAndReplacedRowsAreExact) {
  Sql("CREATE TABLE u (id int AUTO_INCREMENT PRIMARY KEY, code int UNIQUE, note varchar(20))");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO u (code, note) VALUES (1, 'a'), (2, 'b'), (3, 'c')");
  Sql("REPLACE INTO u (code, note) VALUES (2, 'again')");
  Sql("REPLACE INTO u VALUES (1, 3, 'takes both')");
  Sql("INSERT INTO u (code, note) VALUES (2, 'x') ON DUPLICATE KEY UPDATE note = 'kept'");
  Sql("INSERT IGNORE INTO u (code, note) VALUES (2, 'ignored'), (9, 'new')");
  Sql("DELETE u FROM u JOIN t ON u.id = t.id");
  ExpectExact({.tables = {Named("u")}});
}

TIDEMARK_ON_EVERY_MYSQL(MysqlTransactionsTest);

// MySQL with GTIDs (enforce_gtid_consistency) refuses such transactions.
class SavepointsBesidePlainTablesTest : public CaptureTest {};

TEST_P(SavepointsBesidePlainTablesTest, WhatWasRolledBackNeverComes) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("CREATE TABLE plain (id int PRIMARY KEY) ENGINE=MyISAM");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("BEGIN; INSERT INTO t VALUES (77, 1); SAVEPOINT a; INSERT INTO t VALUES (78, 1); "
      "INSERT INTO plain VALUES (1); ROLLBACK TO a; INSERT INTO t VALUES (79, 1); COMMIT");
  Sql("BEGIN; INSERT INTO plain VALUES (2); INSERT INTO t VALUES (80, 1); ROLLBACK");
  Sql("BEGIN; INSERT INTO t VALUES (81, 1); SAVEPOINT `A b`; INSERT INTO plain VALUES (3); "
      "INSERT INTO t VALUES (82, 1); SAVEPOINT c; DELETE FROM t; ROLLBACK TO c; "
      "ROLLBACK TO `a B`; INSERT INTO t VALUES (83, 1); COMMIT");
  ExpectExact({.tables = {Named("t"), Named("plain")}});
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 4u);
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("plain")).size(), 3u);
}

INSTANTIATE_TEST_SUITE_P(MySql, SavepointsBesidePlainTablesTest,
                         ::testing::Values(testing::MysqlKinds()[1], testing::MysqlKinds()[2],
                                           testing::MysqlKinds()[3]),
                         KindName);

// Of MySQL 8.3 and later: transactions whose GTIDs have a tag, and so counts of their own.
class TaggedGtidsTest : public MysqlTransactionsTest {
 protected:
  void Insert(const std::string& gtid_next, int id) {
    auto session = NewSession();
    ASSERT_NE(session, nullptr);
    ASSERT_OK(session->Exec("SET gtid_next = '" + gtid_next + "'"));
    ASSERT_OK(session->Exec(absl::StrCat("INSERT INTO t VALUES (", id, ", 1)")));
  }
};

TEST_P(TaggedGtidsTest, LogGoesOnAfterThem) {
  Insert("AUTOMATIC:early", 1);
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Insert("AUTOMATIC:red", 2);
  Insert("AUTOMATIC", 3);
  Insert("AUTOMATIC:red", 4);
  CatchUp();
  service().Kill9();
  Insert("AUTOMATIC:blue", 5);
  Insert("AUTOMATIC:red", 6);
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Insert("AUTOMATIC:blue", 7);
  ExpectExact({.tables = {Named("t")}});
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 6u);
}

INSTANTIATE_TEST_SUITE_P(MySql, TaggedGtidsTest, ::testing::Values(testing::MysqlKinds().front()),
                         KindName);

// A server on which a COMMIT ends the session.
class MysqlReleaseTest : public CaptureTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    return testing::MysqlOptions{.settings = {{"completion_type", "RELEASE"}}};
  }
};

TEST_P(MysqlReleaseTest, SnapshotsAreExact) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, 300));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET version = 2 WHERE id % 3 = 0");
  ExpectExact();
}

TIDEMARK_ON_EVERY_MYSQL(MysqlReleaseTest);

}  // namespace
}  // namespace tidemark::contract
