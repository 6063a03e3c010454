#include "capture/mysql/chunk_query.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "capture/mysql/key_condition.h"
#include "capture/mysql/schema_builder.h"

namespace tidemark::capture::mysql {
namespace {

std::string QualifiedName(const CatalogTable& table) {
  return absl::StrCat(Connection::QuoteIdentifier(table.database), ".",
                      Connection::QuoteIdentifier(table.name));
}

bool IsBounded(const ChunkRequest& request) {
  return !request.range.lower.empty() || !request.range.upper.empty() || !request.keys.empty();
}

std::string Select(const CatalogTable& table) {
  absl::StatusOr<BuiltTable> built = BuildFromCatalog(table);
  if (!built.ok()) return "NULL";  // the caller has read the table's schema before
  std::vector<std::string> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    columns.push_back(
        SelectForm(built->codecs[i], Connection::QuoteIdentifier(table.columns[i].name)));
  }
  return absl::StrJoin(columns, ", ");
}

// " FROM t FORCE INDEX (..) WHERE .." with what the range, the keys and the predicate ask for.
// InnoDB's estimates must not lead away from the key, which alone gives rows in order without
// sorting.
std::string From(const CatalogTable& table, const KeyCondition& key, const ChunkRequest& request) {
  std::string from = absl::StrCat(" FROM ", QualifiedName(table));
  if (key.size() > 0 && (IsBounded(request) || NeedsOrder(request))) {
    absl::StrAppend(&from, " FORCE INDEX (", Connection::QuoteIdentifier(table.key_index), ")");
  }
  std::vector<std::string> conditions;
  if (!request.range.lower.empty()) conditions.push_back(key.Above(request.range.lower));
  if (!request.range.upper.empty()) conditions.push_back(key.AtMost(request.range.upper));
  if (!request.keys.empty()) conditions.push_back(key.AnyOf(request.keys));
  // The line end closes a comment that the predicate may end with.
  if (!request.predicate.empty()) conditions.push_back(absl::StrCat("(", request.predicate, "\n)"));
  if (!conditions.empty()) {
    absl::StrAppend(&from, " WHERE ", absl::StrJoin(conditions, " AND "));
  }
  return from;
}

}  // namespace

bool NeedsOrder(const ChunkRequest& request) {
  return request.keys.empty() && (request.rows_max != 0 || request.bytes_max != 0);
}

absl::Status CheckRequest(const CatalogTable& table, const ChunkRequest& request) {
  if (table.system_versioned) {
    return absl::FailedPreconditionError(
        absl::StrCat("table ", table.database, ".", table.name,
                     " has SYSTEM VERSIONING: a SELECT does not show what the log has of it; leave "
                     "it out, or drop its versioning"));
  }
  if (table.key.empty() && (IsBounded(request) || NeedsOrder(request))) {
    return absl::FailedPreconditionError(
        absl::StrCat("table ", table.database, ".", table.name,
                     " has no usable key to read it in chunks; add a primary key"));
  }
  absl::StatusOr<KeyCondition> key = KeyCondition::Make(table);
  if (!key.ok()) return key.status();
  std::vector<KeyText> keys = request.keys;
  if (!request.range.lower.empty()) keys.push_back(request.range.lower);
  if (!request.range.upper.empty()) keys.push_back(request.range.upper);
  for (const KeyText& text : keys) {
    absl::Status status = key->Check(text);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string ChunkSelect(const CatalogTable& table, const ChunkRequest& request) {
  const KeyCondition key = KeyCondition::Make(table).value_or(KeyCondition());
  std::string select = absl::StrCat("SELECT ", Select(table), From(table, key, request));
  if (NeedsOrder(request)) absl::StrAppend(&select, " ORDER BY ", key.Names());
  if (request.keys.empty() && request.rows_max != 0) {
    absl::StrAppend(&select, " LIMIT ", request.rows_max);
  }
  return select;
}

std::string KeyAfterSelect(const CatalogTable& table, const ChunkRequest& request, uint64_t rows) {
  const KeyCondition key = KeyCondition::Make(table).value_or(KeyCondition());
  ChunkRequest scanned;
  scanned.range = request.range;
  scanned.rows_max = rows;
  return absl::StrCat("SELECT ", key.SelectList(), From(table, key, scanned), " ORDER BY ",
                      key.Names(), " LIMIT ", rows == 0 ? 0 : rows - 1, ", 1");
}

std::vector<std::string> ExplainSelects(const CatalogTable& table, const ChunkRequest& request) {
  std::vector<std::string> selects = {absl::StrCat("EXPLAIN ", ChunkSelect(table, request))};
  if (!request.predicate.empty()) {
    selects.push_back(absl::StrCat("EXPLAIN SELECT 1 FROM ", QualifiedName(table), " WHERE ",
                                   request.predicate));
  }
  return selects;
}

}  // namespace tidemark::capture::mysql
