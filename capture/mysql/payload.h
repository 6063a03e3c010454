#ifndef TIDEMARK_CAPTURE_MYSQL_PAYLOAD_H_
#define TIDEMARK_CAPTURE_MYSQL_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/binlog_event.h"
#include "model/bytes.h"

namespace tidemark::capture::mysql {

// Compressed events. No size that they state is believed: memory grows with what really comes out,
// and never past a limit.

struct PayloadLimits {
  // The largest event that may be inside: MySQL's own limit is 1 GiB (max_log_event_size).
  size_t event_bytes_max = (size_t{1} << 30) + (size_t{1} << 20);
  // log2 of the memory that zstd may ask for as its window; 27 is what level 22 uses.
  int window_log_max = 27;
};

// The events in one TRANSACTION_PAYLOAD event (MySQL 8.0.20 and later), handed out one by one while
// it is decompressed. Source: MySQL 8.4 libs/mysql/binlog/event/control_events.h
// (Transaction_payload_event) and codecs/binary.cc.
//
// The inner events have headers and no checksums, whatever the file has; their end positions are 0:
// their place is the payload's. Memory: the largest event, zstd's window, and 128 KiB; up to 8
// MiB of each are kept for the next payload. Not thread-safe.
class PayloadReader {
 public:
  explicit PayloadReader(PayloadLimits limits = {});
  ~PayloadReader();
  PayloadReader(PayloadReader&&) noexcept;
  PayloadReader& operator=(PayloadReader&&) noexcept;

  // `body`: of the TRANSACTION_PAYLOAD event; must live until the last Next. DataLoss: malformed.
  // FailedPrecondition: a compression that is not known.
  absl::Status Open(std::string_view body);

  // The next inner event, with its header; valid until the next call. nullopt: that was all.
  // DataLoss: what comes out is damaged, or larger than the limits.
  absl::StatusOr<std::optional<std::string_view>> Next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// MariaDB's QUERY_COMPRESSED and *_ROWS_COMPRESSED events (log_bin_compress): appends the body of
// the plain event to `out`. The type may stay as it is: RowsReader and ParseQuery take the body.
// Source: MariaDB 11.8 sql/log_event.cc, query_event_uncompress and row_log_event_uncompress.
// DataLoss: malformed, or larger than `bytes_max`.
absl::Status InflateQuery(std::string_view body, size_t bytes_max, model::Bytes& out);
absl::Status InflateRows(EventType type, std::string_view body, size_t id_bytes, size_t bytes_max,
                         model::Bytes& out);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_PAYLOAD_H_
