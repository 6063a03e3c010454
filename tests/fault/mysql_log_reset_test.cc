// Hazard H16: a server whose binlog begins anew, as after RESET or a restore. What was merged is in
// its history, so the log goes on by names, though its files have the first numbers again.

#include "absl/strings/str_cat.h"
#include "tests/fault/fault_test.h"
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
    ASSERT_NO_FATAL_FAILURE(LoadShop());
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
