#include "service/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "service/connection_text.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

using ::testing::HasSubstr;

const capture::postgres::PostgresOptions& PostgresOf(const Config& config) {
  return std::get<capture::postgres::PostgresOptions>(config.sources[0].server);
}

constexpr char kGood[] = R"(listen: "127.0.0.1:0"
data: data
log: {level: debug, format: json}
retention: {age: 36h, size: 2GiB}
sources:
  - name: shop
    postgres:
      connection: "host=/tmp dbname=shop user=t"
      slot: s1
      publication: Pub
      tables: [public.a, "sales.b c"]
      create_publication: false
      create_slot: false
      allow_standby: true
    readers: 4
    chunk_ms: 500
    retention: {size: unlimited}
)";

TEST(ConfigTest, EveryKeyIsRead) {
  auto config = ParseConfig(kGood, "/etc/tidemark/t.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "127.0.0.1:0");
  EXPECT_EQ(config->data, "/etc/tidemark/data");
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_EQ(config->log_format, LogFormat::kJson);
  ASSERT_EQ(config->sources.size(), 1u);
  const SourceConfig& source = config->sources[0];
  EXPECT_EQ(source.name, "shop");
  EXPECT_EQ(source.readers_max, 4u);
  EXPECT_EQ(source.chunk_ms_target, 500u);
  EXPECT_EQ(source.retention.age_s_max, 36u * 3600);
  EXPECT_EQ(source.retention.bytes_max, 0u);
  const auto& postgres = std::get<capture::postgres::PostgresOptions>(source.server);
  EXPECT_EQ(postgres.connection, "host=/tmp dbname=shop user=t");
  EXPECT_EQ(postgres.slot, "s1");
  EXPECT_EQ(postgres.publication, "Pub");
  EXPECT_THAT(postgres.tables, ::testing::ElementsAre("public.a", "sales.b c"));
  EXPECT_FALSE(postgres.create_publication);
  EXPECT_FALSE(postgres.create_slot);
  EXPECT_TRUE(postgres.allow_standby);
}

TEST(ConfigTest, EveryKeyOfMysqlIsRead) {
  auto config = ParseConfig(R"(data: data
sources:
  - name: shop
    mysql: {host: db.example.org, port: 3307, user: t, server_id: 42, tables: [shop.orders, "crm.*"],
            tls: {mode: verify_identity, ca: ca.pem, cert: c.pem, key: k.pem},
            unlogged_changes: continue, watermark_table: ops.tidemark_marks}
  - name: crm
    mysql: {socket: /run/mysqld/mysqld.sock, user: t}
)",
                            "/etc/tidemark/t.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const auto& first = std::get<capture::mysql::MysqlOptions>(config->sources[0].server);
  EXPECT_EQ(first.connection.host, "db.example.org");
  EXPECT_EQ(first.connection.port, 3307);
  EXPECT_EQ(first.connection.user, "t");
  EXPECT_EQ(first.connection.tls.mode,
            capture::mysql::ConnectionOptions::Tls::Mode::kVerifyIdentity);
  EXPECT_EQ(first.connection.tls.ca, "/etc/tidemark/ca.pem");
  EXPECT_EQ(first.server_id, 42u);
  EXPECT_THAT(first.tables, ::testing::ElementsAre("shop.orders", "crm.*"));
  EXPECT_TRUE(first.continue_at_unlogged_changes);
  EXPECT_EQ(first.watermark_table.database, "ops");
  EXPECT_EQ(first.watermark_table.name, "tidemark_marks");
  const auto& second = std::get<capture::mysql::MysqlOptions>(config->sources[1].server);
  EXPECT_EQ(second.connection.socket, "/run/mysqld/mysqld.sock");
  EXPECT_GE(second.server_id, 1'000'000'000u);
  EXPECT_FALSE(second.continue_at_unlogged_changes);
  EXPECT_EQ(second.watermark_table.database, "tidemark");
  EXPECT_EQ(second.watermark_table.name, "watermark");
}

TEST(ConfigTest, ErrorsOfMysqlNameWhatWasExpected) {
  auto error = [](const std::string& sources) {
    return std::string(ParseConfig("data: d\nsources:\n" + sources, "t.yaml").status().message());
  };
  EXPECT_THAT(error("  - {name: a, mysql: {host: h, user: u}, postgres: {connection: x}}"),
              HasSubstr("expected either postgres: or mysql:"));
  EXPECT_THAT(error("  - {name: a}"), HasSubstr("expected either postgres: or mysql:"));
  EXPECT_THAT(error("  - {name: a, mysql: {user: u}}"),
              HasSubstr("expected either host or socket"));
  EXPECT_THAT(error("  - {name: a, mysql: {host: h}}"), HasSubstr("the name of a user"));
  EXPECT_THAT(error("  - {name: a, mysql: {host: h, user: u, tables: [t]}}"),
              HasSubstr("expected a qualified table, such as shop.orders or shop.*"));
  for (const std::string name : {"marks", ".marks", "ops."}) {
    EXPECT_THAT(error("  - {name: a, mysql: {host: h, user: u, watermark_table: " + name + "}}"),
                HasSubstr("watermark_table: expected database.table"));
  }
  EXPECT_THAT(error("  - {name: a, mysql: {host: h, user: u, server_id: 5}}\n"
                    "  - {name: b, mysql: {host: h, user: u, server_id: 7}}"),
              HasSubstr("expected one that is at least 3 away"));
}

TEST(ConfigTest, TheExampleParses) {
  auto config = LoadConfig(TIDEMARK_SOURCE_FOLDER "/deploy/tidemarkd.example.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->http->listen, "127.0.0.1:9090");
  EXPECT_EQ(config->sources[0].retention.age_s_max, 14u * 86'400);
  EXPECT_EQ(config->sources[0].retention.bytes_max, 50ull << 30);
}

struct BadLine {
  const char* was;
  const char* becomes;
  const char* error;
};

class ConfigErrorTest : public ::testing::TestWithParam<BadLine> {};

TEST_P(ConfigErrorTest, NamesPlaceAndWhatWasExpected) {
  std::string text = kGood;
  size_t at = text.find(GetParam().was);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(GetParam().was).size(), GetParam().becomes);
  auto config = ParseConfig(text, "t.yaml");
  ASSERT_FALSE(config.ok()) << text;
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(config.status().message()), HasSubstr(GetParam().error)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    All, ConfigErrorTest,
    ::testing::Values(
        BadLine{"data: data", "dta: data", "t.yaml:2:1: dta: unknown key; did you mean \"data\"?"},
        BadLine{"data: data", "zzzzzz: 1", "zzzzzz: unknown key; expected one of: listen, data"},
        BadLine{"data: data\n", "", "t.yaml:1:1: data: is missing; expected the folder"},
        BadLine{"data: data", "data: data\ndata: b", "t.yaml:3:1: data: is given twice"},
        BadLine{"data: data", "data: [a]", "t.yaml:2:7: data: expected a folder, got a list"},
        BadLine{"127.0.0.1:0", "0.0.0.0:7654", "t.yaml:1:9: listen: other machines can reach"},
        BadLine{"127.0.0.1:0", "127.0.0.1", "listen: expected an address with a port"},
        BadLine{"127.0.0.1:0", "127.0.0.1:70000", "listen: expected an address with a port"},
        BadLine{"127.0.0.1:0", "127.evil.com:1", "listen: other machines can reach"},
        BadLine{"level: debug", "level: loud", "log.level: expected one of debug, info"},
        BadLine{"age: 36h", "age: 36", "t.yaml:4:18: retention.age: expected a duration with its"},
        BadLine{"age: 36h", "age: -1h", "retention.age: expected a duration"},
        BadLine{"age: 36h", "age: 0s", "retention.age: expected a duration"},
        BadLine{"size: 2GiB", "size: 2", "retention.size: expected a size with its unit"},
        BadLine{"name: shop", "name: Shop", "t.yaml:6:11: sources[0].name: expected 1 to 40"},
        BadLine{"name: shop", "nam: shop", "sources[0].nam: unknown key; did you mean \"name\"?"},
        BadLine{"user=t\"", "user=t password=x\"", "sources[0].postgres.connection: holds a pass"},
        BadLine{"slot: s1", "slot: S-1", "t.yaml:9:13: sources[0].postgres.slot: expected 1 to"},
        BadLine{"slot: s1", "password: x", "t.yaml:9:17: sources[0].postgres.password: expected {"},
        BadLine{"slot: s1", "password: {file: /nonexistent/x}", "cannot read /nonexistent/x"},
        BadLine{"slot: s1", "password: {env: NO_SUCH_NAME}", "NO_SUCH_NAME to hold the password"},
        BadLine{"slot: s1", "password: {env: A, file: B}", "expected either {file: PATH}"},
        BadLine{"public.a", "a", "postgres.tables: expected a qualified table, such as public.or"},
        BadLine{"readers: 4", "readers: 0", "readers: expected a whole number from 1 to 64"},
        BadLine{"readers: 4", "readers: four", "a whole number from 1 to 64, got \"four\""},
        BadLine{"chunk_ms: 500", "chunk_ms: 5", "sources[0].chunk_ms: expected a whole number"},
        BadLine{"create_slot: false", "create_slot: no", "expected true or false, got \"no\""},
        BadLine{"sources:", "sources: []\nx:", "sources: expected a list with at least one"},
        BadLine{"log: {level", "log: {{level", "is no valid YAML"}));

TEST(ConfigTest, AllErrorsComeAtOnceInFileOrder) {
  auto config = ParseConfig("lisen: a\nsources:\n  - name: A\n    readers: x\n", "t.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_EQ(std::string(config.status().message()),
            "t.yaml:1:1: lisen: unknown key; did you mean \"listen\"?\n"
            "t.yaml:1:1: data: is missing; expected the folder that holds the journal, such as "
            "/var/lib/tidemark\n"
            "t.yaml:3:5: sources[0].postgres: expected either postgres: or mysql: (which is for "
            "MariaDB too), with how to reach the server\n"
            "t.yaml:3:11: sources[0].name: expected 1 to 40 characters of a-z, 0-9, _ and -, got "
            "\"A\"\n"
            "t.yaml:4:14: sources[0].readers: expected a whole number from 1 to 64, got \"x\"");
}

TEST(ConfigTest, TwoSourcesShareNeitherNameNorSlot) {
  std::string text = kGood;
  text += text.substr(text.find("  - name"));
  auto config = ParseConfig(text, "t.yaml");
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(std::string(config.status().message()),
              HasSubstr("sources[1].name: another source has the name \"shop\" already"));
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("uses the slot \"s1\""));
}

TEST(ConfigTest, SecretsComeFromFileOrEnvironment) {
  std::string folder = ::testing::TempDir() + "tidemark_config_test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/pw") << "s3cret\n";
  std::string text = kGood;
  text.replace(text.find("slot: s1"), 8, "password: {file: pw}");
  auto config = ParseConfig(text, folder + "/t.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(PostgresOf(*config).password, "s3cret");

  ::setenv("TIDEMARK_CONFIG_TEST_PW", "other", 1);
  text.replace(text.find("{file: pw}"), 10, "{env: TIDEMARK_CONFIG_TEST_PW}");
  config = ParseConfig(text, folder + "/t.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(PostgresOf(*config).password, "other");
  std::filesystem::remove_all(folder);
}

TEST(ConfigTest, EmptyAndMissingFilesAreNamed) {
  EXPECT_THAT(std::string(ParseConfig("", "t.yaml").status().message()),
              HasSubstr("t.yaml:1:1: expected a mapping with the keys listen, data"));
  auto missing = LoadConfig("/nonexistent/t.yaml");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("/nonexistent/t.yaml"));
}

TEST(ConfigTest, WhatIsInTheWrongPlaceIsNotShown) {
  const std::string errors(
      ParseConfig("tokens: hunter2\n"
                  "sources: [{name: a, postgres: 'postgresql://u:hunter2@h/d'}]\n",
                  "t.yaml")
          .status()
          .message());
  EXPECT_THAT(errors, HasSubstr("postgres: expected a mapping"));
  EXPECT_THAT(errors, HasSubstr("tokens: expected a mapping"));
  EXPECT_THAT(errors, ::testing::Not(HasSubstr("hunter2")));
}

TEST(ConnectionTextTest, FindsPasswords) {
  for (const char* with :
       {"host=a password=x", "password = x", "host='a b' sslpassword=y", "postgres://u:p@h/d",
        "postgresql://h/d?password=x", "host=a\\ b password=''"}) {
    EXPECT_TRUE(HoldsPassword(with)) << with;
  }
  for (const char* without :
       {"host=a user=b", "postgres://u@h:5432/d", "application_name='password=x'", "",
        "postgresql:///d?host=/tmp", "host=a=b", "passfile=/x"}) {
    EXPECT_FALSE(HoldsPassword(without)) << without;
  }
}

TEST(UnitsTest, ParseAndFormat) {
  EXPECT_EQ(ParseDurationMs("7d"), 604'800'000u);
  EXPECT_EQ(ParseDurationMs("200ms"), 200u);
  EXPECT_EQ(ParseDurationMs("1 h"), 3'600'000u);
  EXPECT_EQ(ParseDurationMs("7"), std::nullopt);
  EXPECT_EQ(ParseDurationMs("99999999999999999w"), std::nullopt);
  EXPECT_EQ(ParseBytes("50GiB"), 50ull << 30);
  EXPECT_EQ(ParseBytes("1KB"), 1000u);
  EXPECT_EQ(ParseBytes("1.5GiB"), std::nullopt);
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatSeconds(3725), "1h 2m");
  EXPECT_EQ(FormatCount(1234567), "1,234,567");
  EXPECT_EQ(FormatCount(123), "123");
  EXPECT_EQ(FormatCount(1, "row"), "1 row");
  EXPECT_EQ(FormatCount(0, "row"), "0 rows");
}

}  // namespace
}  // namespace tidemark::service
