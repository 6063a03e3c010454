// Hazards H12 and H22: rows that change without an event in the binlog. What the server can be made
// to log is in the stream; of the rest `tidemark check` warns, and a snapshot brings it.

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/fault/fault_test.h"

namespace tidemark::fault {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class MysqlCascadeTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE parent (id int PRIMARY KEY)");
    Sql("CREATE TABLE child (id int PRIMARY KEY, parent int, "
        "CONSTRAINT of_parent FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE)");
    Sql("INSERT INTO parent VALUES (1), (2)");
    Sql("INSERT INTO child SELECT i, i % 2 + 1 FROM " + Rows(1, 20));
    StartService();
  }

  std::vector<std::string> Warnings() {
    grpc::ClientContext context;
    v1::CheckSourceRequest request;
    request.set_source(testing::ServiceProcess::kSource);
    v1::CheckSourceResponse response;
    EXPECT_OK(testing::FromGrpc(service().sources().Check(&context, request, &response)));
    std::vector<std::string> messages;
    for (const v1::Problem& problem : response.problems()) messages.push_back(problem.message());
    return messages;
  }
};

class LoggedCascadeTest : public MysqlCascadeTest {};

TEST_P(LoggedCascadeTest, IsInTheStreamAndNotWarnedOf) {
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_THAT(Warnings(), Not(Contains(HasSubstr("of_parent"))));
  Snapshot();
  Sql("DELETE FROM parent WHERE id = 1");
  ExpectExactNow();
  EXPECT_EQ(Changes(v1::OP_DELETE, Named("child")).size(), 10u);
}

INSTANTIATE_TEST_SUITE_P(MySql, LoggedCascadeTest, ::testing::Values(testing::MysqlKinds().front()),
                         contract::KindName);

class HiddenCascadeTest : public MysqlCascadeTest {};

TEST_P(HiddenCascadeTest, IsWarnedOfSinceTheStreamLacksIt) {
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_THAT(Warnings(), Contains(AllOf(HasSubstr("of_parent"), HasSubstr("ON DELETE CASCADE"),
                                         HasSubstr("does not log"))));
  Snapshot();
  Sql("DELETE FROM parent WHERE id = 1");
  ExpectExactNow({.tables = {Named("parent")}});
  EXPECT_TRUE(Changes(v1::OP_DELETE, Named("child")).empty());
}

TIDEMARK_ON_EVERY_MARIADB(HiddenCascadeTest);

class UnloggedSessionTest : public FaultTest {};

TEST_P(UnloggedSessionTest, WhatItWritesComesWithTheNextSnapshotOnly) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, 50));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  Sql("SET SESSION sql_log_bin = 0");
  Sql("UPDATE t SET version = 2 WHERE id <= 10; INSERT INTO t VALUES (51, 1)");
  Sql("SET SESSION sql_log_bin = 1");
  Sql("UPDATE t SET version = 3 WHERE id = 20");
  CatchUp();
  EXPECT_EQ(Changes(v1::OP_UPDATE, Named("t")).size(), 1u);
  EXPECT_TRUE(Changes(v1::OP_CREATE, Named("t")).empty());
  Snapshot();
  ExpectExactNow();
}

TIDEMARK_ON_EVERY_MYSQL(UnloggedSessionTest);

}  // namespace
}  // namespace tidemark::fault
