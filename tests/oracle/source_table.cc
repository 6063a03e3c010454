#include "tests/oracle/source_table.h"

#include "absl/strings/str_cat.h"

namespace tidemark::oracle {
namespace {

using testing::Engine;
using testing::Session;
using testing::SqlRow;

constexpr char kPostgresSettings[] =
    "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; "
    "SET extra_float_digits = 3; SET bytea_output = 'hex'";
constexpr char kMysqlSettings[] = "SET time_zone = '+00:00', NAMES utf8mb4";

bool HasColumn(const v1::TableSchema* schema, const std::string& name) {
  if (schema == nullptr) return false;
  for (const v1::Column& column : schema->columns()) {
    if (column.name() == name) return true;
  }
  return false;
}

absl::Status FindPostgresColumns(Session& session, const v1::TableSchema* schema,
                                 SourceTable& table) {
  absl::StatusOr<testing::SqlRows> columns = session.Query(absl::StrCat(
      "SELECT attname, atttypid, atttypmod, attgenerated FROM pg_attribute WHERE attrelid = ",
      *table.id, " AND attnum > 0 AND NOT attisdropped ORDER BY attnum"));
  if (!columns.ok()) return columns.status();
  for (const SqlRow& row : *columns) {
    if (!row[3]->empty() && !HasColumn(schema, *row[0])) continue;
    table.columns.push_back({.name = *row[0],
                             .expression = QuoteWith('"', *row[0]),
                             .type_oid = static_cast<uint32_t>(std::stoul(*row[1])),
                             .type_modifier = std::stoi(*row[2])});
  }
  return absl::OkStatus();
}

}  // namespace

std::string QuoteWith(char quote, absl::string_view text) {
  std::string quoted(1, quote);
  for (char c : text) {
    if (c == quote) quoted += quote;
    quoted += c;
  }
  return quoted + quote;
}

absl::Status PrepareSession(Session& session) {
  return session.Exec(session.engine() == Engine::kPostgres ? kPostgresSettings : kMysqlSettings);
}

absl::StatusOr<SourceTable> FindPostgresTable(Session& session, const std::string& name_space,
                                              const std::string& name,
                                              const v1::TableSchema* schema) {
  absl::StatusOr<testing::SqlRows> found = session.Query(absl::StrCat(
      "SELECT c.oid, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
      "WHERE relkind IN ('r', 'p') AND nspname = ",
      QuoteWith('\'', name_space), " AND relname = ", QuoteWith('\'', name)));
  if (!found.ok()) return found.status();
  if (found->empty()) {
    return absl::NotFoundError(absl::StrCat("the source has no table ", name_space, ".", name));
  }
  SourceTable table;
  table.id = std::stoull(*found->front()[0]);
  table.sql_name = absl::StrCat(found->front()[1] == "p" ? "" : "ONLY ", QuoteWith('"', name_space),
                                ".", QuoteWith('"', name));
  absl::Status columns = FindPostgresColumns(session, schema, table);
  if (!columns.ok()) return columns;
  return table;
}

absl::StatusOr<SourceTable> FindSourceTable(Session& session, const std::string& name,
                                            const v1::TableSchema* schema) {
  const size_t dot = name.find('.');
  const std::string name_space = name.substr(0, dot);
  const std::string table = name.substr(dot + 1);
  if (session.engine() != Engine::kPostgres) return FindMysqlTable(session, name_space, table);
  return FindPostgresTable(session, name_space, table, schema);
}

}  // namespace tidemark::oracle
