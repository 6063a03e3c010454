#ifndef TIDEMARK_TESTS_ORACLE_SOURCE_TABLE_H_
#define TIDEMARK_TESTS_ORACLE_SOURCE_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/session.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

struct SourceColumn {
  std::string name;
  // What a SELECT asks for: text in the form of ValueText or MysqlValueText.
  std::string expression;
  // v1::Type's.
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
  // The server's text is that of a double, and is to be compared as a number.
  bool floating = false;
};

// What one table is in the server's catalog now.
struct SourceTable {
  // v1::TableSchema.table_id, where the server gives tables one.
  std::optional<uint64_t> id;
  std::string sql_name;
  std::vector<SourceColumn> columns;
};

// Sets what the texts depend on.
absl::Status PrepareSession(testing::Session& session);

// `name`: "namespace.name". `schema`: the stream's newest of it, or null. Of the generated columns,
// which old PostgreSQL servers do not publish, only those that it has are among the columns; none
// of MariaDB, whose log may lack their new values. NotFound: there is no such table.
absl::StatusOr<SourceTable> FindSourceTable(testing::Session& session, const std::string& name,
                                            const v1::TableSchema* schema);

// The same for one engine.
absl::StatusOr<SourceTable> FindPostgresTable(testing::Session& session,
                                              const std::string& name_space,
                                              const std::string& name,
                                              const v1::TableSchema* schema);
absl::StatusOr<SourceTable> FindMysqlTable(testing::Session& session, const std::string& database,
                                           const std::string& name);

// The text of an SQL string and of an identifier between `quote`s.
std::string QuoteWith(char quote, absl::string_view text);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_SOURCE_TABLE_H_
