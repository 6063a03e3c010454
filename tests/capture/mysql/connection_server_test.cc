#include "capture/mysql/connection.h"

#include <chrono>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"
#include "capture/mysql/session.h"
#include "tests/capture/mysql/shared_server.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Mode = ConnectionOptions::Tls::Mode;

class ConnectionTest : public ServerTest {};
TIDEMARK_ALL_PRODUCTS(ConnectionTest);

// An account with a password and a certificate for the server, made by openssl.
constexpr char kAccount[] =
    "CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'se cret'; GRANT SELECT ON *.* TO 'app'@'%'";

TEST_P(ConnectionTest, SaysWhatItIsConnectedTo) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  EXPECT_EQ(sql->flavour(), mariadb() ? Flavour::kMariaDb : Flavour::kMySql);
  EXPECT_EQ(sql->server_version(), server().version());
  EXPECT_EQ(sql->address(), absl::StrCat("127.0.0.1:", server().port()));
  EXPECT_TRUE(absl::StartsWith(sql->account(), "'root'@'")) << sql->account();
}

TEST_P(ConnectionTest, SettingsAndLiteralsAreOurs) {
  ASSERT_NO_FATAL_FAILURE(Share());
  // As new sessions of others have it.
  ASSERT_OK(server().Exec("SET GLOBAL time_zone = '+05:30', GLOBAL sql_mode = 'ANSI_QUOTES'"));
  auto opened = Open();
  ASSERT_OK(server().Exec("SET GLOBAL time_zone = '+00:00', GLOBAL sql_mode = DEFAULT"));
  ASSERT_OK_AND_ASSIGN(auto sql, std::move(opened));
  const std::string text("it's \\ \"x\" \xc3\xbc \0 end", 19);
  ASSERT_OK_AND_ASSIGN(
      const Result row,
      sql->Execute(absl::StrCat("SELECT @@time_zone, @@sql_mode, @@autocommit, ",
                                sql->QuoteLiteral(text), ", NULL, ", sql->QuoteLiteral("\xff\xfe"),
                                ", 'a' AS ", Connection::QuoteIdentifier("a`b"))));
  ASSERT_EQ(row.rows(), 1);
  EXPECT_EQ(row.columns(), 7);
  EXPECT_EQ(row.text(0, 0), "+00:00");
  EXPECT_EQ(row.text(0, 1), "");
  EXPECT_EQ(row.number(0, 2), 1);
  EXPECT_EQ(row.text(0, 3), text);
  EXPECT_TRUE(row.null(0, 4));
  EXPECT_EQ(row.text(0, 5), "\xff\xfe");
}

// As a proxy that spreads reads over replicas would lead to.
TEST_P(ConnectionTest, AnotherServerThanTheLogsIsRefused) {
  ASSERT_NO_FATAL_FAILURE(Share());
  MysqlOptions options;
  options.connection = OptionsFor(server());
  SessionFactory sessions(options);
  ASSERT_OK_AND_ASSIGN(const SessionFactory::Session session, sessions.OpenSql());
  ResumeToken token;
  token.server = session.facts.server;
  sessions.SetLog(token);
  EXPECT_OK(sessions.OpenSql().status());
  token.server = "another";
  sessions.SetLog(token);
  const absl::Status status = sessions.OpenSql().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(absl::StrContains(status.message(), "proxy")) << status;
}

TEST_P(ConnectionTest, RawResultsKeepTheColumnsOwnBytes) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec("CREATE TABLE t (c varchar(9) CHARACTER SET latin1)"));
  ASSERT_OK(server().Exec("INSERT INTO t VALUES ('\xc3\xbc')"));
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  ASSERT_OK(sql->SetRawResults(true));
  ASSERT_OK_AND_ASSIGN(const Result raw, sql->Execute("SELECT c FROM test.t"));
  EXPECT_EQ(raw.text(0, 0), "\xfc");
  ASSERT_OK(sql->SetRawResults(false));
  ASSERT_OK_AND_ASSIGN(const Result converted, sql->Execute("SELECT c FROM test.t"));
  EXPECT_EQ(converted.text(0, 0), "\xc3\xbc");
}

TEST_P(ConnectionTest, StreamsRowsUntilTheCallerHasEnough) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  const std::string many = "SELECT 1 FROM information_schema.COLUMNS";
  int count = 0;
  auto counting = [&](Connection::Row row) -> absl::StatusOr<bool> {
    EXPECT_EQ(*row[0], "1");
    return ++count < 10 || count > 100;
  };
  ASSERT_OK_AND_ASSIGN(const bool all, sql->Stream(many, counting, {}));
  EXPECT_FALSE(all);
  EXPECT_EQ(count, 10);
  EXPECT_FALSE(sql->healthy());
  EXPECT_TRUE(absl::IsUnavailable(sql->Execute("SELECT 1").status()));
  ASSERT_OK_AND_ASSIGN(sql, Open());
  count = 1000;
  ASSERT_OK_AND_ASSIGN(const bool rest, sql->Stream(many, counting, {}));
  EXPECT_TRUE(rest);
  EXPECT_TRUE(sql->healthy());
}

TEST_P(ConnectionTest, ErrorsNameCauseAndRemedy) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK(server().Exec(kAccount));
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  EXPECT_TRUE(absl::IsNotFound(sql->Execute("SELECT * FROM test.missing").status()));
  const absl::Status syntax = sql->Execute("SELECT FROM FROM").status();
  EXPECT_EQ(ErrorCode(syntax), 1064u);
  EXPECT_TRUE(absl::IsInvalidArgument(AsUserSqlError(syntax)));
  EXPECT_TRUE(sql->healthy());

  ConnectionOptions app = OptionsFor(server());
  app.user = "app";
  app.password = "se cret";
  ASSERT_OK_AND_ASSIGN(auto limited, Connection::Open(app));
  const absl::Status denied = limited->Execute(server().words().show_log_end).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(denied)) << denied;
  EXPECT_TRUE(absl::StrContains(denied.message(),
                                mariadb() ? "run: GRANT BINLOG MONITOR ON *.* TO 'app'@'%'"
                                          : "run: GRANT REPLICATION CLIENT ON *.* TO 'app'@'%'"))
      << denied;

  app.password = "wrong one";
  const absl::Status refused = Connection::Open(app).status();
  EXPECT_EQ(ErrorCode(refused), kErrAccessDenied) << refused;
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_FALSE(absl::StrContains(refused.message(), "wrong one"));
}

TEST_P(ConnectionTest, NoServerIsUnavailable) {
  ConnectionOptions options;
  options.host = "127.0.0.1";
  options.port = 1;
  options.user = "root";
  EXPECT_TRUE(absl::IsUnavailable(Connection::Open(options).status()));
  options.socket = "/nonexistent/socket";
  EXPECT_TRUE(absl::IsUnavailable(Connection::Open(options).status()));
}

TEST_P(ConnectionTest, StatementEndsAtItsDeadlineAndAtAStop) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  const Clock::time_point start = Clock::now();
  EXPECT_TRUE(absl::IsUnavailable(
      sql->Execute("DO SLEEP(60)", {.timeout = milliseconds(200), .stop = {}}).status()));
  EXPECT_FALSE(sql->healthy());
  ASSERT_OK_AND_ASSIGN(sql, Open());
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(200));
    stop.request_stop();
  });
  EXPECT_TRUE(absl::IsCancelled(
      sql->Execute("DO SLEEP(60)", {.timeout = milliseconds(60000), .stop = stop.get_token()})
          .status()));
  EXPECT_LT(Clock::now() - start, milliseconds(20000));
}

TEST_P(ConnectionTest, FrozenServerHoldsNobody) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  ASSERT_OK_AND_ASSIGN(auto stopped, Open());
  server().Freeze();
  const Clock::time_point start = Clock::now();
  const WaitLimits limits{.timeout = milliseconds(300), .stop = {}};
  const absl::Status asked = sql->Execute("SELECT 1", limits).status();
  const absl::Status opened = Connection::Open(OptionsFor(server()), limits).status();
  std::stop_source stop;
  stop.request_stop();
  const absl::Status cancelled =
      stopped->Execute("SELECT 1", {.timeout = milliseconds(60000), .stop = stop.get_token()})
          .status();
  sql.reset();
  stopped.reset();
  const Clock::duration took = Clock::now() - start;
  server().Thaw();
  EXPECT_TRUE(absl::IsUnavailable(asked)) << asked;
  EXPECT_TRUE(absl::IsUnavailable(opened)) << opened;
  EXPECT_TRUE(absl::IsCancelled(cancelled)) << cancelled;
  EXPECT_LT(took, milliseconds(3000));
}

TEST_P(ConnectionTest, KilledSessionIsUnavailable) {
  ASSERT_NO_FATAL_FAILURE(Share());
  ASSERT_OK_AND_ASSIGN(auto sql, Open());
  ASSERT_OK_AND_ASSIGN(const Result id, sql->Execute("SELECT CONNECTION_ID()"));
  ASSERT_OK(server().Exec(absl::StrCat("KILL ", id.number(0, 0))));
  std::this_thread::sleep_for(milliseconds(100));
  const absl::Status gone = sql->Execute("SELECT 1").status();
  EXPECT_TRUE(absl::IsUnavailable(gone)) << gone;
  EXPECT_FALSE(sql->healthy());
}

TEST_P(ConnectionTest, PasswordLogsInOverEveryKindOfConnection) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  ASSERT_OK(server().Exec(kAccount));
  ConnectionOptions options = OptionsFor(server());
  options.user = "app";
  options.password = "se cret";
  for (const Mode mode : {Mode::kDisabled, Mode::kPreferred}) {
    // The server's cache of passwords hides the full exchange.
    ASSERT_OK(server().Exec("FLUSH PRIVILEGES"));
    options.tls.mode = mode;
    absl::StatusOr<std::unique_ptr<Connection>> sql = Connection::Open(options);
    ASSERT_OK(sql);
    if (mode == Mode::kDisabled) {
      EXPECT_FALSE((*sql)->encrypted());
    }
  }
  ASSERT_OK(server().Exec("FLUSH PRIVILEGES"));
  options.socket = server().socket();
  ASSERT_OK_AND_ASSIGN(auto local, Connection::Open(options));
  EXPECT_EQ(local->address(), server().socket());
}

// A certificate authority, and a certificate for 127.0.0.1 and localhost.
void MakeCertificates(const std::string& folder) {
  const std::string script = absl::StrCat(
      "cd ", folder,
      " && openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=ca -keyout ca.key -out "
      "ca.pem"
      " && openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out req"
      " && printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >ext"
      " && openssl x509 -req -in req -CA ca.pem -CAkey ca.key -set_serial 2 -days 9 -extfile ext"
      " -out server.pem && openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=other"
      " -keyout other.key -out other.pem && chmod a+r *.key *.pem");
  ASSERT_OK(testing::RunProgram({"/bin/sh", "-c", script}, absl::Seconds(60)));
}

TEST_P(ConnectionTest, TlsModesVerifyWhatTheySay) {
  testing::TempFolder folder;
  ASSERT_NO_FATAL_FAILURE(MakeCertificates(folder.path()));
  ASSERT_NO_FATAL_FAILURE(StartOwn({.settings = {{"ssl_ca", folder.File("ca.pem")},
                                                 {"ssl_cert", folder.File("server.pem")},
                                                 {"ssl_key", folder.File("server.key")}}}));
  ASSERT_OK(server().Exec(kAccount));
  ConnectionOptions options = OptionsFor(server());
  options.user = "app";
  options.password = "se cret";
  for (const Mode mode : {Mode::kRequired, Mode::kPreferred}) {
    options.tls.mode = mode;
    ASSERT_OK_AND_ASSIGN(auto sql, Connection::Open(options));
    EXPECT_TRUE(sql->encrypted());
    ASSERT_OK_AND_ASSIGN(const Result cipher, sql->Execute("SHOW STATUS LIKE 'Ssl_cipher'"));
    EXPECT_NE(cipher.text(0, 1), "");
  }
  for (const Mode mode : {Mode::kVerifyCa, Mode::kVerifyIdentity}) {
    options.tls.mode = mode;
    options.tls.ca = folder.File("ca.pem");
    EXPECT_OK(Connection::Open(options));
    options.tls.ca = folder.File("other.pem");
    const absl::Status refused = Connection::Open(options).status();
    EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
    EXPECT_TRUE(absl::StrContains(refused.message(), "tls.ca")) << refused;
  }
  options.tls.ca = folder.File("ca.pem");
  options.host = "127.0.0.2";  // not in the certificate
  EXPECT_FALSE(Connection::Open(options).ok());
}

TEST_P(ConnectionTest, RequiredTlsIsNotGivenUp) {
  ASSERT_NO_FATAL_FAILURE(StartOwn(
      {.settings = {mariadb() ? std::pair<std::string, std::string>("skip-ssl", "")
                              : std::pair<std::string, std::string>("tls-version=", "")}}));
  ConnectionOptions options = OptionsFor(server());
  EXPECT_OK(Connection::Open(options));
  options.tls.mode = Mode::kRequired;
  EXPECT_FALSE(Connection::Open(options).ok());
}

}  // namespace
}  // namespace tidemark::capture::mysql
