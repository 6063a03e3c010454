// The same statements through a running Debezium and through tidemarkd: every record of both, key
// and value, schema and payload, field by field. Debezium's settings are its defaults, but for
// truncates, which it leaves out otherwise. What is compared is what tidemarkd publishes, byte for
// byte.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/debezium/connect_worker.h"
#include "tests/debezium/expected_differences.h"
#include "tests/debezium/record_difference.h"
#include "tests/debezium/stream_records.h"
#include "tests/debezium/tables.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/open_session.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_database.h"

namespace tidemark::debezium {
namespace {

using service::kafka::DebeziumConnector;
using testing::Engine;
using testing::ServerKind;

// Begin topic.prefix of the connector that follows the log, and of the one that reads the tables.
constexpr char kLog[] = "log";
constexpr char kSnapshot[] = "snap";
// Begins the topics of what tidemarkd publishes.
constexpr char kOurs[] = "ours";
// Of tables with values that Debezium's form cannot hold: the publisher would stop.
const std::set<std::string> kRefusedTables = {"numeric_nan", "numeric_infinity", "interval_long",
                                              "timestamp_late", "integers_square"};
// On a busy machine.
constexpr absl::Duration kTimeout = absl::Seconds(180);
// A row in it ends what is compared, or a part of it.
constexpr char kPause[] = "pause";
constexpr char kEnd[] = "the_end";
constexpr int kDifferencesShown = 200;

class DebeziumTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  static void SetUpTestSuite() {
    auto started = testing::KafkaCluster::Start({});
    ASSERT_OK(started);
    kafka_ = started->release();
  }
  static void TearDownTestSuite() {
    delete kafka_;
    kafka_ = nullptr;
  }

  void SetUp() override {
    ASSERT_NE(kafka_, nullptr);
    if (GetParam().engine == Engine::kPostgres) {
      ASSERT_OK_AND_ASSIGN(postgres_,
                           testing::PostgresServer::Start({.version = GetParam().version}));
      ASSERT_OK_AND_ASSIGN(database_, testing::PostgresDatabase::Make(*postgres_));
    } else {
      ASSERT_OK_AND_ASSIGN(mysql_, testing::MysqlServer::Start(testing::OptionsOf(GetParam(), {})));
      ASSERT_OK_AND_ASSIGN(database_, testing::MysqlDatabase::Make(*mysql_));
    }
    ASSERT_OK_AND_ASSIGN(session_, testing::OpenSession(database_->url()));
  }

  void Sql(const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) ASSERT_OK(session_->Exec(sql)) << sql;
  }

  std::string Named(const std::string& table) const {
    return absl::StrCat(database_->name_space(), ".", table);
  }

  // Rows are there; what follows is seen by both sides.
  void StartBoth(const Tables& tables) {
    ASSERT_OK_AND_ASSIGN(worker_,
                         ConnectWorker::Start(kafka_->bootstrap(), Plugin(),
                                              {Connector(Prefix(kSnapshot), "initial_only"),
                                               Connector(Prefix(kLog), "no_data")}));
    testing::ServiceOptions options;
    database_->Describe(options);
    options.top_lines = {absl::StrCat("kafka: {brokers: \"", kafka_->bootstrap(), "\"}")};
    options.source_lines.push_back(Publish());
    ASSERT_OK_AND_ASSIGN(service_, testing::ServiceProcess::Start(options));
    ASSERT_OK(service_->WaitUntilCapturing()) << service_->Log();
    std::vector<std::string> named;
    for (const TypeTable& table : tables.types) named.push_back(Named(table.name));
    for (const std::string& table : tables.keyed) named.push_back(Named(table));
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service_->CreateSnapshot(named));
    ASSERT_OK(service_->WaitForSnapshot(snapshot.id()));
    ASSERT_OK(worker_->WaitForLog("Snapshot ended with SnapshotResult", 2));
    ASSERT_OK(worker_->WaitForLog("Starting streaming", 1));
    WaitUntilDebeziumStreams();
  }

  std::string Publish() const {
    const std::string prefix = Prefix(kOurs);
    return absl::Substitute(
        "publish: {format: debezium-json, truncates: true, partitions: 1, "
        "topic: \"$0.{schema}.{table}\", transactional_id: $0, checkpoint_topic: $0.checkpoint, "
        "transforms: [{tables: \".*[.]($1)\", exclude: [v]}]}",
        prefix, absl::StrJoin(kRefusedTables, "|"));
  }

  void WaitUntilDebeziumStreams() {
    const bool postgres = GetParam().engine == Engine::kPostgres;
    const std::string streams =
        postgres
            ? "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'debezium' AND active"
            : "SELECT count(*) >= 2 FROM information_schema.processlist "
              "WHERE command LIKE 'Binlog Dump%'";
    const absl::Time deadline = absl::Now() + kTimeout;
    while (session_->QueryValue(streams).value_or("") != "1") {
      ASSERT_OK(worker_->Check());
      ASSERT_LT(absl::Now(), deadline) << worker_->Log();
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  std::string Plugin() const {
    switch (GetParam().engine) {
      case Engine::kPostgres:
        return "postgres";
      case Engine::kMySql:
        return "mysql";
      case Engine::kMariaDb:
        return "mariadb";
    }
    return "";
  }

  ConnectorSettings Connector(const std::string& prefix, const std::string& mode) const {
    ConnectorSettings settings = {{"name", prefix},
                                  {"topic.prefix", prefix},
                                  {"snapshot.mode", mode},
                                  {"skipped.operations", "none"},
                                  {"topic.creation.default.replication.factor", "1"},
                                  {"topic.creation.default.partitions", "1"},
                                  {"database.hostname", "127.0.0.1"}};
    const ConnectorSettings more =
        GetParam().engine == Engine::kPostgres ? PostgresSettings() : MysqlSettings(prefix);
    settings.insert(settings.end(), more.begin(), more.end());
    return settings;
  }

  ConnectorSettings PostgresSettings() const {
    return {{"connector.class", "io.debezium.connector.postgresql.PostgresConnector"},
            {"plugin.name", "pgoutput"},
            {"database.port", absl::StrCat(postgres_->port())},
            {"database.user", "postgres"},
            {"database.dbname", "shop"}};
  }

  ConnectorSettings MysqlSettings(const std::string& prefix) const {
    const bool maria = GetParam().engine == Engine::kMariaDb;
    return {{"connector.class", maria ? "io.debezium.connector.mariadb.MariaDbConnector"
                                      : "io.debezium.connector.mysql.MySqlConnector"},
            {"database.port", absl::StrCat(mysql_->port())},
            {"database.user", "root"},
            {"database.password", ""},
            {"database.server.id", prefix == Prefix(kLog) ? "2001" : "2002"},
            {"database.include.list", "shop"},
            {"schema.history.internal", "io.debezium.storage.file.history.FileSchemaHistory"},
            {"schema.history.internal.file.filename",
             absl::StrCat(folder_.path(), "/history-", prefix)}};
  }

  // Waits until the row of kPause or kEnd is in its topic: that of kLog, or of kOurs.
  void WaitForRow(const std::string& side, const std::string& table) {
    ASSERT_OK_AND_ASSIGN(
        auto consumer,
        testing::KafkaConsumer::Open(kafka_->bootstrap(), Topics(Prefix(side), table)));
    const absl::Time deadline = absl::Now() + kTimeout;
    for (;;) {
      ASSERT_OK_AND_ASSIGN(const auto records, consumer->ReadToEnds());
      if (!records.empty()) return;
      ASSERT_OK(worker_->Check());
      ASSERT_LT(absl::Now(), deadline) << worker_->Log() << service_->Log();
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  // A pattern of topics' names.
  std::string Topics(const std::string& prefix, const std::string& table) const {
    return absl::StrCat(prefix, "\\.", database_->name_space(), "\\.", table);
  }

  void Mark(const std::string& table) {
    Sql({absl::StrCat("INSERT INTO ", table, " VALUES (1)")});
    WaitForRow(kLog, table);
  }

  // All that Debezium has written.
  Records Theirs() {
    EXPECT_OK(worker_->Stop());
    auto all = testing::ReadCommitted(
        kafka_->bootstrap(),
        Topics(absl::StrCat("(", Prefix(kLog), "|", Prefix(kSnapshot), ")"), ".*"));
    EXPECT_OK(all);
    Records records;
    if (!all.ok()) return records;
    for (testing::KafkaRecord& record : *all) {
      records[record.topic].push_back({.key = record.key, .value = record.value});
    }
    return records;
  }

  // The stream up to the row of kPause or kEnd, named as Debezium's records are.
  Records Ours(const std::string& last_table) {
    return Stream({.source = testing::ServiceProcess::kSource,
                   .log_name = Prefix(kLog),
                   .snapshot_name = Prefix(kSnapshot),
                   .form = Form("tidemark"),
                   .last_table = Named(last_table)});
  }

  service::kafka::DebeziumOptions Form(const std::string& version) const {
    return {.connector = ConnectorOf(GetParam().engine),
            .name = "",
            .database = "shop",
            .version = version,
            .with_truncate = true};
  }

  Records Stream(const StreamOptions& options) {
    auto records = ReadRecords(service_->change_stream(), options);
    EXPECT_OK(records) << service_->Log();
    return records.value_or(Records());
  }

  // What the comparison sees is what consumers of the topics read.
  void ExpectPublished() {
    const std::string source = testing::ServiceProcess::kSource;
    const Records want = Stream({.source = source,
                                 .log_name = source,
                                 .snapshot_name = source,
                                 .form = Form(TIDEMARK_VERSION),
                                 .last_table = Named(kEnd)});
    ASSERT_OK_AND_ASSIGN(
        const auto all, testing::ReadCommitted(kafka_->bootstrap(), Topics(Prefix(kOurs), ".*")));
    using Values = std::vector<std::pair<std::optional<std::string>, std::optional<std::string>>>;
    std::map<std::string, Values> published, expected;
    for (const testing::KafkaRecord& record : all) {
      const std::string table = record.topic.substr(record.topic.find('.') + 1);
      published[table].emplace_back(record.key, record.value);
    }
    for (const auto& [topic, records] : want) {
      Values& values = expected[topic.substr(topic.find('.') + 1)];
      for (const Record& record : records) values.emplace_back(record.key, record.value);
    }
    for (const auto& [table, values] : expected) {
      if (kRefusedTables.contains(table.substr(table.find('.') + 1))) continue;
      EXPECT_EQ(published[table], values) << table;
    }
    EXPECT_EQ(published.size(), expected.size());
  }

  static DebeziumConnector ConnectorOf(Engine engine) {
    return engine == Engine::kPostgres ? DebeziumConnector::kPostgres
           : engine == Engine::kMySql  ? DebeziumConnector::kMysql
                                       : DebeziumConnector::kMariaDb;
  }

  // Both sides see the statements, and what they say differs only as it is expected.
  void ExpectTheSame(const Tables& tables, std::vector<ExpectedDifference> expected) {
    Sql(tables.before);
    Sql(CreateTypeTables(tables));
    for (const char* marker : {kPause, kEnd}) {
      Sql({absl::StrCat("CREATE TABLE ", marker, " (id int PRIMARY KEY)")});
    }
    StartBoth(tables);
    if (HasFatalFailure()) return;
    Sql(ChangeTypeTables(tables));
    Sql(tables.after);
    Mark(kPause);
    Ours(kPause);
    Sql(tables.altered);
    Mark(kEnd);
    WaitForRow(kOurs, kEnd);
    if (HasFatalFailure()) return;
    ExpectedDifferences differences(std::move(expected));
    CompareTopics(Theirs(), Ours(kEnd), differences);
    EXPECT_THAT(differences.Unseen(), ::testing::IsEmpty());
    ExpectPublished();
  }

  void CompareTopics(Records theirs, Records ours, ExpectedDifferences& expected) {
    std::set<std::string> topics;
    for (const Records* side : {&theirs, &ours}) {
      for (const auto& [topic, records] : *side) topics.insert(topic);
    }
    std::map<std::string, std::set<Difference>> unexplained;
    int compared = 0;
    for (const std::string& topic : topics) {
      const std::string place = PlaceOf(topic);
      std::vector<Record>& left = theirs[topic];
      std::vector<Record>& right = ours[topic];
      // Snapshots may read rows in any order.
      if (topic.rfind(kSnapshot, 0) == 0) SortByKey(left), SortByKey(right);
      DropEmpty(place, left, expected);
      EXPECT_EQ(left.size(), right.size()) << topic;
      for (size_t i = 0; i < std::min(left.size(), right.size()); ++i, ++compared) {
        auto differences = Compare(left[i], right[i]);
        ASSERT_OK(differences) << topic;
        for (Difference& difference : *differences) {
          if (!expected.Explains(place, difference)) {
            unexplained[place].insert(std::move(difference));
          }
        }
      }
    }
    RecordProperty("compared", compared);
    EXPECT_GT(compared, 500);
    Show(unexplained);
  }

  // "log-MySql9"
  static std::string Prefix(const std::string& side) {
    return absl::StrCat(side, "-", testing::Name(GetParam()));
  }

  // "log orders" of "log-MySql9.shop.orders".
  static std::string PlaceOf(const std::string& topic) {
    return absl::StrCat(topic.substr(0, topic.find('-')), " ", topic.substr(topic.rfind('.') + 1));
  }

  // Debezium's tombstones of tables without a key say nothing, and to nobody.
  static void DropEmpty(const std::string& place, std::vector<Record>& records,
                        ExpectedDifferences& expected) {
    const auto empty = [&](const Record& record) {
      return !record.key && !record.value &&
             expected.Explains(place, {"record", "null key and value", "absent"});
    };
    records.erase(std::remove_if(records.begin(), records.end(), empty), records.end());
  }

  static void SortByKey(std::vector<Record>& records) {
    std::sort(records.begin(), records.end(),
              [](const Record& a, const Record& b) { return a.key < b.key; });
  }

  static void Show(const std::map<std::string, std::set<Difference>>& unexplained) {
    int shown = 0;
    std::string text;
    for (const auto& [table, differences] : unexplained) {
      for (const Difference& difference : differences) {
        if (++shown > kDifferencesShown) break;
        absl::StrAppend(&text, table, " ", difference.path, "\n  Debezium: ", difference.theirs,
                        "\n  ours:     ", difference.ours, "\n");
      }
    }
    EXPECT_EQ(shown, 0) << text;
  }

  // One for all servers, whose topics have other names.
  static testing::KafkaCluster* kafka_;
  testing::TempFolder folder_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<testing::MysqlServer> mysql_;
  std::unique_ptr<testing::TestDatabase> database_;
  std::unique_ptr<testing::Session> session_;
  std::unique_ptr<ConnectWorker> worker_;
  std::unique_ptr<testing::ServiceProcess> service_;
};

testing::KafkaCluster* DebeziumTest::kafka_ = nullptr;

std::string KindName(const ::testing::TestParamInfo<ServerKind>& info) {
  return testing::Name(info.param);
}

class PostgresDebeziumTest : public DebeziumTest {};

TEST_P(PostgresDebeziumTest, EveryRecordIsTheSameButForWhatIsListed) {
  ExpectTheSame(PostgresTables(), DifferencesOfPostgres());
}

INSTANTIATE_TEST_SUITE_P(Servers, PostgresDebeziumTest,
                         ::testing::ValuesIn(testing::PostgresKinds()), KindName);

class MysqlDebeziumTest : public DebeziumTest {};

TEST_P(MysqlDebeziumTest, EveryRecordIsTheSameButForWhatIsListed) {
  const bool maria = GetParam().engine == Engine::kMariaDb;
  ExpectTheSame(maria ? MariaDbTables() : MysqlTables(),
                maria ? DifferencesOfMariaDb() : DifferencesOfMysql());
}

INSTANTIATE_TEST_SUITE_P(Servers, MysqlDebeziumTest,
                         ::testing::Values(testing::MysqlKinds()[0], testing::MysqlKinds()[2]),
                         KindName);

}  // namespace
}  // namespace tidemark::debezium
