#include "tests/oracle/compare.h"

#include <cstdlib>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/oracle/mysql_value_text.h"
#include "tests/oracle/source_table.h"

namespace tidemark::oracle {
namespace {

using testing::Session;
using testing::SqlRow;

Cell CellOf(const std::optional<std::string>& value, bool floating) {
  if (!value.has_value()) return {};
  if (floating) return {Cell::State::kText, ExactDoubleText(std::strtod(value->c_str(), nullptr))};
  return {Cell::State::kText, *value};
}

class TableComparison {
 public:
  TableComparison(const Fold& fold, const HeldTable& held, const SourceTable& source,
                  const CompareOptions& options, Comparison* result)
      : fold_(fold), held_(held), source_(source), options_(options), result_(*result) {}

  absl::Status Run(Session& session) {
    if (absl::Status ready = MapColumns(); !ready.ok()) return ready;
    IndexRows();
    std::vector<std::string> expressions;
    for (const SourceColumn& column : source_.columns) expressions.push_back(column.expression);
    absl::Status status = session.ForEachRow(
        absl::StrCat("SELECT ", absl::StrJoin(expressions, ", "), " FROM ", source_.sql_name),
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
    Cells source;
    for (size_t i = 0; i < row.size(); ++i) {
      source.push_back(CellOf(row[i], source_.columns[i].floating));
    }
    Cells key;
    for (size_t column : key_columns_) key.push_back(source[column]);
    const auto found = by_key_.find(Pack(key));
    if (found == by_key_.end()) return Differ(key, "the source has a row that the stream lacks");
    found->second.matched = true;
    const HeldRow& held = *found->second.row;
    const Cells cells = Unpack(held.cells);
    const std::vector<int>& mapping = MappingOf(held.schema_id);
    for (size_t i = 0; i < row.size(); ++i) {
      CompareCell(key, source_.columns[i], mapping[i] >= 0 ? &cells[mapping[i]] : nullptr,
                  source[i]);
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
      const bool same = type.oid() == column.type_oid && type.modifier() == column.type_modifier;
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

std::vector<std::string> TablesReadToTheirEnd(const Fold& fold) {
  std::vector<std::string> names;
  for (const auto& [id, table] : fold.tables()) {
    if (table.snapshot_done && !table.name.empty()) names.push_back(table.name);
  }
  return names;
}

bool IsSame(const SourceTable& source, const HeldTable* held) {
  return held != nullptr && source.id.value_or(held->table_id) == held->table_id;
}

absl::Status CompareTable(const Fold& fold, Session& session, const std::string& name,
                          const CompareOptions& options, Comparison& result) {
  const HeldTable* held = fold.FindTable(name);
  absl::StatusOr<SourceTable> source =
      FindSourceTable(session, name, held == nullptr ? nullptr : &fold.schema(held->schema_id));
  if (absl::IsNotFound(source.status()) && options.tables.empty()) return absl::OkStatus();
  if (!source.ok()) return source.status();
  ++result.tables;
  if (IsSame(*source, held)) {
    return TableComparison(fold, *held, *source, options, &result).Run(session);
  }
  absl::StatusOr<std::string> rows =
      session.QueryValue(absl::StrCat("SELECT count(*) FROM ", source->sql_name));
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

absl::StatusOr<Comparison> CompareWithSource(const Fold& fold, Session& source,
                                             const CompareOptions& options) {
  Comparison result;
  absl::Status status = PrepareSession(source);
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
  return Verdict(fold.event_count(), "events", fold.violations(), comparison);
}

std::string Verdict(uint64_t count, absl::string_view read,
                    const std::vector<std::string>& violations, const Comparison& comparison) {
  const std::string counts = absl::StrCat(
      WithCommas(comparison.tables), " tables, ", WithCommas(comparison.rows), " rows, ",
      WithCommas(count), " ", read, ", ", WithCommas(comparison.difference_count), " differences");
  if (comparison.difference_count == 0 && violations.empty()) {
    return absl::StrCat("exact: ", counts);
  }
  std::string verdict =
      absl::StrCat("NOT EXACT: ", counts, ", ", violations.size(), " broken rules of the stream");
  for (const std::string& line : comparison.differences) absl::StrAppend(&verdict, "\n  ", line);
  for (const std::string& line : violations) absl::StrAppend(&verdict, "\n  ", line);
  return verdict;
}

}  // namespace tidemark::oracle
