// The source is a hot standby, whose primary is written to: log and chunks come from the standby.

#include <memory>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::PostgresServer;
using testing::ServiceProcess;

// Versions from which on a standby decodes its log.
constexpr int kVersion = 18;
constexpr int kSnapshots = 4;

class StandbyTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    ASSERT_NO_FATAL_FAILURE(LoadShop());
  }
  void TearDown() override { standby_.reset(); }

  testing::ServiceOptions ServiceSettings() const override {
    return {.connection = standby_->ConnectionString("shop"),
            .postgres_lines = {"allow_standby: true"}};
  }

  void StartStandby() {
    ASSERT_OK_AND_ASSIGN(standby_, PostgresServer::StartStandby(
                                       server(), {.settings = {{"hot_standby_feedback", "on"}}}));
  }

  void Publish() {
    Sql("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true, "
        "publish_generated_columns = stored)");
  }

  // A new slot of a standby waits for a word of its primary.
  void StartCapture() {
    ASSERT_OK_AND_ASSIGN(auto primary, server().Connect());
    std::jthread telling([&](std::stop_token stop) {
      while (!stop.stop_requested()) {
        EXPECT_OK(primary->Exec("SELECT pg_log_standby_snapshot()"));
        absl::SleepFor(absl::Milliseconds(200));
      }
    });
    StartService();
  }

  // Compares the whole stream with a server that nobody writes to.
  void ExpectExactOn(PostgresServer& source) {
    ASSERT_OK_AND_ASSIGN(const auto session, source.Connect("shop"));
    ASSERT_OK_AND_ASSIGN(const oracle::LogPosition end, oracle::EndOfLog(*session));
    ASSERT_OK_AND_ASSIGN(const v1::Source state, service().Status());
    oracle::Fold fold({.first_sequence = 1});
    ASSERT_OK(oracle::FoldStream(service().change_stream(),
                                 {.source = ServiceProcess::kSource,
                                  .until_position = end,
                                  .until_sequence = state.newest_sequence()},
                                 fold))
        << service().Log();
    ASSERT_OK(oracle::FoldMore(service().change_stream(), ServiceProcess::kSource, absl::Seconds(1),
                               fold));
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                         oracle::CompareWithSource(fold, *session, {}));
    EXPECT_TRUE(oracle::IsExact(fold, found)) << oracle::Verdict(fold, found);
  }

  std::unique_ptr<PostgresServer> standby_;
};

TEST_P(StandbyTest, SnapshotsUnderWritersOfThePrimaryAreExact) {
  Publish();
  StartStandby();
  StartCapture();
  ASSERT_FALSE(HasFatalFailure());
  for (int i = 0; i < kSnapshots; ++i) {
    auto writers = Write(4, 250);
    Snapshot();
    ASSERT_OK(writers->Stop());
    ExpectExactNow();
  }
}

// Neither waits for the other: a read sees what was replayed, whatever still runs.
TEST_P(StandbyTest, TransactionThatIsOpenOnThePrimaryHoldsUpNoSnapshot) {
  Publish();
  StartStandby();
  StartCapture();
  ASSERT_FALSE(HasFatalFailure());
  const auto open = NewSession();
  ASSERT_OK(
      open->Exec("BEGIN; UPDATE customers SET name = 'late',"
                 " version = nextval('row_version') WHERE id < 10"));
  auto writers = Write(4, 250);
  absl::SleepFor(absl::Milliseconds(300));
  Snapshot();
  ASSERT_OK(open->Exec("COMMIT"));
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(StandbyTest, RestartOfTheStandbyAndOfTheServiceLosesNothing) {
  Publish();
  StartStandby();
  StartCapture();
  ASSERT_FALSE(HasFatalFailure());
  auto writers = Write(4, 250);
  Snapshot();
  ASSERT_OK(standby_->Restart(PostgresServer::StopMode::kImmediate));
  Snapshot();
  service().Kill9();
  StartServiceAgain();
  Snapshot();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(StandbyTest, PromotedWhileCapturingItGoesOnAsAPrimary) {
  Publish();
  StartStandby();
  StartCapture();
  ASSERT_FALSE(HasFatalFailure());
  auto writers = Write(4, 250);
  Snapshot();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
  ASSERT_OK_AND_ASSIGN(const auto snapshot, service().CreateSnapshot());
  ASSERT_OK(standby_->Exec("SELECT pg_promote()"));
  workload::Writers on_promoted({.connection = standby_->ConnectionString("shop"),
                                 .writers = 4,
                                 .seed = testing::RandomSeed(),
                                 .transactions_per_second = 250});
  ASSERT_OK(service().WaitForSnapshot(snapshot.id())) << service().Log();
  absl::SleepFor(absl::Seconds(3));
  Snapshot();
  ASSERT_OK(on_promoted.Stop());
  ExpectExactOn(*standby_);
}

TEST_P(StandbyTest, MissingPublicationSaysToMakeItOnThePrimary) {
  StartStandby();
  ASSERT_OK_AND_ASSIGN(const auto service, ServiceProcess::Start(ServiceSettings()));
  const v1::Source source = WaitForError(*service, "run on the primary: CREATE PUBLICATION");
  EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
}

INSTANTIATE_TEST_SUITE_P(Postgres, StandbyTest,
                         ::testing::Values(testing::ServerKind{testing::Engine::kPostgres,
                                                               kVersion}),
                         contract::KindName);

class OldStandbyTest : public StandbyTest {};

TEST_P(OldStandbyTest, StandbyThatCannotDecodeIsRefused) {
  StartStandby();
  ASSERT_OK_AND_ASSIGN(const auto service, ServiceProcess::Start(ServiceSettings()));
  const v1::Source source = WaitForError(*service, "a standby before PostgreSQL 16 cannot decode");
  EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
}

// The distribution's own server, if it is that old.
std::vector<testing::ServerKind> OldKinds() {
  std::vector<testing::ServerKind> kinds = testing::PostgresKinds();
  std::erase_if(kinds, [](const testing::ServerKind& kind) { return kind.version >= 16; });
  return kinds;
}
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OldStandbyTest);
INSTANTIATE_TEST_SUITE_P(Postgres, OldStandbyTest, ::testing::ValuesIn(OldKinds()),
                         contract::KindName);

}  // namespace
}  // namespace tidemark::fault
