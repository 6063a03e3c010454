#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class TruncateTest : public CaptureTest {};

TEST_P(TruncateTest, TruncatedTableIsEmptyAndFillsAgain) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, 1000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("BEGIN; UPDATE t SET version = 2; TRUNCATE t; INSERT INTO t VALUES (1, 3), (2000, 3); "
      "COMMIT");
  ExpectExact();
  EXPECT_EQ(Changes(v1::OP_TRUNCATE, Named("t")).size(), 1u);
}

TEST_P(TruncateTest, RowsDoNotComeBackWhenTruncateMeetsASnapshot) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
  Sql("INSERT INTO t SELECT i, repeat('x', 100), 1 FROM " + Rows(1, 50000));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  for (int round = 0; round < 5; ++round) {
    auto snapshot = service().CreateSnapshot();
    ASSERT_OK(snapshot);
    absl::SleepFor(absl::Milliseconds(40 * round));
    Sql("TRUNCATE t");
    Sql(absl::StrCat("INSERT INTO t SELECT i, 'y', ", round + 2, " FROM ", Rows(1, 20000)));
    ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  }
  ExpectExact();
}

TIDEMARK_ON_EVERY_SERVER(TruncateTest);

class PostgresTruncateTest : public CaptureTest {};

TEST_P(PostgresTruncateTest, CascadeEmptiesEveryTableItReaches) {
  Sql("CREATE TABLE parent (id int PRIMARY KEY)");
  Sql("CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent)");
  Sql("CREATE TABLE grandchild (id int PRIMARY KEY, child int REFERENCES child)");
  Sql("INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1); "
      "INSERT INTO grandchild VALUES (1, 1)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("TRUNCATE parent CASCADE");
  ExpectExact();
  EXPECT_EQ(Changes(v1::OP_TRUNCATE, "public.grandchild").size(), 1u);
}

TIDEMARK_ON_EVERY_POSTGRES(PostgresTruncateTest);

}  // namespace
}  // namespace tidemark::contract
