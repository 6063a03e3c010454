// What the slot is, and that it does not hold the log of other databases back.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"

namespace tidemark::contract {
namespace {

class SlotTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY)");
    StartService();
  }

  // How far the slot's `place` is behind the server's log.
  int64_t Behind(const std::string& place) {
    return std::stoll(Value(absl::StrCat("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), ", place,
                                         ")::int8 FROM pg_replication_slots")));
  }
  // Waits until it is near.
  void ExpectNear(const std::string& place) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (Behind(place) > (1 << 20) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(50));
    }
    EXPECT_LT(Behind(place), 1 << 20) << place;
  }
};

TEST_P(SlotTest, IdleDatabaseBesideABusyOneHoldsNoLogBack) {
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO t VALUES (1)");
  CatchUp();
  const int64_t lsn = std::stoll(Value("SELECT pg_current_wal_lsn() - '0/0'"));
  ASSERT_OK_AND_ASSIGN(const v1::Source before, service().Status());
  // In database postgres.
  ASSERT_OK(server().Exec("CREATE TABLE busy (note text)"));
  ASSERT_OK(
      server().Exec("INSERT INTO busy SELECT repeat('x', 1900) FROM generate_series(1, 27000)"));
  ASSERT_GT(std::stoll(Value("SELECT pg_current_wal_lsn() - '0/0'")) - lsn, 50'000'000);
  ExpectNear("confirmed_flush_lsn");
  // A checkpoint notes the running transactions, by which the slot forgets.
  ASSERT_OK(server().Exec("CHECKPOINT"));
  ExpectNear("restart_lsn");
  ASSERT_OK_AND_ASSIGN(const v1::Source after, service().Status());
  EXPECT_EQ(after.newest_sequence(), before.newest_sequence());
  EXPECT_EQ(after.restarts(), 0u);
}

TIDEMARK_ON_EVERY_POSTGRES(SlotTest);

class FailoverSlotTest : public SlotTest {};

TEST_P(FailoverSlotTest, SlotIsSentToTheStandbys) {
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(Value("SELECT failover FROM pg_replication_slots WHERE slot_name = 'tidemark'"), "t");
}

// Servers whose slots can be.
std::vector<testing::ServerKind> FailoverKinds() {
  std::vector<testing::ServerKind> kinds = testing::PostgresKinds();
  std::erase_if(kinds, [](const testing::ServerKind& kind) { return kind.version < 17; });
  return kinds;
}
INSTANTIATE_TEST_SUITE_P(Postgres, FailoverSlotTest, ::testing::ValuesIn(FailoverKinds()),
                         KindName);

}  // namespace
}  // namespace tidemark::contract
