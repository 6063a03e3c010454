#ifndef TIDEMARK_SNAPSHOT_MERGER_H_
#define TIDEMARK_SNAPSHOT_MERGER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/log_batch.h"
#include "capture/schema_registry.h"
#include "capture/source.h"
#include "snapshot/merge_counts.h"
#include "snapshot/output.h"
#include "snapshot/reconcile.h"
#include "snapshot/settling.h"
#include "snapshot/touch_log.h"
#include "storage/journal.h"

namespace tidemark::snapshot {

using WindowId = uint64_t;

struct MergerOptions {
  // Touched keys and partial rows that all windows may remember together; past it the windows of
  // the table with the most are given up and their chunks read again in smaller pieces.
  size_t touched_bytes_max = 8 << 20;
  // Largest block of the journal, unless a single event is larger.
  size_t block_bytes = 256 << 10;
  // Test-only: drop rows under partial images as the published algorithm does.
  bool without_folding = false;
};

// What became of a window.
struct Closed {
  enum class Outcome {
    kDone,
    // Read again: the table changed under the chunk, or the log connection was lost.
    kTableChanged,
    // Read again in smaller pieces.
    kTooManyTouches
  };
  Outcome outcome = Outcome::kDone;
  // kDone: the rows appended.
  uint64_t rows = 0;
  // kDone: where they are exact.
  model::Position position;
  // kDone: the table under which they were read.
  capture::TableState table;
};

// Merges one source's log with the chunks of its tables into one order: the exact windows of the
// design, as a state machine without I/O, clock or threads. Owns the order: sequences are given out
// here.
//
// Operation. For each chunk:
//   1. Open(table) notes the frontier and from there remembers the keys that the log touches in the
//   table.
//   2. The caller waits until OpenedWindow.unsettled are visible to new SELECTs
//   (ChunkReader::Settle). 3., 4. The caller reads the chunk with its view and bound and hands it
//   in with Submit.
//   5. Once the frontier has passed the bound, between two transactions, Closable() names the
//   window, and Close
//      reconciles the rows with the touches and appends what is left.
//   6. A row moved to a new key with columns missing becomes a pending re-read: a chunk of one key
//   that the caller reads
//      like any other and ends with FinishRereads.
// Any number of windows may be open, of one table or of many; the log is never held up.
//
// Concurrency. None: one thread owns it. Limits. Touches are bounded by touched_bytes_max, chunks
// by the caller. A call in the wrong order (Submit twice, Close before the bound, an unknown
// window) is a bug of the caller: CHECK.
class Merger {
 public:
  struct OpenedWindow {
    WindowId id = 0;
    std::vector<model::TransactionRef> unsettled;
  };

  // Goes on from `checkpoint`. `registry`, which must outlive it, is told of each schema that is
  // announced.
  Merger(MergerOptions options, capture::SchemaRegistry* registry, storage::Checkpoint checkpoint);

  // The log.
  absl::Status Merge(capture::LogBatch batch);

  // False after a start until the log has delivered again what may not be visible yet: no window
  // may be opened.
  bool ready() const { return ready_; }
  // Until it is ready: what that waits for (LogBatch.hidden).
  const std::string& hidden() const { return hidden_; }

  // Windows. Open: REQUIRES ready().
  OpenedWindow Open(model::TableId table);
  void Submit(WindowId window, capture::Chunk chunk);
  // The log connection was lost. What a chunk saw may have been lost with it (an asynchronous
  // commit, a failover), and its transaction's number given to another: every open window closes
  // with kTableChanged.
  void VoidWindows();
  // Gives a window up in any state; its rows are forgotten.
  void Abandon(WindowId window);
  // Submitted windows whose bound the frontier has passed, or that are void, by bound; empty inside
  // a transaction.
  std::vector<WindowId> Closable() const;
  // DataLoss: a row does not fit its schema; nothing is appended.
  absl::StatusOr<Closed> Close(WindowId window);
  // The highest bound that a submitted window waits for; the frontier if none does.
  model::Position WantedFrontier() const;

  // New SELECTs show what `view` shows.
  void Settle(const model::ReadView& view) { settling_.Settle(view); }
  const Settling& settling() const { return settling_; }

  // Appends a snapshot's mark at this place.
  void AppendMark(const model::SnapshotMark& mark);
  // Tables whose rows the log has rewritten (LogBatch.rewritten) since the last call: chunks that
  // closed before are void. Windows of them that are open close with kTableChanged.
  std::vector<model::TableId> TakeRewritten() { return std::exchange(rewritten_, {}); }
  // Keys to read again that were found since the last call.
  std::vector<storage::PendingReread> TakeRereads() { return std::exchange(new_rereads_, {}); }
  // These keys were read in a window that closed with kDone just now.
  void FinishRereads(const std::vector<model::Sequence>& sequences);
  // What changed of a job, stored with the events before it.
  void AppendJob(std::vector<storage::JobRecord> changes);

  // A version of a table; null if there is none.
  std::shared_ptr<const model::TableSchema> FindSchema(model::SchemaId id) const {
    return registry_->Find(id);
  }
  const model::Position& frontier() const { return checkpoint_.frontier; }
  // Where the log goes on after what was merged.
  const std::string& resume() const { return checkpoint_.resume; }
  bool mid_transaction() const { return mid_transaction_; }
  model::Sequence next_sequence() const { return output_.next(); }
  size_t windows() const { return windows_.size(); }
  // Bytes of events that wait for Take.
  size_t output_bytes() const { return output_.bytes(); }
  // True if Take would return something new: events, or a frontier that has moved.
  bool changed() const { return changed_; }

  // Everything since the last call, to be appended atomically. Events come with the checkpoint they
  // imply.
  storage::AppendBatch Take(uint64_t now_us);
  // Of what the last Take returned and everything since, but for what TakeCounts has returned.
  MergeCounts TakeCounts() { return std::exchange(counts_, {}); }

 private:
  struct Window {
    model::TableId table = 0;
    uint64_t first_touch = 0;
    bool submitted = false;
    bool too_many_touches = false;
    bool is_void = false;
    capture::Chunk chunk;
  };
  struct Table {
    TouchLog touches;
    std::set<WindowId> windows;
  };

  void Remember(const capture::LogBatch& batch);
  void VoidWindowsOf(const std::vector<model::TableId>& tables);
  void BoundTouches();
  void NoteReread(const capture::LogBatch& batch, const capture::LogEvent& event,
                  model::Sequence sequence);
  void Announce(const model::TableSchema& schema);
  void Forget(WindowId window);

  MergerOptions options_;
  capture::SchemaRegistry* registry_;
  storage::Checkpoint checkpoint_;
  Output output_;
  Settling settling_;
  bool ready_ = false;
  std::string hidden_;
  bool mid_transaction_ = false;
  bool changed_ = false;
  std::vector<std::pair<model::Sequence, std::shared_ptr<const model::TableSchema>>> new_schemas_;
  std::unordered_map<model::TableId, Table> tables_;  // with open windows
  std::map<WindowId, Window> windows_;
  WindowId next_window_ = 1;
  std::vector<storage::PendingReread> new_rereads_;
  std::vector<model::TableId> rewritten_;
  storage::AppendBatch batch_;  // all but blocks, checkpoint and schemas
  MergeCounts counts_;
  std::vector<Output::Frame> scratch_frames_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_MERGER_H_
