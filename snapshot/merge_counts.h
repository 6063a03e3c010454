#ifndef TIDEMARK_SNAPSHOT_MERGE_COUNTS_H_
#define TIDEMARK_SNAPSHOT_MERGE_COUNTS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "model/event.h"

namespace tidemark::snapshot {

// Kinds of events as they are counted: a change by its op.
enum class EventClass : uint8_t {
  kCreate,
  kUpdate,
  kDelete,
  kTruncate,
  kRead,
  kSchema,
  kTransaction,
  kMessage,
  kSnapshot,
};
inline constexpr size_t kEventClasses = 9;

// `op`: of a change.
constexpr EventClass ClassOf(model::EventKind kind, model::Op op) {
  switch (kind) {
    case model::EventKind::kChange:
      return static_cast<EventClass>(static_cast<int>(op) - static_cast<int>(model::Op::kCreate));
    case model::EventKind::kSchema:
      return EventClass::kSchema;
    case model::EventKind::kMessage:
      return EventClass::kMessage;
    case model::EventKind::kSnapshotMark:
      return EventClass::kSnapshot;
    default:
      return EventClass::kTransaction;
  }
}

// What a merger has put out, or what became of the rows of chunks; counts that add up.
struct MergeCounts {
  struct Events {
    uint64_t events = 0;
    // Of frames.
    uint64_t bytes = 0;
  };

  void Count(EventClass kind, uint64_t count, uint64_t bytes) {
    Events& of_kind = by_class[static_cast<size_t>(kind)];
    of_kind.events += count;
    of_kind.bytes += bytes;
  }
  void Add(const MergeCounts& other) {
    for (size_t i = 0; i < kEventClasses; ++i) {
      by_class[i].events += other.by_class[i].events;
      by_class[i].bytes += other.by_class[i].bytes;
    }
    rows_folded += other.rows_folded;
    rows_dropped += other.rows_dropped;
  }

  std::array<Events, kEventClasses> by_class;
  uint64_t rows_folded = 0;
  uint64_t rows_dropped = 0;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_MERGE_COUNTS_H_
