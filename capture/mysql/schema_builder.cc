#include "capture/mysql/schema_builder.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/column_notes.h"

namespace tidemark::capture::mysql {
namespace {

std::string Named(std::string_view database, std::string_view table) {
  return absl::StrCat(std::string(database), ".", std::string(table));
}

// What is known of one column.
struct Known {
  ColumnMeta meta;
  // The column as the catalog has it, where that is the same column; else nullptr.
  const CatalogColumn* catalog = nullptr;
  // In UTF-8.
  std::vector<std::string> labels;
};

absl::StatusOr<const Charset*> CharsetOf(const ColumnMeta& meta) {
  if (meta.type == ColumnType::kJson || meta.type == ColumnType::kGeometry) return nullptr;
  const bool labelled = meta.type == ColumnType::kEnum || meta.type == ColumnType::kSet;
  if (labelled && meta.collation == kBinaryCollation) return Charset::Named("utf8mb4");
  if (meta.collation == 0 || meta.collation == kBinaryCollation) return nullptr;
  return Charset::OfCollation(meta.collation);
}

ColumnCodec::Special SpecialOf(const Known& column) {
  using Special = ColumnCodec::Special;
  if (column.catalog == nullptr) return Special::kNone;
  const std::string& type = column.catalog->data_type;
  if (type == "uuid") return Special::kUuid;
  if (type == "inet4") return Special::kInet4;
  if (type == "inet6") return Special::kInet6;
  if (type == "vector" && column.meta.type != ColumnType::kVector) return Special::kVector;
  return column.catalog->json_alias ? Special::kJsonText : Special::kNone;
}

absl::StatusOr<ColumnCodec> BuildCodec(const Known& column) {
  absl::StatusOr<const Charset*> charset = CharsetOf(column.meta);
  if (!charset.ok()) return charset.status();
  ColumnCodec codec;
  codec.type = column.meta.type;
  codec.meta = column.meta.meta;
  codec.is_unsigned = column.meta.is_unsigned && column.meta.type != ColumnType::kYear;
  codec.collation = column.meta.collation;
  codec.special = SpecialOf(column);
  codec.charset = *charset;
  auto type = std::make_shared<model::Type>();
  type->kind = KindOf(codec);
  type->name = column.catalog != nullptr ? column.catalog->column_type : TypeName(column.meta);
  type->oid = TypeNumber(codec);
  type->modifier = TypeModifier(codec);
  type->labels = column.labels;
  codec.model_type = std::move(type);
  codec.Prepare();
  return codec;
}

absl::Status AddColumn(const Known& column, BuiltTable* table) {
  absl::StatusOr<ColumnCodec> codec = BuildCodec(column);
  if (!codec.ok()) {
    return absl::Status(
        codec.status().code(),
        absl::StrCat("column ", column.meta.name, " of ", model::QualifiedName(table->schema), ": ",
                     std::string(codec.status().message())));
  }
  model::Column& added = table->schema.columns.emplace_back();
  added.name = column.meta.name;
  added.type = codec->model_type;
  added.nullable = column.meta.nullable;
  if (column.catalog != nullptr) {
    added.generated = column.catalog->generated;
    added.default_expression = column.catalog->default_expression;
  }
  table->codecs.push_back(*std::move(codec));
  return absl::OkStatus();
}

BuiltTable NewTable(const std::string& database, const std::string& name) {
  BuiltTable table;
  table.schema.table_id = TableIdOf(database, name);
  table.schema.name_space = database;
  table.schema.name = name;
  return table;
}

// The labels that the log gives, in UTF-8; bytes that are none of the charset stay as they are.
absl::StatusOr<std::vector<std::string>> LabelsOf(const ColumnMeta& meta) {
  if (meta.labels.empty()) return std::vector<std::string>();
  absl::StatusOr<const Charset*> charset = CharsetOf(meta);
  if (!charset.ok()) return charset.status();
  std::vector<std::string> labels;
  for (const std::string& label : meta.labels) {
    model::Bytes utf8;
    const bool text = *charset != nullptr && (*charset)->AppendUtf8(utf8, label);
    labels.emplace_back(text ? std::string(utf8.view()) : label);
  }
  return labels;
}

// True if `known` can be what the log describes as `column`: its type, and its name, sign and
// labels where the log has them.
bool SameColumn(const TableMap& map, const ColumnMeta& column,
                const std::vector<std::string>& labels, const CatalogColumn& known) {
  std::optional<ColumnMeta> meta = MetaOf(known);
  if (!meta.has_value() || !SameStorage(column, *meta)) return false;
  if (map.has_signs && column.is_unsigned != meta->is_unsigned &&
      column.type != ColumnType::kYear) {
    return false;
  }
  return !map.has_names || (column.name == known.name && labels == known.labels);
}

// The catalog's column that is the log's one at `index`; nullptr: none.
const CatalogColumn* FindColumn(const TableMap& map, size_t index,
                                const std::vector<std::string>& labels,
                                const std::optional<CatalogTable>& catalog) {
  if (!catalog.has_value()) return nullptr;
  const ColumnMeta& column = map.columns[index];
  if (index < catalog->columns.size() && SameColumn(map, column, labels, catalog->columns[index])) {
    return &catalog->columns[index];
  }
  if (!map.has_names) return nullptr;
  for (const CatalogColumn& known : catalog->columns) {
    if (SameColumn(map, column, labels, known)) return &known;
  }
  return nullptr;
}

// Takes over what the log lacks under MINIMAL and NO_LOG metadata.
void TakeOver(const TableMap& map, Known* column) {
  const CatalogColumn& known = *column->catalog;
  if (!map.has_names) {
    column->meta.name = known.name;
    column->labels = known.labels;
  }
  if (!map.has_signs) {
    const std::optional<ColumnMeta> meta = MetaOf(known);
    column->meta.is_unsigned = meta.has_value() && meta->is_unsigned;
  }
  if (!map.has_types) column->meta.collation = known.collation;
}

bool IsOldFraction(const Known& column) {
  const bool old = column.meta.type == ColumnType::kTimestampOld ||
                   column.meta.type == ColumnType::kDateTimeOld ||
                   column.meta.type == ColumnType::kTimeOld;
  return old && column.catalog != nullptr && column.catalog->fraction_digits > 0;
}

// The table's key is the one that the log names, as far as it names one.
bool SameKey(const TableMap& map, const CatalogTable& catalog) {
  return !map.has_names || map.key_has_prefix || map.primary_key.empty() ||
         map.primary_key == catalog.key;
}

// The columns of the map that the catalog does not leave out.
std::vector<bool> KeptColumns(const TableMap& map, const std::optional<CatalogTable>& catalog) {
  if (!catalog.has_value() || catalog->left_out.empty()) return {};
  std::vector<bool> kept(map.columns.size(), true);
  for (const LeftOutColumn& left_out : catalog->left_out) {
    for (size_t i = 0; i < kept.size(); ++i) {
      const bool same = map.has_names ? map.columns[i].name == left_out.name : i == left_out.index;
      if (same) kept[i] = false;
    }
  }
  return kept;
}

// The map as if it had only these columns. A primary key with one of the others (the end of a row's
// time, which MariaDB adds) is none.
TableMap Reduced(const TableMap& map, const std::vector<bool>& kept) {
  TableMap reduced = map;
  reduced.columns.clear();
  std::vector<uint32_t> index(kept.size());
  for (size_t i = 0; i < kept.size(); ++i) {
    index[i] = static_cast<uint32_t>(reduced.columns.size());
    if (kept[i]) reduced.columns.push_back(map.columns[i]);
  }
  const bool whole = std::all_of(reduced.primary_key.begin(), reduced.primary_key.end(),
                                 [&](uint32_t column) { return kept[column]; });
  if (!whole) reduced.primary_key.clear();
  for (uint32_t& column : reduced.primary_key) column = index[column];
  return reduced;
}

// Guessing the sign would make other numbers of the same bytes.
absl::Status WithoutSigns(const TableMap& map) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the log does not tell which columns of ", Named(map.database, map.table),
      " are unsigned, since it has one of type YEAR and the server is of a version between MySQL "
      "8.0.20 and 8.0.29, and the table is not (or no longer) there with such columns; take a new "
      "snapshot, best after an upgrade of the server"));
}

absl::Status Unnamed(const TableMap& map) {
  return absl::FailedPreconditionError(absl::StrCat(
      "the log tells of table ", Named(map.database, map.table), " with ", map.columns.size(),
      " columns without their names, and the catalog shows others: the table has hidden columns "
      "(MariaDB: system versioning, a UNIQUE key of a long column), or was altered with "
      "sql_log_bin=0; run: SET GLOBAL binlog_row_metadata = 'FULL', then leave the table out, or "
      "remove the source's data and capture it anew"));
}

}  // namespace

model::TableId TableIdOf(std::string_view database, std::string_view table) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](char c) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  for (char c : database) add(c);
  add('\0');
  for (char c : table) add(c);
  return hash;
}

absl::StatusOr<BuiltTable> BuildFromCatalog(const CatalogTable& catalog) {
  BuiltTable table = NewTable(catalog.database, catalog.name);
  for (const CatalogColumn& column : catalog.columns) {
    std::optional<ColumnMeta> meta = MetaOf(column);
    if (!meta.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat("column ", column.name, " of ", Named(catalog.database, catalog.name),
                       " has type ", column.column_type,
                       ", which this version of Tidemark does not know; leave the table out"));
    }
    absl::Status status = AddColumn({*std::move(meta), &column, column.labels}, &table);
    if (!status.ok()) return status;
  }
  table.schema.key_columns = catalog.key;
  return table;
}

absl::StatusOr<BuiltTable> BuildFromTableMap(const TableMap& logged,
                                             const std::optional<CatalogTable>& catalog) {
  BuiltTable table = NewTable(logged.database, logged.table);
  table.kept = KeptColumns(logged, catalog);
  const TableMap map = table.kept.empty() ? logged : Reduced(logged, table.kept);
  bool current = catalog.has_value() && catalog->columns.size() == map.columns.size() &&
                 SameKey(map, *catalog);
  for (size_t i = 0; i < map.columns.size(); ++i) {
    absl::StatusOr<std::vector<std::string>> labels = LabelsOf(map.columns[i]);
    if (!labels.ok()) return labels.status();
    Known column{map.columns[i], FindColumn(map, i, *labels, catalog), *std::move(labels)};
    if (column.catalog == nullptr || column.catalog != &catalog->columns[i]) current = false;
    if (!map.has_names && !current) return Unnamed(map);
    if (map.has_types && !map.has_signs && column.catalog == nullptr) return WithoutSigns(map);
    if (column.catalog != nullptr) TakeOver(map, &column);
    if (IsOldFraction(column)) {
      return absl::FailedPreconditionError(absl::StrCat(
          "column ", column.meta.name, " of ", Named(map.database, map.table),
          " is stored in MariaDB's format of times before 10.1, which the log does not describe; "
          "run SET GLOBAL mysql56_temporal_format = ON and ALTER TABLE ... FORCE"));
    }
    absl::Status status = AddColumn(column, &table);
    if (!status.ok()) return status;
  }
  if (current) {
    table.schema.key_columns = catalog->key;
  } else if (!map.key_has_prefix) {
    table.schema.key_columns = map.primary_key;
  }
  table.schema.catalog_current = current;
  return table;
}

}  // namespace tidemark::capture::mysql
