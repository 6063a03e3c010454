#include "service/kafka/topic_owners.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {

std::vector<std::pair<std::string, std::string>> OwnTopics(const PublishOptions& options) {
  return {{"checkpoint_topic", options.checkpoint_topic},
          {"transaction_topic", options.transaction_topic},
          {"schema_topic", options.schema_topic},
          {"message_topic", options.message_topic},
          {"dead_letter_topic", options.dead_letter_topic}};
}

std::string ClashName(std::string topic) {
  std::replace(topic.begin(), topic.end(), '.', '_');
  return topic;
}

void TopicOwners::Reserve(const std::string& source, const PublishOptions& options) {
  std::lock_guard lock(mutex_);
  for (const auto& [key, topic] : OwnTopics(options)) {
    if (topic.empty()) continue;
    Owner owner;
    owner.source = source;
    owner.topic = topic;
    owner.own_key = key;
    owners_[ClashName(topic)].push_back(std::move(owner));
  }
}

absl::Status TopicOwners::Take(const Claim& claim) {
  std::lock_guard lock(mutex_);
  std::vector<Owner>& owners = owners_[ClashName(claim.topic)];
  bool known = false;
  for (const Owner& other : owners) {
    known = known || (other.source == claim.source && other.topic == claim.topic &&
                      other.own_key.empty() && other.by_rule == claim.by_rule);
    if (other.source == claim.source) continue;
    if (absl::Status status = Compare(other, claim); !status.ok()) return status;
  }
  if (!known) owners.push_back({claim, ""});
  return absl::OkStatus();
}

absl::Status TopicOwners::Compare(const Owner& other, const Claim& claim) {
  const std::string who = absl::StrCat("table ", claim.table, " of source \"", claim.source,
                                       "\" would be written to the topic \"", claim.topic, "\", ");
  if (!other.own_key.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(who, "and \"", other.topic, "\" is the ", other.own_key, " of source \"",
                     other.source, "\"; give the table another topic with a route"));
  }
  if (other.topic == claim.topic && other.by_rule && claim.by_rule) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      who, "and table ", other.table, " of source \"", other.source, "\" is written to \"",
      other.topic,
      "\"; put {source} into the template of one of them, or, where one topic is wanted, send the "
      "tables of both sources there with routes"));
}

}  // namespace tidemark::service::kafka
