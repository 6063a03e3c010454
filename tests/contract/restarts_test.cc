// tidemarkd and the server stop and come back, under writers and snapshots.

#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

using testing::PostgresServer;

class RestartsTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    auto session = NewSession();
    ASSERT_OK(workload::CreateTables(*session));
    ASSERT_OK(workload::Load(*session, 60'000));
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    seed_ = testing::RandomSeed();
  }

  workload::WriterOptions WriterOptions() const {
    return {.connection = ConnectionString(),
            .writers = 3,
            .seed = seed_,
            .transactions_per_second = 200,
            .reconnect = true};
  }

  // Starts a snapshot and lets it get somewhere.
  uint64_t BeginSnapshot(absl::Duration pause) {
    auto snapshot = service().CreateSnapshot();
    EXPECT_OK(snapshot);
    absl::SleepFor(pause);
    return snapshot.ok() ? snapshot->id() : 0;
  }

  uint64_t seed_ = 0;
};

TEST_P(RestartsTest, ServiceThatIsTerminatedGoesOn) {
  workload::Writers writers(WriterOptions());
  const uint64_t snapshot = BeginSnapshot(absl::Milliseconds(100));
  const absl::Time begin = absl::Now();
  StopService();
  EXPECT_LT(absl::Now() - begin, absl::Seconds(5));
  absl::SleepFor(absl::Milliseconds(300));
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(service().WaitForSnapshot(snapshot));
  EXPECT_OK(writers.Stop());
  ExpectExact();
}

TEST_P(RestartsTest, ServiceThatIsKilledAgainAndAgainGoesOn) {
  workload::Writers writers(WriterOptions());
  const uint64_t snapshot = BeginSnapshot(absl::Milliseconds(50));
  for (int round = 0; round < 5; ++round) {
    service().Kill9();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
    absl::SleepFor(absl::Milliseconds(static_cast<int64_t>((seed_ >> round) % 300)));
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot));
  EXPECT_OK(writers.Stop());
  ExpectExact();
}

TEST_P(RestartsTest, ServerThatRestartsIsFoundAgain) {
  workload::Writers writers(WriterOptions());
  const uint64_t snapshot = BeginSnapshot(absl::Milliseconds(100));
  ASSERT_OK(database().Restart());
  ASSERT_OK(service().WaitForSnapshot(snapshot));
  EXPECT_OK(writers.Stop());
  ExpectExact();
}

TEST_P(RestartsTest, ServerThatIsKilledIsFoundAgain) {
  workload::Writers writers(WriterOptions());
  const uint64_t snapshot = BeginSnapshot(absl::Milliseconds(100));
  ASSERT_OK(database().Kill9());
  ASSERT_OK(database().StartAgain());
  ASSERT_OK(service().WaitForSnapshot(snapshot));
  EXPECT_OK(writers.Stop());
  ExpectExact();
}

TEST_P(RestartsTest, KillInsideALargeTransactionLosesAndDoublesNothing) {
  Sql("CREATE TABLE large (id int PRIMARY KEY, note text)");
  auto writer = NewSession();
  ASSERT_OK(writer->Exec("INSERT INTO large SELECT i, repeat('x', 60) FROM " + Rows(1, 300000)));
  for (int round = 0; round < 3; ++round) {
    absl::SleepFor(absl::Milliseconds(150));
    service().Kill9();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
  }
  ExpectExact({.tables = {Named("large")}});
}

TIDEMARK_ON_EVERY_SERVER(RestartsTest);

class PostgresRestartsTest : public RestartsTest {};

TEST_P(PostgresRestartsTest, ServerThatStopsWithoutACheckpointIsFoundAgain) {
  workload::Writers writers(WriterOptions());
  const uint64_t snapshot = BeginSnapshot(absl::Milliseconds(100));
  ASSERT_OK(server().Restart(PostgresServer::StopMode::kImmediate));
  ASSERT_OK(service().WaitForSnapshot(snapshot));
  EXPECT_OK(writers.Stop());
  ExpectExact();
}

TIDEMARK_ON_EVERY_POSTGRES(PostgresRestartsTest);

}  // namespace
}  // namespace tidemark::contract
