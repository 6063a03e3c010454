// What the log says, and does not say, of enum labels and of partitions that are truncated.

#include <gmock/gmock.h>

#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using ::testing::ElementsAre;

class EnumLabelsTest : public SourceTest {
 protected:
  void SetUp() override {
    SourceTest::SetUp();
    Exec("CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TABLE t (id int PRIMARY KEY, m mood)");
  }

  static std::vector<std::string> Labels(const Delivered& delivered) {
    std::vector<std::string> labels;
    for (const v1::Change& change : delivered.changes) {
      labels.push_back(change.after().values(1).enum_label());
    }
    return labels;
  }
  static std::vector<std::string> Known(const v1::TableSchema& schema) {
    const auto& labels = schema.columns(1).type().labels();
    return {labels.begin(), labels.end()};
  }
};

// All is written before any of it is read, as when the service was down.
TEST_F(EnumLabelsTest, OfRowsAreThoseOfTheTimeWhenTheRowWasWritten) {
  OpenLog();
  Exec("INSERT INTO t VALUES (1, 'sad')");
  Exec("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
  Exec("INSERT INTO t VALUES (2, 'blue')");
  Exec("ALTER TYPE mood ADD VALUE 'glad'");
  Exec("INSERT INTO t VALUES (3, 'glad')");
  Exec("BEGIN; INSERT INTO t VALUES (4, 'ok'); ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';"
       "INSERT INTO t VALUES (5, 'fine'); COMMIT");
  // They change places: each row keeps the one it had.
  Exec("ALTER TYPE mood RENAME VALUE 'blue' TO 'x'; ALTER TYPE mood RENAME VALUE 'glad' TO 'blue';"
       "ALTER TYPE mood RENAME VALUE 'x' TO 'glad'; INSERT INTO t VALUES (6, 'blue')");
  const Delivered delivered = ReadChanges(6);
  EXPECT_THAT(Labels(delivered), ElementsAre("sad", "blue", "glad", "ok", "fine", "blue"));
  // Those of the schema are the type's as it was when the schema was looked up.
  ASSERT_EQ(delivered.schemas.size(), 1u);
  EXPECT_THAT(Known(delivered.schemas[0]), ElementsAre("glad", "fine", "blue"));
}

TEST_F(EnumLabelsTest, ThatAreRenamedWhileTheLogIsReadComeWithAnotherSchema) {
  OpenLog();
  Exec("INSERT INTO t VALUES (1, 'sad')");
  EXPECT_THAT(Labels(ReadChanges(1)), ElementsAre("sad"));
  Exec("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
  Exec("INSERT INTO t VALUES (2, 'ok'), (3, 'blue')");
  const Delivered after = ReadChanges(2);
  EXPECT_THAT(Labels(after), ElementsAre("ok", "blue"));
  ASSERT_EQ(after.schemas.size(), 1u);
  EXPECT_THAT(Known(after.schemas[0]), ElementsAre("blue", "ok"));
  EXPECT_EQ(after.changes[1].schema_id(), after.schemas[0].id());
}

TEST_F(EnumLabelsTest, ThatARunningTransactionSeesRenamedAreWhatItWrote) {
  OpenLog();
  ASSERT_OK_AND_ASSIGN(auto writer, Server().Connect(database_));
  ASSERT_OK(writer->Exec("BEGIN; INSERT INTO t VALUES (1, 'sad')"));
  Exec("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'");
  ASSERT_OK(writer->Exec("INSERT INTO t VALUES (2, 'blue'); COMMIT"));
  EXPECT_THAT(Labels(ReadChanges(2)), ElementsAre("sad", "blue"));
}

class TruncatedPartitionTest : public SourceTest {
 protected:
  void SetUp() override {
    SourceTest::SetUp();
    Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)");
    Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (id)");
    Exec("CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5)");
    Exec("CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
    Exec("INSERT INTO p VALUES (1), (11)");
  }

  // The tables whose TRUNCATE comes, up to that of `last`.
  std::vector<std::string> Truncated(const std::string& last) {
    const Delivered delivered = ReadUntil([&](const Delivered& d) {
      return !d.schemas.empty() && d.schemas.back().name() == last && d.transaction_ends > 0 &&
             !d.mid_transaction;
    });
    std::vector<std::string> names;
    for (const v1::Change& change : delivered.changes) {
      EXPECT_EQ(change.op(), v1::OP_TRUNCATE);
      for (const v1::TableSchema& schema : delivered.schemas) {
        if (schema.id() == change.schema_id()) names.push_back(schema.name());
      }
    }
    return names;
  }
};

// The server sends nothing then: the rows stay in the stream, and `check` warns of it.
TEST_F(TruncatedPartitionTest, UnderItsRootIsNoTruncateOfTheRoot) {
  Exec("CREATE TABLE last (id int)");
  OpenLog();
  Exec("TRUNCATE p2; TRUNCATE p1; TRUNCATE p11; TRUNCATE last");
  EXPECT_THAT(Truncated("last"), ElementsAre("last"));
  Exec("TRUNCATE p");
  EXPECT_THAT(Truncated("p"), ElementsAre("p"));
  bool told = false;
  for (const Problem& problem : source().Check({}).problems) {
    told = told || problem.message.find("table public.p: TRUNCATE, ATTACH") != std::string::npos;
  }
  EXPECT_TRUE(told);
}

TEST_F(TruncatedPartitionTest, UnderItsOwnNameIsItsOwnTruncate) {
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES; CREATE TABLE last (id int)");
  OpenLog();
  Exec("TRUNCATE p2; TRUNCATE last");
  EXPECT_THAT(Truncated("last"), ElementsAre("p2", "last"));
  Exec("TRUNCATE p");
  EXPECT_THAT(ReadChanges(2).changes.size(), 2u);
}

}  // namespace
}  // namespace tidemark::capture::postgres
