#include "capture/mysql/definition_record.h"

#include <utility>

#include "absl/status/status.h"
#include "capture/mysql/state_fields.h"
#include "model/bytes.h"
#include "model/wire.h"

namespace tidemark::capture::mysql {
namespace {

using model::AppendFixed64Field;
using model::AppendLengthField;
using model::AppendVarintField;
using model::WireReader;
using model::WireType;

// Field numbers of tidemark/state/state.proto: MysqlDefinition, its Column and LeftOut.
enum Field : uint32_t {
  kSinceFile = 1,
  kSinceOffset = 2,
  kDatabase = 3,
  kTable = 4,
  kColumn = 5,
  kLeftOut = 6,
  kKey = 7,
};
enum ColumnField : uint32_t {
  kName = 1,
  kDataType = 2,
  kColumnType = 3,
  kOctetLength = 4,
  kPrecision = 5,
  kScale = 6,
  kFractionDigits = 7,
  kCollation = 8,
  kLabel = 9,
  kNullable = 10,
  kGenerated = 11,
  kJsonAlias = 12,
  kDefault = 13,
};
enum LeftOutField : uint32_t { kLeftOutName = 1, kLeftOutIndex = 2 };

void AppendColumn(model::Bytes& out, const CatalogColumn& column) {
  model::Bytes message;
  AppendText(message, kName, column.name);
  AppendText(message, kDataType, column.data_type);
  AppendText(message, kColumnType, column.column_type);
  AppendNumber(message, kOctetLength, column.octet_length);
  AppendNumber(message, kPrecision, column.precision);
  AppendNumber(message, kScale, column.scale);
  AppendNumber(message, kFractionDigits, column.fraction_digits);
  AppendNumber(message, kCollation, column.collation);
  for (const std::string& label : column.labels) AppendLengthField(message, kLabel, label);
  AppendNumber(message, kNullable, column.nullable ? 1 : 0);
  AppendNumber(message, kGenerated, column.generated ? 1 : 0);
  AppendNumber(message, kJsonAlias, column.json_alias ? 1 : 0);
  if (column.default_expression) AppendLengthField(message, kDefault, *column.default_expression);
  AppendLengthField(out, kColumn, message.view());
}

void AppendLeftOut(model::Bytes& out, const LeftOutColumn& column) {
  model::Bytes message;
  AppendText(message, kLeftOutName, column.name);
  AppendNumber(message, kLeftOutIndex, column.index);
  AppendLengthField(out, kLeftOut, message.view());
}

bool ReadColumnText(WireReader& in, uint32_t field, CatalogColumn* column) {
  std::string text;
  if (!ReadText(in, &text)) return false;
  if (field == kName) column->name = std::move(text);
  if (field == kDataType) column->data_type = std::move(text);
  if (field == kColumnType) column->column_type = std::move(text);
  if (field == kLabel) column->labels.push_back(std::move(text));
  if (field == kDefault) column->default_expression = std::move(text);
  return true;
}

bool ReadColumnNumber(WireReader& in, uint32_t field, CatalogColumn* column) {
  uint64_t number = 0;
  if (!in.ReadVarint(&number)) return false;
  if (field == kOctetLength) column->octet_length = number;
  if (field == kPrecision) column->precision = static_cast<uint32_t>(number);
  if (field == kScale) column->scale = static_cast<uint32_t>(number);
  if (field == kFractionDigits) column->fraction_digits = static_cast<uint32_t>(number);
  if (field == kCollation) column->collation = static_cast<uint32_t>(number);
  if (field == kNullable) column->nullable = number != 0;
  if (field == kGenerated) column->generated = number != 0;
  if (field == kJsonAlias) column->json_alias = number != 0;
  return true;
}

// Calls `read` for each field of a message.
template <typename Read>
bool ReadFields(WireReader& in, Read read) {
  while (!in.done()) {
    uint32_t field;
    WireType type;
    if (!in.ReadTag(&field, &type) || !read(field, type)) return false;
  }
  return true;
}

bool ReadColumn(WireReader& outer, CatalogTable* table) {
  std::string_view bytes;
  if (!outer.ReadLength(&bytes)) return false;
  WireReader in(bytes);
  CatalogColumn& column = table->columns.emplace_back();
  column.nullable = false;
  return ReadFields(in, [&](uint32_t field, WireType type) {
    if (type == WireType::kLength) return ReadColumnText(in, field, &column);
    if (type == WireType::kVarint) return ReadColumnNumber(in, field, &column);
    return in.Skip(type);
  });
}

bool ReadLeftOut(WireReader& outer, CatalogTable* table) {
  std::string_view bytes;
  if (!outer.ReadLength(&bytes)) return false;
  WireReader in(bytes);
  LeftOutColumn& column = table->left_out.emplace_back();
  return ReadFields(in, [&](uint32_t field, WireType type) {
    if (type == WireType::kLength && field == kLeftOutName) return ReadText(in, &column.name);
    uint64_t number = 0;
    if (type != WireType::kVarint || field != kLeftOutIndex) return in.Skip(type);
    if (!in.ReadVarint(&number)) return false;
    column.index = static_cast<uint32_t>(number);
    return true;
  });
}

bool ReadKeyColumn(WireReader& in, CatalogTable* table) {
  uint64_t number = 0;
  if (!in.ReadVarint(&number)) return false;
  table->key.push_back(static_cast<uint32_t>(number));
  return true;
}

bool ReadField(WireReader& in, uint32_t field, WireType type, Definition* definition,
               CatalogTable* table) {
  if (type == WireType::kFixed64 && field == kSinceFile) {
    return in.ReadFixed64(&definition->since.file);
  }
  if (type == WireType::kFixed64 && field == kSinceOffset) {
    return in.ReadFixed64(&definition->since.offset);
  }
  if (type == WireType::kVarint && field == kKey) return ReadKeyColumn(in, table);
  if (type != WireType::kLength) return in.Skip(type);
  if (field == kDatabase) return ReadText(in, &table->database);
  if (field == kTable) return ReadText(in, &table->name);
  if (field == kColumn) return ReadColumn(in, table);
  if (field == kLeftOut) return ReadLeftOut(in, table);
  return in.Skip(type);
}

bool KeyIsInside(const CatalogTable& table) {
  for (const uint32_t column : table.key) {
    if (column >= table.columns.size()) return false;
  }
  return true;
}

}  // namespace

std::string EncodeDefinition(const Definition& definition) {
  const CatalogTable& table = *definition.table;
  model::Bytes out;
  AppendFixed64Field(out, kSinceFile, definition.since.file);
  AppendFixed64Field(out, kSinceOffset, definition.since.offset);
  AppendText(out, kDatabase, table.database);
  AppendText(out, kTable, table.name);
  for (const CatalogColumn& column : table.columns) AppendColumn(out, column);
  for (const LeftOutColumn& column : table.left_out) AppendLeftOut(out, column);
  for (const uint32_t column : table.key) AppendVarintField(out, kKey, column);
  return std::string(out.view());
}

absl::StatusOr<Definition> DecodeDefinition(std::string_view encoded) {
  Definition definition;
  CatalogTable table;
  WireReader in(encoded);
  const bool read = ReadFields(in, [&](uint32_t field, WireType type) {
    return ReadField(in, field, type, &definition, &table);
  });
  if (!read || table.columns.empty() || !KeyIsInside(table)) {
    return absl::DataLossError("the stored definition of a table is damaged");
  }
  definition.table = std::make_shared<const CatalogTable>(std::move(table));
  return definition;
}

}  // namespace tidemark::capture::mysql
