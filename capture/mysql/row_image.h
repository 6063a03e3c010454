#ifndef TIDEMARK_CAPTURE_MYSQL_ROW_IMAGE_H_
#define TIDEMARK_CAPTURE_MYSQL_ROW_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/byte_reader.h"
#include "capture/mysql/table_map.h"

namespace tidemark::capture::mysql {

// One column's value in a row, still in the binlog's form. Views live as long as the event.
struct Cell {
  enum class Kind : uint8_t {
    kNull,
    kAbsent,     // the image leaves the column out
    kValue,      // `bytes`: the value without its length prefix
    kJsonDiffs,  // `bytes`: the diffs of a PARTIAL_UPDATE_ROWS event; the value before is needed
  };
  Kind kind = Kind::kAbsent;
  std::string_view bytes;
};

using RowCells = std::vector<Cell>;

enum class RowsKind : uint8_t { kWrite, kUpdate, kDelete };

// Walks the rows of one ROWS event: v1, v2, PARTIAL_UPDATE, MariaDB's compressed ones after
// decompression (payload.h). Source: MySQL 8.4 libs/mysql/binlog/event/rows_event.h and
// sql/rpl_record.cc; MariaDB 11.8 sql/rpl_record.cc. Allocates nothing per row. Not thread-safe.
//
//   auto rows = RowsReader::Open(event_type, body, id_bytes);
//   rows->SetTable(the TABLE_MAP of rows->table_id());
//   while (!rows->done()) { status = rows->Next(&before, &after); ... }
class RowsReader {
 public:
  // `type`: the event's type number. `body`: the event without header and checksum. `id_bytes`:
  // width of the table id (see FormatDescription). DataLoss: malformed, or no ROWS event.
  static absl::StatusOr<RowsReader> Open(uint8_t type, std::string_view body, size_t id_bytes);

  RowsKind kind() const { return kind_; }
  uint64_t table_id() const { return table_id_; }
  // The last ROWS event of its statement: its TABLE_MAPs are void afterwards.
  bool statement_end() const { return (flags_ & 1) != 0; }

  // REQUIRES: before Next; the table outlives the reader. DataLoss: the event has another number of
  // columns than the table.
  absl::Status SetTable(const TableMap* table);

  bool done() const { return rows_.empty() && !empty_row_; }
  // The next row: `before` for kUpdate and kDelete, `after` for kWrite and kUpdate; each gets one
  // cell for every column of the table. DataLoss: malformed.
  absl::Status Next(RowCells* before, RowCells* after);

 private:
  // The columns that an image has.
  struct Image {
    std::string_view present;  // bitmap
    size_t count = 0;          // bits that are set in it
  };

  static Image ToImage(std::string_view present, uint64_t column_count);
  void ReadCells(const Image& image, std::string_view partial, ByteReader& in,
                 RowCells* cells) const;
  void ReadAfter(ByteReader& in, RowCells* cells) const;

  RowsKind kind_ = RowsKind::kWrite;
  bool partial_json_ = false;  // PARTIAL_UPDATE_ROWS
  uint64_t table_id_ = 0;
  uint16_t flags_ = 0;
  uint64_t column_count_ = 0;
  Image before_;
  Image after_;
  std::string_view rows_;
  // An INSERT that names no column under binlog_row_image=MINIMAL: its row takes no bytes.
  bool empty_row_ = false;
  const TableMap* table_ = nullptr;
  size_t json_columns_ = 0;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_ROW_IMAGE_H_
