#include "tests/support/mysql_server.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/status_matchers.h"

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

}  // namespace
}  // namespace tidemark::testing
