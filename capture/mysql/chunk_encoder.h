#ifndef TIDEMARK_CAPTURE_MYSQL_CHUNK_ENCODER_H_
#define TIDEMARK_CAPTURE_MYSQL_CHUNK_ENCODER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "capture/mysql/row_layout.h"
#include "capture/source.h"
#include "model/event.h"

namespace tidemark::capture::mysql {

// Encodes the rows of one chunk's SELECT as READ frames. Not thread-safe.
class ChunkEncoder {
 public:
  ChunkEncoder(std::shared_ptr<const RowLayout> layout, uint64_t snapshot_id,
               uint64_t capture_time_us);
  ChunkEncoder(const ChunkEncoder&) = delete;
  ChunkEncoder& operator=(const ChunkEncoder&) = delete;

  // One field for each column of the table. DataLoss: no row of the table; FailedPrecondition: the
  // chunk would pass 4 GiB.
  absl::Status AddRow(absl::Span<const SqlField> row);

  size_t frame_bytes() const { return chunk_.frames.size(); }
  size_t row_count() const { return chunk_.rows.size(); }

  // The chunk with frames, rows, schema and last key set; the rest is the caller's. The encoder is
  // done then.
  Chunk Finish();

 private:
  // Remembers the key of a row, reusing the strings.
  void KeepKey(absl::Span<const SqlField> row);
  std::vector<std::string> LastKey() const;

  const std::shared_ptr<const RowLayout> layout_;
  Chunk chunk_;
  model::ChangeEncoder encoder_;
  std::vector<std::string> last_key_;  // the server's bytes
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CHUNK_ENCODER_H_
