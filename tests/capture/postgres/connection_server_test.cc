#include "capture/postgres/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "capture/postgres/session.h"
#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

class ConnectionTest : public SourceTest {
 protected:
  std::unique_ptr<Connection> Open(std::stop_token stop = {}) {
    auto opened = Connection::Open({.connection = options_.connection, .password = ""},
                                   {.stop = std::move(stop)});
    EXPECT_OK(opened);
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // A server of this test's own, that may freeze.
  void UseOwnServer() {
    ASSERT_OK_AND_ASSIGN(own_, testing::PostgresServer::Start({.version = Server().version()}));
    options_.connection = own_->ConnectionString();
  }

  // Runs `wait` and stops after 200 ms: it must return Cancelled soon.
  static void ExpectStops(std::stop_source& stop, const std::function<absl::Status()>& wait) {
    std::jthread stopping([&] {
      std::this_thread::sleep_for(milliseconds(200));
      stop.request_stop();
    });
    const Clock::time_point start = Clock::now();
    EXPECT_EQ(wait().code(), absl::StatusCode::kCancelled);
    EXPECT_LT(Clock::now() - start, milliseconds(1500));
  }

  // Statements that run on the server for sessions of ours.
  bool NothingRuns() {
    const std::string running =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tidemark'"
        " AND state = 'active'";
    for (int i = 0; i < 100 && Value(running) != "0"; ++i) {
      std::this_thread::sleep_for(milliseconds(50));
    }
    return Value(running) == "0";
  }

  std::unique_ptr<testing::PostgresServer> own_;
};

// Log and chunks print values alike because both kinds of connection print as we say, whatever the
// server, the database or the role say.
TEST_F(ConnectionTest, ValuesArePrintedByOurSettingsOverEachKindOfConnection) {
  for (const std::string setting :
       {"TimeZone = 'Asia/Kolkata'", "DateStyle = 'German, DMY'", "IntervalStyle = 'sql_standard'",
        "extra_float_digits = -6", "bytea_output = 'escape'"}) {
    Exec(absl::StrCat("ALTER DATABASE ", database_, " SET ", setting));
  }
  for (const bool replication : {false, true}) {
    ASSERT_OK_AND_ASSIGN(
        auto connection,
        Connection::Open(
            {.connection = options_.connection, .password = "", .replication = replication}, {}));
    ASSERT_OK_AND_ASSIGN(
        const Result row,
        connection->Execute("SELECT '2024-02-29 12:00:00+00'::timestamptz, '2024-02-29'::date,"
                            " '1 day 02:00'::interval, 0.1::float8 + 0.2::float8,"
                            " '\\x00ff'::bytea"));
    EXPECT_EQ(row.text(0, 0), "2024-02-29 12:00:00+00") << replication;
    EXPECT_EQ(row.text(0, 1), "2024-02-29") << replication;
    EXPECT_EQ(row.text(0, 2), "P1DT2H") << replication;
    EXPECT_EQ(row.text(0, 3), "0.30000000000000004") << replication;
    EXPECT_EQ(row.text(0, 4), "\\x00ff") << replication;
  }
}

TEST_F(ConnectionTest, AnotherClusterBehindTheAddressIsRefused) {
  // Of one version, servers of tests are copies of one cluster.
  const int other = Server().version() == 18 ? 0 : 18;
  ASSERT_OK_AND_ASSIGN(auto first, testing::PostgresServer::Start({.version = other}));
  // The second one is taken where the first does not answer.
  options_.connection = absl::StrCat("host=127.0.0.1,127.0.0.1 port=", first->port(), ",",
                                     Server().port(), " user=postgres dbname=postgres");
  SessionFactory sessions(options_);
  ASSERT_OK(sessions.OpenSqlForLog());
  ASSERT_OK(sessions.OpenSql());
  ASSERT_OK(first->Stop(testing::PostgresServer::StopMode::kImmediate));
  const absl::Status status = sessions.OpenSql().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("another cluster"));
}

TEST_F(ConnectionTest, StopOfTheOwnerEndsTheStatementAtTheServerToo) {
  std::stop_source stop;
  auto connection = Open(stop.get_token());
  ASSERT_NE(connection, nullptr);
  ExpectStops(stop, [&] { return connection->Execute("SELECT pg_sleep(60)").status(); });
  EXPECT_FALSE(connection->healthy());
  EXPECT_EQ(connection->Execute("SELECT 1").status().code(), absl::StatusCode::kCancelled);
  connection.reset();
  EXPECT_TRUE(NothingRuns());
}

TEST_F(ConnectionTest, StopOfACallLeavesTheConnectionToFurtherOnes) {
  auto connection = Open();
  ASSERT_NE(connection, nullptr);
  std::stop_source stop;
  ExpectStops(stop, [&] {
    return connection->Execute("SELECT pg_sleep(60)", {.stop = stop.get_token()}).status();
  });
  EXPECT_OK(connection->Execute("SELECT 1"));
  EXPECT_TRUE(NothingRuns());
}

TEST_F(ConnectionTest, NoWaitForAFrozenServerOutlastsTheStop) {
  ASSERT_NO_FATAL_FAILURE(UseOwnServer());
  std::stop_source stop;
  auto idle = Open(stop.get_token());
  auto copying = Open(stop.get_token());
  ASSERT_TRUE(idle != nullptr && copying != nullptr);
  auto row = [&](std::string_view) -> absl::StatusOr<bool> {
    own_->Freeze();
    return true;
  };
  // Stops while rows of the copy are awaited; then nothing waits at all.
  ExpectStops(stop, [&] {
    return copying
        ->CopyOut("COPY (SELECT pg_sleep(0.01) FROM generate_series(1, 10000)) TO STDOUT", row, {})
        .status();
  });
  ExpectStops(stop, [&] { return idle->Execute("SELECT 1").status(); });
  ExpectStops(stop, [&] {
    return Connection::Open({.connection = options_.connection, .password = ""},
                            {.stop = stop.get_token()})
        .status();
  });
}

TEST_F(ConnectionTest, FrozenServerIsNotConnectedTo) {
  ASSERT_NO_FATAL_FAILURE(UseOwnServer());
  own_->Freeze();
  std::stop_source stop;
  ExpectStops(stop, [&] {
    return Connection::Open({.connection = options_.connection, .password = ""},
                            {.stop = stop.get_token()})
        .status();
  });
}

// The rest of a copy is cancelled; the server takes the cancel's connection but never reads it.
TEST_F(ConnectionTest, CopyThatAFrozenServerCannotEndBreaksTheConnectionInTime) {
  ASSERT_NO_FATAL_FAILURE(UseOwnServer());
  auto connection = Open();
  ASSERT_NE(connection, nullptr);
  const Clock::time_point start = Clock::now();
  ASSERT_OK_AND_ASSIGN(
      const bool whole,
      connection->CopyOut(
          "COPY (SELECT FROM generate_series(1, 9999) a, generate_series(1, 999) b) TO STDOUT",
          [&](std::string_view) -> absl::StatusOr<bool> {
            own_->Freeze();
            return false;
          },
          {}));
  EXPECT_FALSE(whole);
  EXPECT_FALSE(connection->healthy());
  EXPECT_LT(Clock::now() - start, milliseconds(6000));
  own_->Thaw();
}

}  // namespace
}  // namespace tidemark::capture::postgres
