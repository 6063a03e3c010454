#ifndef TIDEMARK_CAPTURE_MYSQL_STATEMENT_H_
#define TIDEMARK_CAPTURE_MYSQL_STATEMENT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "capture/mysql/xa_id.h"

namespace tidemark::capture::mysql {

// What the statement of a QUERY event means for the log. No grammar: the first words decide, and
// the names of the tables in a few statements are picked out.
enum class StatementKind : uint8_t {
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,   // Statement.name
  kRollbackTo,  // Statement.name
  kRelease,     // Statement.name
  kXaStart,     // Statement.xid, as in the next four
  kXaEnd,
  kXaPrepare,
  kXaCommit,
  kXaRollback,
  kTruncate,    // Statement.tables: one
  kDefinition,  // other DDL that may change tables: Statement.tables
  kHarmless,    // nothing that concerns tables' rows or columns
  kRowsAsText,  // DML in statement format: rows change without row events
};

struct TableName {
  std::string database;
  // Empty: all tables of the database (DROP DATABASE, ALTER DATABASE).
  std::string table;

  friend bool operator==(const TableName&, const TableName&) = default;
};

struct Statement {
  StatementKind kind = StatementKind::kHarmless;
  // In lower case, as far as it is ASCII: the server compares savepoints so.
  std::string name;
  XaId xid;
  // kTruncate, kDefinition: the tables that it alters, drops, creates or renames (old and new
  // names).
  std::vector<TableName> tables;
  // kDefinition: rows of `tables` vanish: DROP TABLE, DROP DATABASE, CREATE OR REPLACE.
  bool drops = false;
  // kDefinition: rows of `tables` may change with no row event: ALTER TABLE ... DROP, TRUNCATE,
  // EXCHANGE, REORGANIZE (and so on) PARTITION, DISCARD and IMPORT TABLESPACE.
  bool changes_rows = false;
  // kDefinition: two or more of `tables` are old and new names of one: rows go from name to name
  // without row events.
  bool renames = false;
  // kDefinition: a column or key of a table that is there may change. CREATE TABLE without OR
  // REPLACE does not, nor do clauses such as COMMENT, DISABLE KEYS and ADD PARTITION.
  bool alters = true;
  // kDefinition: rows of `tables` may hold other values under the same column names and types, with
  // no row event: a column goes (another may take its name), gets another name, or is defined anew.
  // Also where `changes_rows` or `renames`; not for a new column, which the schema shows.
  bool rewrites = false;
  // kDefinition: behind the names in `tables` is something else than expected: there may be more.
  bool unclear = false;
};

// `text`: UTF-8 (see query_text.h). `sql_mode`: QueryEvent.sql_mode
// (ANSI_QUOTES and NO_BACKSLASH_ESCAPES matter). `database`: for names without one. Comments are
// skipped, but for the content of /*! */ and /*M! */ (`mariadb`), which counts. Never fails: what
// it does not know is kRowsAsText, for which the source must stop.
Statement ParseStatement(std::string_view text, uint64_t sql_mode, std::string_view database,
                         bool mariadb);

// The first words of a statement, for messages: no value of a row, at most 40 bytes of ASCII.
std::string FirstWords(std::string_view text);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_STATEMENT_H_
