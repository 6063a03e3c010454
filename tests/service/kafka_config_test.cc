#include "service/kafka_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "service/config.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kKafkaSecret[] = "hunter2";

class KafkaConfigTest : public ::testing::Test {
 protected:
  void SetUp() override { ::setenv("TIDEMARK_TEST_SECRET", kKafkaSecret, 1); }

  // `kafka`: what stands behind "kafka: ".
  static absl::StatusOr<Config> Parse(const std::string& kafka) {
    return ParseConfig(
        "data: d\nkafka: " + kafka + "\nsources: [{name: a, postgres: {connection: x}}]\n",
        "/etc/t/t.yaml");
  }
  static KafkaConfig Read(const std::string& kafka) {
    const auto config = Parse(kafka);
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? *config->kafka : KafkaConfig();
  }
  static std::string ErrorOf(const std::string& kafka) {
    const auto config = Parse(kafka);
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument) << kafka;
    EXPECT_THAT(std::string(config.status().message()), Not(HasSubstr(kKafkaSecret)));
    return std::string(config.status().message());
  }
};

TEST_F(KafkaConfigTest, WithoutItThereIsNone) {
  const auto config =
      ParseConfig("data: d\nsources: [{name: a, postgres: {connection: x}}]\n", "t.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_FALSE(config->kafka.has_value());
  EXPECT_FALSE(config->sources[0].publish.has_value());
}

TEST_F(KafkaConfigTest, BrokersAreAListOrAText) {
  EXPECT_EQ(Read("{brokers: [k1:9092, k2:9092]}").cluster.brokers, "k1:9092,k2:9092");
  const KafkaConfig kafka = Read("{brokers: 'k1:9092, k2:9092'}");
  EXPECT_EQ(kafka.cluster.brokers, "k1:9092,k2:9092");
  EXPECT_THAT(kafka.cluster.properties, ::testing::IsEmpty());
  EXPECT_FALSE(kafka.registry.has_value());
}

TEST_F(KafkaConfigTest, TlsAndScramBecomeProperties) {
  EXPECT_THAT(
      Read("{brokers: k, tls: {ca: ca.pem, cert: c.pem, key: /k.pem, verify_hostname: false}, "
           "sasl: {mechanism: SCRAM-SHA-256, user: u, password: {env: TIDEMARK_TEST_SECRET}}, "
           "properties: {linger.ms: 5, ssl.key.password: {env: TIDEMARK_TEST_SECRET}}}")
          .cluster.properties,
      ElementsAre(Pair("ssl.ca.location", "/etc/t/ca.pem"),
                  Pair("ssl.certificate.location", "/etc/t/c.pem"),
                  Pair("ssl.key.location", "/k.pem"),
                  Pair("ssl.endpoint.identification.algorithm", "none"),
                  Pair("sasl.mechanism", "SCRAM-SHA-256"), Pair("sasl.username", "u"),
                  Pair("sasl.password", kKafkaSecret), Pair("security.protocol", "SASL_SSL"),
                  Pair("linger.ms", "5"), Pair("ssl.key.password", kKafkaSecret)));
}

TEST_F(KafkaConfigTest, ProtocolFollowsWhatIsGiven) {
  EXPECT_THAT(Read("{brokers: k, tls: {}}").cluster.properties,
              ElementsAre(Pair("ssl.endpoint.identification.algorithm", "https"),
                          Pair("security.protocol", "SSL")));
  EXPECT_THAT(Read("{brokers: k, sasl: {mechanism: PLAIN, user: u, password: {env: "
                   "TIDEMARK_TEST_SECRET}}}")
                  .cluster.properties,
              ::testing::Contains(Pair("security.protocol", "SASL_PLAINTEXT")));
  EXPECT_THAT(Read("{brokers: k, properties: {security.protocol: SASL_SSL, sasl.mechanism: "
                   "GSSAPI}}")
                  .cluster.properties,
              ElementsAre(Pair("security.protocol", "SASL_SSL"), Pair("sasl.mechanism", "GSSAPI")));
}

TEST_F(KafkaConfigTest, OidcBecomesProperties) {
  EXPECT_THAT(
      Read("{brokers: k, sasl: {mechanism: OAUTHBEARER, oidc: {token_url: 'https://t', "
           "client_id: c, client_secret: {env: TIDEMARK_TEST_SECRET}, scope: 'a b'}}}")
          .cluster.properties,
      ElementsAre(Pair("sasl.mechanism", "OAUTHBEARER"), Pair("sasl.oauthbearer.method", "oidc"),
                  Pair("sasl.oauthbearer.token.endpoint.url", "https://t"),
                  Pair("sasl.oauthbearer.client.id", "c"), Pair("sasl.oauthbearer.scope", "a b"),
                  Pair("sasl.oauthbearer.client.secret", kKafkaSecret),
                  Pair("security.protocol", "SASL_PLAINTEXT")));
}

TEST_F(KafkaConfigTest, RegistryIsRead) {
  const auto registry =
      Read(
          "{brokers: k, schema_registry: {urls: ['http://a:1', 'https://b'], user: u, password: "
          "{env: TIDEMARK_TEST_SECRET}, ca: ca.pem, cert: c.pem, key: k.pem}}")
          .registry;
  ASSERT_TRUE(registry.has_value());
  EXPECT_THAT(registry->urls, ElementsAre("http://a:1", "https://b"));
  EXPECT_EQ(registry->user, "u");
  EXPECT_EQ(registry->password, kKafkaSecret);
  EXPECT_EQ(registry->ca, "/etc/t/ca.pem");
  EXPECT_EQ(registry->cert, "/etc/t/c.pem");
  EXPECT_EQ(registry->key, "/etc/t/k.pem");
  EXPECT_THAT(Read("{brokers: k, schema_registry: {url: 'http://a:1'}}").registry->urls,
              ElementsAre("http://a:1"));
}

struct BadKafka {
  const char* kafka;
  const char* error;
};

TEST_F(KafkaConfigTest, ErrorsNamePlaceAndWhatWasExpected) {
  const BadKafka cases[] = {
      {"x", "t.yaml:2:8: kafka: expected a mapping with the keys brokers, tls"},
      {"{}", "kafka.brokers: is missing; expected brokers, such as [kafka-1:9092"},
      {"{brokers: []}", "kafka.brokers: expected brokers, such as"},
      {"{brokers: 'a, '}",
       "kafka.brokers: expected brokers, such as [kafka-1:9092, kafka-2:9092], "
       "got \"\""},
      {"{brokers: ['a b']}", "got \"a b\""},
      {"{brokers: {a: b}}",
       "kafka.brokers: expected brokers, such as [kafka-1:9092, "
       "kafka-2:9092], got a mapping"},
      {"{broker: k}", "kafka.broker: unknown key; did you mean \"brokers\"?"},
      {"{brokers: k, tls: yes}", "kafka.tls: expected a mapping with the keys ca, cert"},
      {"{brokers: k, tls: {cert: c}}", "kafka.tls.cert: expected both cert and key, or neither"},
      {"{brokers: k, tls: {key: c}}", "kafka.tls.key: expected both cert and key, or neither"},
      {"{brokers: k, tls: {verify_hostname: no}}", "expected true or false, got \"no\""},
      {"{brokers: k, sasl: {}}", "kafka.sasl.mechanism: is missing; expected one of PLAIN"},
      {"{brokers: k, sasl: {mechanism: MD5}}",
       "kafka.sasl.mechanism: expected one of PLAIN, SCRAM"},
      {"{brokers: k, sasl: {mechanism: PLAIN, user: u}}",
       "kafka.sasl.password: is missing; expected {file: PATH} or {env: NAME}"},
      {"{brokers: k, sasl: {mechanism: PLAIN, password: {env: TIDEMARK_TEST_SECRET}}}",
       "kafka.sasl.user: is missing; expected the name of a user"},
      {"{brokers: k, sasl: {mechanism: PLAIN, user: u, password: hunter2}}",
       "kafka.sasl.password: expected {file: PATH} or {env: NAME}; a password itself never"},
      {"{brokers: k, sasl: {mechanism: PLAIN, user: u, oidc: {}}}",
       "kafka.sasl.oidc: is for OAUTHBEARER only, not for PLAIN"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER}}",
       "kafka.sasl.oidc: is missing; expected a mapping with token_url"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER, user: u, oidc: {}}}",
       "kafka.sasl.user: is not for OAUTHBEARER, which takes oidc"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER, oidc: {}}}",
       "kafka.sasl.oidc.token_url: is missing; expected the URL"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER, oidc: {}}}",
       "kafka.sasl.oidc.client_id: is missing; expected the name of the client"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER, oidc: {client_secret: hunter2}}}",
       "a client secret itself never stands in this file"},
      {"{brokers: k, sasl: {mechanism: OAUTHBEARER, oidc: {client_secret: {env: NO_SUCH}}}}",
       "NO_SUCH to hold the client secret; it is not set"},
      {"{brokers: k, properties: [a]}", "kafka.properties: expected a mapping of librdkafka's"},
      {"{brokers: k, properties: {a: [b]}}",
       "kafka.properties.a: expected a text, {file: PATH} or {env: NAME}"},
      {"{brokers: k, properties: {a: b, a: c}}", "kafka.properties.a: is given twice"},
      {"{brokers: k, properties: {sasl.password: hunter2}}",
       "kafka.properties.sasl.password: expected {file: PATH} or {env: NAME}; a secret itself"},
      {"{brokers: k, properties: {dr_msg_cb: x}}",
       "kafka.properties.dr_msg_cb: is not to be set: it takes a function"},
      {"{brokers: k, tls: {ca: c}, properties: {ssl.ca.location: d}}",
       "kafka.properties.ssl.ca.location: is what kafka.tls.ca says already"},
      {"{brokers: k, tls: {}, properties: {security.protocol: PLAINTEXT}}",
       "kafka.properties.security.protocol: is what kafka.tls says already"},
      {"{brokers: k, sasl: {mechanism: PLAIN}, properties: {sasl.mechanisms: GSSAPI}}",
       "kafka.properties.sasl.mechanisms: is what kafka.sasl.mechanism says already"},
      {"{brokers: k, schema_registry: {}}",
       "kafka.schema_registry.url: expected either url, a URL, such as http://127.0.0.1:8081"},
      {"{brokers: k, schema_registry: {url: 'http://a', urls: ['http://b']}}",
       "kafka.schema_registry.url: expected either url"},
      {"{brokers: k, schema_registry: {url: 'a:8081'}}", "got \"a:8081\""},
      {"{brokers: k, schema_registry: {urls: ['http://a', 'ftp://b']}}", "got \"ftp://b\""},
      {"{brokers: k, schema_registry: {url: 'http://u:hunter2@a'}}",
       "kafka.schema_registry.url: holds a user or a password; expected none"},
      {"{brokers: k, schema_registry: {url: 'http://a', user: u}}",
       "kafka.schema_registry.user: expected both user and password, or neither"},
      {"{brokers: k, schema_registry: {url: 'http://a', password: {env: TIDEMARK_TEST_SECRET}}}",
       "kafka.schema_registry.password: expected both user and password, or neither"},
      {"{brokers: k, schema_registry: {url: 'http://a', key: k}}",
       "kafka.schema_registry.key: expected both cert and key, or neither"},
  };
  for (const BadKafka& bad : cases) EXPECT_THAT(ErrorOf(bad.kafka), HasSubstr(bad.error));
}

TEST_F(KafkaConfigTest, PropertiesThatTidemarkSetsAreNotTheOperators) {
  const BadKafka cases[] = {
      {"bootstrap.servers", "say it with kafka.brokers"},
      {"metadata.broker.list", "say it with kafka.brokers"},
      {"transactional.id", "say it with transactional_id of the source's publish:"},
      {"enable.idempotence", "each event is written once"},
      {"acks", "each event is written once"},
      {"request.required.acks", "each event is written once"},
      {"retries", "each event is written once"},
      {"message.send.max.retries", "each event is written once"},
      {"max.in.flight", "each event is written once"},
      {"max.in.flight.requests.per.connection", "each event is written once"},
      {"enable.gapless.guarantee", "each event is written once"},
      {"partitioner", "murmur2"},
      {"queue.buffering.max.kbytes", "no more memory than it may"},
      {"queue.buffering.max.messages", "no more memory than it may"},
      {"allow.auto.create.topics", "topics are made as publish: says"},
      {"isolation.level", "the checkpoint is read exactly"},
      {"group.id", "the checkpoint is read exactly"},
      {"group.instance.id", "the checkpoint is read exactly"},
      {"auto.offset.reset", "the checkpoint is read exactly"},
      {"enable.auto.commit", "the checkpoint is read exactly"},
      {"auto.commit.enable", "the checkpoint is read exactly"},
      {"enable.auto.offset.store", "the checkpoint is read exactly"},
      {"enable.partition.eof", "the checkpoint is read exactly"},
  };
  for (const BadKafka& bad : cases) {
    const std::string name = bad.kafka;
    const std::string error = ErrorOf("{brokers: k, properties: {" + name + ": x}}");
    EXPECT_THAT(error, HasSubstr("kafka.properties." + name + ": is not to be set: "));
    EXPECT_THAT(error, HasSubstr(bad.error));
  }
}

}  // namespace
}  // namespace tidemark::service
