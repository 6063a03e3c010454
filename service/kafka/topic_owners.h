#ifndef TIDEMARK_SERVICE_KAFKA_TOPIC_OWNERS_H_
#define TIDEMARK_SERVICE_KAFKA_TOPIC_OWNERS_H_

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// The topics of what is no change of a row, by their keys in the configuration; those that are not
// set are empty.
std::vector<std::pair<std::string, std::string>> OwnTopics(const PublishOptions& options);

// As brokers tell topics apart: each "." as "_".
std::string ClashName(std::string topic);

// Which source writes which topic, of all sources that one service publishes: so that those that
// meet only while they run are told. A topic of a table may be shared where each source sends its
// tables there by a route or a transform; then somebody said so. Sources of other services are not
// known here. Thread-safe.
class TopicOwners {
 public:
  // Before any source is published. That own topics do not meet is the configuration's to check.
  void Reserve(const std::string& source, const PublishOptions& options);

  struct Claim {
    std::string source;
    std::string topic;
    std::string table;
    bool by_rule = false;  // a route or a transform, not the template
  };
  // FailedPrecondition: the topic is another source's; the message names both and the remedy. A
  // claim holds for good.
  absl::Status Take(const Claim& claim);

 private:
  // The key of an own topic, or empty.
  struct Owner : Claim {
    std::string own_key;
  };
  static absl::Status Compare(const Owner& other, const Claim& claim);

  std::mutex mutex_;
  // By ClashName; one of each source and kind.
  std::map<std::string, std::vector<Owner>> owners_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TOPIC_OWNERS_H_
