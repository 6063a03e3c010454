#include "tests/oracle/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/oracle/compare.h"
#include "tests/oracle/stream_writer.h"
#include "tests/support/postgres_server.h"
#include "tests/support/status_matchers.h"

namespace tidemark::oracle {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PostgresServer;

TEST(FoldTest, GoodStreamBreaksNoRule) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  writer.Row(v1::OP_UPDATE, 1, "", 2);
  writer.End();
  writer.Row(v1::OP_READ, 1, "a", 2);
  writer.Change(v1::OP_DELETE, 1);
  writer.End();
  const Fold fold = writer.Folded();
  EXPECT_THAT(fold.violations(), IsEmpty());
  EXPECT_EQ(fold.sequence(), 7u);
}

TEST(FoldTest, OlderVersionIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 5);
  writer.End();
  writer.Row(v1::OP_READ, 1, "b", 4);
  EXPECT_THAT(writer.Folded().violations(), ElementsAre(HasSubstr("goes back to version 4")));
}

TEST(FoldTest, DeletedRowThatComesBackIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 5);
  writer.Change(v1::OP_DELETE, 1);
  writer.End();
  writer.Row(v1::OP_READ, 1, "a", 5);
  EXPECT_THAT(writer.Folded().violations(), ElementsAre(HasSubstr("after the deletion")));
}

TEST(FoldTest, GapInTheSequenceIsFound) {
  StreamWriter writer;
  writer.Next().set_sequence(9);
  EXPECT_THAT(writer.Folded().violations()[0], HasSubstr("sequence 9 instead of 2"));
}

TEST(FoldTest, TransactionThatComesTwiceIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  writer.End();
  v1::Change& again = writer.Row(v1::OP_CREATE, 2, "b", 2);
  again.mutable_position()->set_offset(100);
  EXPECT_THAT(writer.Folded().violations(), ElementsAre(HasSubstr("comes after")));
}

TEST(FoldTest, TransactionWithoutItsLastChangeIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  writer.End();
  v1::Change& change = writer.Row(v1::OP_CREATE, 2, "b", 2);
  change.set_transaction_index(1);
  EXPECT_THAT(writer.Folded().violations(), ElementsAre(HasSubstr("transaction_index 1")));
}

TEST(FoldTest, ChunkThatReportsOtherRowsIsFound) {
  StreamWriter writer;
  writer.Row(v1::OP_READ, 1, "a", 1).set_snapshot_id(3);
  writer.Mark(v1::SnapshotMark::CHUNK_DONE, 3).set_rows(2);
  EXPECT_THAT(writer.Folded().violations(), ElementsAre(HasSubstr("a chunk of 2 rows")));
}

class CompareTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_, PostgresServer::Start({}));
    ASSERT_OK(server_->Exec("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)"));
    ASSERT_OK_AND_ASSIGN(connection_, server_->Connect());
    ASSERT_OK_AND_ASSIGN(const std::string oid, server_->QueryValue("SELECT 't'::regclass::oid"));
    table_id_ = static_cast<uint32_t>(std::stoul(oid));
  }

  Comparison Compare(const StreamWriter& writer, bool allow_unknown = false) {
    auto comparison = CompareWithSource(writer.Folded(), *connection_,
                                        {.tables = {"public.t"}, .allow_unknown = allow_unknown});
    EXPECT_OK(comparison);
    return comparison.value_or(Comparison{});
  }

  std::unique_ptr<PostgresServer> server_;
  std::unique_ptr<testing::SqlConnection> connection_;
  uint32_t table_id_ = 0;
};

TEST_F(CompareTest, EqualTablesAreExact) {
  ASSERT_OK(server_->Exec("INSERT INTO t VALUES (1, 'a', 2), (2, 'b', 3)"));
  StreamWriter writer(table_id_);
  writer.Row(v1::OP_READ, 1, "a", 1);
  writer.Row(v1::OP_UPDATE, 1, "", 2);
  writer.Row(v1::OP_CREATE, 2, "b", 3);
  const Comparison comparison = Compare(writer);
  EXPECT_EQ(comparison.rows, 2u);
  EXPECT_THAT(comparison.differences, IsEmpty());
}

TEST_F(CompareTest, EachKindOfDifferenceIsNamed) {
  ASSERT_OK(server_->Exec("INSERT INTO t VALUES (1, 'a', 1), (2, NULL, 1)"));
  StreamWriter writer(table_id_);
  writer.Row(v1::OP_CREATE, 2, "b", 1);
  writer.Row(v1::OP_CREATE, 3, "c", 1);
  EXPECT_THAT(Compare(writer).differences,
              ElementsAre("public.t (1): the source has a row that the stream lacks",
                          "public.t (2): column note: the stream has b, the source NULL",
                          "public.t (3): the stream has a row that the source lacks"));
}

TEST_F(CompareTest, ValueThatOnlyAlterTableWroteIsUnknown) {
  ASSERT_OK(server_->Exec("INSERT INTO t VALUES (1, 'a', 1)"));
  ASSERT_OK(server_->Exec("ALTER TABLE t ADD mark int DEFAULT 5"));
  StreamWriter writer(table_id_);
  writer.Row(v1::OP_CREATE, 1, "a", 1);
  EXPECT_EQ(Compare(writer, true).difference_count, 0u);
  EXPECT_EQ(Compare(writer, true).unknown_values, 1u);
  EXPECT_EQ(Compare(writer, false).difference_count, 1u);
}

TEST_F(CompareTest, TableThatTheStreamNeverNamedMustBeEmpty) {
  StreamWriter writer(table_id_ + 1);
  EXPECT_EQ(Compare(writer).difference_count, 0u);
  ASSERT_OK(server_->Exec("INSERT INTO t VALUES (1, 'a', 1)"));
  EXPECT_EQ(Compare(writer).difference_count, 1u);
}

}  // namespace
}  // namespace tidemark::oracle
