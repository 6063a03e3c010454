#include "capture/mysql/mysql_check.h"

#include <gmock/gmock.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "capture/mysql/binlog_stream.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// "error: message -> remedy"
std::vector<std::string> Texts(const CheckResult& result) {
  std::vector<std::string> texts;
  for (const Problem& problem : result.problems) {
    texts.push_back(absl::StrCat(
        problem.severity == Problem::Severity::kError ? "error: " : "warning: ", problem.message,
        " -> ", problem.remedy));
  }
  return texts;
}

class MysqlCheckTest : public ServerTest {
 protected:
  MysqlOptions Options() {
    MysqlOptions options;
    options.connection = OptionsFor(server());
    options.server_id = 1001;
    return options;
  }
  std::vector<std::string> Check(const MysqlOptions& options) {
    return Texts(CheckMysql(options, {}));
  }
  std::vector<std::string> Check() { return Check(Options()); }
};
TIDEMARK_ALL_PRODUCTS(MysqlCheckTest);

TEST_P(MysqlCheckTest, ServerThatIsSetUpRightHasNoErrors) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY)"));
  const CheckResult result = CheckMysql(Options(), {});
  EXPECT_THAT(result.server, HasSubstr(absl::StrCat(mariadb() ? "MariaDB " : "MySQL ",
                                                    server().version() / 10000, ".")));
  EXPECT_THAT(Texts(result), Not(Contains(HasSubstr("error: "))));
  EXPECT_THAT(Texts(result), Not(Contains(HasSubstr("binlog_row"))));
  // Of the test's own server.
  EXPECT_THAT(Texts(result), Contains(HasSubstr("sync_binlog is 0")));
}

TEST_P(MysqlCheckTest, SettingsThatHurtAreNamedAllAtOnce) {
  testing::MysqlOptions settings{.settings = {{"binlog_format", "MIXED"},
                                              {"binlog_row_image", "MINIMAL"},
                                              {"binlog_row_metadata", "MINIMAL"},
                                              {"binlog_expire_logs_seconds", "3600"},
                                              {"binlog_ignore_db", "other"},
                                              {"server_id", "1001"}}};
  if (!mariadb()) {
    settings.settings.push_back({"gtid_mode", "OFF"});
    settings.settings.push_back({"enforce_gtid_consistency", "OFF"});
    settings.settings.push_back({"binlog_order_commits", "OFF"});
    settings.settings.push_back({"binlog_row_value_options", "PARTIAL_JSON"});
  }
  const bool by_size = GetParam() == testing::MysqlProduct::kMariaDb11;
  if (by_size) settings.settings.push_back({"max_binlog_total_size", "1073741824"});
  if (mariadb()) settings.settings.push_back({"binlog_optimize_thread_scheduling", "OFF"});
  ASSERT_NO_FATAL_FAILURE(StartOwn(settings));
  const std::vector<std::string> problems = Check();
  EXPECT_THAT(problems,
              Contains(AllOf(HasSubstr("warning: the server deletes its oldest binary logs when "
                                       "all are larger than 1073741824 B"),
                             HasSubstr("max_binlog_total_size = 0")))
                  .Times(by_size ? 1 : 0));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("error: binlog_format is MIXED"),
                                       HasSubstr("binlog_format = ROW"))));
  EXPECT_THAT(problems, Contains(HasSubstr("warning: binlog_row_image is MINIMAL")));
  EXPECT_THAT(problems, Contains(HasSubstr("warning: binlog_row_metadata is MINIMAL")));
  EXPECT_THAT(problems, Contains(HasSubstr("for 3600 s only")));
  EXPECT_THAT(problems, Contains(HasSubstr("error: binlog_ignore_db is other")));
  EXPECT_THAT(problems, Contains(HasSubstr("error: the server's own server_id 1001")));
  if (mariadb()) {
    EXPECT_THAT(problems, Contains(HasSubstr("error: binlog_optimize_thread_scheduling is OFF")));
    return;
  }
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("warning: gtid_mode is OFF"),
                                       HasSubstr("failover"), HasSubstr("ON_PERMISSIVE"))));
  // Only an order tells without GTIDs what a SELECT saw.
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("error: binlog_order_commits is OFF"),
                                       HasSubstr("SET PERSIST binlog_order_commits = ON"))));
  EXPECT_THAT(problems, Contains(HasSubstr("binlog_row_value_options is PARTIAL_JSON")));
}

TEST_P(MysqlCheckTest, ServerWithoutBinlogIsAnError) {
  testing::MysqlOptions settings{.settings = {{"log_bin", ""}, {"skip-log-bin", ""}}};
  ASSERT_NO_FATAL_FAILURE(StartOwn(settings));
  EXPECT_THAT(Check(), Contains(AllOf(HasSubstr("error: the server writes no binary log"),
                                      HasSubstr("set log_bin"))));
}

TEST_P(MysqlCheckTest, MissingPrivilegesAreNamedWithTheGrantToRun) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec(
      "CREATE TABLE t (id int PRIMARY KEY); DROP USER IF EXISTS 'poor'@'%';"
      "CREATE USER 'poor'@'%' IDENTIFIED BY 'p'; GRANT INSERT ON test.t TO 'poor'@'%'"));
  MysqlOptions options = Options();
  options.connection.user = "poor";
  options.connection.password = "p";
  options.tables = {"test.t", "test.hidden"};
  const std::vector<std::string> problems = Check(options);
  EXPECT_THAT(problems, Contains(HasSubstr("run: GRANT REPLICATION SLAVE ON *.* TO 'poor'@'%'")));
  EXPECT_THAT(
      problems,
      Contains(HasSubstr(mariadb() ? "run: GRANT BINLOG MONITOR ON *.* TO 'poor'@'%'"
                                   : "run: GRANT REPLICATION CLIENT ON *.* TO 'poor'@'%'")));
  EXPECT_THAT(problems, Contains(HasSubstr("run: GRANT SELECT ON `test`.`t` TO 'poor'@'%'")));
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("no table test.hidden"),
                                       HasSubstr("GRANT SELECT ON `test`.`hidden`"))));
  ASSERT_OK(server().Exec("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'poor'@'%'"));
  ASSERT_OK(server().Exec("GRANT SELECT ON test.t TO 'poor'@'%'"));
  options.tables = {"test.t"};
  const std::vector<std::string> granted = Check(options);
  EXPECT_THAT(granted, Not(Contains(HasSubstr("error: "))));
  // MariaDB shows its replicas, and of what it is one, to accounts with further privileges.
  const auto unseen =
      Contains(AllOf(HasSubstr("warning: cannot see replicas"), HasSubstr("run: GRANT ")));
  if (mariadb()) {
    EXPECT_THAT(granted, unseen);
    EXPECT_THAT(granted, Contains(HasSubstr("cannot see whether the server is a replica")));
  } else {
    EXPECT_THAT(granted, Not(Contains(HasSubstr("cannot see"))));
  }
}

TEST_P(MysqlCheckTest, TablesWithoutKeyOrTransactionsAndCascadesAreWarnedOf) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec(
      "CREATE TABLE nokey (a int); CREATE TABLE flat (a int PRIMARY KEY) ENGINE=MyISAM;"
      "CREATE TABLE p (id int PRIMARY KEY);"
      "CREATE TABLE c (id int PRIMARY KEY, p int, CONSTRAINT fk1 FOREIGN KEY (p) REFERENCES p (id)"
      " ON DELETE CASCADE)"));
  const std::vector<std::string> problems = Check();
  EXPECT_THAT(problems, Contains(AllOf(HasSubstr("warning: table test.nokey has neither"),
                                       HasSubstr("ADD PRIMARY KEY"))));
  EXPECT_THAT(
      problems,
      Contains(AllOf(HasSubstr("warning: table test.flat is of engine MyISAM and not InnoDB"),
                     HasSubstr("ENGINE = InnoDB"))));
  // MySQL 9.6 and later log what foreign keys do.
  const auto cascade =
      Contains(AllOf(HasSubstr("foreign key fk1 of test.c"), HasSubstr("ON DELETE CASCADE")));
  if (mariadb() || server().version() < 90600) {
    EXPECT_THAT(problems, cascade);
  } else {
    EXPECT_THAT(problems, Not(cascade));
  }
}

TEST_P(MysqlCheckTest, VersionedTablesAreWarnedOf) {
  if (!mariadb()) return;
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec("CREATE TABLE h (id int PRIMARY KEY) WITH SYSTEM VERSIONING"));
  EXPECT_THAT(Check(), Contains(AllOf(HasSubstr("warning: table test.h has SYSTEM VERSIONING"),
                                      HasSubstr("`test`.`h` DROP SYSTEM VERSIONING"))));
}

TEST_P(MysqlCheckTest, RegisteredReplicaOfOurServerIdIsAClash) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(
      auto replica,
      testing::MysqlServer::Start({.product = GetParam(), .settings = {{"server_id", "1001"}}}));
  ASSERT_OK(replica->ReplicateFrom(server()));
  const auto clash =
      Contains(HasSubstr("a replica with server_id 1001, one of the source's, 1001 to 1003"));
  std::vector<std::string> problems;
  for (int attempt = 0; attempt < 50 && !::testing::Value(problems, clash); ++attempt) {
    absl::SleepFor(absl::Milliseconds(100));
    problems = Check();
  }
  EXPECT_THAT(problems, clash);
}

TEST_P(MysqlCheckTest, RunningDumpIsNotDisturbed) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  ASSERT_OK_AND_ASSIGN(auto stream, BinlogStream::Open(std::move(sql), {.server_id = 1001}));
  ASSERT_OK(stream->Next(std::chrono::seconds(5)));
  EXPECT_THAT(Check(), Not(Contains(HasSubstr("error: "))));
  const absl::Time end = absl::Now() + absl::Seconds(2);
  while (absl::Now() < end) ASSERT_OK(stream->Next(std::chrono::milliseconds(100)));
}

TEST_P(MysqlCheckTest, ServerThatCannotBeReachedIsAProblem) {
  MysqlOptions options;
  options.connection.host = "127.0.0.1";
  options.connection.port = 1;
  options.connection.user = "root";
  const CheckResult result = CheckMysql(options, {});
  EXPECT_EQ(result.server, "");
  EXPECT_EQ(result.problems.size(), 1u);
}

// What only MySQL has: GTIDs that are ON or not.
class MySqlGtidCheckTest : public MysqlCheckTest {
 protected:
  static testing::MysqlOptions WithoutGtids() {
    return {.settings = {{"gtid_mode", "OFF"}, {"enforce_gtid_consistency", "OFF"}}};
  }
};
INSTANTIATE_TEST_SUITE_P(Products, MySqlGtidCheckTest,
                         ::testing::Values(testing::MysqlProduct::kMySql9),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(MySqlGtidCheckTest, UnorderedCommitsAreNoErrorWithGtidsAndNoTableIsNeeded) {
  ASSERT_NO_FATAL_FAILURE(StartOwn({.settings = {{"binlog_order_commits", "OFF"}}}));
  const std::vector<std::string> problems = Check();
  EXPECT_THAT(problems, Contains(HasSubstr("warning: binlog_order_commits is OFF")));
  EXPECT_THAT(problems, Not(Contains(HasSubstr("watermark"))));
}

TEST_P(MySqlGtidCheckTest, WithoutGtidsATableOfWatermarksIsNeededAndCheckMakesNone) {
  ASSERT_NO_FATAL_FAILURE(StartOwn(WithoutGtids()));
  ASSERT_OK(
      server().Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE USER 'poor'@'%' IDENTIFIED BY 'p';"
                    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'poor'@'%';"
                    "GRANT SELECT ON test.t TO 'poor'@'%'"));
  // It may make the table.
  EXPECT_THAT(Check(), Not(Contains(HasSubstr("error: "))));
  ASSERT_OK_AND_ASSIGN(const std::string made,
                       server().QueryValue("SELECT count(*) FROM information_schema.tables"
                                           " WHERE table_schema = 'tidemark'"));
  EXPECT_EQ(made, "0");
  MysqlOptions options = Options();
  options.connection.user = "poor";
  options.connection.password = "p";
  const auto error = Contains(
      AllOf(HasSubstr("error: a server without GTIDs needs a table of watermarks"),
            HasSubstr("GRANT SELECT, INSERT, UPDATE ON `tidemark`.`watermark` TO 'poor'@'%'"),
            HasSubstr("CREATE TABLE IF NOT EXISTS `tidemark`.`watermark`")));
  EXPECT_THAT(Check(options), error);
  options.watermark_table = {"test", "marks"};
  EXPECT_THAT(Check(options), Contains(HasSubstr("error: the table of watermarks, test.marks, is "
                                                 "one of the tables that are captured")));
}

}  // namespace
}  // namespace tidemark::capture::mysql
