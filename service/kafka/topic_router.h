#ifndef TIDEMARK_SERVICE_KAFKA_TOPIC_ROUTER_H_
#define TIDEMARK_SERVICE_KAFKA_TOPIC_ROUTER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/name_pattern.h"
#include "service/kafka/publish_options.h"
#include "service/kafka/topic_owners.h"
#include "service/kafka/topic_template.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Says which topic a table's records go to: that of the first transform that matches the table, if
// it names one; else that of the first route that matches; else the source's template. The name is
// what TopicNameOf makes of it.
//
// Many tables share a topic where a route or a transform says so, or where the template does not
// tell them apart. What only came together since characters were replaced, since a name was cut, or
// since a "." is in another place, is an error, and so are two names that differ in "." and "_"
// only: the broker refuses the second.
//
// Remembers what it said, to find that. Not thread-safe.
class TopicRouter {
 public:
  // `database`: PostgreSQL's; empty at MySQL. InvalidArgument: a pattern, a template or a topic
  // that is none, named by its key in the configuration. `owners`: of all sources of the service;
  // must outlive it; null: there are no others.
  static absl::StatusOr<TopicRouter> Make(const PublishOptions& options, std::string source,
                                          std::string database, TopicOwners* owners = nullptr);

  // FailedPrecondition: the topic is another table's already, or another source's, or one of the
  // service's own, or has no name; the message names the tables and the remedy.
  absl::StatusOr<std::string> TopicOf(const v1::TableSchema& schema);

 private:
  struct Transform {
    NamePattern tables;
    std::optional<TopicTemplate> topic;
  };
  struct Rule {
    NamePattern tables;
    TopicTemplate topic;
  };
  // Who has a topic.
  struct Taken {
    uint64_t table_id = 0;
    std::string owner;  // for messages
    std::string topic;
    std::string expanded;  // before characters were replaced
    std::string places;    // TopicTemplate::PlaceValues; empty: by a route or a transform
    bool of_table = true;  // else one of the service's own
  };

  TopicRouter(TopicTemplate topic, std::string source, std::string database, TopicOwners* owners)
      : topic_(std::move(topic)),
        source_(std::move(source)),
        database_(std::move(database)),
        owners_(owners) {}

  absl::Status AddTransforms(const PublishOptions& options);
  absl::Status AddRoutes(const PublishOptions& options);
  absl::Status AddOwnTopics(const PublishOptions& options);
  // Null: `topic_`. `groups`: of the pattern that matched.
  const TopicTemplate* RuleOf(const std::string& table, std::vector<std::string>* groups) const;
  absl::Status Take(Taken wanted);
  // OK: `wanted` may be beside `other`.
  absl::Status Compare(const Taken& other, const Taken& wanted) const;

  TopicTemplate topic_;
  std::string source_;
  std::string database_;
  TopicOwners* owners_;
  std::vector<Transform> transforms_;
  std::vector<Rule> routes_;
  // By ClashName.
  std::map<std::string, std::vector<Taken>> taken_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TOPIC_ROUTER_H_
