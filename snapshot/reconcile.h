#ifndef TIDEMARK_SNAPSHOT_RECONCILE_H_
#define TIDEMARK_SNAPSHOT_RECONCILE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "capture/schema_registry.h"
#include "capture/source.h"
#include "snapshot/touch_log.h"

namespace tidemark::snapshot {

// What became of a chunk's rows.
struct Reconciled {
  // The surviving rows; sequences and positions not set.
  model::Bytes frames;
  std::vector<model::FrameExtent> rows;
  uint64_t rows_dropped = 0;
  uint64_t rows_folded = 0;
};

// Step 5 of the exact-window rule. Takes the touches [first, end) that the log made to the chunk's
// table since the window was opened and brings the chunk's rows, as its SELECT saw them (V =
// chunk.view), to the end of the log merged so far:
//
//   1. Per key, forget every touch up to and including the last one that is known to be in V: the
//   row shows them.
//   2. Fold the rest in log order. A delete, a truncate or a full image supersedes the row: the
//   stream has the newer
//      state already, so the row is dropped. A partial image overlays the columns that it carries;
//      if what it lacks may have changed too, the row is dropped and left to the read that follows
//      (step 6).
//
// A key that is touched and not in the chunk needs nothing: its events in the stream are whole, or
// the key is read again by itself (step 6).
//
// Aborted: a touch that counts was made under another layout of the table: read the chunk again.
// `fold` false drops rows under partial images too, as the published algorithm does; for tests
// only.
absl::StatusOr<Reconciled> Reconcile(capture::Chunk chunk, const TouchLog& touches, uint64_t first,
                                     const capture::SchemaRegistry& registry, bool fold = true);

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_RECONCILE_H_
