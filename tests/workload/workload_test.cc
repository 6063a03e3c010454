#include "tests/workload/workload.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "tests/support/open_session.h"
#include "tests/support/random_seed.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_database.h"

namespace tidemark::workload {
namespace {

using testing::Engine;

class WorkloadTest : public ::testing::TestWithParam<testing::ServerKind> {
 protected:
  void SetUp() override {
    if (GetParam().engine == Engine::kPostgres) {
      ASSERT_OK_AND_ASSIGN(postgres_,
                           testing::PostgresServer::Start({.version = GetParam().version}));
      ASSERT_OK_AND_ASSIGN(database_, testing::PostgresDatabase::Make(*postgres_));
    } else {
      ASSERT_OK_AND_ASSIGN(testing::MysqlServer * shared, testing::SharedMysqlServer(GetParam()));
      ASSERT_OK_AND_ASSIGN(database_, testing::MysqlDatabase::Make(*shared));
    }
    ASSERT_OK_AND_ASSIGN(session_, testing::OpenSession(database_->url()));
    ASSERT_OK(CreateTables(*session_));
    ASSERT_OK(Load(*session_, 5'000));
  }

  // Table `bad` names each table in which an update did not raise the version.
  void WatchVersions() {
    ASSERT_OK(session_->Exec("CREATE TABLE bad (what text)"));
    for (const std::string& table : Tables(database_->name_space())) {
      const std::string name = table.substr(table.find('.') + 1);
      ASSERT_OK(session_->Exec(absl::Substitute(
          GetParam().engine == Engine::kPostgres ? kPostgresWatch : kMysqlWatch, name)));
    }
  }

  static constexpr char kPostgresWatch[] =
      "CREATE FUNCTION watch_$0() RETURNS trigger LANGUAGE plpgsql AS $$$$ BEGIN "
      "IF NEW.version <= OLD.version THEN INSERT INTO bad VALUES ('$0'); END IF; "
      "RETURN NULL; END $$$$;"
      "CREATE TRIGGER watch AFTER UPDATE ON $0 FOR EACH ROW EXECUTE FUNCTION watch_$0()";
  static constexpr char kMysqlWatch[] =
      "CREATE TRIGGER watch_$0 AFTER UPDATE ON $0 FOR EACH ROW BEGIN "
      "IF NEW.version <= OLD.version THEN INSERT INTO bad VALUES ('$0'); END IF; END";

  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<testing::TestDatabase> database_;
  std::unique_ptr<testing::Session> session_;
};

TEST_P(WorkloadTest, EveryTableIsFilled) {
  int64_t rows = 0;
  for (const std::string& table : Tables(database_->name_space())) {
    ASSERT_OK_AND_ASSIGN(const std::string count,
                         session_->QueryValue(absl::StrCat("SELECT count(*) FROM ", table)));
    EXPECT_NE(count, "0") << table;
    rows += std::stoll(count);
  }
  EXPECT_NEAR(static_cast<double>(rows), 5'000, 500);
}

TEST_P(WorkloadTest, WritersRaiseVersionsAndMeetNoError) {
  WatchVersions();
  ASSERT_FALSE(HasFatalFailure());
  Writers writers({.connection = database_->url(), .writers = 4, .seed = testing::RandomSeed()});
  absl::SleepFor(absl::Seconds(3));
  EXPECT_OK(writers.Stop());
  EXPECT_GT(writers.transaction_count(), 100u);
  ASSERT_OK_AND_ASSIGN(const std::string bad, session_->QueryValue("SELECT count(*) FROM bad"));
  EXPECT_EQ(bad, "0");
}

INSTANTIATE_TEST_SUITE_P(Postgres, WorkloadTest,
                         ::testing::Values(testing::PostgresKinds().front()),
                         [](const auto& test) { return testing::Name(test.param); });
INSTANTIATE_TEST_SUITE_P(MySql, WorkloadTest, ::testing::ValuesIn(testing::MysqlKinds()),
                         [](const auto& test) { return testing::Name(test.param); });

}  // namespace
}  // namespace tidemark::workload
