#include "service/kafka/topic_router.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {
namespace {

absl::Status AtKey(const std::string& key, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(key, ": ", status.message()));
}

constexpr char kRemedy[] =
    "; give one of them another topic with a route, or send both to one on purpose with a route "
    "that matches both";

}  // namespace

absl::StatusOr<TopicRouter> TopicRouter::Make(const PublishOptions& options, std::string source,
                                              std::string database, TopicOwners* owners) {
  absl::StatusOr<TopicTemplate> topic = TopicTemplate::Parse(options.topic, 0, !database.empty());
  if (!topic.ok()) return AtKey("topic", topic.status());
  TopicRouter router(*std::move(topic), std::move(source), std::move(database), owners);
  absl::Status status = router.AddTransforms(options);
  if (status.ok()) status = router.AddRoutes(options);
  if (status.ok()) status = router.AddOwnTopics(options);
  if (!status.ok()) return status;
  return router;
}

absl::Status TopicRouter::AddTransforms(const PublishOptions& options) {
  for (size_t i = 0; i < options.transforms.size(); ++i) {
    const TransformOptions& transform = options.transforms[i];
    const std::string path = absl::StrCat("transforms[", i, "].");
    absl::StatusOr<NamePattern> tables = NamePattern::Make(transform.tables);
    if (!tables.ok()) return AtKey(path + "tables", tables.status());
    transforms_.push_back({*std::move(tables), std::nullopt});
    if (transform.topic.empty()) continue;
    absl::StatusOr<TopicTemplate> topic = TopicTemplate::Parse(
        transform.topic, transforms_.back().tables.group_count(), !database_.empty());
    if (!topic.ok()) return AtKey(path + "topic", topic.status());
    transforms_.back().topic = *std::move(topic);
  }
  return absl::OkStatus();
}

absl::Status TopicRouter::AddRoutes(const PublishOptions& options) {
  for (size_t i = 0; i < options.routes.size(); ++i) {
    const std::string path = absl::StrCat("routes[", i, "].");
    absl::StatusOr<NamePattern> tables = NamePattern::Make(options.routes[i].tables);
    if (!tables.ok()) return AtKey(path + "tables", tables.status());
    absl::StatusOr<TopicTemplate> topic =
        TopicTemplate::Parse(options.routes[i].topic, tables->group_count(), !database_.empty());
    if (!topic.ok()) return AtKey(path + "topic", topic.status());
    routes_.push_back({*std::move(tables), *std::move(topic)});
  }
  return absl::OkStatus();
}

absl::Status TopicRouter::AddOwnTopics(const PublishOptions& options) {
  for (const auto& [key, topic] : OwnTopics(options)) {
    if (topic.empty()) continue;
    if (!IsTopicName(topic)) {
      return absl::InvalidArgumentError(
          absl::StrCat(key, ": \"", topic, "\" is no name of a topic; expected 1 to ",
                       kTopicNameMax, " of a-z, A-Z, 0-9, \".\", \"_\" and \"-\""));
    }
    std::vector<Taken>& taken = taken_[ClashName(topic)];
    if (!taken.empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(key, ": \"", topic, "\" is ", taken.front().owner,
                       " too, or differs from it in \".\" and \"_\" only; expected a topic of its "
                       "own"));
    }
    Taken own;
    own.owner = absl::StrCat("the ", key);
    own.topic = topic;
    own.of_table = false;
    taken.push_back(std::move(own));
  }
  return absl::OkStatus();
}

const TopicTemplate* TopicRouter::RuleOf(const std::string& table,
                                         std::vector<std::string>* groups) const {
  for (const Transform& transform : transforms_) {
    if (!transform.tables.Matches(table, groups)) continue;
    if (transform.topic.has_value()) return &*transform.topic;
    break;
  }
  for (const Rule& route : routes_) {
    if (route.tables.Matches(table, groups)) return &route.topic;
  }
  return nullptr;
}

absl::StatusOr<std::string> TopicRouter::TopicOf(const v1::TableSchema& schema) {
  Taken wanted;
  wanted.table_id = schema.table_id();
  wanted.owner = QualifiedName(schema);
  TopicParts parts{source_, schema.namespace_(), database_, schema.name(), {}};
  const TopicTemplate* rule = RuleOf(wanted.owner, &parts.groups);
  const TopicTemplate& used = rule != nullptr ? *rule : topic_;
  wanted.expanded = used.Expand(parts);
  if (rule == nullptr) wanted.places = used.PlaceValues(parts);
  wanted.topic = TopicNameOf(wanted.expanded);
  if (wanted.topic.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the topic of ", wanted.owner, " has no name, since \"", used.text(),
        "\" is empty for it; give the template some text, or the table another route"));
  }
  std::string topic = wanted.topic;
  const TopicOwners::Claim claim{source_, wanted.topic, wanted.owner, rule != nullptr};
  absl::Status status = Take(std::move(wanted));
  if (status.ok() && owners_ != nullptr) status = owners_->Take(claim);
  if (!status.ok()) return status;
  return topic;
}

absl::Status TopicRouter::Take(Taken wanted) {
  std::vector<Taken>& taken = taken_[ClashName(wanted.topic)];
  bool known = false;
  for (const Taken& other : taken) {
    absl::Status status = Compare(other, wanted);
    if (!status.ok()) return status;
    known = known || (other.expanded == wanted.expanded && other.places == wanted.places);
  }
  if (!known) taken.push_back(std::move(wanted));
  return absl::OkStatus();
}

absl::Status TopicRouter::Compare(const Taken& other, const Taken& wanted) const {
  if (!other.of_table) {
    return absl::FailedPreconditionError(absl::StrCat(
        "table ", wanted.owner, " would be written to the topic \"", wanted.topic, "\", and \"",
        other.topic, "\" is ", other.owner, "; give the table another topic with a route"));
  }
  if (other.topic != wanted.topic) {
    return absl::FailedPreconditionError(
        absl::StrCat("tables ", other.owner, " and ", wanted.owner,
                     " would be written to the topics \"", other.topic, "\" and \"", wanted.topic,
                     "\", and Kafka refuses names that differ in \".\" and \"_\" only", kRemedy));
  }
  const bool same_table =
      other.owner == wanted.owner || (other.table_id != 0 && other.table_id == wanted.table_id);
  if (same_table) return absl::OkStatus();
  if (other.expanded != wanted.expanded) {
    return absl::FailedPreconditionError(
        absl::StrCat("tables ", other.owner, " and ", wanted.owner,
                     " would both be written to the topic \"", wanted.topic,
                     "\", since Kafka takes only a-z, A-Z, 0-9, \".\", \"_\" and \"-\" in a name, ",
                     kTopicNameMax, " of them at most", kRemedy));
  }
  if (other.places == wanted.places || other.places.empty() || wanted.places.empty()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "tables ", other.owner, " and ", wanted.owner, " would both be written to the topic \"",
      wanted.topic, "\", since the template \"", topic_.text(),
      "\" does not show where one name ends", kRemedy));
}

}  // namespace tidemark::service::kafka
