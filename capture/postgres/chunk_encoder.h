#ifndef TIDEMARK_CAPTURE_POSTGRES_CHUNK_ENCODER_H_
#define TIDEMARK_CAPTURE_POSTGRES_CHUNK_ENCODER_H_

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "capture/postgres/copy_text.h"
#include "capture/postgres/row_layout.h"
#include "capture/source.h"
#include "model/event.h"

namespace tidemark::capture::postgres {

// Encodes the rows that COPY sends for one chunk as READ frames. The rows have the columns of the
// schema, in its order. Not thread-safe.
class ChunkEncoder {
 public:
  ChunkEncoder(std::shared_ptr<const model::TableSchema> schema, uint64_t snapshot_id,
               uint64_t capture_time_us);
  ChunkEncoder(const ChunkEncoder&) = delete;
  ChunkEncoder& operator=(const ChunkEncoder&) = delete;

  // `line`: one CopyData payload. DataLoss: no row of the table; FailedPrecondition: the chunk
  // would pass 4 GiB.
  absl::Status AddRow(std::string_view line);

  // Forgets all rows but the first `count`.
  void KeepRows(size_t count);

  size_t frame_bytes() const { return chunk_.frames.size(); }
  size_t row_count() const { return chunk_.rows.size(); }

  // The chunk with frames, rows, schema and last key set; the rest is the caller's. The encoder is
  // done then.
  Chunk Finish();

 private:
  // Remembers the key of the row in `row_`, reusing the strings.
  void KeepKey();

  RowLayout layout_;
  Chunk chunk_;
  model::ChangeEncoder encoder_;
  CopyTextParser parser_;
  Tuple row_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CHUNK_ENCODER_H_
