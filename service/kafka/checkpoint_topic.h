#ifndef TIDEMARK_SERVICE_KAFKA_CHECKPOINT_TOPIC_H_
#define TIDEMARK_SERVICE_KAFKA_CHECKPOINT_TOPIC_H_

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "model/event.h"
#include "model/position.h"
#include "service/kafka/producer.h"
#include "service/kafka/publish_options.h"
#include "storage/state_log.h"

namespace tidemark::service::kafka {

// How far a source is published: the record kCheckpointRecord of its checkpoint topic, written by
// every transaction.
struct PublishedPlace {
  // The journal that was published (storage::PublishedAs::id), up to this append.
  std::string journal;
  uint64_t append = 0;
  // Every event before it is in Kafka.
  model::Sequence next_sequence = 1;
  model::Position frontier;
  // False: the other records of the topic are not the state as of `append`: a journal that had
  // events before it was published is not published to its end yet.
  bool restorable = false;
  // Kafka transactions that carry the beginning of a source transaction whose end is not published
  // yet; 0: there is none.
  uint64_t open_pieces = 0;
  // The store's own record.
  std::string checkpoint;
  // Of the record kStateMark, random. It is written before all other records of the state, anew
  // with each whole state: a topic that was deleted and made again, or whose beginning was dropped
  // by retention, has another one or none, and is not restorable.
  std::string state;
};

inline constexpr char kStateMark[] = "whole";

// The compacted topic of one source, of one partition: a record for each of its state's, by the
// same keys (storage/FORMAT.md, State records), a tombstone where one was erased, and kStateMark.
// The value of kCheckpointRecord is tidemark.state.PublishedCheckpoint. Only what is committed is
// read.
class CheckpointTopic {
 public:
  CheckpointTopic(const ClusterOptions& cluster, std::string topic, std::string group)
      : cluster_(cluster), topic_(std::move(topic)), group_(std::move(group)) {}

  const std::string& name() const { return topic_; }

  // What every read may return: Unavailable (try again), FailedPrecondition (an operator must act),
  // DataLoss (what is there is no checkpoint), Cancelled.

  absl::StatusOr<bool> Exists(std::stop_token stop) const;

  // All that follow take a topic that exists. One that a broker does not know is Unavailable, not
  // empty: a broker that has just started may know none, and what was published would come again.

  // nullopt: nothing was published yet.
  absl::StatusOr<std::optional<PublishedPlace>> ReadPlace(std::stop_token stop) const;
  // The same, held against the beginning of the topic.
  struct Judged {
    PublishedPlace place;
    // It was restorable, and the topic has lost some of the state: it is no more.
    bool lost = false;
  };
  absl::StatusOr<std::optional<Judged>> ReadJudgedPlace(std::stop_token stop) const;

  // Without kStateMark. `place.restorable`: false also if the topic has lost some of it.
  struct State {
    PublishedPlace place;
    std::vector<storage::StateRecord> records;
  };
  absl::StatusOr<std::optional<State>> ReadState(std::stop_token stop) const;

 private:
  const ClusterOptions cluster_;
  const std::string topic_;
  // Consumers must have one; it is not joined, and nothing is stored in it.
  const std::string group_;
};

// A record of the state as it is written to the topic; views. nullopt: a tombstone.
Record StateRecordOf(std::string_view key, std::optional<std::string_view> value);
// Of a journal (storage::PublishedAs::id) or a state: 128 bits, so that no two are the same.
std::string RandomName();
std::string PlaceValue(const PublishedPlace& place);
bool ParsePlace(std::string_view value, PublishedPlace* place);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CHECKPOINT_TOPIC_H_
