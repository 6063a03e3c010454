// Hazard H16: another server takes over the address. One that has all that was merged is accepted,
// and the stream goes on; one that lacks some of it is refused, with its names. Hazard H18: only
// one service has a server_id.

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/support/tcp_proxy.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using testing::MysqlServer;
using testing::ServiceProcess;

// A primary, which the service captures, and its replica.
class FailoverTest : public FaultTest {
 protected:
  static testing::MysqlOptions Options(int server_id) {
    return {.settings = {{"server_id", absl::StrCat(server_id)}, {"log_slave_updates", "ON"}}};
  }
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override { return Options(1); }
  virtual testing::MysqlOptions ReplicaOptions() const { return Options(2); }

  void SetUp() override {
    FaultTest::SetUp();
    testing::MysqlOptions options = ReplicaOptions();
    options.product = testing::ProductOf(GetParam());
    ASSERT_OK_AND_ASSIGN(replica_, MysqlServer::Start(options));
    ASSERT_OK(replica_->ReplicateFrom(mysql_server()));
    ASSERT_NO_FATAL_FAILURE(LoadShop());
    LeadToPrimary();
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot();
  }

  // Before the service is started.
  virtual void LeadToPrimary() {}

  void AwaitReplica() {
    const std::string wait = mysql()
                                 ? absl::StrCat("SELECT WAIT_FOR_EXECUTED_GTID_SET('",
                                                Value("SELECT @@global.gtid_executed"), "', 60)")
                                 : absl::StrCat("SELECT MASTER_GTID_WAIT('",
                                                Value("SELECT @@global.gtid_binlog_pos"), "', 60)");
    ASSERT_OK_AND_ASSIGN(const std::string waited, replica_->QueryValue(wait));
    ASSERT_EQ(waited, "0") << "the replica does not keep up";
  }

  // The primary dies, and the replica becomes a primary at its address.
  void FailOver() {
    const int port = mysql_server().port();
    mysql_server().Kill9();
    const std::string& replica = replica_->words().replica;
    ASSERT_OK(replica_->Exec(absl::StrCat("STOP ", replica, "; RESET ", replica, " ALL")));
    ASSERT_OK(replica_->MoveTo(port));
    NoteFailover();
  }

  // What the replica does not get any more; the name of the last transaction.
  std::string WriteWhatTheReplicaLacks() {
    EXPECT_OK(replica_->Exec("STOP " + replica_->words().replica));
    Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 5");
    Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 5");
    CatchUp();
    if (mariadb()) return Value("SELECT @@global.gtid_binlog_pos");
    const std::string executed = Value("SELECT @@global.gtid_executed");
    const std::string last = executed.substr(executed.rfind('-') + 1);
    return absl::StrCat(Value("SELECT @@server_uuid"), ":", std::stoull(last) - 1, "-", last);
  }

  void ExpectRefused(const std::string& lacking) {
    const v1::Source source = WaitForError(service(), lacking);
    EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
    EXPECT_THAT(source.error(), AnyOf(HasSubstr("lacks transactions that are in the stream"),
                                      HasSubstr("has not all that was captured")));
  }

  std::unique_ptr<MysqlServer> replica_;
};

TEST_P(FailoverTest, ReplicaInSyncIsCapturedWithoutAGap) {
  auto writers = Write();
  Snapshot();
  ASSERT_OK(writers->Stop());
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  writers = Write();
  SnapshotWhenItCaptures();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(FailoverTest, SnapshotUnderWayGoesOnOnTheReplica) {
  v1::CreateSnapshotRequest request;
  request.mutable_limits()->set_rows_per_second_max(3'000);
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot(request));
  absl::SleepFor(absl::Milliseconds(500));
  Sql("UPDATE orders SET total = total + 1, version = UUID_SHORT() WHERE id % 3 = 0");
  service().Kill9();
  // Of this the service learns from the replica only.
  Sql("DELETE FROM orders WHERE id % 7 = 0");
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  auto writers = Write();
  ASSERT_OK(service().WaitForSnapshot(snapshot.id())) << service().Log();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(FailoverTest, ReplicaThatLaggedIsRefusedWithWhatItLacks) {
  AwaitReplica();
  const std::string lacking = WriteWhatTheReplicaLacks();
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  ExpectRefused(lacking);
  // Nor later, when its own log has gone further than the old one.
  StopService();
  for (int i = 0; i < 5; ++i) Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 9");
  ASSERT_OK(service().StartAgain());
  ExpectRefused(lacking);
}

TEST_P(FailoverTest, ServerThatPurgedWhatWasNotReadIsRefused) {
  AwaitReplica();
  service().Kill9();
  for (int i = 0; i < 3; ++i) {
    Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 5");
    Sql("FLUSH BINARY LOGS");
  }
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(replica_->PurgeLogs());
  ASSERT_OK(service().StartAgain());
  const v1::Source source = WaitForError(service(), "purged");
  EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
  EXPECT_THAT(source.error(), HasSubstr("binlog_expire_logs_seconds"));
}

TIDEMARK_ON_EVERY_GTID_SERVER(FailoverTest);

// Of servers that do not log the columns' names.
class UnnamedFailoverTest : public FailoverTest {
 protected:
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    testing::MysqlOptions options = Options(1);
    options.settings.emplace_back("binlog_row_metadata", "MINIMAL");
    return options;
  }
};

// A change of a schema that begins with the replicas, which nobody's log has.
TEST_P(UnnamedFailoverTest, ColumnsAreThoseOfTheNewServer) {
  Sql("CREATE TABLE k (id int PRIMARY KEY, a varchar(20), b varchar(20), version bigint)");
  Sql("INSERT INTO k VALUES (1, 'a', 'b', 1)");
  Snapshot();
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(
      replica_->Exec("SET sql_log_bin = 0; SET GLOBAL binlog_row_metadata = MINIMAL; "
                     "ALTER TABLE shop.k MODIFY b varchar(20) AFTER id; SET sql_log_bin = 1"));
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(replica_->Exec("SET GLOBAL binlog_row_metadata = MINIMAL"));
  SnapshotWhenItCaptures();
  ASSERT_FALSE(HasFatalFailure());
  Sql("INSERT INTO k (id, a, b, version) VALUES (2, 'a', 'b', 1)");
  ExpectExactNow();
}

TIDEMARK_ON_EVERY_GTID_SERVER(UnnamedFailoverTest);

// Of MariaDB, whose servers send a domain that they do not know from its beginning, without an
// error.
class DomainFailoverTest : public FailoverTest {};

TEST_P(DomainFailoverTest, ReplicaThatLacksADomainIsRefusedWithItsName) {
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(replica_->Exec("STOP SLAVE"));
  Sql("SET gtid_domain_id = 7; UPDATE customers SET version = UUID_SHORT() WHERE id <= 5; "
      "SET gtid_domain_id = 0");
  CatchUp();
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  ExpectRefused("7-1-1");
}

TIDEMARK_ON_EVERY_MARIADB(DomainFailoverTest);

// A replica that has what it replicated in its tables, and not in its binlog.
class UnloggedFailoverTest : public FailoverTest {
 protected:
  testing::MysqlOptions ReplicaOptions() const override {
    return {.settings = {{"server_id", "2"}, {"log_slave_updates", "OFF"}}};
  }
};

TEST_P(UnloggedFailoverTest, ReplicaInSyncIsCapturedWithoutAGap) {
  Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 5");
  CatchUp();
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  const auto writers = Write();
  SnapshotWhenItCaptures();
  ASSERT_OK(writers->Stop());
  ExpectExactNow();
}

TEST_P(UnloggedFailoverTest, ReplicaThatWentOnIsRefused) {
  CatchUp();
  service().Kill9();
  Sql("UPDATE customers SET version = UUID_SHORT() WHERE id <= 5");
  AwaitReplica();
  ASSERT_FALSE(HasFatalFailure());
  FailOver();
  ASSERT_FALSE(HasFatalFailure());
  ASSERT_OK(service().StartAgain());
  const v1::Source source = WaitForError(service(), "without logging it");
  EXPECT_EQ(source.state(), v1::Source::STOPPED) << source.ShortDebugString();
}

TIDEMARK_ON_EVERY_MARIADB(UnloggedFailoverTest);

// The address leads to the replica from some time on, and the primary lives on.
class ProxyFailoverTest : public FailoverTest {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(proxy_, testing::TcpProxy::Start());
    FailoverTest::SetUp();
  }

  void LeadToPrimary() override { proxy_->LeadTo(mysql_server().port()); }

  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = FailoverTest::ServiceSettings();
    for (std::string& line : options.mysql_lines) {
      if (absl::StartsWith(line, "port: ")) line = absl::StrCat("port: ", proxy_->port());
    }
    return options;
  }

  // All but the log's connection stays with the primary.
  void LeadToReplica() {
    AwaitReplica();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_OK(replica_->Exec("STOP " + replica_->words().replica));
    proxy_->LeadTo(replica_->port());
    ASSERT_OK_AND_ASSIGN(const testing::SqlRows dumps,
                         mysql_server().Query("SELECT id FROM information_schema.processlist"
                                              " WHERE command LIKE 'Binlog Dump%'"));
    for (const testing::SqlRow& dump : dumps) {
      ASSERT_OK(mysql_server().Exec(absl::StrCat("KILL ", *dump[0])));
    }
  }

  void ExpectExactOnTheReplica() {
    ASSERT_OK_AND_ASSIGN(const auto session, testing::OpenSession(ReplicaUrl()));
    ASSERT_OK_AND_ASSIGN(oracle::LogPosition end, oracle::EndOfLog(*session));
    end.file |= uint64_t{1} << 32;
    ASSERT_OK_AND_ASSIGN(const v1::Source source, service().Status());
    oracle::Fold fold({.first_sequence = 1, .engine = engine()});
    ASSERT_OK(oracle::FoldStream(service().change_stream(),
                                 {.source = ServiceProcess::kSource,
                                  .until_position = end,
                                  .until_sequence = source.newest_sequence()},
                                 fold));
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                         oracle::CompareWithSource(fold, *session, {}));
    EXPECT_TRUE(oracle::IsExact(fold, found)) << oracle::Verdict(fold, found) << "\n"
                                              << service().Log();
  }

  std::string ReplicaUrl() const { return testing::MysqlUrl("root", replica_->port(), "shop"); }

  std::unique_ptr<testing::TcpProxy> proxy_;
};

TEST_P(ProxyFailoverTest, NothingIsReadOnThePrimaryThatLivesOn) {
  LeadToReplica();
  ASSERT_FALSE(HasFatalFailure());
  workload::Writers writers({.connection = ReplicaUrl(),
                             .writers = 3,
                             .seed = testing::RandomSeed(),
                             .transactions_per_second = 200});
  SnapshotWhenItCaptures();
  ASSERT_OK(writers.Stop());
  ExpectExactOnTheReplica();
}

TIDEMARK_ON_EVERY_GTID_SERVER(ProxyFailoverTest);

class MysqlSecondServiceTest : public FaultTest {};

TEST_P(MysqlSecondServiceTest, IsToldWhoHasTheServerIdAndTheFirstGoesOn) {
  Sql("CREATE TABLE t (id int PRIMARY KEY, version bigint)");
  Sql("INSERT INTO t SELECT i, 1 FROM " + Rows(1, 50));
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  ASSERT_OK_AND_ASSIGN(const auto second, ServiceProcess::Start(ServiceSettings()));
  const std::string holder = Value("SELECT IS_USED_LOCK('tidemark:1001')");
  const v1::Source source = WaitForError(*second, "with server_id 1001");
  EXPECT_THAT(source.error(), AllOf(HasSubstr(absl::StrCat("connection ", holder, " holds")),
                                    HasSubstr("stop it, or give this source another server_id")));
  Sql("UPDATE t SET version = 2");
  ExpectExactNow();
  EXPECT_EQ(service().Status()->restarts(), 0u);
}

TIDEMARK_ON_EVERY_MYSQL(MysqlSecondServiceTest);

}  // namespace
}  // namespace tidemark::fault
