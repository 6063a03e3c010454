#ifndef TIDEMARK_SERVICE_KAFKA_PUBLISHER_H_
#define TIDEMARK_SERVICE_KAFKA_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/source.h"
#include "service/failure_cause.h"
#include "service/kafka/publish_options.h"
#include "service/kafka/topic_owners.h"
#include "storage/journal.h"

namespace tidemark::service::kafka {

// kConnecting also where it is amid a transaction and the brokers are silent.
enum class PublisherState : uint8_t { kConnecting = 1, kPublishing = 2, kStopped = 3 };

struct PublisherStatus {
  PublisherState state = PublisherState::kConnecting;
  // Why it is not publishing, or what it waits for: cause and remedy.
  std::string error;
  // What is committed in Kafka was read, so that the rest is known.
  bool known = false;
  // Every event up to here is committed in Kafka.
  model::Sequence published = 0;
  model::Position frontier;
  // What the journal has and Kafka has not; `lag_us`: how long the oldest of it has waited.
  uint64_t lag_events = 0;
  uint64_t lag_bytes = 0;
  uint64_t lag_us = 0;
  // Since the service started.
  uint64_t transactions = 0;
  uint64_t bytes = 0;
  // Sessions that ended with an error.
  FailureCounts errors;
};

// Publishes one source's journal to Kafka, each event exactly once, on a thread of its own: neither
// capture nor other consumers wait for it. A Kafka transaction carries whole appends of the journal
// and, in the checkpoint topic, what they changed of the source's state and how far they reach; so
// that a start goes on from what is committed, and a lost data folder comes back from Kafka alone
// (Restore). Source transactions are kept whole where they fit.
//
// Two services at once: each takes the transactional id from the other before it reads the
// checkpoint, and whoever finds a checkpoint that it did not write itself stops for good
// (`superseded`). Thread-safe.
class Publisher {
 public:
  struct Parts {
    std::string source;
    ClusterOptions cluster;
    PublishOptions options;
    // For the formats that keep their schemas in one.
    RegistryOptions registry;
    // Must outlive it. Its state log must be kept (StateLog::Keep).
    storage::Journal* journal = nullptr;
    // Of all sources of the service, with their own topics reserved; shared. Null: there are no
    // others.
    std::shared_ptr<TopicOwners> topic_owners;
    // capture::Source::Names.
    std::function<capture::ServerNames()> names;
    // Everything up to this position is committed in Kafka. From the publisher's thread.
    std::function<void(const model::Position&)> published;
    // Another service publishes the source now. From the publisher's thread, once.
    std::function<void(const absl::Status&)> superseded;
    // For tests that want events doubled: the checkpoint follows in a transaction of its own.
    bool without_checkpoint_in_transaction = false;
  };

  // Starts at once.
  static std::unique_ptr<Publisher> Start(Parts parts);
  // An open transaction is aborted; what it had is published after the next start.
  virtual ~Publisher() = default;

  // Returns at once; the destructor then waits.
  virtual void BeginStop() = 0;

  virtual PublisherStatus status() const = 0;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_PUBLISHER_H_
