// Large texts that the log leaves out when an update did not touch them.

#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class ToastTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, body text, version bigint)");
    Sql("ALTER TABLE t ALTER body SET STORAGE EXTERNAL");
    Sql("INSERT INTO t SELECT i, 'n', repeat(md5(i::text), 200), 1 FROM generate_series(1, 300) i");
  }
};

TEST_P(ToastTest, UntouchedTextIsMarkedUnavailableAndKept) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET note = 'changed', version = 2 WHERE id <= 10");
  Sql("UPDATE t SET body = repeat('y', 9000), version = 3 WHERE id <= 5");
  ExpectExact();
  const auto updates = Changes(v1::OP_UPDATE, "public.t");
  ASSERT_EQ(updates.size(), 15u);
  EXPECT_TRUE(updates[0].after().values(2).unavailable());
  EXPECT_EQ(updates[10].after().values(2).text().size(), 9000u);
}

TEST_P(ToastTest, TextThatOnlyTheSnapshotCanKnowIsNotLost) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("UPDATE t SET note = 'before', version = 2");
  auto snapshot = service().CreateSnapshot();
  ASSERT_OK(snapshot);
  for (int round = 0; round < 20; ++round) {
    Sql("UPDATE t SET note = note || '.', version = version + 1 WHERE id % 3 = 0");
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot->id()));
  ExpectExact();
}

TEST_P(ToastTest, KeyChangeWithUntouchedTextIsCompletedWithoutASnapshot) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Sql("DELETE FROM t WHERE id > 20");
  Snapshot();
  Sql("UPDATE t SET id = id + 1000, version = 2 WHERE id <= 10");
  Sql("BEGIN; UPDATE t SET id = id + 1000, version = 3 WHERE id > 1000; "
      "UPDATE t SET note = 'again', version = 4 WHERE id > 2000; COMMIT");
  Sql("UPDATE t SET id = 3, version = 5 WHERE id = 2003");
  // The re-reads follow the log; they have no snapshot whose end one could wait for.
  for (int wait = 0; wait < 100; ++wait) {
    CatchUp();
    if (Changes(v1::OP_READ, "public.t").size() >= 20 + 10) break;
    absl::SleepFor(absl::Milliseconds(100));
  }
  ExpectExact();
}

TEST_P(ToastTest, FullIdentityCarriesTheText) {
  Sql("ALTER TABLE t REPLICA IDENTITY FULL");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("UPDATE t SET note = 'x', version = 2 WHERE id < 50; UPDATE t SET id = 5000 WHERE id = 7");
  ExpectExact();
}

TIDEMARK_ON_EVERY_POSTGRES(ToastTest);

}  // namespace
}  // namespace tidemark::contract
