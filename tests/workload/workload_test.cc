#include "tests/workload/workload.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/postgres_server.h"
#include "tests/support/random_seed.h"
#include "tests/support/status_matchers.h"

namespace tidemark::workload {
namespace {

using testing::PostgresServer;

class WorkloadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_, PostgresServer::Start({}));
    ASSERT_OK_AND_ASSIGN(auto connection, server_->Connect());
    ASSERT_OK(CreateTables(*connection));
    ASSERT_OK(Load(*connection, 5'000));
  }

  std::unique_ptr<PostgresServer> server_;
};

TEST_F(WorkloadTest, EveryTableIsFilled) {
  int64_t rows = 0;
  for (const std::string& table : Tables()) {
    ASSERT_OK_AND_ASSIGN(const std::string count,
                         server_->QueryValue(absl::StrCat("SELECT count(*) FROM ", table)));
    EXPECT_NE(count, "0") << table;
    rows += std::stoll(count);
  }
  EXPECT_NEAR(static_cast<double>(rows), 5'000, 500);
}

TEST_F(WorkloadTest, WritersRaiseVersionsAndMeetNoError) {
  ASSERT_OK(server_->Exec(
      "CREATE TABLE bad (what text); "
      "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.version <= OLD.version THEN INSERT INTO bad VALUES (TG_TABLE_NAME); END IF; "
      "RETURN NULL; END $$"));
  for (const std::string& table : Tables()) {
    ASSERT_OK(server_->Exec(absl::StrCat("CREATE TRIGGER watch AFTER UPDATE ON ", table,
                                         " FOR EACH ROW EXECUTE FUNCTION watch()")));
  }
  Writers writers(
      {.connection = server_->ConnectionString(), .writers = 4, .seed = testing::RandomSeed()});
  absl::SleepFor(absl::Seconds(3));
  EXPECT_OK(writers.Stop());
  EXPECT_GT(writers.transaction_count(), 100u);
  ASSERT_OK_AND_ASSIGN(const std::string bad, server_->QueryValue("SELECT count(*) FROM bad"));
  EXPECT_EQ(bad, "0");
}

}  // namespace
}  // namespace tidemark::workload
