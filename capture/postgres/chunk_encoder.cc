#include "capture/postgres/chunk_encoder.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {
namespace {

// Tags and lengths of key and row.
constexpr size_t kRowHeadersBound = 16;

}  // namespace

ChunkEncoder::ChunkEncoder(std::shared_ptr<const model::TableSchema> schema, uint64_t snapshot_id,
                           uint64_t capture_time_us)
    : layout_(std::move(schema)), encoder_(&chunk_.frames) {
  encoder_.SetSnapshot(snapshot_id, capture_time_us, /*position_has_file=*/false);
}

absl::Status ChunkEncoder::AddRow(std::string_view line) {
  absl::Status status = parser_.Parse(line, layout_.column_count(), &row_);
  if (!status.ok()) return status;
  size_t bound = layout_.Bound(row_.columns);
  size_t start = chunk_.frames.size();
  encoder_.Begin(layout_.schema()->id, model::Op::kRead, 0, 2 * bound + kRowHeadersBound);
  bool misfit = false;  // ALTER TYPE runs right now; the next chunk resolves its schema anew
  status = layout_.EncodeKey(row_.columns, bound, encoder_, &misfit);
  if (status.ok()) {
    status =
        layout_.EncodeRow(model::ChangeEncoder::kAfter, row_.columns, bound, encoder_, &misfit);
  }
  if (status.ok() && chunk_.frames.size() > std::numeric_limits<uint32_t>::max()) {
    status = absl::FailedPreconditionError(
        absl::StrCat("a row of ", model::QualifiedName(*layout_.schema()),
                     " is too large; leave its largest column out of the publication"));
  }
  if (!status.ok()) {
    chunk_.frames.Truncate(start);
    return status;
  }
  chunk_.rows.push_back(encoder_.End());
  KeepKey();
  return absl::OkStatus();
}

void ChunkEncoder::KeepRows(size_t count) {
  if (count >= chunk_.rows.size()) return;
  chunk_.frames.Truncate(chunk_.rows[count].at);
  chunk_.rows.resize(count);
}

void ChunkEncoder::KeepKey() {
  const std::vector<uint32_t>& key = layout_.schema()->key_columns;
  chunk_.last_key.resize(key.size());
  for (size_t i = 0; i < key.size(); ++i) chunk_.last_key[i].assign(row_.columns[key[i]].bytes);
}

Chunk ChunkEncoder::Finish() {
  chunk_.schema = layout_.schema();
  return std::move(chunk_);
}

}  // namespace tidemark::capture::postgres
