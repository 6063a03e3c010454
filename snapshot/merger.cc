#include "snapshot/merger.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "model/check.h"

namespace tidemark::snapshot {

Merger::Merger(MergerOptions options, capture::SchemaRegistry* registry,
               storage::Checkpoint checkpoint)
    : options_(options),
      registry_(registry),
      checkpoint_(std::move(checkpoint)),
      output_(checkpoint_.next_sequence, options.block_bytes) {}

absl::Status Merger::Merge(capture::LogBatch batch) {
  settling_.Add(batch.transactions);
  if (!windows_.empty()) Remember(batch);
  VoidWindowsOf(batch.rewritten);
  rewritten_.insert(rewritten_.end(), batch.rewritten.begin(), batch.rewritten.end());

  scratch_frames_.clear();
  size_t schema_index = 0;
  model::Sequence sequence = output_.next();
  for (const capture::LogEvent& event : batch.events) {
    scratch_frames_.push_back({event.frame.at, event.frame.size,
                               event.kind == model::EventKind::kChange ? event.schema : 0});
    counts_.Count(ClassOf(event.kind, event.op), 1, event.frame.size);
    if (event.kind == model::EventKind::kSchema) {
      // A chunk may have announced it before: the first announcement is the one to find.
      const auto& schema = batch.schemas[schema_index++];
      if (registry_->MarkAnnounced(schema->id)) new_schemas_.emplace_back(sequence, schema);
    } else if (event.moved && event.partial) {
      NoteReread(batch, event, sequence);
    }
    ++sequence;
  }
  output_.Append(std::move(batch.frames), scratch_frames_);

  ready_ = ready_ || !batch.replaying;
  hidden_ = ready_ ? "" : batch.hidden;
  // While it replays, the log is still before a transaction of which a part is in the journal.
  mid_transaction_ = batch.mid_transaction || (batch.replaying && mid_transaction_);
  changed_ = changed_ || !batch.events.empty() || !batch.records.empty() ||
             batch.frontier > checkpoint_.frontier;
  checkpoint_.frontier = std::max(checkpoint_.frontier, batch.frontier);
  if (!batch.resume.empty()) checkpoint_.resume = std::move(batch.resume);
  std::move(batch.records.begin(), batch.records.end(), std::back_inserter(batch_.driver_records));
  return absl::OkStatus();
}

// The touches of a batch, for the tables that have open windows.
void Merger::Remember(const capture::LogBatch& batch) {
  std::string_view bytes = batch.frames.view();
  Table* table = nullptr;
  model::TableId table_id = 0;
  for (const capture::LogEvent& event : batch.events) {
    if (event.kind != model::EventKind::kChange) continue;
    if (event.table != table_id) {
      auto found = tables_.find(event.table);
      table = found == tables_.end() ? nullptr : &found->second;
      table_id = event.table;
    }
    if (table == nullptr) continue;
    Touch touch;
    touch.transaction = batch.transactions[event.transaction];
    touch.op = event.op;
    touch.partial = event.partial;
    touch.read_again = event.moved;
    touch.schema = event.schema;
    touch.key = bytes.substr(event.frame.key_at, event.frame.key_size);
    if (event.partial) touch.after = bytes.substr(event.frame.after_at, event.frame.after_size);
    table->touches.Add(touch);
  }
  BoundTouches();
}

void Merger::BoundTouches() {
  size_t total = 0;
  for (const auto& [id, table] : tables_) total += table.touches.bytes();
  while (total > options_.touched_bytes_max) {
    auto largest = std::max_element(tables_.begin(), tables_.end(), [](auto& a, auto& b) {
      return a.second.touches.bytes() < b.second.touches.bytes();
    });
    TouchLog& touches = largest->second.touches;
    if (touches.bytes() == 0) return;
    for (WindowId id : largest->second.windows) windows_[id].too_many_touches = true;
    total -= touches.bytes();
    touches.DropBefore(touches.end());
    total += touches.bytes();
  }
}

void Merger::NoteReread(const capture::LogBatch& batch, const capture::LogEvent& event,
                        model::Sequence sequence) {
  storage::PendingReread reread;
  reread.table = event.table;
  reread.key = batch.keys[event.key];
  reread.sequence = sequence;
  new_rereads_.push_back(reread);
  batch_.rereads_added.push_back(std::move(reread));
}

void Merger::FinishRereads(const std::vector<model::Sequence>& sequences) {
  batch_.rereads_done.insert(batch_.rereads_done.end(), sequences.begin(), sequences.end());
  changed_ = true;
}

void Merger::AppendJob(std::vector<storage::JobRecord> changes) {
  std::move(changes.begin(), changes.end(), std::back_inserter(batch_.jobs));
  changed_ = true;
}

Merger::OpenedWindow Merger::Open(model::TableId table) {
  TIDEMARK_CHECK(ready_);
  WindowId id = next_window_++;
  Table& state = tables_[table];
  state.windows.insert(id);
  Window& window = windows_[id];
  window.table = table;
  window.first_touch = state.touches.end();
  return {id, settling_.list()};
}

void Merger::Submit(WindowId id, capture::Chunk chunk) {
  auto found = windows_.find(id);
  TIDEMARK_CHECK(found != windows_.end() && !found->second.submitted);
  found->second.chunk = std::move(chunk);
  found->second.submitted = true;
}

void Merger::Abandon(WindowId id) {
  if (windows_.contains(id)) Forget(id);
}

void Merger::Forget(WindowId id) {
  auto found = windows_.find(id);
  model::TableId table_id = found->second.table;
  windows_.erase(found);
  auto table = tables_.find(table_id);
  table->second.windows.erase(id);
  if (table->second.windows.empty()) {
    tables_.erase(table);
    return;
  }
  uint64_t oldest = UINT64_MAX;
  for (WindowId other : table->second.windows) {
    if (!windows_[other].too_many_touches) oldest = std::min(oldest, windows_[other].first_touch);
  }
  TouchLog& touches = table->second.touches;
  touches.DropBefore(std::min(oldest, touches.end()));
}

void Merger::VoidWindows() {
  for (auto& [id, window] : windows_) window.is_void = true;
}

void Merger::VoidWindowsOf(const std::vector<model::TableId>& tables) {
  for (model::TableId table : tables) {
    auto found = tables_.find(table);
    if (found == tables_.end()) continue;
    for (WindowId id : found->second.windows) windows_[id].is_void = true;
  }
}

std::vector<WindowId> Merger::Closable() const {
  std::vector<std::pair<model::Position, WindowId>> passed;
  if (mid_transaction_ || windows_.empty()) return {};
  for (const auto& [id, window] : windows_) {
    bool given_up = window.too_many_touches || window.is_void;
    if (window.submitted && (given_up || window.chunk.bound <= checkpoint_.frontier)) {
      passed.emplace_back(window.chunk.bound, id);
    }
  }
  std::sort(passed.begin(), passed.end());
  std::vector<WindowId> ids;
  for (const auto& [bound, id] : passed) ids.push_back(id);
  return ids;
}

model::Position Merger::WantedFrontier() const {
  model::Position wanted = checkpoint_.frontier;
  for (const auto& [id, window] : windows_) {
    if (window.submitted) wanted = std::max(wanted, window.chunk.bound);
  }
  return wanted;
}

absl::StatusOr<Closed> Merger::Close(WindowId id) {
  auto found = windows_.find(id);
  TIDEMARK_CHECK(found != windows_.end() && found->second.submitted && !mid_transaction_);
  Window& window = found->second;
  Closed closed;
  if (window.too_many_touches || window.is_void) {
    closed.outcome =
        window.is_void ? Closed::Outcome::kTableChanged : Closed::Outcome::kTooManyTouches;
    Forget(id);
    return closed;
  }
  TIDEMARK_CHECK(window.chunk.bound <= checkpoint_.frontier);
  closed.table = {window.chunk.schema, std::move(window.chunk.marks)};
  absl::StatusOr<Reconciled> rows =
      Reconcile(std::move(window.chunk), tables_.at(window.table).touches, window.first_touch,
                *registry_, !options_.without_folding);
  Forget(id);
  if (absl::IsAborted(rows.status())) {
    closed.outcome = Closed::Outcome::kTableChanged;
    return closed;
  }
  if (!rows.ok()) return rows.status();

  closed.rows = rows->rows.size();
  counts_.rows_folded += rows->rows_folded;
  counts_.rows_dropped += rows->rows_dropped;
  closed.position = checkpoint_.frontier;
  Announce(*closed.table.schema);
  if (rows->rows.empty()) return closed;
  scratch_frames_.clear();
  for (const model::FrameExtent& row : rows->rows) {
    model::SetReadPosition(rows->frames.data() + row.position_at, closed.position);
    scratch_frames_.push_back({row.at, row.size, closed.table.schema->id});
  }
  counts_.Count(EventClass::kRead, rows->rows.size(), rows->frames.size());
  output_.Append(std::move(rows->frames), scratch_frames_);
  changed_ = true;
  return closed;
}

void Merger::Announce(const model::TableSchema& schema) {
  if (!registry_->MarkAnnounced(schema.id)) return;
  model::Bytes frame;
  model::AppendSchemaFrame(frame, schema);
  new_schemas_.emplace_back(output_.next(), registry_->Find(schema.id));
  counts_.Count(EventClass::kSchema, 1, frame.size());
  output_.AppendOne(frame.view());
}

void Merger::AppendMark(const model::SnapshotMark& mark) {
  model::Bytes frame;
  model::AppendSnapshotMarkFrame(frame, mark);
  counts_.Count(EventClass::kSnapshot, 1, frame.size());
  output_.AppendOne(frame.view());
  changed_ = true;
}

storage::AppendBatch Merger::Take(uint64_t now_us) {
  storage::AppendBatch batch = std::exchange(batch_, {});
  batch.blocks = output_.Take(now_us);
  batch.schemas = std::exchange(new_schemas_, {});
  checkpoint_.next_sequence = output_.next();
  batch.checkpoint = checkpoint_;
  changed_ = false;
  return batch;
}

}  // namespace tidemark::snapshot
