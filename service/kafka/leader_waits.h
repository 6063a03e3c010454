#ifndef TIDEMARK_SERVICE_KAFKA_LEADER_WAITS_H_
#define TIDEMARK_SERVICE_KAFKA_LEADER_WAITS_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace tidemark::service::kafka {

// Which topics of a source wait for a leader, and since when: longer than one session, each of
// which looks for a moment. Says in the log that a wait begins and ends, and each minute that it
// lasts. One thread.
class LeaderWaits {
 public:
  explicit LeaderWaits(std::string source) : source_(std::move(source)) {}

  // `partition` of `topic` has no leader. Unavailable; the message names both, and since when
  // (wall clock).
  absl::Status Waits(const std::string& topic, int32_t partition);
  // All partitions of `topic` have one.
  void Ended(const std::string& topic);

 private:
  struct Wait {
    uint64_t since_us = 0;  // since 1970-01-01 UTC
    uint64_t said_us = 0;   // of the steady clock
  };

  const std::string source_;
  std::map<std::string, Wait> waits_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_LEADER_WAITS_H_
