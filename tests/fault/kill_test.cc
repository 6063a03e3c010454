// The service, its connections and its server die at random points, under writers and snapshots.

#include <csignal>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::PostgresServer;

constexpr int kKillRounds = 50;
constexpr int kMixedRounds = 8;

class KillTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    seed_ = testing::RandomSeed();
    random_.seed(seed_);
    const auto session = NewSession();
    ASSERT_NE(session, nullptr);
    ASSERT_OK(workload::CreateTables(*session));
    ASSERT_OK(workload::Load(*session, 8'000));
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
    ExpectExactNow();
  }

  int64_t Pick(int64_t count) { return static_cast<int64_t>(random_() % count); }

  // Writers and a slow enough snapshot run; `fault` strikes at a random moment; then everything
  // must come back by itself, and be exact.
  template <typename Fault>
  void Round(int round, Fault fault) {
    workload::Writers writers({.connection = ConnectionString(),
                               .writers = 3,
                               .seed = seed_ + static_cast<uint64_t>(round),
                               .transactions_per_second = 250,
                               .reconnect = true});
    absl::SleepFor(absl::Milliseconds(Pick(100)));
    v1::CreateSnapshotRequest request;
    request.mutable_limits()->set_rows_per_second_max(20'000 + Pick(40'000));
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot(request));
    absl::SleepFor(absl::Milliseconds(Pick(300)));
    fault();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_OK(service().WaitForSnapshot(snapshot.id())) << service().Log();
    ASSERT_OK(writers.Stop());
    ExpectExactNow();
  }

  void KillAndRestartService() {
    service().Kill9();
    ASSERT_OK(service().StartAgain());
    ASSERT_OK(service().WaitUntilCapturing()) << service().Log();
  }

  void TerminateBackends(const std::string& which) {
    const auto session = NewSession();
    ASSERT_NE(session, nullptr);
    EXPECT_OK(session->Exec(absl::StrCat(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
        "'tidemark%' AND ",
        which)));
  }

  void StrikeAnything() {
    switch (Pick(7)) {
      case 0:
        return TerminateBackends("backend_type = 'walsender'");
      case 1:
        return TerminateBackends("backend_type = 'client backend'");
      case 2:
        return TerminateBackends("true");
      case 3:
        EXPECT_OK(server().Kill9());
        EXPECT_OK(server().StartAgain());
        return;
      case 4:
        EXPECT_OK(server().Restart(PostgresServer::StopMode::kImmediate));
        return;
      case 5:
        EXPECT_OK(server().Restart(PostgresServer::StopMode::kFast));
        return;
      default:
        StopService();
        return StartServiceAgain();
    }
  }

  uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

TEST_P(KillTest, KilledServiceIsExactAfterEachOfManyRounds) {
  for (int round = 0; round < kKillRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_, ", round ", round));
    Round(round, [this] {
      KillAndRestartService();
      // Now and then again while it is coming back.
      if (!HasFatalFailure() && Pick(4) == 0) {
        absl::SleepFor(absl::Milliseconds(Pick(50)));
        KillAndRestartService();
      }
    });
    if (HasFailure()) return;
  }
}

TEST_P(KillTest, LostConnectionsAndServersAreFoundAgain) {
  for (int round = 0; round < kMixedRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_, ", round ", round));
    Round(round, [this] { StrikeAnything(); });
    if (HasFailure()) return;
  }
}

TIDEMARK_ON_SYSTEM_SERVER(KillTest);

}  // namespace
}  // namespace tidemark::fault
