#include "capture/mysql/mysql_error.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"

namespace tidemark::capture::mysql {
namespace {

struct Case {
  uint32_t code;
  const char* message;
  absl::StatusCode status;
  const char* remedy;
};

class MysqlErrorTest : public ::testing::TestWithParam<Case> {};

TEST_P(MysqlErrorTest, HasItsCodeAndRemedy) {
  const Case& expected = GetParam();
  const absl::Status status = ServerError("doing", expected.code, expected.message, "'app'@'10.%'");
  EXPECT_EQ(status.code(), expected.status) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), expected.message)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), expected.remedy)) << status;
  EXPECT_EQ(ErrorCode(status), expected.code);
  EXPECT_EQ(ErrorCode(Annotate(status, "context")), expected.code);
}

constexpr absl::StatusCode kUnavailable = absl::StatusCode::kUnavailable;
constexpr absl::StatusCode kAborted = absl::StatusCode::kAborted;
constexpr absl::StatusCode kOperator = absl::StatusCode::kFailedPrecondition;
constexpr absl::StatusCode kDataLoss = absl::StatusCode::kDataLoss;

// Texts as MySQL 9.7 and MariaDB 11.8 send them.
constexpr Case kCases[] = {
    {1040, "Too many connections", kUnavailable, "max_connections"},
    {1045, "Access denied for user 'app'@'h' (using password: YES)", kOperator, "password"},
    {1130, "Host '10.0.0.1' is not allowed to connect to this server", kOperator, "CREATE USER"},
    {1205, "Lock wait timeout exceeded; try restarting transaction", kAborted, "lock"},
    {1213, "Deadlock found when trying to get lock", kAborted, ""},
    {1227,
     "Access denied; you need (at least one of) the REPLICATION SLAVE privilege(s) for this "
     "operation",
     kOperator, "run: GRANT REPLICATION SLAVE ON *.* TO 'app'@'10.%'"},
    {1227,
     "Access denied; you need (at least one of) the SUPER, REPLICATION CLIENT privilege(s) for "
     "this operation",
     kOperator, "run: GRANT REPLICATION CLIENT ON *.* TO 'app'@'10.%'"},
    {1236,
     "Cannot replicate because the source purged required binary logs. Replicate the missing "
     "transactions from elsewhere, or provision a new replica from backup.",
     kDataLoss, "new snapshot"},
    {1236, "Could not find first log file name in binary log index file", kDataLoss, "purged"},
    {1236,
     "Could not find GTID state requested by slave in any binlog files. Probably the slave state "
     "is too old and required binlog files have been purged.",
     kDataLoss, "new snapshot"},
    {1236,
     "Replica has more GTIDs than the source has, using the source's SERVER_UUID. This may "
     "indicate that the end of the binary log was truncated",
     kDataLoss, "another server"},
    {1236,
     "Error: connecting slave requested to start from GTID 0-1-99, which is not in the master's "
     "binlog",
     kDataLoss, "another server"},
    {1236, "Client requested source to start replication from position > file size", kDataLoss,
     "new snapshot"},
    {1236,
     "A replica with the same server_uuid/server_id as this replica has connected to the source",
     kOperator, "server_id"},
    {1236, "log event entry exceeded max_allowed_packet; Increase max_allowed_packet on source",
     kOperator, "max_allowed_packet"},
    {1236,
     "The replication sender thread cannot start in AUTO_POSITION mode: this server has "
     "GTID_MODE = OFF instead of ON.",
     kOperator, "gtid_mode = ON"},
    {1236, "something new", kUnavailable, "server's log"},
    {1927, "Connection was killed", kUnavailable, "ended the session"},
    {2003, "Can't connect to server on 'h' (111)", kUnavailable, "host and port"},
    {2013, "Lost connection to server during query", kUnavailable, ""},
    {2061, "Authentication plugin 'caching_sha2_password' reported error", kOperator, "TLS"},
    {3159, "Connections using insecure transport are prohibited", kOperator, "tls.mode"},
    {4052, "A slave with the same server_uuid/server_id is already connected", kOperator,
     "server_id"},
    {1999, "an error that nobody knows", kOperator, "server's log"},
};
INSTANTIATE_TEST_SUITE_P(Errors, MysqlErrorTest, ::testing::ValuesIn(kCases));

TEST(MysqlErrorStatusTest, OnlyWhatAUserWroteIsTheUsersFault) {
  EXPECT_TRUE(absl::IsInvalidArgument(AsUserSqlError(ServerError("x", 1064, "syntax"))));
  const absl::Status column = AsUserSqlError(ServerError("x", 1054, "no column"));
  EXPECT_TRUE(absl::IsInvalidArgument(column));
  EXPECT_EQ(column.message(), "x: no column (error 1054)");
  EXPECT_TRUE(absl::IsUnavailable(AsUserSqlError(ServerError("x", 2013, "lost"))));
  EXPECT_TRUE(AsUserSqlError(absl::OkStatus()).ok());
  EXPECT_EQ(ErrorCode(absl::AbortedError("of ours")), 0u);
}

}  // namespace
}  // namespace tidemark::capture::mysql
