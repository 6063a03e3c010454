#include "capture/mysql/mysql_catalog.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "capture/mysql/table_map.h"

namespace tidemark::capture::mysql {
namespace {

constexpr std::array<std::string_view, 5> kSystemDatabases = {"mysql", "sys", "information_schema",
                                                              "performance_schema", "tidemark"};

bool HasLabels(const CatalogColumn& column) {
  return column.data_type == "enum" || column.data_type == "set";
}

// What a backslash and `c` stand for (MySQL's and MariaDB's append_unescaped, sql/unireg.cc and
// sql/sql_show.cc).
char Unescaped(char c) {
  switch (c) {
    case '0':
      return '\0';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 'Z':
      return '\032';
    default:
      return c;
  }
}

// The labels in "enum('a','it''s')".
std::vector<std::string> ParseLabels(std::string_view type) {
  std::vector<std::string> labels;
  bool inside = false;
  for (size_t at = 0; at < type.size(); ++at) {
    const bool more = at + 1 < type.size();
    if (!inside) {
      if (type[at] == '\'') labels.emplace_back();
      inside = type[at] == '\'';
    } else if (type[at] == '\'' && !(more && type[at + 1] == '\'')) {
      inside = false;
    } else if (type[at] == '\'') {
      labels.back() += type[++at];
    } else if (type[at] == '\\' && more) {
      labels.back() += Unescaped(type[++at]);
    } else {
      labels.back() += type[at];
    }
  }
  return labels;
}

struct KeyPart {
  std::string index;
  std::string column;
  bool primary = false;
  bool usable = true;
};

// One unique index of a table.
struct Key {
  std::string index;
  std::vector<std::string> columns;
  bool primary = false;
  bool usable = true;

  // The primary key is best, else the fewest columns; names decide among equals.
  auto Rank() const { return std::tuple(!primary, columns.size(), index); }
};

// `parts` in order of index and sequence.
Key BestKey(const std::vector<KeyPart>& parts) {
  std::vector<Key> keys;
  for (const KeyPart& part : parts) {
    if (keys.empty() || keys.back().index != part.index) {
      keys.push_back({part.index, {}, part.primary, true});
    }
    keys.back().columns.push_back(part.column);
    keys.back().usable &= part.usable;
  }
  std::erase_if(keys, [](const Key& key) { return !key.usable; });
  const auto best = std::min_element(
      keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.Rank() < b.Rank(); });
  return best == keys.end() ? Key{} : *best;
}

// Columns: database, table, index, column, prefix, nullable, index type.
std::string KeyQuery(Flavour flavour, const std::string& where) {
  // No statement may be told to use an index that is switched off.
  const char* on = flavour == Flavour::kMariaDb ? "IGNORED = 'NO'" : "IS_VISIBLE = 'YES'";
  return absl::StrCat(
      "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART IS NOT NULL, NULLABLE,"
      " INDEX_TYPE FROM information_schema.STATISTICS WHERE NON_UNIQUE = 0 AND ",
      on, " AND ", where, " ORDER BY TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX");
}

// A primary key is unique by whole columns too if it has prefixes. An index of an expression has no
// column; one of type HASH cannot be read in ranges.
KeyPart ReadKeyPart(const Result& rows, int row) {
  KeyPart part{rows.str(row, 2), rows.str(row, 3), rows.text(row, 2) == "PRIMARY", true};
  const bool prefix = rows.text(row, 4) == "1";
  part.usable = !rows.null(row, 3) && rows.text(row, 6) != "HASH" &&
                (part.primary || (!prefix && rows.text(row, 5) != "YES"));
  return part;
}

// MariaDB's tables with system versioning are of a type of their own.
constexpr char kTableTypes[] = "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";
// What the log may have rows of: NEXTVAL writes one.
constexpr char kLoggedTypes[] = "TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED', 'SEQUENCE')";

constexpr char kIsGenerated[] =
    "(EXTRA LIKE '%VIRTUAL GENERATED%' OR EXTRA LIKE '%STORED GENERATED%')";

std::string CollationsQuery(Flavour flavour) {
  return flavour == Flavour::kMariaDb
             ? "SELECT FULL_COLLATION_NAME, ID"
               " FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY"
             : "SELECT COLLATION_NAME, ID FROM information_schema.COLLATIONS";
}

std::string NoSystemDatabase(absl::string_view column) {
  std::string names;
  for (const std::string_view name : kSystemDatabases) {
    absl::StrAppend(&names, names.empty() ? "'" : ", '",
                    absl::string_view(name.data(), name.size()), "'");
  }
  return absl::StrCat(column, " NOT IN (", names, ")");
}

std::string ActionOf(const Result& rows, int row, int column) {
  const std::string rule = rows.str(row, column);
  return rule == "CASCADE" || rule == "SET NULL" || rule == "SET DEFAULT" ? rule : "";
}

}  // namespace

bool IsSystemDatabase(std::string_view database) {
  return std::find(kSystemDatabases.begin(), kSystemDatabases.end(), database) !=
         kSystemDatabases.end();
}

bool IsCaptured(const std::vector<std::string>& tables, std::string_view database,
                std::string_view table) {
  if (IsSystemDatabase(database)) return false;
  if (tables.empty()) return true;
  const std::string prefix = std::string(database) + ".";
  const std::string name = prefix + std::string(table);
  return std::any_of(tables.begin(), tables.end(), [&](const std::string& given) {
    return given == name || given == prefix + "*";
  });
}

absl::Status MysqlCatalog::LoadCollations() {
  if (!collations_.empty()) return absl::OkStatus();
  absl::StatusOr<Result> rows = connection_->Execute(CollationsQuery(connection_->flavour()));
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    collations_[rows->str(row, 0)] = static_cast<uint32_t>(rows->unsigned_number(row, 1));
  }
  return absl::OkStatus();
}

absl::Status MysqlCatalog::LoadColumns(const std::string& where, CatalogTable* table) {
  absl::StatusOr<Result> rows = connection_->Execute(absl::StrCat(
      "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_OCTET_LENGTH, NUMERIC_PRECISION,"
      " NUMERIC_SCALE, DATETIME_PRECISION, COLLATION_NAME, IS_NULLABLE = 'YES',"
      " ",
      kIsGenerated,
      ", COLUMN_DEFAULT"
      " FROM information_schema.COLUMNS WHERE ",
      where, " ORDER BY ORDINAL_POSITION"));
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    const bool generated = rows->text(row, 9) == "1";
    if (generated && connection_->flavour() == Flavour::kMariaDb) {
      table->left_out.push_back({rows->str(row, 0), static_cast<uint32_t>(row)});
      continue;
    }
    CatalogColumn& column = table->columns.emplace_back();
    column.name = rows->str(row, 0);
    column.data_type = rows->str(row, 1);
    column.column_type = rows->str(row, 2);
    column.octet_length = rows->unsigned_number(row, 3);
    column.precision = static_cast<uint32_t>(rows->unsigned_number(row, 4));
    column.scale = static_cast<uint32_t>(rows->unsigned_number(row, 5));
    column.fraction_digits = static_cast<uint32_t>(rows->unsigned_number(row, 6));
    const auto collation = collations_.find(rows->str(row, 7));
    if (collation != collations_.end()) column.collation = collation->second;
    if (column.collation == 0 && column.octet_length > 0) column.collation = kBinaryCollation;
    column.nullable = rows->text(row, 8) == "1";
    column.generated = generated;
    if (!rows->null(row, 10)) column.default_expression = rows->str(row, 10);
    if (HasLabels(column)) column.labels = ParseLabels(column.column_type);
  }
  return absl::OkStatus();
}

absl::Status MysqlCatalog::LoadKey(const std::string& where, CatalogTable* table) {
  absl::StatusOr<Result> rows = connection_->Execute(KeyQuery(connection_->flavour(), where));
  if (!rows.ok()) return rows.status();
  std::vector<KeyPart> parts;
  for (int row = 0; row < rows->rows(); ++row) {
    KeyPart& part = parts.emplace_back(ReadKeyPart(*rows, row));
    for (const LeftOutColumn& column : table->left_out) part.usable &= part.column != column.name;
  }
  const Key key = BestKey(parts);
  table->key_index = key.index;
  for (const std::string& name : key.columns) {
    const auto column = std::find_if(table->columns.begin(), table->columns.end(),
                                     [&](const CatalogColumn& each) { return each.name == name; });
    if (column == table->columns.end()) {
      return absl::AbortedError(absl::StrCat("table ", table->name, " was changed meanwhile"));
    }
    table->key.push_back(static_cast<uint32_t>(column - table->columns.begin()));
  }
  return absl::OkStatus();
}

// MariaDB's JSON is a LONGTEXT with a check of its own.
absl::Status MysqlCatalog::MarkJson(const std::string& where, CatalogTable* table) {
  if (connection_->flavour() != Flavour::kMariaDb) return absl::OkStatus();
  absl::StatusOr<Result> rows = connection_->Execute(
      absl::StrCat("SELECT CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE ", where));
  if (!rows.ok()) return rows.status();
  for (CatalogColumn& column : table->columns) {
    if (column.data_type != "longtext") continue;
    const std::string clause =
        absl::StrCat("json_valid(", Connection::QuoteIdentifier(column.name), ")");
    for (int row = 0; row < rows->rows(); ++row) column.json_alias |= rows->text(row, 0) == clause;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CatalogTable>> MysqlCatalog::DescribeTable(const std::string& database,
                                                                        const std::string& table) {
  const std::string name = absl::StrCat(" = ", connection_->QuoteLiteral(table));
  const std::string schema = absl::StrCat(" = ", connection_->QuoteLiteral(database));
  const std::string where = absl::StrCat("TABLE_SCHEMA", schema, " AND TABLE_NAME", name);
  absl::StatusOr<Result> row = connection_->Execute(
      absl::StrCat("SELECT ENGINE, TABLE_ROWS, TABLE_TYPE = 'SYSTEM VERSIONED'"
                   " FROM information_schema.TABLES WHERE ",
                   where, " AND ", kLoggedTypes));
  if (!row.ok()) return row.status();
  if (row->rows() == 0) return std::nullopt;
  CatalogTable found;
  found.database = database;
  found.name = table;
  found.engine = row->str(0, 0);
  found.rows_estimated = row->unsigned_number(0, 1);
  found.system_versioned = row->text(0, 2) == "1";
  absl::Status status = LoadCollations();
  if (status.ok()) status = LoadColumns(where, &found);
  if (status.ok()) status = LoadKey(where, &found);
  if (status.ok()) {
    status = MarkJson(absl::StrCat("CONSTRAINT_SCHEMA", schema, " AND TABLE_NAME", name), &found);
  }
  if (!status.ok()) return status;
  // It was dropped meanwhile.
  if (found.columns.empty()) return std::nullopt;
  return found;
}

namespace {

using ColumnName = std::tuple<std::string, std::string, std::string>;  // database, table, column

// See CatalogTable.left_out.
absl::StatusOr<std::set<ColumnName>> ListLeftOutColumns(Connection& connection,
                                                        const std::string& where,
                                                        const WaitLimits& limits) {
  std::set<ColumnName> columns;
  if (connection.flavour() != Flavour::kMariaDb) return columns;
  absl::StatusOr<Result> rows = connection.Execute(
      absl::StrCat("SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"
                   " WHERE ",
                   where, " AND ", kIsGenerated),
      limits);
  if (!rows.ok()) return rows.status();
  for (int row = 0; row < rows->rows(); ++row) {
    columns.emplace(rows->str(row, 0), rows->str(row, 1), rows->str(row, 2));
  }
  return columns;
}

}  // namespace

absl::StatusOr<std::vector<ListedTable>> ListCapturedTables(Connection& connection,
                                                            const std::vector<std::string>& tables,
                                                            const WaitLimits& limits) {
  const std::string where = NoSystemDatabase("TABLE_SCHEMA");
  absl::StatusOr<Result> rows = connection.Execute(
      absl::StrCat("SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE, TABLE_ROWS,"
                   " TABLE_TYPE = 'SYSTEM VERSIONED' FROM information_schema.TABLES WHERE ",
                   where, " AND ", kTableTypes, " ORDER BY TABLE_SCHEMA, TABLE_NAME"),
      limits);
  if (!rows.ok()) return rows.status();
  absl::StatusOr<Result> parts = connection.Execute(KeyQuery(connection.flavour(), where), limits);
  if (!parts.ok()) return parts.status();
  absl::StatusOr<std::set<ColumnName>> left_out = ListLeftOutColumns(connection, where, limits);
  if (!left_out.ok()) return left_out.status();
  std::map<std::pair<std::string, std::string>, std::vector<KeyPart>> keys;
  for (int row = 0; row < parts->rows(); ++row) {
    KeyPart part = ReadKeyPart(*parts, row);
    part.usable &= !left_out->contains({parts->str(row, 0), parts->str(row, 1), part.column});
    keys[{parts->str(row, 0), parts->str(row, 1)}].push_back(std::move(part));
  }
  std::vector<ListedTable> listed;
  for (int row = 0; row < rows->rows(); ++row) {
    if (!IsCaptured(tables, rows->text(row, 0), rows->text(row, 1))) continue;
    Key key = BestKey(keys[{rows->str(row, 0), rows->str(row, 1)}]);
    listed.push_back({rows->str(row, 0), rows->str(row, 1), rows->str(row, 2),
                      rows->unsigned_number(row, 3), std::move(key.columns), key.index,
                      rows->text(row, 4) == "1"});
  }
  return listed;
}

absl::StatusOr<std::vector<CascadingKey>> ListCascadingKeys(Connection& connection,
                                                            const WaitLimits& limits) {
  absl::StatusOr<Result> rows = connection.Execute(
      absl::StrCat("SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME,"
                   " UNIQUE_CONSTRAINT_SCHEMA, REFERENCED_TABLE_NAME, DELETE_RULE, UPDATE_RULE"
                   " FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE ",
                   NoSystemDatabase("CONSTRAINT_SCHEMA"), " ORDER BY 1, 2, 3"),
      limits);
  if (!rows.ok()) return rows.status();
  std::vector<CascadingKey> keys;
  for (int row = 0; row < rows->rows(); ++row) {
    CascadingKey key{rows->str(row, 0),      rows->str(row, 1), rows->str(row, 2),
                     rows->str(row, 3),      rows->str(row, 4), ActionOf(*rows, row, 5),
                     ActionOf(*rows, row, 6)};
    if (!key.on_delete.empty() || !key.on_update.empty()) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace tidemark::capture::mysql
