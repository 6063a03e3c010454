#include "tests/oracle/compare.h"

#include <memory>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace tidemark::oracle {
namespace {

using testing::SqlConnection;
using testing::SqlRow;

constexpr char kSettings[] =
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; "
    "SET extra_float_digits = 3; SET bytea_output = 'hex'";

std::string Quoted(const std::string& identifier) {
  return absl::StrCat("\"", absl::StrJoin(absl::StrSplit(identifier, '"'), "\"\""), "\"");
}

std::string Literal(const std::string& text) {
  return absl::StrCat("'", absl::StrJoin(absl::StrSplit(text, '\''), "''"), "'");
}

Cell CellOf(const std::optional<std::string>& value) {
  return value.has_value() ? Cell{Cell::State::kText, *value} : Cell{};
}

struct SourceColumn {
  std::string name;
  uint32_t type_oid = 0;
  std::string type_modifier;
};

// What one table is in the catalog now.
struct SourceTable {
  std::string oid;
  std::string sql_name;
  std::vector<SourceColumn> columns;
};

class TableComparison {
 public:
  TableComparison(const Fold& fold, const HeldTable& held, const SourceTable& source,
                  const CompareOptions& options, Comparison* result)
      : fold_(fold), held_(held), source_(source), options_(options), result_(*result) {}

  absl::Status Run(SqlConnection& connection) {
    if (absl::Status ready = MapColumns(); !ready.ok()) return ready;
    IndexRows();
    std::vector<std::string> names;
    for (const SourceColumn& column : source_.columns) names.push_back(Quoted(column.name));
    absl::Status status = connection.ForEachRow(
        absl::StrCat("SELECT ", absl::StrJoin(names, ", "), " FROM ", source_.sql_name),
        [this](const SqlRow& row) {
          CompareRow(row);
          return absl::OkStatus();
        });
    for (const auto& [key, entry] : by_key_) {
      if (!entry.matched) Differ(Unpack(key), "the stream has a row that the source lacks");
    }
    return status;
  }

 private:
  struct Entry {
    const HeldRow* row = nullptr;
    bool matched = false;
  };

  void Differ(const Cells& key, const std::string& what) {
    ++result_.difference_count;
    if (result_.differences.size() < options_.differences_max) {
      result_.differences.push_back(absl::StrCat(held_.name, " ", Show(key), ": ", what));
    }
  }

  // Finds the key columns in the source's row.
  absl::Status MapColumns() {
    const v1::TableSchema& schema = fold_.schema(held_.schema_id);
    for (uint32_t key_column : schema.key_columns()) {
      const std::string& name = schema.columns(static_cast<int>(key_column)).name();
      size_t at = 0;
      while (at < source_.columns.size() && source_.columns[at].name != name) ++at;
      if (at == source_.columns.size()) {
        return absl::FailedPreconditionError(
            absl::StrCat(held_.name, ": the source has no key column ", name));
      }
      key_columns_.push_back(at);
    }
    if (!key_columns_.empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(absl::StrCat(held_.name, " has no key"));
  }

  void IndexRows() {
    for (const auto& [bytes, row] : held_.rows) {
      if (!row.present) continue;
      const v1::TableSchema& schema = fold_.schema(row.schema_id);
      const Cells cells = Unpack(row.cells);
      Cells key;
      for (uint32_t column : schema.key_columns()) key.push_back(cells[column]);
      if (!by_key_.emplace(Pack(key), Entry{&row, false}).second) {
        Differ(key, "the stream has this row under two encodings of its key");
      }
    }
  }

  void CompareRow(const SqlRow& row) {
    ++result_.rows;
    Cells key;
    for (size_t column : key_columns_) key.push_back(CellOf(row[column]));
    const auto found = by_key_.find(Pack(key));
    if (found == by_key_.end()) return Differ(key, "the source has a row that the stream lacks");
    found->second.matched = true;
    const HeldRow& held = *found->second.row;
    const Cells cells = Unpack(held.cells);
    const std::vector<int>& mapping = MappingOf(held.schema_id);
    for (size_t i = 0; i < row.size(); ++i) {
      CompareCell(key, source_.columns[i], mapping[i] >= 0 ? &cells[mapping[i]] : nullptr,
                  CellOf(row[i]));
    }
  }

  // `held` is null if the row was last seen before an ALTER TABLE that made this column what it is.
  void CompareCell(const Cells& key, const SourceColumn& column, const Cell* held,
                   const Cell& source) {
    static const Cell kNeverSeen{Cell::State::kUnknown};
    if (held == nullptr && source.state == Cell::State::kNull) return;
    if (held == nullptr) held = &kNeverSeen;
    if (*held == source) return;
    if (held->state == Cell::State::kUnknown) {
      ++result_.unknown_values;
      if (options_.allow_unknown) return;
    }
    Differ(key, absl::StrCat("column ", column.name, ": the stream has ", Show(*held),
                             ", the source ", Show(source)));
  }

  // For each column of the source its place in rows of that schema; -1: not there, or of another
  // type.
  const std::vector<int>& MappingOf(uint32_t schema_id) {
    std::vector<int>& mapping = mappings_[schema_id];
    const v1::TableSchema& schema = fold_.schema(schema_id);
    if (mapping.empty()) {
      for (const SourceColumn& column : source_.columns) mapping.push_back(Find(schema, column));
    }
    return mapping;
  }

  static int Find(const v1::TableSchema& schema, const SourceColumn& column) {
    for (int i = 0; i < schema.columns_size(); ++i) {
      const v1::Type& type = schema.columns(i).type();
      if (schema.columns(i).name() != column.name) continue;
      const bool same =
          type.oid() == column.type_oid && absl::StrCat(type.modifier()) == column.type_modifier;
      return same ? i : -1;
    }
    return -1;
  }

  const Fold& fold_;
  const HeldTable& held_;
  const SourceTable& source_;
  const CompareOptions& options_;
  Comparison& result_;
  std::vector<size_t> key_columns_;
  std::unordered_map<std::string, Entry> by_key_;
  std::unordered_map<uint32_t, std::vector<int>> mappings_;
};

bool HasColumn(const v1::TableSchema* schema, const std::string& name) {
  if (schema == nullptr) return false;
  for (const v1::Column& column : schema->columns()) {
    if (column.name() == name) return true;
  }
  return false;
}

// `schema`: the stream's newest, or null. Of the generated columns, which old servers do not
// publish, only those that it has.
absl::Status FindColumns(SqlConnection& connection, const v1::TableSchema* schema,
                         SourceTable& table) {
  absl::StatusOr<testing::SqlRows> columns = connection.Query(absl::StrCat(
      "SELECT attname, atttypid, atttypmod, attgenerated FROM pg_attribute WHERE attrelid = ",
      table.oid, " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"));
  if (!columns.ok()) return columns.status();
  for (const SqlRow& row : *columns) {
    if (!row[3]->empty() && !HasColumn(schema, *row[0])) continue;
    table.columns.push_back({*row[0], static_cast<uint32_t>(std::stoul(*row[1])), *row[2]});
  }
  return absl::OkStatus();
}

absl::StatusOr<SourceTable> FindSourceTable(SqlConnection& connection, const std::string& name) {
  const size_t dot = name.find('.');
  const std::string schema = name.substr(0, dot);
  const std::string table_name = name.substr(dot + 1);
  absl::StatusOr<testing::SqlRows> found = connection.Query(absl::StrCat(
      "SELECT c.oid, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
      "WHERE relkind IN ('r', 'p') AND nspname = ",
      Literal(schema), " AND relname = ", Literal(table_name)));
  if (!found.ok()) return found.status();
  if (found->empty()) return absl::NotFoundError(absl::StrCat("the source has no table ", name));
  SourceTable table;
  table.oid = *found->front()[0];
  table.sql_name = absl::StrCat(found->front()[1] == "p" ? "" : "ONLY ", Quoted(schema), ".",
                                Quoted(table_name));
  return table;
}

std::vector<std::string> TablesReadToTheirEnd(const Fold& fold) {
  std::vector<std::string> names;
  for (const auto& [id, table] : fold.tables()) {
    if (table.snapshot_done && !table.name.empty()) names.push_back(table.name);
  }
  return names;
}

absl::Status CompareTable(const Fold& fold, SqlConnection& connection, const std::string& name,
                          const CompareOptions& options, Comparison& result) {
  absl::StatusOr<SourceTable> source = FindSourceTable(connection, name);
  if (absl::IsNotFound(source.status()) && options.tables.empty()) return absl::OkStatus();
  if (!source.ok()) return source.status();
  ++result.tables;
  const HeldTable* held = fold.FindTable(name);
  if (held != nullptr && absl::StrCat(held->table_id) == source->oid) {
    absl::Status columns = FindColumns(connection, &fold.schema(held->schema_id), *source);
    if (!columns.ok()) return columns;
    return TableComparison(fold, *held, *source, options, &result).Run(connection);
  }
  absl::StatusOr<std::string> rows =
      connection.QueryValue(absl::StrCat("SELECT count(*) FROM ", source->sql_name));
  if (!rows.ok()) return rows.status();
  if (*rows == "0") return absl::OkStatus();
  ++result.difference_count;
  result.differences.push_back(
      absl::StrCat(name, ": the source has ", *rows, " rows, the stream has never named it"));
  return absl::OkStatus();
}

std::string WithCommas(uint64_t number) {
  std::string digits = absl::StrCat(number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, ",");
  return digits;
}

}  // namespace

absl::StatusOr<Comparison> CompareWithSource(const Fold& fold, SqlConnection& source,
                                             const CompareOptions& options) {
  Comparison result;
  absl::Status status = source.Exec(kSettings);
  for (const std::string& name :
       options.tables.empty() ? TablesReadToTheirEnd(fold) : options.tables) {
    if (status.ok()) status = CompareTable(fold, source, name, options, result);
  }
  if (!status.ok()) return status;
  return result;
}

bool IsExact(const Fold& fold, const Comparison& comparison) {
  return comparison.difference_count == 0 && fold.violations().empty();
}

std::string Verdict(const Fold& fold, const Comparison& comparison) {
  const std::string counts =
      absl::StrCat(WithCommas(comparison.tables), " tables, ", WithCommas(comparison.rows),
                   " rows, ", WithCommas(fold.event_count()), " events, ",
                   WithCommas(comparison.difference_count), " differences");
  if (IsExact(fold, comparison)) return absl::StrCat("exact: ", counts);
  std::string verdict = absl::StrCat("NOT EXACT: ", counts, ", ", fold.violations().size(),
                                     " broken rules of the stream");
  for (const std::string& line : comparison.differences) absl::StrAppend(&verdict, "\n  ", line);
  for (const std::string& line : fold.violations()) absl::StrAppend(&verdict, "\n  ", line);
  return verdict;
}

}  // namespace tidemark::oracle
