#ifndef TIDEMARK_SERVICE_HEALTH_H_
#define TIDEMARK_SERVICE_HEALTH_H_

#include <string>

#include "service/observation.h"

namespace tidemark::service {

// A thread that has made no turn for so long is stuck: several times what a statement, a sync or a
// stall of the store may take.
inline constexpr uint64_t kStuckUs = 120'000'000;

struct Verdict {
  bool good = false;
  // For people: "alive" or "ready", or one line for each thing that is not as it should be.
  std::string text;
};

// Alive: nothing is stuck, so that a restart would not help. What waits for a database, for brokers
// or for space on a disk is alive.
Verdict JudgeAlive(const Observation& seen);

// Ready: every source is capturing. How it stands with Kafka is in the text alone: what is captured
// into the journal loses nothing by brokers that are away, and is served over gRPC, which a service
// that is not ready would be kept from. One that another service has replaced in Kafka is stopped.
Verdict JudgeReady(const Observation& seen);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HEALTH_H_
