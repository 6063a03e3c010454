#include "capture/mysql/chunk_encoder.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {
namespace {

// Tags and lengths of key and row.
constexpr size_t kRowHeadersBound = 16;

}  // namespace

ChunkEncoder::ChunkEncoder(std::shared_ptr<const RowLayout> layout, uint64_t snapshot_id,
                           uint64_t capture_time_us)
    : layout_(std::move(layout)), encoder_(&chunk_.frames) {
  encoder_.SetSnapshot(snapshot_id, capture_time_us, /*position_has_file=*/true);
}

absl::Status ChunkEncoder::AddRow(absl::Span<const SqlField> row) {
  const size_t bound = layout_->Bound(row);
  const size_t start = chunk_.frames.size();
  encoder_.Begin(layout_->schema()->id, model::Op::kRead, 0, 2 * bound + kRowHeadersBound);
  absl::Status status = layout_->EncodeKey(row, bound, encoder_);
  if (status.ok()) {
    status = layout_->EncodeRow(model::ChangeEncoder::kAfter, row, bound, encoder_);
  }
  if (status.ok() && chunk_.frames.size() > std::numeric_limits<uint32_t>::max()) {
    status = absl::FailedPreconditionError(
        absl::StrCat("a row of ", model::QualifiedName(*layout_->schema()),
                     " is too large; leave its table out of the capture"));
  }
  if (!status.ok()) {
    chunk_.frames.Truncate(start);
    return status;
  }
  chunk_.rows.push_back(encoder_.End());
  KeepKey(row);
  return absl::OkStatus();
}

void ChunkEncoder::KeepKey(absl::Span<const SqlField> row) {
  const std::vector<uint32_t>& key = layout_->schema()->key_columns;
  last_key_.resize(key.size());
  for (size_t i = 0; i < key.size(); ++i) last_key_[i].assign(row[key[i]].bytes);
}

std::vector<std::string> ChunkEncoder::LastKey() const {
  std::vector<SqlField> row(layout_->column_count());
  const std::vector<uint32_t>& key = layout_->schema()->key_columns;
  for (size_t i = 0; i < key.size(); ++i) row[key[i]] = {.null = false, .bytes = last_key_[i]};
  return layout_->KeyTexts(row);
}

Chunk ChunkEncoder::Finish() {
  if (!chunk_.rows.empty()) chunk_.last_key = LastKey();
  chunk_.schema = layout_->schema();
  return std::move(chunk_);
}

}  // namespace tidemark::capture::mysql
