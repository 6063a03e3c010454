#include "capture/mysql/table_map.h"

#include "absl/strings/str_cat.h"
#include "capture/mysql/byte_reader.h"

namespace tidemark::capture::mysql {
namespace {

constexpr uint64_t kColumnsMax = 4096;
constexpr std::string_view kName = "TABLE_MAP";

// Optional metadata. Source: MySQL 8.4 libs/mysql/binlog/event/rows_event.h,
// Table_map_event::Optional_metadata_field_type.
enum MetadataField : uint8_t {
  kSignedness = 1,
  kDefaultCharset = 2,
  kColumnCharset = 3,
  kColumnName = 4,
  kSetLabels = 5,
  kEnumLabels = 6,
  kGeometryType = 7,
  kSimplePrimaryKey = 8,
  kPrimaryKeyWithPrefix = 9,
  kLabelDefaultCharset = 10,
  kLabelColumnCharset = 11,
  kVisibility = 12,
};

// Whether YEAR has a sign (it has no use for one) decides whose bit each further one is.
enum class YearSign { kNone, kSome, kUnknown };

YearSign YearSignOf(const FormatDescription& format) {
  constexpr uint32_t kLastWithout = 80020;
  constexpr uint32_t kFirstWith = 80029;
  if (format.mariadb || format.version >= kFirstWith) return YearSign::kSome;
  return format.version > 0 && format.version <= kLastWithout ? YearSign::kNone
                                                              : YearSign::kUnknown;
}

bool IsNumeric(const ColumnMeta& column) {
  switch (column.type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
    case ColumnType::kDecimalOld:
    case ColumnType::kNewDecimal:
    case ColumnType::kFloat:
    case ColumnType::kDouble:
      return true;
    default:
      return false;
  }
}

bool HasLabels(const ColumnMeta& column) {
  return column.type == ColumnType::kEnum || column.type == ColumnType::kSet;
}

// MariaDB counts every column that has a charset, if only `binary`; MySQL counts VECTOR (seen in
// 9.7), but not GEOMETRY.
bool IsCharacter(const ColumnMeta& column, bool mariadb) {
  switch (column.type) {
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kString:
    case ColumnType::kBlob:
      return true;
    case ColumnType::kGeometry:
    case ColumnType::kBlobCompressed:
    case ColumnType::kVarcharCompressed:
      return mariadb;
    case ColumnType::kVector:
      return !mariadb;
    default:
      return false;
  }
}

// Two bytes that hide the real type of STRING, ENUM and SET, and lengths over 255 in bits of it.
void ReadStringMeta(ByteReader& in, ColumnMeta* column) {
  const uint8_t type = in.U8();
  const uint8_t size = in.U8();
  column->meta = size;
  if ((type & 0x30) != 0x30) {
    column->meta = size | ((type & 0x30u) ^ 0x30u) << 4;
    column->type = static_cast<ColumnType>(type | 0x30);
  } else {
    column->type = static_cast<ColumnType>(type);
  }
  const bool known = HasLabels(*column) || column->type == ColumnType::kString ||
                     column->type == ColumnType::kVarString;
  if (!known) in.Fail("a string of unknown type");
  if (column->type == ColumnType::kVarString) column->type = ColumnType::kString;
  const uint32_t size_max = column->type == ColumnType::kEnum  ? 2
                            : column->type == ColumnType::kSet ? 8
                                                               : column->meta;
  if (column->meta > size_max) in.Fail("a label's number is too wide");
}

void ReadDecimalMeta(ByteReader& in, ColumnMeta* column) {
  constexpr uint32_t kPrecisionMax = 65;
  const uint32_t precision = in.U8();
  const uint32_t scale = in.U8();
  if (precision > kPrecisionMax || scale > precision) in.Fail("no DECIMAL");
  column->meta = precision << 8 | scale;
}

void ReadBitMeta(ByteReader& in, ColumnMeta* column) {
  const uint32_t bits = in.U8();
  const uint32_t bytes = in.U8();
  column->meta = bytes * 8 + bits;
  if (bits > 7 || column->meta > 64) in.Fail("no BIT");
}

void ReadSmallMeta(ByteReader& in, uint32_t min, uint32_t max, ColumnMeta* column) {
  column->meta = in.U8();
  if (column->meta < min || column->meta > max) in.Fail("a column's metadata is out of range");
}

// An array of a functional index: its elements' type and metadata, which nobody needs.
void SkipElementMeta(ByteReader& in) {
  constexpr uint8_t kVarcharElement = 15;
  const uint8_t element = in.U8();
  ColumnMeta ignored;
  switch (static_cast<ColumnType>(element)) {
    case ColumnType::kNewDecimal:
    case ColumnType::kString:
    case ColumnType::kBit:
    case ColumnType::kEnum:
    case ColumnType::kSet:
      in.Skip(2);
      return;
    case ColumnType::kTime2:
    case ColumnType::kDateTime2:
    case ColumnType::kTimestamp2:
    case ColumnType::kFloat:
    case ColumnType::kDouble:
    case ColumnType::kBlob:
    case ColumnType::kJson:
    case ColumnType::kGeometry:
      in.Skip(1);
      return;
    default:
      if (element == kVarcharElement) in.Skip(3);
      return;
  }
}

// Old names of types that are one thing in the log.
ColumnType Canonical(uint8_t type) {
  constexpr uint8_t kNewDate = 14, kTinyBlob = 249, kLongBlob = 251;
  if (type == kNewDate) return ColumnType::kDate;
  if (type >= kTinyBlob && type <= kLongBlob) return ColumnType::kBlob;
  return static_cast<ColumnType>(type);
}

// The metadata block has as much for each type as MySQL 8.4 libs/mysql/binlog/event/rows_event.h
// lists; sql/rpl_utility.cc (read_field_metadata) is right where they differ.
void ReadTypeMeta(ByteReader& in, ColumnMeta* column) {
  constexpr uint32_t kFractionMax = 6;
  switch (column->type) {
    case ColumnType::kDecimalOld:
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
    case ColumnType::kNull:
    case ColumnType::kYear:
    case ColumnType::kDate:
    case ColumnType::kTimeOld:
    case ColumnType::kDateTimeOld:
    case ColumnType::kTimestampOld:
      return;
    case ColumnType::kFloat:
      return ReadSmallMeta(in, 4, 4, column);
    case ColumnType::kDouble:
      return ReadSmallMeta(in, 8, 8, column);
    case ColumnType::kTimestamp2:
    case ColumnType::kDateTime2:
    case ColumnType::kTime2:
      return ReadSmallMeta(in, 0, kFractionMax, column);
    case ColumnType::kBlob:
    case ColumnType::kGeometry:
    case ColumnType::kJson:
    case ColumnType::kVector:
    case ColumnType::kBlobCompressed:
      return ReadSmallMeta(in, 1, 4, column);
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kVarcharCompressed:
      column->meta = in.U16();
      return;
    case ColumnType::kBit:
      return ReadBitMeta(in, column);
    case ColumnType::kNewDecimal:
      return ReadDecimalMeta(in, column);
    case ColumnType::kString:
    case ColumnType::kEnum:
    case ColumnType::kSet:
      return ReadStringMeta(in, column);
    case ColumnType::kTypedArray:
      return SkipElementMeta(in);
  }
  in.Fail("a column type that is not known");
}

void ReadColumns(ByteReader& in, TableMap* map) {
  const uint64_t count = in.Packed();
  if (count > kColumnsMax) in.Fail("more columns than a table can have");
  const std::string_view types = in.Bytes(count);
  ByteReader meta(in.Bytes(in.Packed()));
  map->columns.resize(types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    map->columns[i].type = Canonical(static_cast<uint8_t>(types[i]));
    ReadTypeMeta(meta, &map->columns[i]);
  }
  if (meta.failed()) in.Fail("a column's metadata is not what its type has");
  const std::string_view nullable = in.Bytes((types.size() + 7) / 8);
  if (in.failed()) return;
  for (size_t i = 0; i < types.size(); ++i) {
    map->columns[i].nullable = (nullable[i / 8] >> i % 8 & 1) != 0;
  }
}

// Reads the optional metadata: type, length, value, each.
class MetadataReader {
 public:
  MetadataReader(const FormatDescription& format, TableMap* map)
      : mariadb_(format.mariadb), year_sign_(YearSignOf(format)), map_(*map) {}

  void Read(ByteReader& in) {
    while (in.left() > 0) {
      const uint8_t field = in.U8();
      ByteReader value(in.Bytes(in.Packed()));
      ReadField(field, value);
      if (value.failed()) in.Fail("malformed metadata");
    }
    map_.has_types = (signs_ || !Any([](auto& c) { return IsNumeric(c); })) &&
                     (charsets_ || !Any([this](auto& c) { return IsCharacter(c, mariadb_); }));
    map_.has_signs = map_.has_types && !ambiguous_;
  }

 private:
  void ReadField(uint8_t field, ByteReader& value) {
    const auto character = [this](const ColumnMeta& c) { return IsCharacter(c, mariadb_); };
    switch (field) {
      case kSignedness:
        return ReadSigns(value);
      case kDefaultCharset:
        charsets_ = true;
        return ReadDefaultCharset(value, character);
      case kColumnCharset:
        charsets_ = true;
        return ReadCharsets(value, character);
      case kLabelDefaultCharset:
        return ReadDefaultCharset(value, HasLabels);
      case kLabelColumnCharset:
        return ReadCharsets(value, HasLabels);
      case kColumnName:
        return ReadNames(value);
      case kSetLabels:
        return ReadLabels(value, ColumnType::kSet);
      case kEnumLabels:
        return ReadLabels(value, ColumnType::kEnum);
      case kGeometryType:
        return ReadGeometryTypes(value);
      case kSimplePrimaryKey:
        return ReadPrimaryKey(value, false);
      case kPrimaryKeyWithPrefix:
        return ReadPrimaryKey(value, true);
      case kVisibility:
        return ReadBits(
            value, [](const ColumnMeta&) { return true; },
            [](ColumnMeta& c, bool bit) { c.visible = bit; });
      default:
        return;  // of a newer server
    }
  }

  template <typename Is>
  bool Any(Is is) const {
    for (const ColumnMeta& column : map_.columns) {
      if (is(column)) return true;
    }
    return false;
  }

  // Where the version does not tell whether YEAR has a sign, the number of bytes may.
  void ReadSigns(ByteReader& value) {
    signs_ = true;
    if (year_sign_ != YearSign::kUnknown) return ReadSigns(value, year_sign_ == YearSign::kSome);
    ByteReader again = value;
    ReadSigns(again, true);
    const std::vector<ColumnMeta> with = map_.columns;
    ReadSigns(value, false);
    if (again.failed()) return;
    if (value.left() > 0) {
      map_.columns = with;
    } else {
      ambiguous_ = SignsDiffer(with);
    }
  }

  void ReadSigns(ByteReader& value, bool of_year) {
    const auto has_sign = [of_year](const ColumnMeta& c) {
      return IsNumeric(c) || (of_year && c.type == ColumnType::kYear);
    };
    ReadBits(value, has_sign, [](ColumnMeta& c, bool bit) { c.is_unsigned = bit; });
  }

  bool SignsDiffer(const std::vector<ColumnMeta>& others) const {
    for (size_t i = 0; i < others.size(); ++i) {
      if (IsNumeric(others[i]) && others[i].is_unsigned != map_.columns[i].is_unsigned) return true;
    }
    return false;
  }

  // One bit for each column that counts, the most significant one first.
  template <typename Is, typename Set>
  void ReadBits(ByteReader& value, Is is, Set set) {
    uint8_t bits = 0;
    int left = 0;
    for (ColumnMeta& column : map_.columns) {
      if (!is(column)) continue;
      if (left-- == 0) {
        bits = value.U8();
        left = 7;
      }
      set(column, (bits >> left & 1) != 0);
    }
  }

  template <typename Is>
  void ReadCharsets(ByteReader& value, Is is) {
    for (ColumnMeta& column : map_.columns) {
      if (is(column)) column.collation = static_cast<uint32_t>(value.Packed());
    }
  }

  // The collation of most, then pairs: which of the columns that count, and its collation.
  template <typename Is>
  void ReadDefaultCharset(ByteReader& value, Is is) {
    const uint32_t most = static_cast<uint32_t>(value.Packed());
    std::vector<ColumnMeta*> columns;
    for (ColumnMeta& column : map_.columns) {
      if (!is(column)) continue;
      column.collation = most;
      columns.push_back(&column);
    }
    while (value.left() > 0) {
      const uint64_t index = value.Packed();
      const uint64_t collation = value.Packed();
      if (index >= columns.size()) return value.Fail("no such column");
      columns[index]->collation = static_cast<uint32_t>(collation);
    }
  }

  void ReadNames(ByteReader& value) {
    for (ColumnMeta& column : map_.columns) column.name = std::string(value.ShortString());
    map_.has_names = !value.failed();
  }

  void ReadLabels(ByteReader& value, ColumnType type) {
    for (ColumnMeta& column : map_.columns) {
      if (column.type != type) continue;
      const uint64_t count = value.Packed();
      if (count > value.left()) return value.Fail("fewer labels than it says");
      column.labels.clear();
      for (uint64_t i = 0; i < count; ++i) {
        column.labels.emplace_back(value.Bytes(value.Packed()));
      }
    }
  }

  void ReadGeometryTypes(ByteReader& value) {
    for (ColumnMeta& column : map_.columns) {
      if (column.type != ColumnType::kGeometry) continue;
      column.geometry_type = static_cast<uint32_t>(value.Packed());
    }
  }

  void ReadPrimaryKey(ByteReader& value, bool with_prefixes) {
    map_.primary_key.clear();
    while (value.left() > 0) {
      const uint64_t index = value.Packed();
      if (index >= map_.columns.size()) return value.Fail("no such column");
      map_.primary_key.push_back(static_cast<uint32_t>(index));
      if (with_prefixes && value.Packed() != 0) map_.key_has_prefix = true;
    }
  }

  bool mariadb_;
  YearSign year_sign_;
  TableMap& map_;
  bool signs_ = false;
  bool ambiguous_ = false;
  bool charsets_ = false;
};

std::string ReadName(ByteReader& in) {
  std::string name(in.ShortString());
  if (in.U8() != 0) in.Fail("no end of a name");
  return name;
}

}  // namespace

absl::StatusOr<TableMap> ParseTableMap(std::string_view body, size_t id_bytes,
                                       const FormatDescription& format) {
  ByteReader in(body);
  TableMap map;
  map.table_id = in.Unsigned(id_bytes);
  in.Skip(2);  // flags
  map.database = ReadName(in);
  map.table = ReadName(in);
  ReadColumns(in, &map);
  MetadataReader(format, &map).Read(in);
  if (auto status = in.Check(kName); !status.ok()) {
    if (map.table.empty()) return status;
    return absl::DataLossError(
        absl::StrCat(status.message(), " (table ", map.database, ".", map.table, ")"));
  }
  return map;
}

}  // namespace tidemark::capture::mysql
