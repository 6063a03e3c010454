// Tables of MySQL and MariaDB that change: between transactions, during snapshots, and while
// tidemarkd is down.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

using ::testing::HasSubstr;

class MysqlDdlTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, a text, b int, version bigint)");
    Sql("INSERT INTO t SELECT i, 'a' || i, i, 1 FROM " + Rows(1, 500));
  }

  // Each step changes the table and then writes it.
  void ChangeTable() {
    Sql("ALTER TABLE t ADD c text");
    Sql("UPDATE t SET c = 'c', version = version + 1 WHERE id % 3 = 0");
    Sql("ALTER TABLE t DROP COLUMN b");
    Sql("INSERT INTO t (id, a, c, version) VALUES (1001, 'x', 'y', 1)");
    Sql("ALTER TABLE t RENAME COLUMN a TO alpha");
    Sql("UPDATE t SET alpha = 'renamed', version = version + 1 WHERE id % 5 = 0");
    Sql("ALTER TABLE t ADD n int DEFAULT 7 FIRST");
    Sql("UPDATE t SET n = 8, version = version + 1 WHERE id % 7 = 0");
    Sql("ALTER TABLE t MODIFY n decimal(10,2) AFTER alpha");
    Sql("UPDATE t SET n = 9.5, version = version + 1 WHERE id % 11 = 0");
    Sql("ALTER TABLE t MODIFY alpha varchar(500) CHARACTER SET utf16");
    Sql("UPDATE t SET alpha = 'wide', version = version + 1 WHERE id % 13 = 0");
  }
};

TEST_P(MysqlDdlTest, ChangesBetweenTransactionsAreExactAfterASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  ChangeTable();
  ExpectExact({.allow_unknown = true});
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlDdlTest, ChangesWhileTheServiceIsDownAreExactAfterASnapshot) {
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

TEST_P(MysqlDdlTest, ChangesDuringASnapshotAreExact) {
  Sql("INSERT INTO t SELECT i, repeat('a', 100), i, 1 FROM " + Rows(2000, 40000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  ChangeTable();
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlDdlTest, ARewriteInPlaceDuringASnapshotReadsTheTableAgain) {
  Sql("INSERT INTO t SELECT i, repeat('a', 100), i, 1 FROM " + Rows(2000, 60000));
  Sql("ALTER TABLE t ADD c int DEFAULT 9 AFTER b");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const std::string compacted = "ALTER TABLE t ENGINE = InnoDB";
  for (const std::string& rewrite :
       {compacted, std::string("ALTER TABLE t DROP COLUMN b, ADD COLUMN b int DEFAULT 5 AFTER a"),
        std::string("ALTER TABLE t DROP b; ALTER TABLE t ADD b int DEFAULT 6"),
        std::string("ALTER TABLE t RENAME COLUMN b TO c, RENAME COLUMN c TO b")}) {
    const uint64_t id = StartSlowSnapshot();
    ASSERT_FALSE(HasFailure());
    Sql(rewrite);
    EXPECT_EQ(FinishSlowSnapshot(id).chunks_redone() > 0, rewrite != compacted) << rewrite;
    ExpectExact();
  }
}

TEST_P(MysqlDdlTest, TableThatIsDroppedAndMadeAgainIsEmptyFirst) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("DROP TABLE t");
  Sql("CREATE TABLE t (id bigint PRIMARY KEY, other json)");
  Sql("INSERT INTO t VALUES (1, '{\"a\": 1}')");
  ExpectExact({.tables = {Named("t")}});
}

TEST_P(MysqlDdlTest, DatabaseThatIsDroppedAndMadeAgainIsEmptyFirst) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("DROP DATABASE shop");
  Sql("CREATE DATABASE shop; USE shop");
  Sql("CREATE TABLE t (id int PRIMARY KEY, a text, b int, version bigint)");
  Sql("INSERT INTO t VALUES (1, 'anew', 1, 2)");
  ExpectExact({.tables = {Named("t")}});
}

TEST_P(MysqlDdlTest, NewTablesAreCaptured) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("CREATE TABLE fresh (id int PRIMARY KEY, note text)");
  Sql("INSERT INTO fresh VALUES (1, 'a'), (2, 'b')");
  Sql("CREATE TABLE alike LIKE t");
  Sql("INSERT INTO alike SELECT * FROM t WHERE id < 10");
  Sql("CREATE TABLE selected (PRIMARY KEY (id)) SELECT id, a, version FROM t WHERE id % 2 = 0");
  Sql("UPDATE selected SET version = 2 WHERE id % 4 = 0");
  ExpectExact({.tables = {Named("fresh"), Named("alike"), Named("selected")}});
}

TEST_P(MysqlDdlTest, RenamedTableStopsTheSourceWithTheRemedy) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("RENAME TABLE t TO t2");
  const v1::Source source = WaitUntilStopped();
  EXPECT_EQ(source.state(), v1::Source::STOPPED);
  EXPECT_THAT(source.error(), HasSubstr("unlogged_changes: continue"));
}

TEST_P(MysqlDdlTest, GeneratedColumnsAreTheSameOnBothPaths) {
  Sql("CREATE TABLE g (id int AUTO_INCREMENT PRIMARY KEY, a int, "
      "twice int GENERATED ALWAYS AS (a * 2) STORED, "
      "thrice bigint GENERATED ALWAYS AS (a * 3) VIRTUAL, b varchar(10), "
      "both_texts varchar(30) AS (concat(b, '-', a)) VIRTUAL)");
  Sql("INSERT INTO g (a, b) SELECT i, 'b' FROM " + Rows(1, 100));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE g SET a = a + 1 WHERE id % 2 = 0; INSERT INTO g (id, a) VALUES (500, 5)");
  ExpectExact();
  const std::vector<v1::Change> read = Changes(v1::OP_READ, Named("g"));
  const std::vector<v1::Change> created = Changes(v1::OP_CREATE, Named("g"));
  ASSERT_FALSE(read.empty() || created.empty());
  EXPECT_EQ(read[0].schema_id(), created[0].schema_id());
  // MariaDB's log may leave their new values out.
  EXPECT_EQ(read[0].after().values_size(), mariadb() ? 3 : 6);
  for (const char* image : {"NOBLOB", "MINIMAL"}) {
    Sql(absl::StrCat("SET SESSION binlog_row_image = ", image));
    Sql("UPDATE g SET a = a + 1 WHERE id % 3 = 0; DELETE FROM g WHERE id % 7 = 0");
    Sql("INSERT INTO g (a, b) VALUES (5, 'new')");
    ExpectExact();
  }
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlDdlTest, InvisibleColumnsAreInTheStream) {
  Sql(absl::StrCat(
      "CREATE TABLE h (id int PRIMARY KEY, seen int, hidden int DEFAULT 5 INVISIBLE)"));
  Sql("INSERT INTO h (id, seen) VALUES (1, 1), (2, 2)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE h SET hidden = 6 WHERE id = 1; INSERT INTO h (id, seen, hidden) VALUES (3, 3, 9)");
  ExpectExact();
  const auto reads = Changes(v1::OP_READ, Named("h"));
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0].after().values_size(), 3);
}

TEST_P(MysqlDdlTest, LabelsMayChange) {
  Sql("CREATE TABLE e (id int PRIMARY KEY, m enum('sad', 'ok'), "
      "s set('a', 'b'))");
  Sql("INSERT INTO e VALUES (1, 'sad', 'a,b')");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("ALTER TABLE e MODIFY m enum('sad', 'ok', 'happy'), MODIFY s set('a', 'b', 'c')");
  Sql("INSERT INTO e VALUES (2, 'happy', 'c')");
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlDdlTest, PartitionedTableIsOneTable) {
  Sql("CREATE TABLE p (id int, region int, version bigint, PRIMARY KEY (id, region)) "
      "PARTITION BY LIST (region) (PARTITION north VALUES IN (1), PARTITION south VALUES IN (2))");
  Sql("INSERT INTO p SELECT i, 1 + (i % 2), 1 FROM " + Rows(1, 1000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE p SET region = 1, version = 2 WHERE id % 4 = 1");
  Sql("UPDATE p SET id = id + 2000, version = 3 WHERE id % 10 = 0; DELETE FROM p WHERE id % 11 = "
      "0");
  ExpectExact();
}

TIDEMARK_ON_EVERY_MYSQL(MysqlDdlTest);

// Goes on where rows change without row events.
class MysqlUnloggedTest : public CaptureTest {
 protected:
  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = CaptureTest::ServiceSettings();
    options.mysql_lines.push_back("unlogged_changes: continue");
    return options;
  }
};

TEST_P(MysqlUnloggedTest, RenamedTableIsAnotherTable) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, a text, version bigint)");
  Sql("INSERT INTO t SELECT i, 'a', 1 FROM " + Rows(1, 500));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("RENAME TABLE t TO t2");
  Sql("UPDATE t2 SET a = 'x', version = 2 WHERE id = 1");
  Snapshot({Named("t2")});
  ExpectExact();
}

TEST_P(MysqlUnloggedTest, DroppedPartitionIsExactAfterASnapshot) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, version bigint) PARTITION BY RANGE (id) "
      "(PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN (1000))");
  Sql("INSERT INTO p SELECT i, 1 FROM " + Rows(1, 500));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("ALTER TABLE p DROP PARTITION low");
  Sql("UPDATE p SET version = 2 WHERE id % 2 = 0");
  Snapshot();
  ExpectExact();
}

TEST_P(MysqlUnloggedTest, VersionedTableHasItsPastInTheStreamUntilItsVersioningIsDropped) {
  if (!mariadb()) return;
  Sql("CREATE TABLE past (id int PRIMARY KEY, n int) WITH SYSTEM VERSIONING");
  Sql("CREATE TABLE now (id int PRIMARY KEY, n int) WITH SYSTEM VERSIONING");
  Sql("INSERT INTO now SELECT i, i FROM " + Rows(1, 100) + "; DELETE FROM now WHERE id < 10");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO past VALUES (1, 1); UPDATE past SET n = 2; DELETE FROM past");
  EXPECT_FALSE(service().CreateSnapshot({Named("now")}).ok());
  Sql("ALTER TABLE now DROP SYSTEM VERSIONING");
  Sql("UPDATE now SET n = -n WHERE id % 2 = 0; DELETE FROM now WHERE id % 3 = 0");
  Snapshot({Named("now")});
  ExpectExact({.tables = {Named("now")}});
  // The row, what it was, and what it was at its end, under another key.
  EXPECT_EQ(Changes(v1::OP_CREATE, Named("past")).size(), 3u);
  EXPECT_EQ(Changes(v1::OP_UPDATE, Named("past")).size(), 1u);
  EXPECT_EQ(Changes(v1::OP_DELETE, Named("past")).size(), 1u);
}

TEST_P(MysqlUnloggedTest, RowsThatAreReplacedDuringASnapshotAreReadAgain) {
  const std::string columns = " (id int PRIMARY KEY, v int, version bigint)";
  Sql("CREATE TABLE t" + columns + " PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN "
      "(20000), PARTITION high VALUES LESS THAN (100000))");
  Sql("CREATE TABLE part" + columns + "; CREATE TABLE whole" + columns);
  Sql("INSERT INTO t SELECT i, i, 1 FROM " + Rows(1, 60000));
  Sql("INSERT INTO part SELECT i, -i, 2 FROM " + Rows(1, 19999));
  Sql("INSERT INTO whole SELECT i, 0, 3 FROM " + Rows(1, 60000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (const char* statement : {"ALTER TABLE t EXCHANGE PARTITION low WITH TABLE part",
                                "RENAME TABLE t TO before_it, whole TO t"}) {
    const uint64_t id = StartSlowSnapshot({Named("t")});
    ASSERT_FALSE(HasFailure());
    Sql(statement);
    EXPECT_GT(FinishSlowSnapshot(id).chunks_redone(), 0u) << statement;
    ExpectExact({.tables = {Named("t")}});
  }
}

TIDEMARK_ON_EVERY_MYSQL(MysqlUnloggedTest);

}  // namespace
}  // namespace tidemark::contract
