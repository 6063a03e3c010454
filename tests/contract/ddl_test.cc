// Columns added, dropped, renamed and retyped: between transactions, inside them, and while
// tidemarkd is down.

#include <grpcpp/grpcpp.h>

#include <map>
#include <set>

#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class DdlTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, a text, b int, version bigint)");
    Sql("INSERT INTO t SELECT i, 'a' || i, i, 1 FROM generate_series(1, 500) i");
  }

  // A table `g` of (id, a) and columns that the server generates: one schema on both paths.
  void WriteBeforeAndAfterASnapshot() {
    Sql("INSERT INTO g (id, a) SELECT i, i FROM generate_series(1, 100) i");
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
    Sql("UPDATE g SET a = a + 1 WHERE id % 2 = 0; INSERT INTO g (id, a) VALUES (500, 5)");
    ExpectExact();
    const std::vector<v1::Change> read = Changes(v1::OP_READ, "public.g");
    const std::vector<v1::Change> created = Changes(v1::OP_CREATE, "public.g");
    ASSERT_FALSE(read.empty() || created.empty());
    EXPECT_EQ(read[0].schema_id(), created[0].schema_id());
  }

  // Each step changes the table and then writes it.
  void ChangeTable() {
    Sql("ALTER TABLE t ADD c text");
    Sql("UPDATE t SET c = 'c', version = version + 1 WHERE id % 3 = 0");
    Sql("ALTER TABLE t DROP COLUMN b");
    Sql("INSERT INTO t (id, a, c, version) VALUES (1001, 'x', 'y', 1)");
    Sql("ALTER TABLE t RENAME a TO alpha");
    Sql("UPDATE t SET alpha = 'renamed', version = version + 1 WHERE id % 5 = 0");
    Sql("ALTER TABLE t ADD n int DEFAULT 7");
    Sql("UPDATE t SET n = 8, version = version + 1 WHERE id % 7 = 0");
    Sql("ALTER TABLE t ALTER n TYPE numeric(10,2)");
    Sql("UPDATE t SET n = 9.5, version = version + 1 WHERE id % 11 = 0");
  }
};

TEST_P(DdlTest, ChangesBetweenTransactionsAreExactAfterASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  ChangeTable();
  ExpectExact({.allow_unknown = true});
  Snapshot();
  ExpectExact();
}

TEST_P(DdlTest, ChangesInsideATransactionAreExactAfterASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("BEGIN");
  Sql("UPDATE t SET a = 'first', version = version + 1 WHERE id < 50");
  ChangeTable();
  Sql("COMMIT");
  ExpectExact({.allow_unknown = true});
  Snapshot();
  ExpectExact();
}

TEST_P(DdlTest, ChangesWhileTheServiceIsDownAreExactAfterASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  ChangeTable();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectExact({.allow_unknown = true});
  Snapshot();
  ExpectExact();
}

TEST_P(DdlTest, ChangesDuringASnapshotAreExact) {
  Sql("INSERT INTO t SELECT i, repeat('a', 100), i, 1 FROM generate_series(2000, 60000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  ChangeTable();
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  Snapshot();
  ExpectExact();
}

TEST_P(DdlTest, ARewriteInPlaceDuringASnapshotReadsTheTableAgain) {
  Sql("INSERT INTO t SELECT i, repeat('a', 100), i, 1 FROM generate_series(2000, 60000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  // A VACUUM FULL that writes an added default to the rows counts as a rewrite: it comes before.
  for (const char* rewrite : {"VACUUM FULL t", "ALTER TABLE t ALTER b TYPE int USING b + 1",
                              "ALTER TABLE t DROP b, ADD b int DEFAULT 5"}) {
    const uint64_t id = StartSlowSnapshot();
    ASSERT_FALSE(HasFailure());
    Sql(rewrite);
    const v1::Snapshot ended = FinishSlowSnapshot(id);
    EXPECT_EQ(ended.chunks_redone() > 0, rewrite != std::string("VACUUM FULL t")) << rewrite;
    ExpectExact();
  }
}

TEST_P(DdlTest, AnEnumLabelOfTheKeyRenamedDuringASnapshotReadsTheTableAgain) {
  Sql("DROP TABLE t");
  Sql("CREATE TYPE mood AS ENUM ('bad', 'fine', 'good')");
  Sql("CREATE TABLE t (m mood, id int, v text, version bigint, PRIMARY KEY (m, id))");
  Sql("INSERT INTO t SELECT m, i, repeat('v', 100), 1 FROM unnest('{bad,fine,good}'::mood[]) m, "
      "generate_series(1, 20000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot();
  ASSERT_FALSE(HasFailure());
  Sql("ALTER TYPE mood RENAME VALUE 'fine' TO 'well'");
  EXPECT_EQ(FinishSlowSnapshot(id).state(), v1::Snapshot::COMPLETED);
  CatchUp();
  std::map<std::string, std::set<int64_t>> read;
  for (const v1::Change& change : Changes(v1::OP_READ, "public.t")) {
    read[change.key().values(0).enum_label()].insert(change.key().values(1).integer());
  }
  // The old label's rows remain in the stream: nobody says that they have another key now.
  for (const char* label : {"bad", "well", "good"}) EXPECT_EQ(read[label].size(), 20000u) << label;
}

TEST_P(DdlTest, AnEnumLabelRenamedDuringASnapshotReadsTheTableAgain) {
  Sql("CREATE TYPE mood AS ENUM ('bad', 'fine')");
  Sql("ALTER TABLE t ADD m mood");
  Sql("INSERT INTO t SELECT i, repeat('a', 100), i, 1, 'fine' FROM generate_series(2000, 60000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot();
  ASSERT_FALSE(HasFailure());
  Sql("ALTER TYPE mood RENAME VALUE 'fine' TO 'well'");
  EXPECT_EQ(FinishSlowSnapshot(id).state(), v1::Snapshot::COMPLETED);
  ExpectExact();
}

TEST_P(DdlTest, TableThatIsDroppedAndMadeAgainIsANewTable) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("DROP TABLE t");
  Sql("CREATE TABLE t (id bigint PRIMARY KEY, other jsonb)");
  Sql("INSERT INTO t VALUES (1, '{\"a\": 1}')");
  ExpectExact({.tables = {"public.t"}});
}

TEST_P(DdlTest, NewTablesAndRenamedTablesAreCaptured) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("CREATE TABLE fresh (id int PRIMARY KEY, note text)");
  Sql("INSERT INTO fresh VALUES (1, 'a'), (2, 'b')");
  Sql("ALTER TABLE t RENAME TO t2");
  Sql("UPDATE t2 SET a = 'x', version = 2 WHERE id = 1");
  Sql("CREATE SCHEMA other");
  Sql("ALTER TABLE fresh SET SCHEMA other");
  Sql("DELETE FROM other.fresh WHERE id = 1");
  ExpectExact({.tables = {"public.t2", "other.fresh"}});
}

TEST_P(DdlTest, GeneratedColumnsAreTheSameOnBothPaths) {
  Sql("CREATE TABLE g (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, "
      "serial bigint GENERATED ALWAYS AS IDENTITY)");
  WriteBeforeAndAfterASnapshot();
}

TEST_P(DdlTest, EnumLabelsAndPrimaryKeysMayChange) {
  Sql("CREATE TYPE mood AS ENUM ('sad', 'ok')");
  Sql("CREATE TABLE e (id int PRIMARY KEY, code int NOT NULL UNIQUE, m mood)");
  Sql("INSERT INTO e VALUES (1, 10, 'sad')");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("ALTER TYPE mood ADD VALUE 'happy'");
  Sql("INSERT INTO e VALUES (2, 20, 'happy')");
  ExpectExact();
}

TIDEMARK_ON_EVERY_POSTGRES(DdlTest);

class VirtualColumnsTest : public DdlTest {};

// The log does not have them, so that snapshots leave them out too.
TEST_P(VirtualColumnsTest, VirtualColumnsAreOnNeitherPath) {
  Sql("CREATE TABLE g (id int PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) VIRTUAL, "
      "thrice int GENERATED ALWAYS AS (a * 3) STORED)");
  WriteBeforeAndAfterASnapshot();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(Changes(v1::OP_READ, "public.g")[0].after().values_size(), 3);
  const v1::Change created = Changes(v1::OP_CREATE, "public.g")[0];
  EXPECT_EQ(created.after().values_size(), 3);
  EXPECT_EQ(created.after().values(2).integer(), 15);
  Sql("ALTER TABLE g ADD far int GENERATED ALWAYS AS (a + 9) VIRTUAL; ALTER TABLE g DROP twice");
  Sql("INSERT INTO g (id, a) VALUES (501, 6); UPDATE g SET a = 0 WHERE id = 1");
  Snapshot();
  ExpectExact();
}

INSTANTIATE_TEST_SUITE_P(Postgres, VirtualColumnsTest,
                         ::testing::Values(testing::PostgresKinds().back()), KindName);

}  // namespace
}  // namespace tidemark::contract
