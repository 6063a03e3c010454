#include "capture/mysql/column_notes.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {
namespace {

using model::TypeKind;

// information_schema.COLUMNS.DATA_TYPE and what the log has for it.
struct NamedType {
  std::string_view name;
  ColumnType type;
  uint32_t meta = 0;
};

constexpr NamedType kTypes[] = {
    {"tinyint", ColumnType::kTiny},
    {"smallint", ColumnType::kShort},
    {"mediumint", ColumnType::kInt24},
    {"int", ColumnType::kLong},
    {"bigint", ColumnType::kLongLong},
    {"float", ColumnType::kFloat, 4},
    {"double", ColumnType::kDouble, 8},
    {"decimal", ColumnType::kNewDecimal},
    {"bit", ColumnType::kBit},
    {"year", ColumnType::kYear},
    {"date", ColumnType::kDate},
    {"time", ColumnType::kTime2},
    {"datetime", ColumnType::kDateTime2},
    {"timestamp", ColumnType::kTimestamp2},
    {"char", ColumnType::kString},
    {"binary", ColumnType::kString},
    {"varchar", ColumnType::kVarchar},
    {"varbinary", ColumnType::kVarchar},
    {"tinytext", ColumnType::kBlob, 1},
    {"tinyblob", ColumnType::kBlob, 1},
    {"text", ColumnType::kBlob, 2},
    {"blob", ColumnType::kBlob, 2},
    {"mediumtext", ColumnType::kBlob, 3},
    {"mediumblob", ColumnType::kBlob, 3},
    {"longtext", ColumnType::kBlob, 4},
    {"longblob", ColumnType::kBlob, 4},
    {"enum", ColumnType::kEnum},
    {"set", ColumnType::kSet},
    {"json", ColumnType::kJson, 4},
    {"vector", ColumnType::kVector, 4},
    {"uuid", ColumnType::kString, 16},
    {"inet6", ColumnType::kString, 16},
    {"inet4", ColumnType::kString, 4},
    {"geometry", ColumnType::kGeometry, 4},
    {"point", ColumnType::kGeometry, 4},
    {"linestring", ColumnType::kGeometry, 4},
    {"polygon", ColumnType::kGeometry, 4},
    {"multipoint", ColumnType::kGeometry, 4},
    {"multilinestring", ColumnType::kGeometry, 4},
    {"multipolygon", ColumnType::kGeometry, 4},
    {"geomcollection", ColumnType::kGeometry, 4},
    {"geometrycollection", ColumnType::kGeometry, 4},
};

uint32_t SetSize(size_t labels) {
  const auto size = static_cast<uint32_t>((labels + 7) / 8);
  return size > 4 ? 8 : size;
}

uint32_t CatalogMeta(ColumnType type, uint32_t meta, const CatalogColumn& column) {
  switch (type) {
    case ColumnType::kNewDecimal:
      return column.precision << 8 | column.scale;
    case ColumnType::kBit:
      return column.precision;
    case ColumnType::kTime2:
    case ColumnType::kDateTime2:
    case ColumnType::kTimestamp2:
      return column.fraction_digits;
    case ColumnType::kString:
      return meta != 0 ? meta : static_cast<uint32_t>(column.octet_length);
    case ColumnType::kVarchar:
      return static_cast<uint32_t>(column.octet_length);
    case ColumnType::kEnum:
      return column.labels.size() < 256 ? 1 : 2;
    case ColumnType::kSet:
      return SetSize(column.labels.size());
    default:
      return meta;
  }
}

bool IsAddress(const CatalogColumn& column) {
  return column.data_type == "uuid" || column.data_type == "inet4" || column.data_type == "inet6";
}

// Without what makes no other column of it.
ColumnType Normal(ColumnType type) {
  switch (type) {
    case ColumnType::kTimestampOld:
      return ColumnType::kTimestamp2;
    case ColumnType::kDateTimeOld:
      return ColumnType::kDateTime2;
    case ColumnType::kTimeOld:
      return ColumnType::kTime2;
    case ColumnType::kVarString:
    case ColumnType::kVarcharCompressed:
      return ColumnType::kVarchar;
    case ColumnType::kBlobCompressed:
      return ColumnType::kBlob;
    default:
      return type;
  }
}

// The length in the metadata of compressed columns counts the byte before the value.
uint32_t NormalMeta(ColumnType type, uint32_t meta) {
  return type == ColumnType::kVarcharCompressed && meta > 0 ? meta - 1 : meta;
}

// Types whose metadata is no part of the type as a reader sees it.
bool HasPlainMeta(ColumnType type) {
  switch (type) {
    case ColumnType::kNewDecimal:
    case ColumnType::kBit:
    case ColumnType::kTime2:
    case ColumnType::kDateTime2:
    case ColumnType::kTimestamp2:
    case ColumnType::kString:
    case ColumnType::kVarchar:
    case ColumnType::kBlob:
      return false;
    default:
      return true;
  }
}

TypeKind StringKind(const ColumnCodec& codec) {
  switch (codec.special) {
    case ColumnCodec::Special::kUuid:
      return TypeKind::kUuid;
    case ColumnCodec::Special::kInet4:
    case ColumnCodec::Special::kInet6:
      return TypeKind::kServerText;
    case ColumnCodec::Special::kJsonText:
      return TypeKind::kJson;
    case ColumnCodec::Special::kVector:
      return TypeKind::kVector;
    case ColumnCodec::Special::kNone:
      break;
  }
  return codec.charset == nullptr ? TypeKind::kBinary : TypeKind::kText;
}

std::string WithNumber(const char* name, uint32_t number) {
  return number == 0 ? std::string(name) : absl::StrCat(name, "(", number, ")");
}

std::string StringName(const char* text, const char* bytes, const ColumnMeta& meta) {
  if (meta.collation == kBinaryCollation) return absl::StrCat(bytes, "(", meta.meta, ")");
  return absl::StrCat(text, "(", NormalMeta(meta.type, meta.meta), " bytes)");
}

std::string BlobName(const ColumnMeta& meta) {
  constexpr std::array<const char*, 5> kSizes = {"", "tiny", "", "medium", "long"};
  return absl::StrCat(kSizes[std::min(meta.meta, 4u)],
                      meta.collation == kBinaryCollation ? "blob" : "text");
}

std::string SignedName(const ColumnMeta& meta) {
  switch (meta.type) {
    case ColumnType::kTiny:
      return "tinyint";
    case ColumnType::kShort:
      return "smallint";
    case ColumnType::kInt24:
      return "mediumint";
    case ColumnType::kLong:
      return "int";
    case ColumnType::kLongLong:
      return "bigint";
    case ColumnType::kFloat:
      return "float";
    case ColumnType::kDouble:
      return "double";
    case ColumnType::kNewDecimal:
      return absl::StrCat("decimal(", meta.meta >> 8, ",", meta.meta & 0xff, ")");
    default:
      return "unknown";
  }
}

}  // namespace

std::optional<ColumnMeta> MetaOf(const CatalogColumn& column) {
  const auto* found =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&](const NamedType& type) { return type.name == column.data_type; });
  if (found == std::end(kTypes)) return std::nullopt;
  ColumnMeta meta;
  meta.type = found->type;
  meta.meta = CatalogMeta(found->type, found->meta, column);
  meta.nullable = column.nullable;
  meta.is_unsigned = column.column_type.find("unsigned") != std::string::npos &&
                     found->type != ColumnType::kEnum && found->type != ColumnType::kSet;
  meta.collation = IsAddress(column) ? kBinaryCollation : column.collation;
  meta.name = column.name;
  return meta;
}

bool SameStorage(const ColumnMeta& log, const ColumnMeta& catalog) {
  if (catalog.type == ColumnType::kVector && log.type == ColumnType::kVarchar) {
    return log.collation == kBinaryCollation || log.collation == 0;
  }
  const ColumnType type = Normal(log.type);
  if (type != Normal(catalog.type)) return false;
  const bool old_time = type != log.type && HasPlainMeta(log.type) && log.meta == 0;
  const bool bytes_differ =
      log.collation != 0 && catalog.collation != 0 &&
      (log.collation == kBinaryCollation) != (catalog.collation == kBinaryCollation);
  if (bytes_differ) return false;
  return old_time || HasPlainMeta(type) ||
         NormalMeta(log.type, log.meta) == NormalMeta(catalog.type, catalog.meta);
}

uint32_t TypeNumber(const ColumnCodec& codec) {
  constexpr uint32_t kUnsigned = 256;
  if (codec.special == ColumnCodec::Special::kVector) {
    return static_cast<uint32_t>(ColumnType::kVector);
  }
  return static_cast<uint32_t>(Normal(codec.type)) + (codec.is_unsigned ? kUnsigned : 0);
}

int32_t TypeModifier(const ColumnCodec& codec) {
  const ColumnType type = Normal(codec.type);
  if (codec.special == ColumnCodec::Special::kVector || HasPlainMeta(type)) return -1;
  return static_cast<int32_t>(NormalMeta(codec.type, codec.meta));
}

TypeKind KindOf(const ColumnCodec& codec) {
  switch (Normal(codec.type)) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
      return codec.is_unsigned ? TypeKind::kUnsignedInteger : TypeKind::kInteger;
    case ColumnType::kYear:
      return TypeKind::kInteger;
    case ColumnType::kFloat:
      return TypeKind::kReal;
    case ColumnType::kDouble:
      return TypeKind::kDoublePrecision;
    case ColumnType::kNewDecimal:
      return TypeKind::kDecimal;
    case ColumnType::kBit:
      return TypeKind::kBits;
    case ColumnType::kDate:
      return TypeKind::kDate;
    case ColumnType::kTime2:
      return TypeKind::kTime;
    case ColumnType::kDateTime2:
      return TypeKind::kTimestamp;
    case ColumnType::kTimestamp2:
      return TypeKind::kTimestampWithZone;
    case ColumnType::kEnum:
      return TypeKind::kEnum;
    case ColumnType::kSet:
      return TypeKind::kServerText;
    case ColumnType::kJson:
      return TypeKind::kJson;
    case ColumnType::kGeometry:
      return TypeKind::kGeometry;
    case ColumnType::kVector:
      return TypeKind::kVector;
    default:
      return StringKind(codec);
  }
}

std::string TypeName(const ColumnMeta& meta) {
  switch (Normal(meta.type)) {
    case ColumnType::kYear:
      return "year";
    case ColumnType::kBit:
      return WithNumber("bit", meta.meta);
    case ColumnType::kDate:
      return "date";
    case ColumnType::kTime2:
      return WithNumber("time", meta.meta);
    case ColumnType::kDateTime2:
      return WithNumber("datetime", meta.meta);
    case ColumnType::kTimestamp2:
      return WithNumber("timestamp", meta.meta);
    case ColumnType::kString:
      return StringName("char", "binary", meta);
    case ColumnType::kVarchar:
      return StringName("varchar", "varbinary", meta);
    case ColumnType::kBlob:
      return BlobName(meta);
    case ColumnType::kEnum:
      return "enum";
    case ColumnType::kSet:
      return "set";
    case ColumnType::kJson:
      return "json";
    case ColumnType::kGeometry:
      return "geometry";
    case ColumnType::kVector:
      return "vector";
    default:
      return absl::StrCat(SignedName(meta), meta.is_unsigned ? " unsigned" : "");
  }
}

}  // namespace tidemark::capture::mysql
