#include "service/publish_config.h"

#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/kafka/name_pattern.h"
#include "service/kafka/topic_owners.h"
#include "service/kafka/topic_router.h"
#include "service/kafka/topic_template.h"
#include "service/yaml_map.h"

namespace tidemark::service {
namespace {

using kafka::Format;
using kafka::OwnTopics;
using kafka::PublishOptions;
using kafka::TransformOptions;

constexpr uint64_t kPartitionsMost = 100'000;
constexpr uint64_t kMaskLengthMost = 1000;

bool NeedsRegistry(Format format) {
  return format == Format::kAvro || format == Format::kRegistryProtobuf;
}

bool IsDebeziums(Format format) {
  return format == Format::kDebeziumJson || format == Format::kDebeziumJsonBare ||
         format == Format::kAvro;
}

// Its records are told apart by their headers. Those of the others have keys that two sources give
// alike, and compaction would drop one's for the other's.
bool MayBeShared(std::string_view key) {
  return key != "checkpoint_topic" && key != "schema_topic";
}

// Calls `read` with each mapping of the list at `key`.
template <typename Read>
void ForEachMap(const YamlMap& parent, std::string_view key,
                std::initializer_list<std::string_view> known, YamlErrors* errors, Read read) {
  std::optional<YAML::Node> list = parent.Find(key);
  if (!list) return;
  if (!list->IsSequence()) {
    parent.Error(key, "expected a list of mappings");
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const YAML::Node node = (*list)[i];
    YamlMap map(node, absl::StrCat(parent.Path(key), "[", i, "]"), known, errors);
    if (node.IsMap()) read(map);
  }
}

}  // namespace

std::optional<PublishOptions> PublishConfigReader::Read(const YamlMap& source,
                                                        const std::string& name,
                                                        const std::optional<KafkaConfig>& kafka) {
  std::optional<YAML::Node> node = source.Find("publish");
  if (!node) return std::nullopt;
  YamlMap map(
      *node, source.Path("publish"),
      {"format", "topic", "routes", "transforms", "partitions", "replication", "topic_settings",
       "tombstones", "truncates", "transaction_topic", "schema_topic", "message_topic", "oversize",
       "dead_letter_topic", "transactional_id", "checkpoint_topic", "acknowledge_after_kafka"},
      errors_);
  PublishOptions options;
  if (!kafka) {
    source.Error("publish", "needs to know the brokers; expected kafka: at the top of the file");
  }
  if (!node->IsMap()) return options;
  const size_t errors_before = errors_->count();
  has_database_ = source.Has("postgres");
  options.transactional_id = absl::StrCat("tidemark-", name);
  options.checkpoint_topic = absl::StrCat("tidemark.checkpoint.", name);
  ReadFormat(map, kafka, &options);
  if (options.format == Format::kProtobuf) {
    options.schema_topic = absl::StrCat(name, ".tidemark.schema");
  }
  // As Debezium's connectors: consumers may count on tombstones, and fail at a TRUNCATE.
  options.tombstones = IsDebeziums(options.format);
  options.truncates = !IsDebeziums(options.format);
  ReadTopics(map, &options);
  ReadOversize(map, &options);
  ReadRoutes(map, &options.routes);
  ReadTransforms(map, &options.transforms);
  // Of topics that are none it was said already.
  if (errors_->count() == errors_before) CheckTopics(source, name, options);
  CheckIsFree(map, name, options);
  return options;
}

void PublishConfigReader::ReadFormat(const YamlMap& map, const std::optional<KafkaConfig>& kafka,
                                     PublishOptions* options) const {
  Assign(&options->format, map.Choice("format", {"protobuf", "debezium-json", "debezium-json-bare",
                                                 "avro", "registry-protobuf"}));
  if (NeedsRegistry(options->format) && kafka && !kafka->registry) {
    map.Error("format", "keeps its schemas in a registry; expected schema_registry in kafka:");
  }
}

void PublishConfigReader::ReadTopics(const YamlMap& map, PublishOptions* options) const {
  ReadTemplate(map, 0, &options->topic);
  Assign(&options->partitions, map.Number("partitions", 1, kPartitionsMost));
  Assign(&options->replication, map.Number("replication", 1, std::numeric_limits<int16_t>::max()));
  ReadTopicSettings(map, &options->topic_settings);
  Assign(&options->tombstones, map.Boolean("tombstones"));
  Assign(&options->truncates, map.Boolean("truncates"));
  ReadTopicName(map, "transaction_topic", &options->transaction_topic);
  ReadTopicName(map, "schema_topic", &options->schema_topic);
  ReadTopicName(map, "message_topic", &options->message_topic);
  ReadTopicName(map, "checkpoint_topic", &options->checkpoint_topic);
  if (auto id = map.Scalar("transactional_id", "a name of the source's own in the cluster")) {
    options->transactional_id = id->text;
  }
  Assign(&options->acknowledge_after_kafka, map.Boolean("acknowledge_after_kafka"));
}

void PublishConfigReader::ReadTopicSettings(const YamlMap& map, kafka::Settings* settings) const {
  static constexpr char kExpected[] = "a mapping such as {min.insync.replicas: 2}";
  std::optional<YAML::Node> node = map.Find("topic_settings");
  if (!node) return;
  if (!node->IsMap()) {
    map.Error("topic_settings", absl::StrCat("expected ", kExpected));
    return;
  }
  for (const auto& entry : *node) {
    if (entry.first.IsScalar() && entry.second.IsScalar()) {
      settings->emplace_back(entry.first.Scalar(), entry.second.Scalar());
    } else {
      errors_->Add(entry.first.Mark(), map.Path("topic_settings"),
                   absl::StrCat("expected ", kExpected));
    }
  }
}

void PublishConfigReader::ReadOversize(const YamlMap& map, PublishOptions* options) const {
  Assign(&options->oversize, map.Choice("oversize", {"stop", "dead_letter"}));
  ReadTopicName(map, "dead_letter_topic", &options->dead_letter_topic);
  const bool wanted = options->oversize == kafka::Oversize::kDeadLetter;
  if (wanted) map.Require("dead_letter_topic", "the topic for oversize: dead_letter");
  if (!wanted && map.Has("dead_letter_topic")) {
    map.Error("dead_letter_topic", "is for oversize: dead_letter only; expected both or neither");
  }
}

void PublishConfigReader::ReadRoutes(const YamlMap& map, std::vector<kafka::Route>* routes) const {
  ForEachMap(map, "routes", {"tables", "topic"}, errors_, [&](const YamlMap& route) {
    kafka::Route& read = routes->emplace_back();
    const int groups = ReadTables(route, &read.tables);
    route.Require("topic", "the topic of these tables, such as shop.orders or shop.{1}");
    ReadTemplate(route, groups, &read.topic);
  });
}

void PublishConfigReader::ReadTransforms(const YamlMap& map,
                                         std::vector<TransformOptions>* transforms) const {
  ForEachMap(map, "transforms",
             {"tables", "include", "exclude", "mask", "mask_length", "hash", "hash_salt",
              "truncate", "topic"},
             errors_, [&](const YamlMap& transform) {
               ReadTransform(transform, &transforms->emplace_back());
             });
}

void PublishConfigReader::ReadTransform(const YamlMap& map, TransformOptions* transform) const {
  const int groups = ReadTables(map, &transform->tables);
  ReadColumns(map, "include", &transform->include);
  ReadColumns(map, "exclude", &transform->exclude);
  ReadColumns(map, "mask", &transform->mask);
  Assign(&transform->mask_length, map.Number("mask_length", 1, kMaskLengthMost));
  ReadColumns(map, "hash", &transform->hash);
  if (map.Has("hash")) map.Require("hash_salt", "{file: PATH} or {env: NAME}");
  secrets_.Read(map, "hash_salt", "salt", &transform->hash_salt);
  ReadTruncate(map, transform);
  ReadTemplate(map, groups, &transform->topic);
}

void PublishConfigReader::ReadTruncate(const YamlMap& map, TransformOptions* transform) const {
  ForEachMap(map, "truncate", {"columns", "length"}, errors_, [&](const YamlMap& rule) {
    rule.Require("columns", "a regular expression over the names of columns");
    rule.Require("length", "the number of characters that stay");
    std::vector<std::string> columns;
    if (auto text = rule.Scalar("columns", "a regular expression")) {
      const auto pattern = kafka::NamePattern::Make(text->text);
      if (!pattern.ok()) rule.Error("columns", std::string(pattern.status().message()));
      columns.push_back(text->text);
    }
    auto length = rule.Number("length", 0, std::numeric_limits<int32_t>::max());
    if (columns.empty() || !length) return;
    transform->truncate.emplace_back(columns.front(), static_cast<uint32_t>(*length));
  });
}

int PublishConfigReader::ReadTables(const YamlMap& map, std::string* tables) const {
  static constexpr char kExpected[] =
      "a regular expression over the whole of schema.table, such as shop\\.orders_.*";
  map.Require("tables", kExpected);
  std::optional<YamlScalar> text = map.Scalar("tables", kExpected);
  if (!text) return 0;
  *tables = text->text;
  const auto pattern = kafka::NamePattern::Make(text->text);
  if (pattern.ok()) return pattern->group_count();
  map.Error("tables", std::string(pattern.status().message()));
  return 0;
}

void PublishConfigReader::ReadColumns(const YamlMap& map, std::string_view key,
                                      std::vector<std::string>* columns) const {
  for (const YamlScalar& text : map.Strings(key, "regular expressions over names of columns")) {
    const auto pattern = kafka::NamePattern::Make(text.text);
    if (!pattern.ok()) {
      errors_->Add(text.mark, map.Path(key), std::string(pattern.status().message()));
    }
    columns->push_back(text.text);
  }
}

void PublishConfigReader::ReadTemplate(const YamlMap& map, int groups, std::string* topic) const {
  std::optional<YamlScalar> text =
      map.Scalar("topic", "a topic's template, such as {source}.{schema}.{table}");
  if (!text) return;
  const auto parsed = kafka::TopicTemplate::Parse(text->text, groups, has_database_);
  if (!parsed.ok()) map.Error("topic", std::string(parsed.status().message()));
  *topic = text->text;
}

void PublishConfigReader::ReadTopicName(const YamlMap& map, std::string_view key,
                                        std::string* topic) const {
  std::optional<YamlScalar> text = map.Scalar(key, "the name of a topic");
  if (!text) return;
  if (!kafka::IsTopicName(text->text)) {
    map.Error(key,
              absl::StrCat("expected the name of a topic, 1 to ", kafka::kTopicNameMax,
                           " of a-z, A-Z, 0-9, \".\", \"_\" and \"-\", got \"", text->text, "\""));
  }
  *topic = text->text;
}

// That the topics of the service differ.
void PublishConfigReader::CheckTopics(const YamlMap& source, const std::string& name,
                                      const PublishOptions& options) const {
  const auto router =
      kafka::TopicRouter::Make(options, name, has_database_ ? "database" : std::string());
  if (!router.ok()) source.Error("publish", std::string(router.status().message()));
}

void PublishConfigReader::CheckIsFree(const YamlMap& publish, const std::string& name,
                                      const PublishOptions& options) {
  for (const auto& [other_name, other] : known_) {
    if (other.transactional_id == options.transactional_id) {
      publish.Error("transactional_id",
                    absl::StrCat("source \"", other_name, "\" has \"", options.transactional_id,
                                 "\" already, and each would stop the other; expected one of its "
                                 "own"));
    }
    for (const auto& [key, topic] : OwnTopics(options)) {
      for (const auto& [other_key, other_topic] : OwnTopics(other)) {
        if (topic.empty() || topic != other_topic || (key == other_key && MayBeShared(key)))
          continue;
        publish.Error(key, absl::StrCat("source \"", other_name, "\" has \"", topic, "\" as its ",
                                        other_key, " already; expected a topic of its own"));
      }
    }
    if (other.topic == options.topic && !absl::StrContains(options.topic, "{source}")) {
      publish.Error("topic",
                    absl::StrCat("source \"", other_name, "\" has the template \"", options.topic,
                                 "\" too, so that tables of the same name would be in one topic; "
                                 "expected {source} in it, or, where that is wanted, a route that "
                                 "sends the tables there"));
    }
  }
  known_.emplace_back(name, options);
}

}  // namespace tidemark::service
