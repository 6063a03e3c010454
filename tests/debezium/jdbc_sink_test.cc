// Debezium's JDBC sink connector, as it is, reads our topics: its tables become those of the
// source.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "tests/debezium/connect_worker.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/open_session.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_database.h"

namespace tidemark::debezium {
namespace {

using testing::Engine;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ServerKind;

constexpr char kEnd[] = "the_end";

// A column of the source, and how its values are compared as texts. Types that are not here:
// docs/consumers.md, Debezium's JDBC sink.
struct SinkColumn {
  std::string name;
  std::string type;
  // SQL expressions, one a row.
  std::vector<std::string> values;
  // Of the source's value and of the sink's: SQL with $ for the column; empty: the server's own.
  std::string source_text = {};
  std::string sink_text = {};
};

constexpr char kSeconds[] = "extract(epoch FROM $)::text";

std::vector<SinkColumn> PostgresColumns() {
  return {
      {"a", "smallint", {"-32768", "32767", "0"}},
      {"b", "integer", {"-2147483648", "2147483647", "0"}},
      {"c", "bigint", {"-9223372036854775808", "9223372036854775807", "0"}},
      {"d", "numeric(20,4)", {"-1234567890.1234", "0.0001", "0"}},
      // The sink's column is a double.
      {"e", "numeric", {"12345678901234567890.123456789", "-1.5", "100"}, "$::float8::text"},
      {"f", "real", {"0.1", "-1e30", "0"}},
      // JsonConverter writes infinity as a text, and reads texts as 0.
      {"g", "double precision", {"0.1", "-1e300", "0"}},
      {"h", "boolean", {"true", "false", "true"}},
      {"i", "text", {"'Grüße 日本 😀'", "''", "E'tab\\t\\\\ \"quoted\"'"}},
      {"j", "varchar(10)", {"'abc'", "''", "'0123456789'"}},
      {"k", "char(4)", {"'ab'", "'abcd'", "''"}, "rpad($::text, 4)"},
      {"l", "bytea", {"'\\x00ff10'", "''", "'\\xdeadbeef'"}},
      {"m", "date", {"'2024-02-29'", "'1970-01-01'", "'1900-01-01'"}},
      {"n", "time", {"'12:34:56.789012'", "'00:00'", "'23:59:59.999999'"}},
      {"o",
       "timestamp",
       {"'2024-02-29 12:34:56.789012'", "'1969-12-31 23:59:59.999999'", "'1970-01-01'"}},
      {"p",
       "timestamptz",
       {"'2024-02-29 12:34:56.789012+02'", "'1970-01-01 00:00+00'", "'2038-01-19 03:14:08+00'"}},
      {"q",
       "timestamp(3)",
       {"'2024-02-29 12:34:56.789'", "'1970-01-01'", "'1969-12-31 23:59:59.999'"}},
      {"r", "uuid", {"'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "NULL", "NULL"}},
      {"s", "json", {"'{\"b\": 1,  \"a\": [true, null]}'", "'[]'", "'\"x\"'"}},
      {"t",
       "jsonb",
       {"'{\"b\": 1, \"a\": [true, null]}'", "'[]'", "'\"x\"'"},
       "",
       "$::jsonb::text"},
      {"u", "mood", {"'sad'", "'ok'", "'very happy'"}},
      {"v", "interval", {"'1 day 02:03:04'", "'0'", "'-1 hour'"}, kSeconds, kSeconds},
      // Of B'00000' Debezium's bytes are empty, and its sink stops at them.
      {"w", "bit(5)", {"B'10101'", "B'00001'", "B'00100'"}},
      {"x", "integer[]", {"'{1,2,3}'", "'{}'", "'{-1}'"}},
      {"y", "text[]", {"ARRAY['a', 'b c', 'd\"e']", "'{}'", "'{x}'"}},
      {"z", "xml", {"'<a>b</a>'", "NULL", "NULL"}},
      {"aa", "inet", {"'10.0.0.1'", "NULL", "NULL"}, "abbrev($)"},
      {"ab", "int4range", {"'[1,5)'", "NULL", "NULL"}},
      {"ac", "money", {"'12.34'", "NULL", "NULL"}, "$::numeric::text"},
      {"ad", "oid", {"4294967295", "NULL", "NULL"}},
      {"ae", "timetz", {"'12:00:00+00'", "NULL", "NULL"}},
      {"af", "bit(1)", {"B'1'", "B'0'", "NULL"}, "($ = B'1')::text"},
      {"ag", "citext", {"'MiXed'", "NULL", "NULL"}},
      {"ah", "ltree", {"'a.b'", "NULL", "NULL"}},
      {"ai", "hstore", {"'a=>1'", "NULL", "NULL"}, "hstore_to_jsonb($)::text", "$::jsonb::text"},
      {"aj", "tsvector", {"'a b'", "NULL", "NULL"}},
      {"ba", "numeric(3,5)", {"0.00123", "NULL", "NULL"}},
      {"bb", "\"char\"", {"'x'", "NULL", "NULL"}},
      {"bc", "name", {"'some_name'", "NULL", "NULL"}},
      {"bd", "macaddr", {"'08:00:2b:01:02:03'", "NULL", "NULL"}},
      {"be", "macaddr8", {"'08:00:2b:01:02:03:04:05'", "NULL", "NULL"}},
      {"bf", "cidr", {"'10.0.0.0/8'", "NULL", "NULL"}},
      {"bg", "varbit", {"B'1011'", "NULL", "NULL"}},
      {"bh", "int8range", {"'(,9]'", "'empty'", "NULL"}},
      {"bi", "numrange", {"'(1.50,2.5]'", "'empty'", "NULL"}},
      {"bj", "tsrange", {"'[2024-01-01 10:00,2024-01-02)'", "'empty'", "NULL"}},
      {"bk", "tstzrange", {"'[2024-01-01 10:00+00,)'", "'empty'", "NULL"}},
      {"bl", "daterange", {"'[2024-01-01,2024-02-01)'", "'empty'", "NULL"}},
      {"bm", "positive", {"1", "2147483647", "NULL"}},
      {"bn", "price", {"1.5", "-3", "NULL"}, "$::float8::text"},
      {"bo", "short_text", {"'abc'", "''", "NULL"}},
      {"bp", "smallint[]", {"'{1,NULL,3}'", "'{}'", "NULL"}},
      {"bq", "bigint[]", {"'{1,9223372036854775807}'", "'{}'", "NULL"}},
      {"br", "oid[]", {"'{1,4294967295}'", "'{}'", "NULL"}},
      {"bs", "boolean[]", {"'{t,f,NULL}'", "'{}'", "NULL"}},
      {"bt", "varchar(5)[]", {"'{a,NULL}'", "'{}'", "NULL"}},
      {"bu", "char(3)[]", {"'{a,abc}'", "'{}'", "NULL"}},
      {"bv", "real[]", {"'{0.1,1e10}'", "'{}'", "NULL"}},
      {"bw", "double precision[]", {"'{0.1,1e23}'", "'{}'", "NULL"}},
      {"bx", "uuid[]", {"'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'", "'{}'", "NULL"}},
      {"bz", "json[]", {"ARRAY['{\"a\": 1}'::json, 'null']", "'{}'", "NULL"}},
      {"ca", "jsonb[]", {"ARRAY['{\"a\": 1}'::jsonb]", "'{}'", "NULL"}},
      {"cb", "inet[]", {"'{::1,10.0.0.0/8}'", "'{}'", "NULL"}},
      {"cc", "cidr[]", {"'{10.0.0.0/8}'", "'{}'", "NULL"}},
      {"cd", "macaddr[]", {"'{08:00:2b:01:02:03}'", "'{}'", "NULL"}},
      {"ce", "int4range[]", {"ARRAY['[1,5)'::int4range, 'empty']", "'{}'", "NULL"}},
      {"cf", "mood[]", {"'{sad,very happy}'", "'{}'", "NULL"}},
      {"cg", "citext[]", {"'{A}'", "'{}'", "NULL"}},
      {"ch", "ltree[]", {"'{a.b}'", "'{}'", "NULL"}},
      {"ci",
       "hstore[]",
       {"ARRAY['a=>1'::hstore]", "'{}'", "NULL"},
       "array(SELECT hstore_to_jsonb(x) FROM unnest($) x)::text",
       "array(SELECT x::jsonb FROM unnest($) x)::text"},
  };
}

std::vector<SinkColumn> MysqlColumns() {
  const std::string hex = "hex($)", bytes = "upper(encode($, 'hex'))";
  const std::string micros = "to_char($, 'YYYY-MM-DD HH24:MI:SS.US')";
  return {
      {"a", "tinyint", {"-128", "127", "0"}},
      {"b", "int", {"-2147483648", "2147483647", "0"}},
      {"c", "int unsigned", {"4294967295", "1", "0"}},
      {"d", "bigint", {"-9223372036854775808", "9223372036854775807", "0"}},
      {"e", "decimal(20,4)", {"-1234567890.1234", "0.0001", "0"}},
      {"f", "double", {"0.1", "1.5", "0"}},
      {"g", "varchar(40)", {"'Grüße 日本 😀'", "''", "'tab\t\\\\'"}},
      {"h", "longtext", {"'text'", "''", "'x'"}},
      {"i", "text", {"'i'", "''", "'x'"}},
      {"j", "varbinary(10)", {"x'00ff10'", "''", "x'ff'"}, hex, bytes},
      {"k", "blob", {"x'00ff10'", "''", "x'ff'"}, hex, bytes},
      {"l", "date", {"'2024-02-29'", "'1970-01-01'", "'1900-01-01'"}},
      {"m",
       "time(6)",
       {"'12:34:56.789012'", "'00:00'", "'23:59:59.999999'"},
       "",
       "to_char($, 'HH24:MI:SS.US')"},
      {"n",
       "datetime(6)",
       {"'2024-02-29 12:34:56.789012'", "'1969-12-31 23:59:59.999999'", "'1970-01-01'"},
       "",
       micros},
      {"o",
       "datetime(3)",
       {"'2024-02-29 12:34:56.789'", "'1970-01-01'", "'1969-12-31 23:59:59.9'"},
       "",
       "to_char($, 'YYYY-MM-DD HH24:MI:SS.MS')"},
      {"p",
       "timestamp(6) NULL",
       {"'2024-02-29 12:34:56.789012'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"},
       "",
       "to_char($ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"},
      {"q", "year", {"2024", "1901", "2155"}},
      {"r",
       "json",
       {"'{\"b\": 1, \"aa\": [true, null]}'", "'[]'", "'\"x\"'"},
       "",
       "$::jsonb::text"},
      {"s", "enum('a', 'b c')", {"'a'", "'b c'", "NULL"}},
      {"t", "set('a', 'b')", {"'a,b'", "''", "NULL"}},
      {"u", "bit(1)", {"b'1'", "b'0'", "NULL"}, "elt(1 + $, 'false', 'true')"},
      {"ba", "tinyint unsigned", {"255", "0", "NULL"}},
      {"bb", "smallint", {"-32768", "32767", "NULL"}},
      {"bc", "smallint unsigned", {"65535", "0", "NULL"}},
      {"bd", "mediumint", {"-8388608", "8388607", "NULL"}},
      {"be", "mediumint unsigned", {"16777215", "0", "NULL"}},
      {"bf", "int(8) zerofill", {"5", "123456789", "NULL"}, "CAST($ + 0 AS CHAR)"},
      // Those above are negative in Debezium's records, and in ours.
      {"bg", "bigint unsigned", {"9223372036854775807", "7", "NULL"}},
      {"bh", "decimal(10,2) unsigned zerofill", {"7.5", "0", "NULL"}, "CAST($ + 0 AS CHAR)"},
      {"bi", "decimal(38,0)", {"99999999999999999999999999999999999999", "-1", "NULL"}},
      {"bj", "float", {"0.1", "-1.5", "NULL"}},
      // A double of Debezium's.
      {"bk", "float(7,3)", {"1234.567", "-0.001", "NULL"}, "", "$::real::text"},
      {"bl", "double(10,2)", {"12345678.91", "-1.25", "NULL"}},
      {"bm", "boolean", {"true", "7", "NULL"}},
      {"bn", "bit(5)", {"b'10101'", "b'00000'", "NULL"}, "lpad(bin($), 5, '0')"},
      {"bp", "time", {"'23:59:59'", "'00:00'", "NULL"}},
      {"bq", "time(3)", {"'01:02:03.004'", "NULL", "NULL"}},
      {"br", "datetime", {"'2024-02-29 12:34:56'", "'1970-01-01'", "NULL"}},
      {"bs",
       "timestamp NULL",
       {"'2024-02-29 12:34:56'", "'1970-01-01 00:00:01'", "NULL"},
       "",
       "to_char($ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')"},
      {"bt",
       "timestamp(3) NULL",
       {"'2038-01-19 03:14:07.999'", "NULL", "NULL"},
       "",
       "to_char($ AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"},
      {"bu", "char(6)", {"'ab'", "'日本'", "NULL"}},
      {"bv", "varchar(20) CHARACTER SET latin1", {"'Grüße €'", "''", "NULL"}},
      {"bw", "tinytext", {"'short'", "''", "NULL"}},
      {"bx", "mediumtext", {"'medium'", "''", "NULL"}},
      {"bz", "binary(4)", {"x'01020304'", "x'0100'", "NULL"}, hex, bytes},
      {"ca", "tinyblob", {"x'00ff'", "''", "NULL"}, hex, bytes},
      {"cb", "mediumblob", {"x'ff'", "''", "NULL"}, hex, bytes},
      {"cc", "longblob", {"x'deadbeef'", "''", "NULL"}, hex, bytes},
  };
}

class JdbcSinkTest : public ::testing::TestWithParam<ServerKind> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(kafka_, testing::KafkaCluster::Start({}));
    ASSERT_OK_AND_ASSIGN(postgres_, testing::PostgresServer::Start({}));
    if (mysql()) {
      ASSERT_OK_AND_ASSIGN(mysql_, testing::MysqlServer::Start(testing::OptionsOf(GetParam(), {})));
      ASSERT_OK_AND_ASSIGN(database_, testing::MysqlDatabase::Make(*mysql_));
    } else {
      ASSERT_OK_AND_ASSIGN(database_, testing::PostgresDatabase::Make(*postgres_));
    }
    ASSERT_OK_AND_ASSIGN(source_, testing::OpenSession(database_->url()));
    ASSERT_OK(postgres_->Exec("CREATE DATABASE sink"));
    ASSERT_OK_AND_ASSIGN(sink_, postgres_->Connect("sink"));
    // The sink makes tables, and no types.
    ASSERT_OK(sink_->Exec("CREATE EXTENSION ltree"));
  }

  bool mysql() const { return GetParam().engine == Engine::kMySql; }

  void Sql(const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) ASSERT_OK(source_->Exec(sql)) << sql;
  }

  // Captures, publishes and reads all tables.
  void Capture() {
    testing::ServiceOptions options;
    database_->Describe(options);
    options.top_lines = {absl::StrCat("kafka: {brokers: \"", kafka_->bootstrap(), "\"}")};
    options.source_lines.push_back("publish: {format: debezium-json}");
    ASSERT_OK_AND_ASSIGN(service_, testing::ServiceProcess::Start(options));
    ASSERT_OK(service_->WaitUntilCapturing()) << service_->Log();
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service_->CreateSnapshot());
    ASSERT_OK(service_->WaitForSnapshot(snapshot.id()));
  }

  // Waits for the row of kEnd. All topics are there then, which the sink asks for once.
  void WaitUntilPublished() {
    ASSERT_OK_AND_ASSIGN(auto consumer,
                         testing::KafkaConsumer::Open(kafka_->bootstrap(), TopicOf(kEnd)));
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    for (;;) {
      ASSERT_OK_AND_ASSIGN(const auto records, consumer->ReadToEnds());
      if (!records.empty()) return;
      ASSERT_LT(absl::Now(), deadline) << service_->Log();
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  std::string TopicOf(const std::string& table) const {
    return absl::StrCat(testing::ServiceProcess::kSource, ".", database_->name_space(), ".", table);
  }

  void StartSink(const std::vector<std::string>& tables) {
    std::vector<std::string> topics;
    for (const std::string& table : tables) topics.push_back(TopicOf(table));
    const ConnectorSettings settings = {
        {"name", "sink"},
        {"connector.class", "io.debezium.connector.jdbc.JdbcSinkConnector"},
        {"topics", absl::StrJoin(topics, ",")},
        {"connection.url",
         absl::StrCat("jdbc:postgresql://127.0.0.1:", postgres_->port(), "/sink")},
        {"connection.username", "postgres"},
        {"connection.password", "unused"},
        {"consumer.override.isolation.level", "read_committed"},
        {"insert.mode", "upsert"},
        {"delete.enabled", "true"},
        {"primary.key.mode", "record_key"},
        {"schema.evolution", "basic"}};
    ASSERT_OK_AND_ASSIGN(worker_, ConnectWorker::Start(kafka_->bootstrap(), "jdbc", {settings}));
  }

  // Waits until the sink's table has the source's rows, as texts. The row that was written last is
  // among them, so all records have come.
  void ExpectSame(const std::string& table, const std::vector<SinkColumn>& columns) {
    ASSERT_OK_AND_ASSIGN(
        const testing::SqlRows want,
        Sorted(source_->Query(absl::StrCat("SELECT ", SourceTexts(columns), " FROM ", table))));
    ASSERT_THAT(want, Not(IsEmpty()));
    const std::string query =
        absl::StrCat("SELECT ", SinkTexts(columns), " FROM ", testing::ServiceProcess::kSource, "_",
                     database_->name_space(), "_", table);
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    auto got = Sorted(sink_->Query(query));
    while ((!got.ok() || *got != want) && absl::Now() < deadline) {
      ASSERT_OK(worker_->Check());
      absl::SleepFor(absl::Milliseconds(100));
      got = Sorted(sink_->Query(query));
    }
    ASSERT_OK(got) << query << worker_->Log();
    ASSERT_EQ(got->size(), want.size()) << table << worker_->Log();
    for (size_t row = 0; row < want.size(); ++row) {
      for (size_t i = 0; i < columns.size(); ++i) {
        EXPECT_EQ((*got)[row][i], want[row][i])
            << table << " " << want[row][0].value_or("NULL") << " " << columns[i].type;
      }
    }
  }

  static absl::StatusOr<testing::SqlRows> Sorted(absl::StatusOr<testing::SqlRows> rows) {
    if (rows.ok()) std::sort(rows->begin(), rows->end());
    return rows;
  }

  std::string SourceTexts(const std::vector<SinkColumn>& columns) const {
    std::vector<std::string> texts;
    for (const SinkColumn& column : columns) {
      const std::string own = mysql() ? "CAST($ AS CHAR)" : "$::text";
      texts.push_back(TextOf(column, column.source_text.empty() ? own : column.source_text));
    }
    return absl::StrJoin(texts, ", ");
  }

  static std::string SinkTexts(const std::vector<SinkColumn>& columns) {
    std::vector<std::string> texts;
    for (const SinkColumn& column : columns) {
      texts.push_back(TextOf(column, column.sink_text.empty() ? "$::text" : column.sink_text));
    }
    return absl::StrJoin(texts, ", ");
  }

  static std::string TextOf(const SinkColumn& column, const std::string& expression) {
    return absl::StrReplaceAll(expression, {{"$", column.name}});
  }

  std::unique_ptr<testing::KafkaCluster> kafka_;
  std::unique_ptr<testing::PostgresServer> postgres_;
  std::unique_ptr<testing::MysqlServer> mysql_;
  std::unique_ptr<testing::TestDatabase> database_;
  std::unique_ptr<testing::Session> source_;
  std::unique_ptr<testing::SqlConnection> sink_;
  std::unique_ptr<testing::ServiceProcess> service_;
  std::unique_ptr<ConnectWorker> worker_;
};

std::string Insert(const std::vector<SinkColumn>& columns, int id, size_t row) {
  std::string values = absl::StrCat(id);
  for (const SinkColumn& column : columns) absl::StrAppend(&values, ", ", column.values[row]);
  return absl::StrCat("INSERT INTO everything VALUES (", values, ")");
}

std::string Create(const std::vector<SinkColumn>& columns) {
  std::string sql = "CREATE TABLE everything (id int PRIMARY KEY";
  for (const SinkColumn& column : columns) {
    absl::StrAppend(&sql, ", ", column.name, " ", column.type);
  }
  return sql + ")";
}

TEST_P(JdbcSinkTest, TablesOfTheSinkAreThoseOfTheSource) {
  std::vector<SinkColumn> columns = mysql() ? MysqlColumns() : PostgresColumns();
  if (!mysql()) {
    Sql({"CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree",
         "CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy')",
         "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
         "CREATE DOMAIN price AS numeric(8,2); CREATE DOMAIN short_text AS varchar(5)"});
  }
  Sql({Create(columns), Insert(columns, 0, 0), Insert(columns, 1, 1), Insert(columns, 2, 2),
       "INSERT INTO everything (id) VALUES (3), (4)",
       "CREATE TABLE composite (a int, b varchar(10), c varchar(10) DEFAULT 'none', PRIMARY KEY "
       "(a, b))",
       "INSERT INTO composite VALUES (1, 'x', NULL), (2, 'y', 'c')",
       absl::StrCat("CREATE TABLE ", kEnd, " (id int PRIMARY KEY)")});
  Capture();
  ASSERT_FALSE(HasFatalFailure());
  Sql({Insert(columns, 10, 0), Insert(columns, 11, 1), Insert(columns, 12, 2),
       "UPDATE everything SET i = 'changed', b = 7 WHERE id IN (0, 10)",
       "UPDATE everything SET id = 20 WHERE id = 1", "DELETE FROM everything WHERE id IN (4, 11)",
       "INSERT INTO composite VALUES (1, 'z', NULL), (3, 'z', 'gone')",
       "UPDATE composite SET c = NULL WHERE a = 2", "UPDATE composite SET b = 'w' WHERE b = 'x'",
       "DELETE FROM composite WHERE a = 3",
       // The last of each table.
       "INSERT INTO everything (id) VALUES (99)", "INSERT INTO composite VALUES (99, 'last', 'c')",
       absl::StrCat("INSERT INTO ", kEnd, " VALUES (1)")});
  const std::vector<std::string> tables = {"everything", "composite"};
  WaitUntilPublished();
  ASSERT_FALSE(HasFatalFailure());
  StartSink(tables);
  ASSERT_FALSE(HasFatalFailure());
  columns.insert(columns.begin(), {"id", "int", {}});
  ExpectSame("everything", columns);
  ExpectSame("composite", {{"b", "varchar", {}}, {"a", "int", {}}, {"c", "varchar", {}}});
}

std::string KindName(const ::testing::TestParamInfo<ServerKind>& info) {
  return testing::Name(info.param);
}

INSTANTIATE_TEST_SUITE_P(Servers, JdbcSinkTest,
                         ::testing::Values(testing::PostgresKinds()[0], testing::MysqlKinds()[0]),
                         KindName);

}  // namespace
}  // namespace tidemark::debezium
