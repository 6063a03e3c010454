#include "service/kafka/proto_row.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;
using model::WireType;

// Which member of Value carries the values of a column of this kind.
ValueKind KindOf(v1::TypeKind kind) {
  // The kinds of values follow those of types, but for the ones named here.
  switch (kind) {
    case v1::TYPE_KIND_SERVER_TEXT:
      return ValueKind::kServerText;
    case v1::TYPE_KIND_GEOMETRY:
      return ValueKind::kGeometry;
    case v1::TYPE_KIND_VECTOR:
      return ValueKind::kVector;
    case v1::TYPE_KIND_ARRAY:
      return ValueKind::kArray;
    case v1::TYPE_KIND_RANGE:
      return ValueKind::kRange;
    case v1::TYPE_KIND_MULTI_RANGE:
      return ValueKind::kMultiRange;
    case v1::TYPE_KIND_COMPOSITE:
      return ValueKind::kComposite;
    default:
      return static_cast<ValueKind>(kind);
  }
}

WireType WireOf(ValueKind kind) {
  switch (kind) {
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kUnsignedInteger:
    case ValueKind::kDate:
    case ValueKind::kTime:
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampWithZone:
      return WireType::kVarint;
    case ValueKind::kReal:
      return WireType::kFixed32;
    case ValueKind::kDoublePrecision:
      return WireType::kFixed64;
    default:
      return WireType::kLength;
  }
}

void AppendTag(std::string& out, int field, WireType wire) {
  AppendProtoVarint(out, static_cast<uint64_t>(field) << 3 | static_cast<uint8_t>(wire));
}

// The bytes of `Value` are those of the field: both are the same types of Protobuf.
void AppendField(std::string& out, int field, WireType wire, const ValueView& value) {
  AppendTag(out, field, wire);
  switch (wire) {
    case WireType::kVarint:
      AppendProtoVarint(out, value.number);
      return;
    case WireType::kFixed32: {
      const auto narrow = static_cast<uint32_t>(value.number);
      out.append(reinterpret_cast<const char*>(&narrow), sizeof(narrow));
      return;
    }
    case WireType::kFixed64:
      out.append(reinterpret_cast<const char*>(&value.number), sizeof(value.number));
      return;
    case WireType::kLength:
      AppendProtoVarint(out, value.bytes.size());
      out += value.bytes;
      return;
  }
}

// The server's text of a value that is not of its column's kind; nullopt: there is none.
std::optional<std::string_view> TextOf(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::kInfinity:
      return value.flag() ? "infinity" : "-infinity";
    case ValueKind::kDecimal:
    case ValueKind::kText:
    case ValueKind::kBinary:
    case ValueKind::kJson:
    case ValueKind::kUuid:
    case ValueKind::kBits:
    case ValueKind::kEnumLabel:
    case ValueKind::kServerText:
      return value.bytes;
    default:
      return std::nullopt;
  }
}

void AppendIrregular(std::string& out, int field, std::string_view text) {
  std::string entry;
  AppendProtoNumber(entry, 1, static_cast<uint64_t>(field));
  AppendProtoBytes(entry, 2, text);
  AppendProtoBytes(out, kIrregularField, entry);
}

}  // namespace

ProtoRow::ProtoRow(const v1::TableSchema& schema, const std::vector<uint32_t>& columns,
                   const std::vector<ProtoField>& fields)
    : table_(absl::StrCat(schema.namespace_(), ".", schema.name())) {
  for (uint32_t index : columns) {
    const v1::Column& column = schema.columns(static_cast<int>(index));
    const std::string name = WithoutInvalid(column.name());
    const ValueKind kind = KindOf(column.type().kind());
    const std::string type = ProtoType(column.type().kind());
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const ProtoField& one) {
      return one.column == name && one.type == type;
    });
    columns_.push_back({kind, WireOf(kind), type == "string", field->number});
  }
}

absl::Status ProtoRow::Append(std::string& out, std::string_view row) const {
  ValuesReader values(row);
  ValueView value;
  std::string unavailable;
  for (const Column& column : columns_) {
    if (!values.Next(&value)) return Malformed();
    if (value.null) continue;
    if (value.kind == ValueKind::kUnavailable) {
      AppendProtoVarint(unavailable, static_cast<uint64_t>(column.number));
    } else if (value.kind == column.kind && (!column.text || IsUtf8(value.bytes))) {
      AppendField(out, column.number, column.wire, value);
    } else {
      const std::optional<std::string_view> text = TextOf(value);
      if (!text.has_value()) return Malformed();
      AppendIrregular(out, column.number, *text);
    }
  }
  if (values.Next(&value) || values.malformed()) return Malformed();
  if (!unavailable.empty()) AppendProtoBytes(out, kUnavailableField, unavailable);
  return absl::OkStatus();
}

absl::Status ProtoRow::Malformed() const {
  return absl::DataLossError(
      absl::StrCat("a row of ", table_,
                   " in the journal does not have the columns of its schema; restore the data "
                   "folder, or capture the source anew"));
}

void AppendProtoVarint(std::string& out, uint64_t value) {
  char bytes[10];
  out.append(bytes, model::WriteVarint(bytes, value));
}

void AppendProtoNumber(std::string& out, int field, uint64_t value) {
  AppendTag(out, field, WireType::kVarint);
  AppendProtoVarint(out, value);
}

void AppendProtoFixed64(std::string& out, int field, uint64_t value) {
  AppendTag(out, field, WireType::kFixed64);
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));  // little endian, like the form
}

void AppendProtoBytes(std::string& out, int field, std::string_view bytes) {
  AppendTag(out, field, WireType::kLength);
  AppendProtoVarint(out, bytes.size());
  out += bytes;
}

}  // namespace tidemark::service::kafka
