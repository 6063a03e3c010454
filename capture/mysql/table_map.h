#ifndef TIDEMARK_CAPTURE_MYSQL_TABLE_MAP_H_
#define TIDEMARK_CAPTURE_MYSQL_TABLE_MAP_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {

// A column's type in the binlog. Source: MySQL 8.4 include/field_types.h (enum_field_types) and
// libs/mysql/binlog/event/rows_event.h (Table_map_event); MariaDB 11.8 sql/log_event.h for 140,
// 141.
enum class ColumnType : uint8_t {
  kDecimalOld = 0,
  kTiny = 1,
  kShort = 2,
  kLong = 3,
  kFloat = 4,
  kDouble = 5,
  kNull = 6,
  kTimestampOld = 7,
  kLongLong = 8,
  kInt24 = 9,
  kDate = 10,
  kTimeOld = 11,
  kDateTimeOld = 12,
  kYear = 13,
  kVarchar = 15,
  kBit = 16,
  kTimestamp2 = 17,
  kDateTime2 = 18,
  kTime2 = 19,
  kTypedArray = 20,
  kBlobCompressed = 140,     // MariaDB
  kVarcharCompressed = 141,  // MariaDB
  kVector = 242,
  kJson = 245,
  kNewDecimal = 246,
  kEnum = 247,
  kSet = 248,
  kBlob = 252,
  kVarString = 253,
  kString = 254,
  kGeometry = 255,
};

// Collation 63 is `binary`: the column holds bytes, not text.
inline constexpr uint32_t kBinaryCollation = 63;

// One column as a TABLE_MAP event describes it.
struct ColumnMeta {
  // Real type: kEnum and kSet are told apart from kString here, whose metadata holds them.
  ColumnType type = ColumnType::kNull;
  // By type: kVarchar, kVarString, kString, kVarcharCompressed: greatest length in bytes. kEnum,
  // kSet: bytes of a value. kBlob, kGeometry, kJson, kVector, kBlobCompressed: bytes of the length
  // prefix. kNewDecimal: precision << 8 | scale. kBit: number of bits. kTimestamp2, kDateTime2,
  // kTime2: digits of the fraction. kFloat, kDouble: bytes. Others: 0.
  uint32_t meta = 0;
  bool nullable = true;
  // Known only with optional metadata (TableMap.has_types, has_signs, has_names).
  bool is_unsigned = false;
  bool visible = true;
  uint32_t collation = 0;  // 0: not a character column, or unknown
  uint32_t geometry_type = 0;
  std::string name;
  std::vector<std::string> labels;  // of kEnum and kSet, in the charset of `collation`
};

// A TABLE_MAP event.
struct TableMap {
  uint64_t table_id = 0;
  std::string database;
  std::string table;
  std::vector<ColumnMeta> columns;
  // Signedness and collations are here: binlog_row_metadata is MINIMAL or FULL.
  bool has_types = false;
  // False in spite of has_types: nobody knows which bit is which column's (see ParseTableMap).
  bool has_signs = false;
  // Names, labels and primary key as well: FULL.
  bool has_names = false;
  // Indexes into `columns`, in key order; with has_names only.
  std::vector<uint32_t> primary_key;
  // The primary key has a column of which only a prefix counts.
  bool key_has_prefix = false;
};

// `body`: the event without header and checksum. `id_bytes`: width of the table id (see
// FormatDescription). `format`: which columns have a collation and a sign differs by server. MySQL
// 8.0.20 and before has no sign for YEAR (8.0.15 seen), 8.0.29 and later and MariaDB have one; of
// the versions between we do not know it, and both readings must be the same there. DataLoss:
// malformed, or a column type that is not known.
absl::StatusOr<TableMap> ParseTableMap(std::string_view body, size_t id_bytes,
                                       const FormatDescription& format);

// The table id of a ROWS event that is a filler and has no rows.
inline constexpr uint64_t kDummyTableId = 0x00ffffff;

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_TABLE_MAP_H_
