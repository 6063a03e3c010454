// tidemarkd and the server stop and come back, under writers and snapshots.

#include <csignal>

#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

using testing::PostgresServer;

constexpr int kRows = 15'000;

class RestartsTest : public CaptureTest {
 protected:
  void SetUp() override {
    CaptureTest::SetUp();
    auto session = NewSession();
    ASSERT_OK(workload::CreateTables(*session));
    ASSERT_OK(workload::Load(*session, kRows));
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

  // Starts a snapshot of about a second, and lets it get somewhere.
  uint64_t BeginSnapshot(absl::Duration pause) {
    v1::CreateSnapshotRequest request;
    request.mutable_limits()->set_rows_per_second_max(kRows);
    auto snapshot = service().CreateSnapshot(request);
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
  ASSERT_OK(writer->Exec("INSERT INTO large SELECT i, repeat('x', 60) FROM " + Rows(1, 120000)));
  for (int round = 0; round < 3; ++round) {
    absl::SleepFor(absl::Milliseconds(150));
    service().Kill9();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
  }
  ExpectExact({.tables = {Named("large")}});
}

TIDEMARK_ON_EVERY_SERVER(RestartsTest);

class PostgresRestartsTest : public RestartsTest {
 protected:
  // Stops what moves the log on: the walwriter, and those who serve the log connection. Readers
  // connect when there is something to read.
  void HoldTheLog() {
    ASSERT_OK_AND_ASSIGN(
        const testing::SqlRows backends,
        server().Query("SELECT pid FROM pg_stat_activity"
                       " WHERE backend_type = 'walwriter' OR application_name = 'tidemark'"));
    for (const auto& row : backends) ASSERT_EQ(kill(std::stoi(*row[0]), SIGSTOP), 0);
  }

  // Until a reader has ended a chunk and asked for its bound.
  void WaitForAChunk() {
    const std::string read =
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND state = 'idle' AND query LIKE 'ROLLBACK; SELECT pg_current_wal_insert_lsn()%'";
    for (int attempt = 0; attempt < 400 && server().QueryValue(read).value_or("0") == "0";
         ++attempt) {
      absl::SleepFor(absl::Milliseconds(10));
    }
    ASSERT_OK_AND_ASSIGN(const std::string count, server().QueryValue(read));
    ASSERT_NE(count, "0");
  }
};

// A commit that did not wait for its flush is visible, and gone after a crash.
TEST_P(PostgresRestartsTest, ChunkThatSawWhatACrashTookBackIsReadAgain) {
  Sql("CREATE TABLE lost (id int PRIMARY KEY); INSERT INTO lost VALUES (1)");
  CatchUp();
  HoldTheLog();
  ASSERT_FALSE(HasFatalFailure());
  auto writer = NewSession();
  ASSERT_OK(writer->Exec("SET synchronous_commit = off; INSERT INTO lost VALUES (2)"));
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot({"public.lost"}));
  WaitForAChunk();
  ASSERT_OK(server().Kill9());
  ASSERT_OK(server().StartAgain());
  ASSERT_EQ(Value("SELECT count(*) FROM lost WHERE id = 2"), "0") << "the server kept the row";
  Sql("INSERT INTO lost SELECT i FROM generate_series(3, 100) i");
  ASSERT_OK(service().WaitForSnapshot(snapshot.id()));
  ExpectExact();
}

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
