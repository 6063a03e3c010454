#ifndef TIDEMARK_STORAGE_STATE_LOG_H_
#define TIDEMARK_STORAGE_STATE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/event.h"
#include "model/position.h"

namespace tidemark::storage {

// One thing that a source must find again to go on: its checkpoint, a schema, a part of a snapshot
// job, a key to read again, a record of the driver. Opaque but for the store.
struct StateRecord {
  // Unique within the source; FORMAT.md lists them. kCheckpointRecord is always among them.
  std::string key;
  // nullopt: the record is erased.
  std::optional<std::string> value;

  friend bool operator==(const StateRecord&, const StateRecord&) = default;
};

inline constexpr char kCheckpointRecord[] = "c";

// What one append changed of the state.
struct StateChange {
  // Of the append; the first one is 1.
  uint64_t append = 0;
  // The append's events, and those of all before it, are older.
  model::Sequence next_sequence = 1;
  model::Position frontier;
  // Bytes of events since the journal began, and when it was appended (microseconds since
  // 1970-01-01 UTC).
  uint64_t end_bytes = 0;
  uint64_t time_us = 0;
  std::vector<StateRecord> records;
};

// Under which name a journal is published. A new one is taken at each start, before anything is
// published under it, so that what another service published, or one with a copy of this data
// folder, is told from what this one did.
struct PublishedAs {
  // Random; empty: it was never published.
  std::string id;
  // Who published before, and up to which append: true until something is published as `id`.
  std::string previous;
  uint64_t previous_append = 0;
  // The newest append when the journal was opened next: no more was published as `id`, unless by
  // another service that has a copy of this folder. nullopt: it was not opened again yet.
  std::optional<uint64_t> reach = std::nullopt;
};

// The changes of a source's state, append by append, for who stores them elsewhere together with
// the events: a publisher that can bring a lost data folder back. Thread-safe.
class StateLog {
 public:
  virtual ~StateLog() = default;

  virtual PublishedAs published_as() const = 0;
  // Durable when it returns.
  virtual absl::Status SetPublishedAs(const PublishedAs& name) = 0;
  // From the next append on each change is kept until Forget, and no event that Forget has not
  // passed is dropped by retention; or (false) nothing is kept, and what was is erased. Holds until
  // the journal is closed. REQUIRES: no append at the same time.
  virtual absl::Status Keep(bool keep) = 0;

  // The changes behind `append`, oldest first: at least one if there is any, then as many as fit
  // into `bytes_max`. OutOfRange: the next one was not kept, or `append` is not there yet; go on
  // from Whole.
  virtual absl::StatusOr<std::vector<StateChange>> After(uint64_t append,
                                                         size_t bytes_max) const = 0;
  // All records as of the newest append.
  virtual absl::StatusOr<StateChange> Whole() const = 0;

  // The changes up to `append`, and the events before `next_sequence`, are stored elsewhere.
  virtual absl::Status Forget(uint64_t append, model::Sequence next_sequence) = 0;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_STATE_LOG_H_
