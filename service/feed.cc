#include "service/feed.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/wire.h"

namespace tidemark::service {
namespace {

// One call looks at no more of the journal than this, so that a filter that nothing passes neither
// holds a thread nor delays heartbeats.
constexpr size_t kScanBytesMax = 4 << 20;

absl::Status Malformed(model::Sequence sequence) {
  return absl::DataLossError(absl::StrCat("the journal is damaged at sequence ", sequence,
                                          ": subscribe after it, or start again with "
                                          "an empty data folder and a snapshot"));
}

void Add(FeedPiece piece, FeedBatch* batch) {
  batch->bytes += piece.frames.size();
  batch->pieces.push_back(std::move(piece));
}

template <typename Buffer>
FeedPiece Owned(Buffer buffer) {
  auto owner = std::make_shared<const Buffer>(std::move(buffer));
  return {std::string_view(owner->data(), owner->size()), owner};
}

}  // namespace

Feed::Feed(storage::Journal* journal, std::unique_ptr<storage::Cursor> cursor, size_t bytes_max)
    : journal_(journal),
      cursor_(std::move(cursor)),
      bytes_max_(bytes_max),
      start_(cursor_->place()),
      place_(start_) {}

absl::StatusOr<std::unique_ptr<Feed>> Feed::Open(storage::Journal* journal, model::Sequence from,
                                                 const FilterOptions& filter, size_t bytes_max) {
  absl::StatusOr<std::unique_ptr<storage::Cursor>> cursor = journal->Read(from);
  if (!cursor.ok()) return cursor.status();
  std::unique_ptr<Feed> feed(new Feed(journal, *std::move(cursor), bytes_max));
  if (filter.PassesAll()) return feed;
  auto schemas = journal->Schemas();
  if (!schemas.ok()) return schemas.status();
  feed->filter_.emplace(filter);
  for (const auto& schema : *schemas) feed->filter_->Learn(*schema);
  return feed;
}

absl::StatusOr<FeedBatch> Feed::Next() {
  FeedBatch batch;
  for (size_t looked_at = 0; looked_at < kScanBytesMax; looked_at += block_.frames.size()) {
    if (rest_.empty()) {
      absl::StatusOr<bool> loaded = LoadBlock();
      if (!loaded.ok() && !batch.pieces.empty()) return batch;  // comes again with the next call
      if (!loaded.ok()) return loaded.status();
      if (!*loaded) return batch;
    }
    absl::StatusOr<bool> full = filter_ ? TakeFiltered(&batch) : TakeWhole(&batch);
    if (!full.ok()) return full.status();
    if (*full) break;
  }
  batch.more = true;
  return batch;
}

absl::StatusOr<bool> Feed::LoadBlock() {
  absl::StatusOr<std::optional<storage::Block>> next = cursor_->Next();
  if (!next.ok()) return next.status();
  if (!next->has_value()) {
    block_ = {};  // lets its memory go while the stream is idle
    return false;
  }
  block_ = std::move(**next);
  rest_ = block_.frames;
  return true;
}

absl::StatusOr<bool> Feed::TakeWhole(FeedBatch* batch) {
  if (!batch->pieces.empty() && batch->bytes + rest_.size() > bytes_max_) return true;
  absl::Status added = AddSchemasOfBlock(batch);
  if (!added.ok()) return added;
  if (batch->bytes + rest_.size() <= bytes_max_) {
    TakeRest(batch);
    return false;
  }
  size_t room = bytes_max_ > batch->bytes ? bytes_max_ - batch->bytes : 0;
  added = TakeFrames(room, batch);
  if (!added.ok()) return added;
  return true;
}

void Feed::TakeRest(FeedBatch* batch) {
  Add({rest_, block_.owner}, batch);
  rest_ = {};
  place_ = block_.last() + 1;
}

absl::Status Feed::TakeFrames(size_t room, FeedBatch* batch) {
  model::WireReader reader(rest_);
  size_t taken = 0;
  while (!reader.done()) {
    uint32_t field;
    model::WireType type;
    std::string_view event;
    if (!reader.ReadTag(&field, &type) || !reader.ReadLength(&event)) return Malformed(place_);
    size_t end = reader.at() - rest_.data();
    bool alone = taken == 0 && batch->bytes == 0;
    if (end > room && !alone) break;
    taken = end;
    ++place_;
  }
  if (taken > 0) Add({rest_.substr(0, taken), block_.owner}, batch);
  rest_.remove_prefix(taken);
  return absl::OkStatus();
}

absl::StatusOr<bool> Feed::TakeFiltered(FeedBatch* batch) {
  model::Bytes passed;
  model::FrameScanner scanner(rest_);
  model::EventView event;
  size_t taken = 0;
  bool full = false;
  while (scanner.Next(&event)) {
    if (filter_->Passes(event)) {
      full = batch->bytes + passed.size() > 0 &&
             batch->bytes + passed.size() + event.frame.size() > bytes_max_;
      if (full) break;
      bool change = event.kind == model::EventKind::kChange;
      if (change && !sent_schemas_.contains(event.schema)) {
        if (!passed.empty()) Add(Owned(std::exchange(passed, {})), batch);
        absl::Status added = AddSchema(event.schema, batch);
        if (!added.ok()) return added;
      }
      passed.Append(event.frame);
    }
    taken += event.frame.size();
    place_ = event.sequence + 1;
  }
  if (scanner.malformed()) return Malformed(place_);
  if (!passed.empty()) Add(Owned(std::move(passed)), batch);
  rest_.remove_prefix(taken);
  return full;
}

absl::Status Feed::AddSchemasOfBlock(FeedBatch* batch) {
  for (model::SchemaId id : block_.schemas) {
    if (sent_schemas_.contains(id)) continue;
    absl::Status added = AddSchema(id, batch);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

absl::Status Feed::AddSchema(model::SchemaId id, FeedBatch* batch) {
  absl::StatusOr<std::string> frame = journal_->SchemaFrame(id);
  if (!frame.ok()) return frame.status();
  model::FrameScanner scanner(*frame);
  model::EventView event;
  if (!scanner.Next(&event)) return Malformed(place_);
  // Announced at or after the start: it stands in the stream itself, before this.
  if (event.sequence < start_) Add(Owned(*std::move(frame)), batch);
  sent_schemas_.insert(id);
  return absl::OkStatus();
}

}  // namespace tidemark::service
