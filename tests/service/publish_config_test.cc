#include "service/publish_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_replace.h"
#include "service/config.h"

namespace tidemark::service {
namespace {

using kafka::Format;
using kafka::PublishOptions;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr char kPublishSecret[] = "pepper";

// Each source: a name, its server, and what stands behind "publish: ".
std::string Source(const std::string& name, const std::string& server, const std::string& publish) {
  return "  - {name: " + name + ", " + server + ", publish: " + publish + "}\n";
}

constexpr char kPostgres[] = "postgres: {connection: x}";
constexpr char kMysql[] = "mysql: {host: h, user: u}";
constexpr char kKafka[] = "kafka: {brokers: k}\n";
constexpr char kRegistry[] = "kafka: {brokers: k, schema_registry: {url: 'http://a'}}\n";

absl::StatusOr<Config> Parse(const std::string& sources, const std::string& kafka = kKafka) {
  ::setenv("TIDEMARK_TEST_SALT", kPublishSecret, 1);
  return ParseConfig("data: d\n" + kafka + "sources:\n" + sources, "t.yaml");
}

PublishOptions Read(const std::string& publish, const char* server = kPostgres,
                    const std::string& kafka = kKafka) {
  const auto config = Parse(Source("shop", server, publish), kafka);
  EXPECT_TRUE(config.ok()) << config.status();
  return config.ok() ? *config->sources[0].publish : PublishOptions();
}

std::string ErrorOf(const std::string& sources, const std::string& kafka = kKafka) {
  const auto config = Parse(sources, kafka);
  EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << sources;
  EXPECT_THAT(std::string(config.status().message()), Not(HasSubstr(kPublishSecret)));
  return std::string(config.status().message());
}

TEST(PublishConfigTest, DefaultsBearTheSourcesName) {
  const PublishOptions options = Read("{}");
  EXPECT_EQ(options.format, Format::kProtobuf);
  EXPECT_EQ(options.topic, "{source}.{schema}.{table}");
  EXPECT_EQ(options.transactional_id, "tidemark-shop");
  EXPECT_EQ(options.checkpoint_topic, "tidemark.checkpoint.shop");
  EXPECT_EQ(options.schema_topic, "shop.tidemark.schema");
  EXPECT_EQ(options.transaction_topic, "");
  EXPECT_EQ(options.message_topic, "");
  EXPECT_EQ(options.oversize, kafka::Oversize::kStop);
  EXPECT_TRUE(options.acknowledge_after_kafka);
  EXPECT_EQ(Read("{format: debezium-json}").schema_topic, "");
}

TEST(PublishConfigTest, TombstonesFollowDeletesByDefaultWhereTheFormatIsDebeziums) {
  EXPECT_FALSE(Read("{format: protobuf}").tombstones);
  EXPECT_TRUE(Read("{format: debezium-json}").tombstones);
  EXPECT_FALSE(Read("{format: debezium-json, tombstones: false}").tombstones);
}

TEST(PublishConfigTest, TruncatesAreLeftOutByDefaultWhereTheFormatIsDebeziums) {
  EXPECT_TRUE(Read("{format: protobuf}").truncates);
  EXPECT_TRUE(Read("{format: registry-protobuf}", kPostgres, kRegistry).truncates);
  EXPECT_FALSE(Read("{format: debezium-json}").truncates);
  EXPECT_FALSE(Read("{format: debezium-json-bare}").truncates);
  EXPECT_FALSE(Read("{format: avro}", kPostgres, kRegistry).truncates);
  EXPECT_TRUE(Read("{format: debezium-json, truncates: true}").truncates);
}

TEST(PublishConfigTest, EveryFormatIsRead) {
  EXPECT_EQ(Read("{format: protobuf}").format, Format::kProtobuf);
  EXPECT_EQ(Read("{format: debezium-json}").format, Format::kDebeziumJson);
  EXPECT_EQ(Read("{format: debezium-json-bare}").format, Format::kDebeziumJsonBare);
  EXPECT_EQ(Read("{format: avro}", kPostgres, kRegistry).format, Format::kAvro);
  EXPECT_EQ(Read("{format: registry-protobuf}", kPostgres, kRegistry).format,
            Format::kRegistryProtobuf);
}

TEST(PublishConfigTest, EveryKeyIsRead) {
  const PublishOptions options = Read(R"({topic: "{database}.{table}",
      routes: [{tables: 'a\.(b)', topic: "x.{1}"}, {tables: c, topic: d}],
      partitions: 6, replication: 3, topic_settings: {retention.ms: -1, a: b},
      tombstones: true, truncates: false, transaction_topic: tt, schema_topic: st,
      message_topic: mt, oversize: dead_letter, dead_letter_topic: dl, transactional_id: "i d",
      checkpoint_topic: ct, acknowledge_after_kafka: false,
      transforms: [{tables: 't(.)', include: [a], exclude: [b, c], mask: [d], mask_length: 3,
                    hash: [e], hash_salt: {env: TIDEMARK_TEST_SALT},
                    truncate: [{columns: f, length: 0}, {columns: g, length: 9}], topic: "h{1}"}]})");
  EXPECT_EQ(options.topic, "{database}.{table}");
  ASSERT_EQ(options.routes.size(), 2u);
  EXPECT_EQ(options.routes[0].tables, "a\\.(b)");
  EXPECT_EQ(options.routes[0].topic, "x.{1}");
  EXPECT_EQ(options.routes[1].topic, "d");
  EXPECT_EQ(options.partitions, 6);
  EXPECT_EQ(options.replication, 3);
  EXPECT_THAT(options.topic_settings, ElementsAre(Pair("retention.ms", "-1"), Pair("a", "b")));
  EXPECT_TRUE(options.tombstones);
  EXPECT_FALSE(options.truncates);
  EXPECT_EQ(options.transaction_topic, "tt");
  EXPECT_EQ(options.schema_topic, "st");
  EXPECT_EQ(options.message_topic, "mt");
  EXPECT_EQ(options.oversize, kafka::Oversize::kDeadLetter);
  EXPECT_EQ(options.dead_letter_topic, "dl");
  EXPECT_EQ(options.transactional_id, "i d");
  EXPECT_EQ(options.checkpoint_topic, "ct");
  EXPECT_FALSE(options.acknowledge_after_kafka);
  ASSERT_EQ(options.transforms.size(), 1u);
  const kafka::TransformOptions& transform = options.transforms[0];
  EXPECT_EQ(transform.tables, "t(.)");
  EXPECT_THAT(transform.include, ElementsAre("a"));
  EXPECT_THAT(transform.exclude, ElementsAre("b", "c"));
  EXPECT_THAT(transform.mask, ElementsAre("d"));
  EXPECT_EQ(transform.mask_length, 3u);
  EXPECT_THAT(transform.hash, ElementsAre("e"));
  EXPECT_EQ(transform.hash_salt, kPublishSecret);
  EXPECT_THAT(transform.truncate, ElementsAre(Pair("f", 0), Pair("g", 9)));
  EXPECT_EQ(transform.topic, "h{1}");
}

struct BadPublish {
  const char* publish;
  const char* error;
};

TEST(PublishConfigTest, ErrorsNamePlaceAndWhatWasExpected) {
  const BadPublish cases[] = {
      {"x", "sources[0].publish: expected a mapping with the keys format, topic"},
      {"{topics: x}", "sources[0].publish.topics: unknown key; did you mean \"topic\"?"},
      {"{format: json}", "publish.format: expected one of protobuf, debezium-json"},
      {"{format: avro}",
       "publish.format: keeps its schemas in a registry; expected schema_registr"},
      {"{format: registry-protobuf}", "publish.format: keeps its schemas in a registry"},
      {"{topic: '{x}'}", "publish.topic: \"{x}\" is no topic's template: {x} is unknown"},
      {"{topic: [a]}", "publish.topic: expected a topic's template, such as {source}"},
      {"{partitions: 0}", "publish.partitions: expected a whole number from 1 to 100000"},
      {"{replication: 40000}", "publish.replication: expected a whole number from 1 to 32767"},
      {"{topic_settings: a}", "publish.topic_settings: expected a mapping such as {min.insync"},
      {"{topic_settings: {a: [b]}}", "publish.topic_settings: expected a mapping such as"},
      {"{tombstones: 1}", "publish.tombstones: expected true or false"},
      {"{truncates: 1}", "publish.truncates: expected true or false"},
      {"{acknowledge_after_kafka: 1}", "publish.acknowledge_after_kafka: expected true or false"},
      {"{transaction_topic: a b}",
       "publish.transaction_topic: expected the name of a topic, 1 to "
       "249 of a-z"},
      {"{schema_topic: é}", "publish.schema_topic: expected the name of a topic"},
      {"{message_topic: '..'}", "publish.message_topic: expected the name of a topic"},
      {"{checkpoint_topic: a/b}", "publish.checkpoint_topic: expected the name of a topic"},
      {"{transactional_id: []}", "publish.transactional_id: expected a name of the source's own"},
      {"{message_topic: a, transaction_topic: a}",
       "publish: message_topic: \"a\" is the transaction_topic too"},
      {"{oversize: drop}", "publish.oversize: expected one of stop, dead_letter"},
      {"{oversize: dead_letter}",
       "publish.dead_letter_topic: is missing; expected the topic for oversize: dead_letter"},
      {"{dead_letter_topic: a}", "publish.dead_letter_topic: is for oversize: dead_letter only"},
      {"{routes: {}}", "publish.routes: expected a list of mappings"},
      {"{routes: [a]}", "publish.routes[0]: expected a mapping with the keys tables, topic"},
      {"{routes: [{topic: a}]}", "publish.routes[0].tables: is missing; expected a regular"},
      {"{routes: [{tables: a}]}", "publish.routes[0].topic: is missing; expected the topic"},
      {"{routes: [{tables: '(', topic: a}]}",
       "publish.routes[0].tables: \"(\" is no regular expression: missing )"},
      {"{routes: [{tables: '(a)', topic: '{2}'}]}",
       "publish.routes[0].topic: \"{2}\" is no topic's template: {2} is no group"},
      {"{transforms: a}", "publish.transforms: expected a list of mappings"},
      {"{transforms: [{}]}", "publish.transforms[0].tables: is missing"},
      {"{transforms: [{tables: a, masks: [b]}]}",
       "publish.transforms[0].masks: unknown key; did you mean \"mask\"?"},
      {"{transforms: [{tables: a, mask: b}]}",
       "publish.transforms[0].mask: expected a list of regular expressions over names"},
      {"{transforms: [{tables: a, include: ['[']}]}",
       "publish.transforms[0].include: \"[\" is no regular expression: missing ]"},
      {"{transforms: [{tables: a, exclude: ['[']}]}", "publish.transforms[0].exclude: \"[\" is no"},
      {"{transforms: [{tables: a, mask: ['[']}]}", "publish.transforms[0].mask: \"[\" is no"},
      {"{transforms: [{tables: a, mask: [b], mask_length: 0}]}",
       "publish.transforms[0].mask_length: expected a whole number from 1 to 1000"},
      {"{transforms: [{tables: a, hash: [b]}]}",
       "publish.transforms[0].hash_salt: is missing; expected {file: PATH} or {env: NAME}"},
      {"{transforms: [{tables: a, hash: [b], hash_salt: pepper}]}",
       "publish.transforms[0].hash_salt: expected {file: PATH} or {env: NAME}; a salt itself"},
      {"{transforms: [{tables: a, truncate: [{length: 1}]}]}",
       "publish.transforms[0].truncate[0].columns: is missing"},
      {"{transforms: [{tables: a, truncate: [{columns: b}]}]}",
       "publish.transforms[0].truncate[0].length: is missing"},
      {"{transforms: [{tables: a, truncate: [{columns: '(', length: -1}]}]}",
       "publish.transforms[0].truncate[0].columns: \"(\" is no regular expression"},
      {"{transforms: [{tables: a, truncate: [{columns: b, length: -1}]}]}",
       "publish.transforms[0].truncate[0].length: expected a whole number from 0"},
      {"{transforms: [{tables: a, topic: '{1}'}]}", "publish.transforms[0].topic: \"{1}\" is no"},
  };
  for (const BadPublish& bad : cases) {
    EXPECT_THAT(ErrorOf(Source("shop", kPostgres, bad.publish)), HasSubstr(bad.error));
  }
}

TEST(PublishConfigTest, MysqlHasNoDatabaseBesideItsSchema) {
  EXPECT_THAT(ErrorOf(Source("shop", kMysql, "{topic: '{database}'}")),
              HasSubstr("publish.topic: \"{database}\" is no topic's template: {database} is "
                        "PostgreSQL's; MySQL's database is {schema}"));
  EXPECT_EQ(Read("{topic: '{schema}.{table}'}", kMysql).topic, "{schema}.{table}");
}

TEST(PublishConfigTest, PublishNeedsKafka) {
  EXPECT_THAT(ErrorOf(Source("shop", kPostgres, "{}"), ""),
              HasSubstr("sources[0].publish: needs to know the brokers; expected kafka: at the top "
                        "of the file"));
}

TEST(PublishConfigTest, TwoSourcesShareNeitherIdNorCheckpoints) {
  const std::string error =
      ErrorOf(Source("shop", kPostgres, "{transactional_id: x, checkpoint_topic: c}") +
              Source("crm", kMysql, "{transactional_id: x, checkpoint_topic: c}"));
  EXPECT_THAT(error, HasSubstr("sources[1].publish.transactional_id: source \"shop\" has \"x\" "
                               "already"));
  EXPECT_THAT(error, HasSubstr("sources[1].publish.checkpoint_topic: source \"shop\" has \"c\" "
                               "as its checkpoint_topic already"));
  EXPECT_TRUE(Parse(Source("shop", kPostgres, "{}") + Source("crm", kMysql, "{}")).ok());
}

TEST(PublishConfigTest, TopicsOfTwoSourcesDoNotFallTogether) {
  const auto error_of = [](const std::string& first, const std::string& second) {
    return ErrorOf(Source("shop", kPostgres, first) + Source("crm", kMysql, second));
  };
  EXPECT_THAT(error_of("{topic: '{schema}.{table}'}", "{topic: '{schema}.{table}'}"),
              HasSubstr("sources[1].publish.topic: source \"shop\" has the template"));
  EXPECT_THAT(error_of("{schema_topic: a}", "{schema_topic: a}"),
              HasSubstr("sources[1].publish.schema_topic: source \"shop\" has \"a\" as its "
                        "schema_topic already"));
  EXPECT_THAT(error_of("{checkpoint_topic: a}", "{transaction_topic: a}"),
              HasSubstr("sources[1].publish.transaction_topic: source \"shop\" has \"a\" as its "
                        "checkpoint_topic already"));
  for (const std::string shared :
       {"{topic: '{source}.{table}'}", "{transaction_topic: a}", "{message_topic: a}",
        "{routes: [{tables: 'a\\.b', topic: a.b}]}",
        "{oversize: dead_letter, dead_letter_topic: a}"}) {
    EXPECT_TRUE(Parse(Source("shop", kPostgres, shared) + Source("crm", kMysql, shared)).ok())
        << shared;
  }
}

std::string Example() {
  const auto text = ReadConfigFile(TIDEMARK_SOURCE_FOLDER "/deploy/tidemarkd.example.yaml");
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

TEST(PublishConfigTest, TheExamplesPartForKafkaParses) {
  for (const char* name :
       {"TIDEMARK_KAFKA_PASSWORD", "TIDEMARK_REGISTRY_PASSWORD", "TIDEMARK_SHOP_SALT"}) {
    ::setenv(name, kPublishSecret, 1);
  }
  const auto config = ParseConfig(absl::StrReplaceAll(Example(), {{"\n##", "\n"}}), "e.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_TRUE(config->kafka.has_value());
  EXPECT_EQ(config->kafka->registry->urls.size(), 1u);
  ASSERT_TRUE(config->sources[0].publish.has_value());
  EXPECT_EQ(config->sources[0].publish->transforms[0].hash_salt, kPublishSecret);
  // What it says are the defaults is one.
  const PublishOptions defaults = Read("{}");
  EXPECT_EQ(config->sources[0].publish->checkpoint_topic, defaults.checkpoint_topic);
  EXPECT_EQ(config->sources[0].publish->transactional_id, defaults.transactional_id);
  EXPECT_EQ(config->sources[0].publish->schema_topic, defaults.schema_topic);
}

}  // namespace
}  // namespace tidemark::service
