// The service, its connections and its server die at random points, under writers and snapshots.

#include <algorithm>
#include <csignal>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/support/soak.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::PostgresServer;

enum class Sessions { kLog, kReads, kAll };

class KillTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    seed_ = testing::RandomSeed();
    random_.seed(seed_);
    if (engine() != testing::Engine::kPostgres) {
      Sql("CREATE USER IF NOT EXISTS tidemark@'%'; GRANT ALL ON *.* TO tidemark@'%'");
    }
    ASSERT_NO_FATAL_FAILURE(LoadShop());
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
    ExpectExactNow();
  }

  // MySQL: a user of its own, by which its sessions are known.
  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = FaultTest::ServiceSettings();
    std::replace(options.mysql_lines.begin(), options.mysql_lines.end(), std::string("user: root"),
                 std::string("user: tidemark"));
    return options;
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

  // Ends those sessions of the service.
  void End(Sessions which) {
    if (engine() == testing::Engine::kPostgres) {
      const char* const types[] = {"= 'walsender'", "= 'client backend'", "<> ''"};
      return Sql(absl::StrCat(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
          "'tidemark%' AND backend_type ",
          types[static_cast<int>(which)]));
    }
    const char* const commands[] = {"LIKE 'Binlog Dump%'", "NOT LIKE 'Binlog Dump%'", "<> ''"};
    ASSERT_OK_AND_ASSIGN(
        const testing::SqlRows ids,
        NewSession()->Query(absl::StrCat(
            "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'tidemark' AND COMMAND ",
            commands[static_cast<int>(which)])));
    // One may have ended by itself.
    for (const testing::SqlRow& id : ids) {
      NewSession()->Exec(absl::StrCat("KILL ", *id[0])).IgnoreError();
    }
  }

  void KillAndRestartServer() {
    EXPECT_OK(database().Kill9());
    EXPECT_OK(database().StartAgain());
  }

  void StrikeAnything() {
    switch (Pick(7)) {
      case 0:
        return End(Sessions::kLog);
      case 1:
        return End(Sessions::kReads);
      case 2:
        return End(Sessions::kAll);
      case 3:
        return KillAndRestartServer();
      case 4:
        if (engine() != testing::Engine::kPostgres) return KillAndRestartServer();
        EXPECT_OK(server().Restart(PostgresServer::StopMode::kImmediate));
        return;
      case 5:
        EXPECT_OK(database().Restart());
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
  const int rounds = static_cast<int>(testing::Repeats(25, 50));
  for (int round = 0; round < rounds; ++round) {
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
  const int rounds = static_cast<int>(testing::Repeats(8, 50));
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_, ", round ", round));
    Round(round, [this] { StrikeAnything(); });
    if (HasFailure()) return;
  }
}

TIDEMARK_ON_EACH_MAKE(KillTest);

}  // namespace
}  // namespace tidemark::fault
