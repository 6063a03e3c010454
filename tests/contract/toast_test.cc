// Large texts that the log leaves out when an update did not touch them.

#include <functional>

#include "absl/strings/match.h"
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

  // Re-reads follow the log; they have no snapshot whose end one could wait for.
  void AwaitReads(const std::string& table, size_t count) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    do {
      CatchUp();
      if (Changes(v1::OP_READ, table).size() >= count) return;
      absl::SleepFor(absl::Milliseconds(100));
    } while (absl::Now() < deadline);
    ADD_FAILURE() << "only " << Changes(v1::OP_READ, table).size() << " rows of " << table
                  << " were read";
  }

  // Until what the source says of rows to be read again is as wanted.
  void AwaitRereads(const std::function<bool(const std::string& waiting_for)>& wanted) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (absl::Now() < deadline) {
      ASSERT_OK_AND_ASSIGN(const v1::Source source, service().Status());
      if (wanted(source.rereads_waiting_for())) return;
      absl::SleepFor(absl::Milliseconds(50));
    }
    ADD_FAILURE() << service().Status()->rereads_waiting_for();
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
  AwaitReads("public.t", 20 + 10);
  ExpectExact();
}

// A lock that nobody gives back: the rows of its table stay incomplete, which the status says, and
// those of other tables are completed.
TEST_P(ToastTest, KeyChangeThatCannotBeCompletedIsToldAndHoldsUpNoOtherTable) {
  Sql("CREATE TABLE u (id int PRIMARY KEY, body text);"
      "ALTER TABLE u ALTER body SET STORAGE EXTERNAL;"
      "INSERT INTO u VALUES (1, repeat('u', 9000)); DELETE FROM t WHERE id > 20");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  Sql("UPDATE t SET id = id + 1000, version = 2; UPDATE u SET id = 2");
  const auto holder = NewSession();
  ASSERT_NE(holder, nullptr);
  ASSERT_OK(holder->Exec("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE"));
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  AwaitRereads([](const std::string& waiting_for) {
    return absl::StrContains(waiting_for, "public.t: ") && absl::StrContains(waiting_for, "lock");
  });
  AwaitReads("public.u", 2);
  EXPECT_EQ(Changes(v1::OP_READ, "public.t").size(), 20u);
  ASSERT_OK(holder->Exec("ROLLBACK"));
  AwaitRereads([](const std::string& waiting_for) { return waiting_for.empty(); });
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
