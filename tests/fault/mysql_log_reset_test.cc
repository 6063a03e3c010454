// Hazard H16: a server whose binlog begins anew, as after RESET or a restore. What was merged is in
// its history, so the log goes on by names, though its files have the first numbers again.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

class MysqlLogResetTest : public FaultTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    return testing::MysqlOptions{};
  }

  void SetUp() override {
    FaultTest::SetUp();
    const auto session = NewSession();
    ASSERT_NE(session, nullptr);
    ASSERT_OK(workload::CreateTables(*session));
    ASSERT_OK(workload::Load(*session, 8'000));
    // The new log is behind this place for as long as the test runs.
    for (int i = 0; i < 4; ++i) Sql("FLUSH BINARY LOGS");
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
    Sql("UPDATE orders SET total = total + 1, version = UUID_SHORT() WHERE id % 3 = 0");
    CatchUp();
  }

  void ResetLog() {
    const std::string history = mariadb() ? "gtid_binlog_state" : "gtid_executed";
    const std::string executed = Value("SELECT @@global." + history);
    Sql(mysql_server().words().reset_log);
    Sql(absl::StrCat("SET GLOBAL ", mariadb() ? history : "gtid_purged", " = '", executed, "'"));
    NoteFailover();
  }

  std::unique_ptr<workload::Writers> Write() {
    return std::make_unique<workload::Writers>(
        workload::WriterOptions{.connection = ConnectionString(),
                                .writers = 3,
                                .seed = testing::RandomSeed(),
                                .transactions_per_second = 200});
  }

  // A snapshot, while the service may still be finding out.
  void SnapshotWhenItCaptures() {
    absl::StatusOr<v1::Snapshot> snapshot = service().CreateSnapshot();
    for (int i = 0; i < 300 && !snapshot.ok(); ++i) {
      absl::SleepFor(absl::Milliseconds(100));
      snapshot = service().CreateSnapshot();
    }
    ASSERT_OK(snapshot) << service().Log();
    ASSERT_OK(service().WaitForSnapshot(snapshot->id())) << service().Log();
  }
};

TEST_P(MysqlLogResetTest, WhileTheServiceIsDown) {
  StopService();
  ResetLog();
  // Of this the new log alone tells.
  Sql("DELETE FROM orders WHERE id % 7 = 0");
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  const auto writers = Write();
  SnapshotWhenItCaptures();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(MysqlLogResetTest, UnderTheService) {
  ResetLog();
  const auto writers = Write();
  SnapshotWhenItCaptures();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TIDEMARK_ON_EVERY_GTID_SERVER(MysqlLogResetTest);

}  // namespace
}  // namespace tidemark::fault
