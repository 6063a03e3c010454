#include "service/kafka_config.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "service/yaml_map.h"

namespace tidemark::service {
namespace {

struct Reserved {
  std::string_view name;
  std::string_view reason;
};

constexpr std::string_view kEachOnce = "it is set so that each event is written once";
constexpr std::string_view kMemory = "it is set so that a source takes no more memory than it may";
constexpr std::string_view kCheckpoints = "it is set so that the checkpoint is read exactly";

// Properties of librdkafka that are not the operator's.
constexpr Reserved kReserved[] = {
    {"bootstrap.servers", "say it with kafka.brokers"},
    {"metadata.broker.list", "say it with kafka.brokers"},
    {"transactional.id", "say it with transactional_id of the source's publish:"},
    {"enable.idempotence", kEachOnce},
    {"acks", kEachOnce},
    {"request.required.acks", kEachOnce},
    {"retries", kEachOnce},
    {"message.send.max.retries", kEachOnce},
    {"max.in.flight", kEachOnce},
    {"max.in.flight.requests.per.connection", kEachOnce},
    {"enable.gapless.guarantee", kEachOnce},
    {"partitioner", "it is murmur2, so that a key goes where other programs put it"},
    {"queue.buffering.max.kbytes", kMemory},
    {"queue.buffering.max.messages", kMemory},
    {"allow.auto.create.topics", "topics are made as publish: says"},
    {"isolation.level", kCheckpoints},
    {"group.id", kCheckpoints},
    {"group.instance.id", kCheckpoints},
    {"auto.offset.reset", kCheckpoints},
    {"enable.auto.commit", kCheckpoints},
    {"auto.commit.enable", kCheckpoints},
    {"enable.auto.offset.store", kCheckpoints},
    {"enable.partition.eof", kCheckpoints},
};

// Properties that hold a secret.
constexpr std::string_view kSecrets[] = {"sasl.password",
                                         "sasl.oauthbearer.client.secret",
                                         "sasl.oauthbearer.config",
                                         "ssl.key.password",
                                         "ssl.key.pem",
                                         "ssl.keystore.password"};

bool IsSecret(std::string_view name) {
  return std::find(std::begin(kSecrets), std::end(kSecrets), name) != std::end(kSecrets);
}

// "" if the operator may set it.
std::string_view ReservedReason(std::string_view name) {
  for (const Reserved& reserved : kReserved) {
    if (reserved.name == name) return reserved.reason;
  }
  if (name.ends_with("_cb") || name == "opaque") return "it takes a function, not a text";
  return "";
}

// The client has two names for it.
std::string Canonical(const std::string& name) {
  return name == "sasl.mechanisms" ? "sasl.mechanism" : name;
}

bool HasBlank(std::string_view text) {
  return text.find_first_of(" \t\r\n") != std::string_view::npos;
}

}  // namespace

std::optional<KafkaConfig> KafkaConfigReader::Read(const YamlMap& top) const {
  std::optional<YAML::Node> node = top.Find("kafka");
  if (!node) return std::nullopt;
  KafkaConfig config;
  YamlMap map(*node, "kafka", {"brokers", "tls", "sasl", "properties", "schema_registry"}, errors_);
  if (!node->IsMap()) return config;
  ReadBrokers(map, &config.cluster.brokers);
  Properties own;
  ReadTls(map, &own);
  ReadSasl(map, &own);
  AddProtocol(map, &own);
  for (const Property& property : own) {
    config.cluster.properties.emplace_back(property.name, property.value);
  }
  ReadProperties(map, own, &config.cluster.properties);
  config.registry = ReadRegistry(map);
  return config;
}

void KafkaConfigReader::ReadBrokers(const YamlMap& map, std::string* brokers) const {
  static constexpr char kExpected[] = "brokers, such as [kafka-1:9092, kafka-2:9092]";
  map.Require("brokers", kExpected);
  std::optional<YAML::Node> node = map.Find("brokers");
  if (!node) return;
  std::vector<std::string> list;
  if (node->IsSequence()) {
    for (YamlScalar& broker : map.Strings("brokers", kExpected)) list.push_back(broker.text);
    if (node->size() == 0) map.Error("brokers", absl::StrCat("expected ", kExpected));
  } else if (auto text = map.Scalar("brokers", kExpected)) {
    list = absl::StrSplit(text->text, ',');
    for (std::string& broker : list) broker = std::string(absl::StripAsciiWhitespace(broker));
  }
  for (const std::string& broker : list) {
    if (!broker.empty() && !HasBlank(broker) && !absl::StrContains(broker, ',')) continue;
    map.Error("brokers", absl::StrCat("expected ", kExpected, ", got \"", broker, "\""));
  }
  *brokers = absl::StrJoin(list, ",");
}

void KafkaConfigReader::ReadFile(const YamlMap& map, std::string_view key,
                                 std::string* path) const {
  if (auto scalar = map.Scalar(key, "the path of a PEM file"))
    *path = files_->Resolve(scalar->text);
}

void KafkaConfigReader::ReadTls(const YamlMap& kafka, Properties* properties) const {
  std::optional<YAML::Node> node = kafka.Find("tls");
  if (!node) return;
  YamlMap map(*node, kafka.Path("tls"), {"ca", "cert", "key", "verify_hostname"}, errors_);
  if (map.Has("cert") != map.Has("key")) {
    map.Error(map.Has("cert") ? "cert" : "key", "expected both cert and key, or neither");
  }
  const std::pair<const char*, const char*> files[] = {
      {"ca", "ssl.ca.location"}, {"cert", "ssl.certificate.location"}, {"key", "ssl.key.location"}};
  for (const auto& [key, name] : files) {
    std::string path;
    ReadFile(map, key, &path);
    if (!path.empty()) properties->push_back({name, path, map.Path(key)});
  }
  const bool verify = map.Boolean("verify_hostname").value_or(true);
  properties->push_back({"ssl.endpoint.identification.algorithm", verify ? "https" : "none",
                         map.Path("verify_hostname")});
}

void KafkaConfigReader::ReadSasl(const YamlMap& kafka, Properties* properties) const {
  static constexpr char kExpected[] = "one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER";
  std::optional<YAML::Node> node = kafka.Find("sasl");
  if (!node) return;
  YamlMap map(*node, kafka.Path("sasl"), {"mechanism", "user", "password", "oidc"}, errors_);
  if (!node->IsMap()) return;
  map.Require("mechanism", kExpected);
  if (!map.Choice("mechanism", {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"})) return;
  const std::string mechanism = map.Scalar("mechanism", kExpected)->text;
  properties->push_back({"sasl.mechanism", mechanism, map.Path("mechanism")});
  if (mechanism == "OAUTHBEARER") {
    ReadOidc(map, properties);
  } else {
    ReadUser(map, mechanism, properties);
  }
}

void KafkaConfigReader::ReadUser(const YamlMap& sasl, const std::string& mechanism,
                                 Properties* properties) const {
  if (sasl.Has("oidc")) {
    sasl.Error("oidc", absl::StrCat("is for OAUTHBEARER only, not for ", mechanism));
  }
  sasl.Require("user", "the name of a user");
  sasl.Require("password", "{file: PATH} or {env: NAME}");
  if (auto user = sasl.Scalar("user", "the name of a user")) {
    properties->push_back({"sasl.username", user->text, sasl.Path("user")});
  }
  std::string password;
  secrets_.Read(sasl, "password", "password", &password);
  properties->push_back({"sasl.password", password, sasl.Path("password")});
}

void KafkaConfigReader::ReadOidc(const YamlMap& sasl, Properties* properties) const {
  static constexpr char kUrl[] = "the URL at which tokens are issued, such as https://.../token";
  for (const char* key : {"user", "password"}) {
    if (sasl.Has(key)) sasl.Error(key, "is not for OAUTHBEARER, which takes oidc");
  }
  sasl.Require("oidc", "a mapping with token_url, client_id and client_secret");
  std::optional<YAML::Node> node = sasl.Find("oidc");
  if (!node) return;
  YamlMap map(*node, sasl.Path("oidc"), {"token_url", "client_id", "client_secret", "scope"},
              errors_);
  if (!node->IsMap()) return;
  map.Require("token_url", kUrl);
  map.Require("client_id", "the name of the client");
  map.Require("client_secret", "{file: PATH} or {env: NAME}");
  properties->push_back({"sasl.oauthbearer.method", "oidc", sasl.Path("oidc")});
  auto add = [&](const char* key, const char* expected, const char* name) {
    if (auto scalar = map.Scalar(key, expected)) {
      properties->push_back({name, scalar->text, map.Path(key)});
    }
  };
  add("token_url", kUrl, "sasl.oauthbearer.token.endpoint.url");
  add("client_id", "the name of the client", "sasl.oauthbearer.client.id");
  add("scope", "scopes, with blanks between", "sasl.oauthbearer.scope");
  std::string secret;
  secrets_.Read(map, "client_secret", "client secret", &secret);
  properties->push_back({"sasl.oauthbearer.client.secret", secret, map.Path("client_secret")});
}

void KafkaConfigReader::AddProtocol(const YamlMap& kafka, Properties* properties) {
  const bool tls = kafka.Has("tls"), sasl = kafka.Has("sasl");
  if (!tls && !sasl) return;  // the client's default, or the operator's
  const char* protocol = !sasl ? "SSL" : tls ? "SASL_SSL" : "SASL_PLAINTEXT";
  properties->push_back({"security.protocol", protocol, kafka.Path(sasl ? "sasl" : "tls")});
}

void KafkaConfigReader::ReadProperties(const YamlMap& kafka, const Properties& own,
                                       kafka::Settings* properties) const {
  static constexpr char kExpected[] = "a mapping of librdkafka's properties to their values";
  std::optional<YAML::Node> node = kafka.Find("properties");
  if (!node) return;
  if (!node->IsMap()) {
    kafka.Error("properties", absl::StrCat("expected ", kExpected));
    return;
  }
  for (const auto& entry : *node) {
    if (!entry.first.IsScalar()) {
      kafka.Error("properties", absl::StrCat("expected ", kExpected));
      continue;
    }
    const std::string& name = entry.first.Scalar();
    ReadProperty(name, entry.second, absl::StrCat(kafka.Path("properties"), ".", name), own,
                 properties);
  }
}

void KafkaConfigReader::ReadProperty(const std::string& name, const YAML::Node& node,
                                     const std::string& path, const Properties& own,
                                     kafka::Settings* properties) const {
  const std::string_view reason = ReservedReason(name);
  if (!reason.empty()) {
    errors_->Add(node.Mark(), path,
                 absl::StrCat("is not to be set: ", std::string(reason), "; take it out"));
    return;
  }
  for (const Property& property : own) {
    if (property.name != Canonical(name)) continue;
    errors_->Add(node.Mark(), path,
                 absl::StrCat("is what ", property.key, " says already; expected one of the two"));
    return;
  }
  for (const auto& [other, value] : *properties) {
    if (other != name) continue;
    errors_->Add(node.Mark(), path, "is given twice; expected it once");
    return;
  }
  std::string value;
  if (node.IsMap() || IsSecret(name)) {
    secrets_.Read(node, path, "secret", &value);
  } else if (node.IsScalar()) {
    value = node.Scalar();
  } else {
    errors_->Add(node.Mark(), path, "expected a text, {file: PATH} or {env: NAME}");
  }
  properties->emplace_back(name, std::move(value));
}

std::optional<kafka::RegistryOptions> KafkaConfigReader::ReadRegistry(const YamlMap& kafka) const {
  std::optional<YAML::Node> node = kafka.Find("schema_registry");
  if (!node) return std::nullopt;
  kafka::RegistryOptions registry;
  YamlMap map(*node, kafka.Path("schema_registry"),
              {"url", "urls", "user", "password", "ca", "cert", "key"}, errors_);
  if (!node->IsMap()) return registry;
  ReadUrls(map, &registry.urls);
  if (map.Has("user") != map.Has("password")) {
    map.Error(map.Has("user") ? "user" : "password", "expected both user and password, or neither");
  }
  if (map.Has("cert") != map.Has("key")) {
    map.Error(map.Has("cert") ? "cert" : "key", "expected both cert and key, or neither");
  }
  if (auto user = map.Scalar("user", "the name of a user")) registry.user = user->text;
  secrets_.Read(map, "password", "password", &registry.password);
  ReadFile(map, "ca", &registry.ca);
  ReadFile(map, "cert", &registry.cert);
  ReadFile(map, "key", &registry.key);
  return registry;
}

void KafkaConfigReader::ReadUrls(const YamlMap& map, std::vector<std::string>* urls) const {
  static constexpr char kExpected[] = "a URL, such as http://127.0.0.1:8081";
  if (map.Has("url") == map.Has("urls")) {
    map.Error("url", absl::StrCat("expected either url, ", kExpected, ", or urls, a list of them"));
  }
  std::vector<YamlScalar> given = map.Strings("urls", "URLs, such as [http://127.0.0.1:8081]");
  if (auto url = map.Scalar("url", kExpected)) given.push_back(*url);
  for (const YamlScalar& url : given) {
    const std::string path = map.Path(map.Has("url") ? "url" : "urls");
    // Not printed: it may hold a password.
    if (absl::StrContains(url.text, '@')) {
      errors_->Add(url.mark, path,
                   "holds a user or a password; expected none: say them with user and password");
    } else if ((!url.text.starts_with("http://") && !url.text.starts_with("https://")) ||
               HasBlank(url.text)) {
      errors_->Add(url.mark, path,
                   absl::StrCat("expected ", kExpected, ", got \"", url.text, "\""));
    }
    urls->push_back(url.text);
  }
}

}  // namespace tidemark::service
