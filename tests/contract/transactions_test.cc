// Transactions, concurrent writers, huge transactions, messages, idle servers.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

class TransactionsTest : public CaptureTest {};

TEST_P(TransactionsTest, SnapshotUnderWritersIsExact) {
  auto session = NewSession();
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, 20'000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  workload::Writers writers({.connection = ConnectionString(),
                             .writers = 4,
                             .seed = testing::RandomSeed(),
                             .transactions_per_second = 150});
  Snapshot();
  Snapshot();
  EXPECT_OK(writers.Stop());
  EXPECT_GT(writers.transaction_count(), 0u);
  ExpectExact();
}

TEST_P(TransactionsTest, SubtransactionsAndRollbacksLeaveOnlyWhatWasCommitted) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("BEGIN; INSERT INTO t VALUES (1, 1); SAVEPOINT a; INSERT INTO t VALUES (2, 1); "
      "ROLLBACK TO a; INSERT INTO t VALUES (3, 1); SAVEPOINT b; UPDATE t SET version = 2; "
      "RELEASE SAVEPOINT b; COMMIT");
  Sql("BEGIN; DELETE FROM t; INSERT INTO t VALUES (9, 9); ROLLBACK");
  ExpectExact({.tables = {Named("t")}});
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("t")).size(), 2u);
  EXPECT_EQ(Changes(v1::OP_DELETE, Named("t")).size(), 0u);
}

TEST_P(TransactionsTest, LongTransactionOverManyWindowsIsExact) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, 5000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  auto writer = NewSession();
  ASSERT_OK(
      writer->Exec("BEGIN; UPDATE t SET version = 2 WHERE id % 2 = 0; "
                   "DELETE FROM t WHERE id % 10 = 1; INSERT INTO t VALUES (9000, 2)"));
  Snapshot();
  ASSERT_OK(writer->Exec("UPDATE t SET version = 3 WHERE id % 5 = 0; COMMIT"));
  ExpectExact();
}

TEST_P(TransactionsTest, LargeTransactionComesWholeAndOnce) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("BEGIN; INSERT INTO t SELECT i, repeat('x', 50), 1 FROM " + Rows(1, 100000) +
      "; UPDATE t SET version = 2 WHERE id <= 25000; COMMIT");
  ExpectExact({.tables = {Named("t")}});
}

TEST_P(TransactionsTest, IdleServerClosesWindows) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  Sql("INSERT INTO t SELECT i FROM " + Rows(1, 1000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const v1::Snapshot snapshot = Snapshot();
  EXPECT_EQ(snapshot.rows_done(), 1000u);
  ExpectExact();
}

TIDEMARK_ON_EVERY_SERVER(TransactionsTest);

class PostgresTransactionsTest : public CaptureTest {
 protected:
  testing::PostgresOptions ServerOptions() const override {
    return {.settings = {{"max_prepared_transactions", "10"}}};
  }
};

TEST_P(PostgresTransactionsTest, PreparedTransactionComesAtItsCommit) {
  Sql("CREATE TABLE t (id int PRIMARY KEY)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'one'");
  Sql("BEGIN; INSERT INTO t VALUES (2); PREPARE TRANSACTION 'two'");
  Snapshot();
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_CREATE, "public.t").size(), 0u);
  Sql("COMMIT PREPARED 'one'");
  Sql("ROLLBACK PREPARED 'two'");
  ExpectExact();
  EXPECT_EQ(Changes(v1::OP_CREATE, "public.t").size(), 1u);
}

TEST_P(PostgresTransactionsTest, CascadesOfForeignKeysAreInTheStream) {
  Sql("CREATE TABLE parent (id int PRIMARY KEY)");
  Sql("CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE "
      "ON UPDATE CASCADE)");
  Sql("INSERT INTO parent VALUES (1), (2); INSERT INTO child VALUES (1, 1), (2, 2), (3, 1)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE parent SET id = 20 WHERE id = 2; DELETE FROM parent WHERE id = 1");
  ExpectExact();
}

TIDEMARK_ON_EVERY_POSTGRES(PostgresTransactionsTest);

}  // namespace
}  // namespace tidemark::contract
