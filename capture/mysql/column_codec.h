#ifndef TIDEMARK_CAPTURE_MYSQL_COLUMN_CODEC_H_
#define TIDEMARK_CAPTURE_MYSQL_COLUMN_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "capture/mysql/charset.h"
#include "capture/mysql/table_map.h"
#include "model/bytes.h"
#include "model/schema.h"

namespace tidemark::capture::mysql {

// The canonical encoding of one column: a value becomes one tidemark.v1.Value, and equal values
// become equal bytes, whether they came through the binlog or through SELECT. Immutable.
//
//   integers          integer, or unsigned_integer where the column is UNSIGNED
//   DECIMAL           decimal, with the column's scale, without ZEROFILL's zeros
//   FLOAT, DOUBLE     real, double_precision
//   BIT(n)            bits, n of them
//   YEAR              integer; 0 for 0000
//   DATE, DATETIME    date, timestamp; server_text where it is zero or no calendar date
//   TIMESTAMP         timestamp_with_zone; server_text for 0000-00-00 00:00:00
//   TIME              time
//   CHAR .. LONGTEXT  text in UTF-8; binary where the bytes are none of the column's charset
//   BINARY, BLOB      binary; BINARY(n) padded with zeros to n
//   ENUM              enum_label ("" for the error value)
//   SET               server_text: labels, with commas
//   JSON              json, as the server prints it
//   GEOMETRY          geometry;  VECTOR: vector
//   MariaDB: UUID     uuid;  INET4, INET6: server_text;  declared JSON: json
struct ColumnCodec {
  ColumnType type = ColumnType::kNull;  // as in ColumnMeta
  uint32_t meta = 0;                    // as in ColumnMeta
  bool is_unsigned = false;
  uint32_t collation = 0;
  // What the binlog does not tell apart from BINARY, VARBINARY or TEXT.
  enum class Special : uint8_t { kNone, kUuid, kInet4, kInet6, kJsonText, kVector };
  Special special = Special::kNone;
  // Of text, labels included; nullptr: bytes, or neither.
  const Charset* charset = nullptr;
  std::shared_ptr<const model::Type> model_type;  // labels of ENUM and SET in UTF-8

  // At most so many bytes does an append give for this value. Prepare sets what they need; labels
  // and types must not change afterwards.
  void Prepare();
  size_t BinlogBound(std::string_view value) const;
  size_t SqlBound(std::string_view value) const {
    return bound_factor * value.size() + bound_fixed;
  }

  // Append a value as field `field` (below 16) of the enclosing message. False: the bytes are none
  // of the type's; what was appended is then to be truncated away. No memory is taken but in `out`,
  // and for MariaDB's compressed columns once a thread.
  bool AppendBinlog(model::Bytes& out, uint32_t field, std::string_view value) const;
  bool AppendSql(model::Bytes& out, uint32_t field, std::string_view value) const;
  // As AppendBinlog, for the JSON document `before` (binary) with the diffs of a
  // PARTIAL_UPDATE_ROWS event. REQUIRES: type is kJson.
  bool AppendJsonDiffs(model::Bytes& out, uint32_t field, std::string_view before,
                       std::string_view diffs) const;

  size_t bound_factor = 8;
  size_t bound_fixed = 128;
};

// Columns that must be selected as `column * 1e0`, a DOUBLE of the same value (-0 stays -0), since
// the server's text of them is not exact: FLOAT, and DOUBLE with a fixed number of decimals. MySQL
// before 8.0.17 has no CAST to DOUBLE.
bool NeedsDoubleForm(const ColumnCodec& codec);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_COLUMN_CODEC_H_
