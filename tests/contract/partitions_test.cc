// Partitions under the identity of their root.

#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class PartitionsTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE p (id int, region text, version bigint, PRIMARY KEY (id, region)) "
        "PARTITION BY LIST (region)");
    Sql("CREATE TABLE p_north PARTITION OF p FOR VALUES IN ('north') PARTITION BY RANGE (id)");
    Sql("CREATE TABLE p_north_low PARTITION OF p_north FOR VALUES FROM (0) TO (500)");
    Sql("CREATE TABLE p_north_high PARTITION OF p_north FOR VALUES FROM (500) TO (100000)");
    Sql("CREATE TABLE p_south PARTITION OF p FOR VALUES IN ('south')");
    Sql("INSERT INTO p SELECT i, CASE WHEN i % 3 = 0 THEN 'north' ELSE 'south' END, 1 "
        "FROM generate_series(1, 1000) i");
  }

  // The service starts and captures while others hold the strongest locks.
  void ExpectLocksHoldUpNoLog() {
    Sql("CREATE TABLE locked"
        " (id int PRIMARY KEY, note text DEFAULT 'none', made date DEFAULT now())");
    Sql("INSERT INTO locked VALUES (1)");
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
    StopService();
    Sql("INSERT INTO locked VALUES (2); UPDATE p SET version = 2 WHERE id < 5");
    const auto holder = NewSession();
    ASSERT_NE(holder, nullptr);
    ASSERT_OK(holder->Exec("BEGIN; LOCK TABLE locked, p, p_south IN ACCESS EXCLUSIVE MODE"));
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
    CatchUp();
    EXPECT_EQ(Changes(v1::OP_CREATE, "public.locked").size(), 1u);
    EXPECT_EQ(Changes(v1::OP_UPDATE, "public.p").size(), 4u);
    ASSERT_OK(holder->Exec("ROLLBACK"));
    ExpectExact();
  }
};

TEST_P(PartitionsTest, RowsThatMoveBetweenPartitionsAreExact) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE p SET region = 'north', version = 2 WHERE id % 4 = 0");
  Sql("UPDATE p SET id = id + 2000, version = 3 WHERE id % 10 = 0");
  Sql("UPDATE p_south SET version = 4 WHERE id % 7 = 0; DELETE FROM p WHERE id % 11 = 0");
  ExpectExact({.tables = {"public.p"}});
  EXPECT_EQ(fold().FindTable("public.p_south"), nullptr);
}

TEST_P(PartitionsTest, NewAndTruncatedPartitionsAreExactAfterASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("CREATE TABLE p_west PARTITION OF p FOR VALUES IN ('west')");
  Sql("INSERT INTO p VALUES (1, 'west', 1), (2, 'west', 1)");
  ExpectExact({.tables = {"public.p"}});
  Sql("TRUNCATE p");
  Sql("INSERT INTO p VALUES (5, 'west', 9), (6, 'south', 9)");
  ExpectExact({.tables = {"public.p"}});
}

// No row event tells of the rows that it brings.
TEST_P(PartitionsTest, APartitionAttachedDuringASnapshotIsReadToo) {
  Sql("INSERT INTO p SELECT i, 'south', 1 FROM generate_series(2000, 60000) i");
  Sql("CREATE TABLE p_west (LIKE p INCLUDING ALL)");
  Sql("INSERT INTO p_west SELECT i, 'west', 1 FROM generate_series(1, 100) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot({"public.p"});
  ASSERT_FALSE(HasFailure());
  Sql("ALTER TABLE p ATTACH PARTITION p_west FOR VALUES IN ('west')");
  EXPECT_GT(FinishSlowSnapshot(id).chunks_redone(), 0u);
  ExpectExact({.tables = {"public.p"}});
}

// One that begins empty brings no rows: a table that gets one each hour could else never be read.
TEST_P(PartitionsTest, APartitionMadeDuringASnapshotRestartsNothing) {
  Sql("INSERT INTO p SELECT i, 'south', 1 FROM generate_series(2000, 60000) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const uint64_t id = StartSlowSnapshot({"public.p"});
  ASSERT_FALSE(HasFailure());
  Sql("CREATE TABLE p_west PARTITION OF p FOR VALUES IN ('west')");
  Sql("INSERT INTO p SELECT i, 'west', 1 FROM generate_series(1, 100) i");
  EXPECT_EQ(FinishSlowSnapshot(id).chunks_redone(), 0u);
  ExpectExact({.tables = {"public.p"}});
}

// Their schemas are asked for while nobody else may even read them.
TEST_P(PartitionsTest, TablesThatAreLockedHoldUpNoLog) { ExpectLocksHoldUpNoLog(); }

// The start asks whether the publication has them.
class NamedTablesTest : public PartitionsTest {
 protected:
  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = PartitionsTest::ServiceSettings();
    options.postgres_lines = {"tables: [public.p, public.locked]"};
    return options;
  }
};

TEST_P(NamedTablesTest, TablesThatAreLockedHoldUpNoLog) { ExpectLocksHoldUpNoLog(); }

TEST_P(PartitionsTest, TablesThatAreLockedHoldUpNoCheckAndNoSnapshotOfOthers) {
  Sql("CREATE TABLE locked (id int PRIMARY KEY, note text DEFAULT 'none')");
  Sql("CREATE TABLE free (id int PRIMARY KEY); INSERT INTO free VALUES (1), (2), (3)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  const auto holder = NewSession();
  ASSERT_NE(holder, nullptr);
  ASSERT_OK(holder->Exec("BEGIN; LOCK TABLE locked, p, p_south IN ACCESS EXCLUSIVE MODE"));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  v1::CheckSourceRequest request;
  request.set_source(testing::ServiceProcess::kSource);
  v1::CheckSourceResponse checked;
  ASSERT_OK(testing::FromGrpc(service().sources().Check(&context, request, &checked)));
  for (const v1::Problem& problem : checked.problems()) {
    EXPECT_NE(problem.severity(), v1::Problem::ERROR) << problem.message();
  }
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot({"public.free"}));
  ASSERT_OK(service().WaitForSnapshot(snapshot.id(), absl::Seconds(20)));
  ASSERT_OK(holder->Exec("ROLLBACK"));
  ExpectExact({.tables = {"public.free"}});
}

TEST_P(PartitionsTest, InheritanceKeepsParentAndChildApart) {
  Sql("CREATE TABLE base (id int PRIMARY KEY, note text)");
  Sql("CREATE TABLE derived (extra int, PRIMARY KEY (id)) INHERITS (base)");
  Sql("INSERT INTO base VALUES (1, 'a'); INSERT INTO derived VALUES (1, 'b', 5), (2, 'c', 6)");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.base", "public.derived"});
  Sql("UPDATE base SET note = 'all'; DELETE FROM ONLY base");
  ExpectExact({.tables = {"public.base", "public.derived"}});
}

TIDEMARK_ON_EVERY_POSTGRES(PartitionsTest);
TIDEMARK_ON_EVERY_POSTGRES(NamedTablesTest);

}  // namespace
}  // namespace tidemark::contract
