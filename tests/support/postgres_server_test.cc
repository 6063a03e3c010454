#include "tests/support/postgres_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "absl/time/clock.h"
#include "tests/support/postgres_programs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

TEST(PostgresServerTest, AnswersQueries) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  ASSERT_OK(server->Exec("CREATE TABLE t (id int PRIMARY KEY, name text)"));
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (1, 'a'), (2, NULL)"));
  ASSERT_OK_AND_ASSIGN(const SqlRows rows, server->Query("SELECT * FROM t ORDER BY id"));
  EXPECT_EQ(rows, (SqlRows{{"1", "a"}, {"2", std::nullopt}}));
  ASSERT_OK_AND_ASSIGN(const std::string level, server->QueryValue("SHOW wal_level"));
  EXPECT_EQ(level, "logical");
}

TEST(PostgresServerTest, KeepsCommittedRowsOverEveryKindOfRestart) {
  ASSERT_OK_AND_ASSIGN(auto server,
                       PostgresServer::Start({.settings = {{"wal_receiver_timeout", "7s"}}}));
  ASSERT_OK(server->Exec("CREATE TABLE t (id int PRIMARY KEY)"));
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (1)"));
  ASSERT_OK(server->Restart(PostgresServer::StopMode::kFast));
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (2)"));
  ASSERT_OK(server->Restart(PostgresServer::StopMode::kImmediate));
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (3)"));
  ASSERT_OK(server->Kill9());
  ASSERT_OK(server->StartAgain());
  ASSERT_OK_AND_ASSIGN(const std::string count, server->QueryValue("SELECT count(*) FROM t"));
  EXPECT_EQ(count, "3");
  ASSERT_OK_AND_ASSIGN(const std::string setting, server->QueryValue("SHOW wal_receiver_timeout"));
  EXPECT_EQ(setting, "7s");
}

TEST(PostgresServerTest, TwoServersAndAStandbyLiveSideBySide) {
  ASSERT_OK_AND_ASSIGN(auto first, PostgresServer::Start({}));
  ASSERT_OK_AND_ASSIGN(auto second, PostgresServer::Start({}));
  EXPECT_NE(first->port(), second->port());
  ASSERT_OK_AND_ASSIGN(auto standby, PostgresServer::StartStandby(*first, {}));
  ASSERT_OK_AND_ASSIGN(const std::string recovering,
                       standby->QueryValue("SELECT pg_is_in_recovery()"));
  EXPECT_EQ(recovering, "t");
}

TEST(PostgresServerTest, Version18HasExtensionsCollationsAndLogicalDecoding) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({.version = 18}));
  ASSERT_OK_AND_ASSIGN(const std::string version, server->QueryValue("SHOW server_version_num"));
  EXPECT_EQ(version.substr(0, 2), "18");
  ASSERT_OK(
      server->Exec("CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree"));
  ASSERT_OK(
      server->Exec("CREATE COLLATION any_case (provider = icu, locale = 'und-u-ks-level2', "
                   "deterministic = false)"));
  ASSERT_OK(server->Exec("SELECT pg_create_logical_replication_slot('s', 'pgoutput')"));
}

TEST(PostgresProgramsTest, ANamedFolderStandsInForTheDistributionsServer) {
  const TempFolder folder;
  const std::string program = folder.File("postgres");
  WriteFile(program, "#!/bin/sh\necho 'postgres (PostgreSQL) 99.6'\n");
  ASSERT_EQ(chmod(program.c_str(), 0755), 0);
  const char* before = getenv("TIDEMARK_POSTGRES");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TIDEMARK_POSTGRES", folder.path().c_str(), 1);
  const absl::StatusOr<int> version = SystemPostgresVersion();
  const absl::StatusOr<std::string> programs = PostgresProgramFolder(99);
  WriteFile(program, "#!/bin/sh\necho something else\n");
  const absl::Status refused = SystemPostgresVersion().status();
  setenv("TIDEMARK_POSTGRES", kept.c_str(), 1);
  EXPECT_EQ(version.value_or(0), 99) << version.status();
  EXPECT_EQ(programs.value_or(""), folder.path()) << programs.status();
  EXPECT_TRUE(absl::IsNotFound(refused)) << refused;
}

TEST(SqlConnectionTest, StatementThatWaitsCanBeWatchedAndCancelled) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  ASSERT_OK_AND_ASSIGN(auto session, server->Connect());
  ASSERT_OK(session->Send("SELECT pg_sleep(60)"));
  EXPECT_FALSE(session->Finished());
  // A request to cancel what has not begun is lost.
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (server->QueryValue("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                 .value_or("") != "1" &&
         absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(5));
  }
  session->Cancel();
  EXPECT_EQ(session->Finish().message().substr(0, 5), "57014");
}

TEST(SqlConnectionTest, CopiesInAndReadsRowByRow) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  ASSERT_OK_AND_ASSIGN(auto session, server->Connect());
  ASSERT_OK(session->Exec("CREATE TABLE t (id int, name text)"));
  ASSERT_OK(session->CopyIn("COPY t FROM STDIN", "1\ta\n2\t\\N\n"));
  SqlRows rows;
  ASSERT_OK(session->ForEachRow("SELECT * FROM t ORDER BY id", [&](const SqlRow& row) {
    rows.push_back(row);
    return absl::OkStatus();
  }));
  EXPECT_EQ(rows, (SqlRows{{"1", "a"}, {"2", std::nullopt}}));
}

}  // namespace
}  // namespace tidemark::testing
