#include "tests/support/mysql_server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/mysql_programs.h"
#include "tests/support/mysql_words.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

class MysqlServerTest : public ::testing::TestWithParam<MysqlProduct> {};

INSTANTIATE_TEST_SUITE_P(Products, MysqlServerTest, ::testing::ValuesIn(kMysqlProducts),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(MysqlServerTest, KeepsCommittedRowsOverEveryKindOfRestart) {
  ASSERT_OK_AND_ASSIGN(
      auto server, MysqlServer::Start({.product = GetParam(), .settings = {{"server_id", "7"}}}));
  ASSERT_OK(server->Exec("CREATE TABLE t (id int PRIMARY KEY, name text)"));
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (1, 'a'), (2, NULL)"));
  ASSERT_OK(server->Restart());
  ASSERT_OK(server->Exec("INSERT INTO t VALUES (3, 'ü')"));
  server->Kill9();
  ASSERT_OK(server->StartAgain());
  ASSERT_OK_AND_ASSIGN(const SqlRows rows, server->Query("SELECT * FROM t ORDER BY id"));
  EXPECT_EQ(rows, (SqlRows{{"1", "a"}, {"2", std::nullopt}, {"3", "ü"}}));
  ASSERT_OK_AND_ASSIGN(const std::string id, server->QueryValue("SELECT @@server_id"));
  EXPECT_EQ(id, "7");
}

TEST_P(MysqlServerTest, ReplicaFollowsItsSource) {
  ASSERT_OK_AND_ASSIGN(auto source, MysqlServer::Start({.product = GetParam()}));
  ASSERT_OK_AND_ASSIGN(
      auto replica, MysqlServer::Start({.product = GetParam(), .settings = {{"server_id", "2"}}}));
  ASSERT_OK(replica->ReplicateFrom(*source));
  ASSERT_OK(source->Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"));
  absl::StatusOr<std::string> count;
  for (int attempt = 0; attempt < 500 && (!count.ok() || *count != "1"); ++attempt) {
    absl::SleepFor(absl::Milliseconds(20));
    count = replica->QueryValue("SELECT count(*) FROM t");
  }
  ASSERT_OK(count);
  EXPECT_EQ(*count, "1");
}

TEST_P(MysqlServerTest, StatementThatWaitsCanBeWatchedAndCancelled) {
  ASSERT_OK_AND_ASSIGN(auto server, MysqlServer::Start({.product = GetParam()}));
  ASSERT_OK_AND_ASSIGN(auto session, server->Connect());
  ASSERT_OK(session->Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"));
  ASSERT_OK(server->Exec("BEGIN; UPDATE t SET id = 2"));
  ASSERT_OK(session->Send("UPDATE t SET id = 3"));
  EXPECT_FALSE(session->Finished());
  absl::SleepFor(absl::Milliseconds(50));
  session->Cancel();
  EXPECT_EQ(session->Finish().message().substr(0, 4), "1317");
}

// A folder like that of an unpacked archive, with a server that only tells its version.
class NamedMysqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* before = getenv("TIDEMARK_MYSQL");
    kept_ = before == nullptr ? "" : before;
    setenv("TIDEMARK_MYSQL", folder_.path().c_str(), 1);
    for (const char* folder : {"bin", "share/charsets", "scripts"}) {
      std::filesystem::create_directories(folder_.File(folder));
    }
  }
  void TearDown() override { setenv("TIDEMARK_MYSQL", kept_.c_str(), 1); }

  void Install(const std::string& program, const std::string& version) {
    const std::string path = folder_.File("bin/" + program);
    WriteFile(path, absl::StrCat("#!/bin/sh\necho \"$0  Ver ", version, "\"\n"));
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  }

  TempFolder folder_;
  std::string kept_;
};

TEST_F(NamedMysqlTest, AVersionStandsInForItsOwnProduct) {
  const struct {
    const char* program;
    const char* version;
    MysqlProduct product;
  } kCases[] = {{"mysqld", "8.0.15 for Linux on x86_64", MysqlProduct::kMySql9},
                {"mariadbd", "10.6.2-MariaDB for Linux", MysqlProduct::kMariaDb10},
                {"mariadbd", "11.4.5-MariaDB for Linux", MysqlProduct::kMariaDb11},
                {"mariadbd", "12.0.2-MariaDB for Linux", MysqlProduct::kMariaDb11}};
  for (const auto& [program, version, product] : kCases) {
    SCOPED_TRACE(version);
    ASSERT_NO_FATAL_FAILURE(Install(program, version));
    for (const MysqlProduct each : kMysqlProducts) {
      const absl::StatusOr<MysqlPrograms> programs = FindMysqlPrograms(each);
      EXPECT_EQ(programs.ok() && programs->base == folder_.path(), each == product) << Name(each);
    }
    ASSERT_OK_AND_ASSIGN(const MysqlPrograms programs, FindMysqlPrograms(product));
    EXPECT_EQ(programs.server, folder_.File(absl::StrCat("bin/", program)));
    EXPECT_EQ(programs.share, folder_.File("share"));
  }
}

TEST_F(NamedMysqlTest, AFolderWithoutAServerIsRefused) {
  EXPECT_TRUE(absl::IsNotFound(FindMysqlPrograms(MysqlProduct::kMySql9).status()));
  ASSERT_NO_FATAL_FAILURE(Install("mysqld", "unknown"));
  const absl::Status refused = FindMysqlPrograms(MysqlProduct::kMariaDb11).status();
  EXPECT_TRUE(absl::IsNotFound(refused)) << refused;
  EXPECT_NE(refused.message().find("TIDEMARK_MYSQL"), absl::string_view::npos) << refused;
}

TEST_P(MysqlServerTest, ItsWordsAreThoseOfItsVersion) {
  ASSERT_OK_AND_ASSIGN(auto server, MysqlServer::Start({.product = GetParam()}));
  ASSERT_OK(server->Exec(server->words().reset_log));
  ASSERT_OK_AND_ASSIGN(const std::string end, server->QueryValue(server->words().show_log_end));
  EXPECT_EQ(end, "binlog.000001");
}

TEST(MysqlWordsTest, OthersSinceMySql84) {
  EXPECT_EQ(WordsOf(Engine::kMySql, 80399).reset_log, "RESET MASTER");
  EXPECT_EQ(WordsOf(Engine::kMySql, 80400).reset_log, "RESET BINARY LOGS AND GTIDS");
  EXPECT_EQ(WordsOf(Engine::kMariaDb, 110805).reset_log, "RESET MASTER");
}

}  // namespace
}  // namespace tidemark::testing
