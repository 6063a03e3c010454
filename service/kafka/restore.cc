#include "service/kafka/restore.h"

#include <chrono>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/kafka/checkpoint_topic.h"
#include "service/kafka/producer.h"
#include "service/log.h"
#include "service/sleep.h"

namespace tidemark::service::kafka {
namespace {

constexpr std::chrono::milliseconds kRestoreWait{2000};
// The sequences of a restored journal begin so far behind those of the lost one: it may have served
// events that it had not published, and their numbers are not given to others.
constexpr model::Sequence kRestoreGap = model::Sequence{1} << 32;

// The id is taken, but whoever had it only knows that once the topic names another journal: until
// then it takes the id back, as after a timeout. And the gap of sequences is written with the name,
// so that the next restore leaves another one.
absl::Status Claim(Producer& producer, const CheckpointTopic& topic, const PublishedPlace& place,
                   std::stop_token stop) {
  if (absl::Status begun = producer.Begin(); !begun.ok()) return begun;
  const std::string value = PlaceValue(place);
  absl::Status written =
      producer.Produce(topic.name(), StateRecordOf(storage::kCheckpointRecord, value), stop);
  return written.ok() ? producer.Commit(std::move(stop)) : written;
}

// Whoever had the id may take it back before it is claimed.
absl::Status AgainIfTaken(const absl::Status& status) {
  const bool taken = absl::IsFailedPrecondition(status) || absl::IsAborted(status);
  return taken ? absl::UnavailableError(status.message()) : status;
}

// What the client says of its connections is not final: brokers that start or end break handshakes
// off, and that looks like a wrong certificate or password.
absl::Status TakeId(Producer& producer, std::stop_token stop) {
  absl::Status taken = producer.Init(std::move(stop));
  const bool kept_out = absl::IsFailedPrecondition(producer.last_error());
  if (absl::IsPermissionDenied(taken) && kept_out) return absl::UnavailableError(taken.message());
  return AgainIfTaken(taken);
}

absl::Status NotRestorable(const std::string& topic, const std::string& source) {
  return absl::FailedPreconditionError(absl::StrCat(
      "topic ", topic, " has no whole state of ", source,
      ": its journal was lost before all its events were published, or the topic has lost records "
      "(it was deleted and made again, or its cleanup.policy was not compact). Delete the topic, "
      "start again and take a snapshot"));
}

// The id is taken and claimed first, so that whoever publishes now commits nothing after the state
// was read; by a producer of its own each time, since one takes it only once.
absl::StatusOr<std::optional<CheckpointTopic::State>> TakeState(const std::string& source,
                                                                const ClusterOptions& cluster,
                                                                const PublishOptions& options,
                                                                const CheckpointTopic& topic,
                                                                std::stop_token stop) {
  auto producer = Producer::Open(cluster, options.transactional_id, UINT64_MAX);
  if (!producer.ok()) return producer.status();
  if (absl::Status taken = TakeId(**producer, stop); !taken.ok()) return taken;
  auto exists = topic.Exists(stop);
  if (!exists.ok()) return ForOperator(exists.status());
  if (!*exists) return std::nullopt;
  auto found = topic.ReadJudgedPlace(stop);
  if (!found.ok()) return ForOperator(found.status());
  if (!*found) return topic.ReadState(std::move(stop));  // nothing, or no checkpoints
  PublishedPlace place = (*found)->place;
  if (!place.restorable) return NotRestorable(topic.name(), source);
  const std::string before = std::exchange(place.journal, RandomName());
  place.next_sequence += kRestoreGap;
  absl::Status claimed = Claim(**producer, topic, place, stop);
  if (!claimed.ok()) return AgainIfTaken(claimed);
  auto state = topic.ReadState(std::move(stop));
  if (!state.ok()) return ForOperator(state.status());
  // A commit is seen a moment after it is done.
  if (!*state || ((*state)->place.journal != before && (*state)->place.journal != place.journal)) {
    return absl::UnavailableError("another service takes the source over too");
  }
  (*state)->place = std::move(place);
  return state;
}

}  // namespace

absl::Status Restore(const std::string& source, const ClusterOptions& cluster,
                     const PublishOptions& options, storage::Store* store, const WaitsFor& waits,
                     std::stop_token stop) {
  absl::StatusOr<bool> exists = store->HasState(source);
  if (!exists.ok() || *exists) return exists.status();
  const CheckpointTopic topic(cluster, options.checkpoint_topic, options.transactional_id);
  LogInfo("no state in the data folder; asking Kafka for it",
          {{"source", source}, {"topic", topic.name()}, {"brokers", cluster.brokers}});
  absl::StatusOr<std::optional<CheckpointTopic::State>> state = absl::UnavailableError("");
  while (true) {
    state = TakeState(source, cluster, options, topic, stop);
    if (!absl::IsUnavailable(state.status())) break;
    LogWarning("cannot read the state from Kafka, trying again",
               {{"source", source}, {"error", state.status().message()}});
    if (waits) waits(state.status());
    if (!SleepUnlessStopped(kRestoreWait, stop)) return absl::CancelledError("stopped");
  }
  if (!state.ok()) return state.status();
  if (!*state) return absl::OkStatus();
  const PublishedPlace& place = (*state)->place;
  absl::Status restored =
      store->Restore(source, (*state)->records, place.next_sequence, place.journal);
  if (restored.ok()) {
    LogInfo("state restored from Kafka", {{"source", source},
                                          {"records", (*state)->records.size()},
                                          {"frontier", model::ToString(place.frontier)}});
  }
  return restored;
}

}  // namespace tidemark::service::kafka
