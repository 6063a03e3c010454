#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_TOPIC_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_TOPIC_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tidemark::testing {

struct KafkaTopic {
  std::string name;
  int partitions = 1;
  // ("cleanup.policy", "compact")
  std::vector<std::pair<std::string, std::string>> settings = {};
};

// Makes a topic with the cluster's own number of replicas, and returns when every partition of it
// has a leader. Errors: DeadlineExceeded, Unavailable, Internal (refused: the message says why).
absl::Status CreateKafkaTopic(const std::string& bootstrap, const KafkaTopic& topic,
                              absl::Duration timeout = absl::Seconds(60));

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_KAFKA_TOPIC_H_
