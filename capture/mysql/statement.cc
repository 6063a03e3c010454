#include "capture/mysql/statement.h"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "capture/mysql/sql_lexer.h"

namespace tidemark::capture::mysql {
namespace {

// MySQL 8.4 sql/system_variables.h, MariaDB 11.8 sql/sql_class.h.
constexpr uint64_t kAnsiQuotes = 4;
constexpr uint64_t kNoBackslashEscapes = uint64_t{1} << 20;

// Statements of which no word after the first matters.
constexpr std::string_view kHarmlessWords[] = {
    "BACKUP", "BINLOG", "CACHE", "CHANGE",   "CHECKSUM", "CLONE",     "DEALLOCATE", "DESC",
    "FLUSH",  "GRANT",  "HELP",  "INSTALL",  "KILL",     "LOCK",      "PREPARE",    "PURGE",
    "RESET",  "REVOKE", "SHOW",  "SHUTDOWN", "STOP",     "UNINSTALL", "UNLOCK",     "USE"};

// What may be created, altered and dropped without a table being concerned.
constexpr std::string_view kHarmlessObjects[] = {
    "EVENT", "FUNCTION", "GROUP",  "INSTANCE",   "LIBRARY", "PACKAGE", "PROCEDURE", "REFERENCE",
    "ROLE",  "SERVER",   "SYSTEM", "TABLESPACE", "TRIGGER", "USER",    "VIEW"};

// First words of an ALTER TABLE's clauses that change neither a column nor a key.
constexpr std::string_view kHarmlessClauses[] = {"ALGORITHM", "AUTO_INCREMENT", "COMMENT",
                                                 "DISABLE",   "ENABLE",         "LOCK"};

// Of those that change a column or key, the ones that leave values as they are.
constexpr std::string_view kStorageClauses[] = {"ENGINE", "FORCE", "ROW_FORMAT"};

// What ALTER, DROP and RENAME have in a table beside columns.
constexpr std::string_view kKeyWords[] = {"CHECK", "CONSTRAINT", "FOREIGN",
                                          "INDEX", "KEY",        "PRIMARY"};

template <size_t n>
bool IsOneOf(const SqlToken& token, const std::string_view (&words)[n]) {
  return std::any_of(std::begin(words), std::end(words),
                     [&](std::string_view word) { return token.Is(word); });
}

class Parser {
 public:
  Parser(std::string_view text, const SqlDialect& dialect, std::string_view database)
      : lexer_(text, dialect), database_(database) {
    Advance();
  }

  Statement Parse() {
    Dispatch();
    if (statement_.changes_rows || statement_.renames) statement_.rewrites = true;
    return std::move(statement_);
  }

 private:
  void Advance() { token_ = lexer_.Next(); }
  bool Accept(std::string_view keyword) {
    if (!token_.Is(keyword)) return false;
    Advance();
    return true;
  }
  bool AtEnd() const { return token_.kind == SqlToken::Kind::kEnd || token_.IsSymbol(';'); }
  void Accept(std::initializer_list<std::string_view> phrase) {
    for (std::string_view keyword : phrase) Accept(keyword);
  }
  void SetKind(StatementKind kind) { statement_.kind = kind; }

  void Dispatch();
  void Transaction();
  void Savepoint(StatementKind kind);
  void Xa();
  bool XaPart(std::string* part);
  bool XaFormat(uint32_t* format);
  bool Xid();
  void SetStatement();
  void TableMaintenance();
  void Create();
  void Drop();
  void Alter();
  void AlterTable();
  void AlterClause();
  void DropClause();
  void RenameClause();
  void PartitionClause();
  void Rename();
  void Truncate();
  void Index();

  // Adds the table that is named here.
  void Table();
  void Tables();
  void SkipTo(std::string_view keyword);
  void SkipClause();

  SqlLexer lexer_;
  std::string_view database_;
  SqlToken token_;
  Statement statement_;
};

void Parser::Dispatch() {
  if (AtEnd()) return SetKind(StatementKind::kHarmless);
  if (IsOneOf(token_, kHarmlessWords)) return SetKind(StatementKind::kHarmless);
  if (Accept("XA")) return Xa();
  if (Accept("SAVEPOINT")) return Savepoint(StatementKind::kSavepoint);
  if (Accept("CREATE")) return Create();
  if (Accept("DROP")) return Drop();
  if (Accept("ALTER")) return Alter();
  if (Accept("RENAME")) return Rename();
  if (Accept("TRUNCATE")) return Truncate();
  if (Accept("SET")) return SetStatement();
  for (std::string_view maintenance : {"ANALYZE", "OPTIMIZE", "REPAIR", "CHECK"}) {
    if (Accept(maintenance)) return TableMaintenance();
  }
  Transaction();
}

void Parser::Transaction() {
  SetKind(StatementKind::kRowsAsText);
  if (Accept("BEGIN")) {
    Accept("WORK");
    if (AtEnd()) SetKind(StatementKind::kBegin);
  } else if (Accept("START")) {
    SetKind(token_.Is("TRANSACTION") ? StatementKind::kBegin : StatementKind::kHarmless);
  } else if (Accept("COMMIT")) {
    SetKind(StatementKind::kCommit);
  } else if (Accept("ROLLBACK")) {
    Accept("WORK");
    if (!Accept("TO")) return SetKind(StatementKind::kRollback);
    Accept("SAVEPOINT");
    Savepoint(StatementKind::kRollbackTo);
  } else if (Accept("RELEASE")) {
    Accept("SAVEPOINT");
    Savepoint(StatementKind::kRelease);
  }
}

void Parser::Savepoint(StatementKind kind) {
  SetKind(kind);
  statement_.name = absl::AsciiStrToLower(lexer_.Value(token_));
}

void Parser::Xa() {
  static constexpr std::pair<std::string_view, StatementKind> kVerbs[] = {
      {"START", StatementKind::kXaStart},   {"BEGIN", StatementKind::kXaStart},
      {"END", StatementKind::kXaEnd},       {"PREPARE", StatementKind::kXaPrepare},
      {"COMMIT", StatementKind::kXaCommit}, {"ROLLBACK", StatementKind::kXaRollback},
  };
  SetKind(StatementKind::kRowsAsText);
  if (token_.Is("RECOVER")) return SetKind(StatementKind::kHarmless);
  for (const auto& [verb, kind] : kVerbs) {
    if (!Accept(verb)) continue;
    if (Xid()) SetKind(kind);
    return;
  }
}

// 'text', X'74657874' or 0x74657874.
bool Parser::XaPart(std::string* part) {
  std::string_view hex;
  if (token_.kind == SqlToken::Kind::kString) {
    *part = lexer_.Value(token_);
    Advance();
    return true;
  }
  if (Accept("X")) {
    if (token_.kind != SqlToken::Kind::kString) return false;
    hex = token_.text;
  } else if (token_.kind == SqlToken::Kind::kWord && token_.text.starts_with("0x")) {
    hex = token_.text.substr(2);
  } else {
    return false;
  }
  if (hex.size() % 2 != 0 || !std::all_of(hex.begin(), hex.end(), absl::ascii_isxdigit)) {
    return false;
  }
  *part = absl::HexStringToBytes({hex.data(), hex.size()});
  Advance();
  return true;
}

bool Parser::XaFormat(uint32_t* format) {
  const absl::string_view digits(token_.text.data(), token_.text.size());
  if (token_.kind != SqlToken::Kind::kWord) return false;
  return absl::StartsWithIgnoreCase(digits, "0x") ? absl::SimpleHexAtoi(digits, format)
                                                  : absl::SimpleAtoi(digits, format);
}

bool Parser::Xid() {
  XaId& id = statement_.xid;
  if (!XaPart(&id.gtrid)) return false;
  if (!token_.IsSymbol(',')) return true;
  Advance();
  if (!XaPart(&id.bqual)) return false;
  if (!token_.IsSymbol(',')) return true;
  Advance();
  return XaFormat(&id.format);
}

// MariaDB: SET STATEMENT variable = value, ... FOR statement.
void Parser::SetStatement() {
  if (!Accept("STATEMENT")) return SetKind(StatementKind::kHarmless);
  SkipTo("FOR");
  if (!Accept("FOR")) return SetKind(StatementKind::kRowsAsText);
  Dispatch();
}

// MariaDB's ANALYZE of a statement executes it.
void Parser::TableMaintenance() {
  Accept({"NO_WRITE_TO_BINLOG", "LOCAL"});
  const bool of_tables = token_.Is("TABLE") || token_.Is("TABLES") || token_.Is("VIEW");
  SetKind(of_tables ? StatementKind::kHarmless : StatementKind::kRowsAsText);
}

// Whatever stands before the object (UNIQUE, DEFINER = ...) is passed over.
void Parser::Create() {
  bool replace = false;
  for (; !AtEnd(); Advance()) {
    // MariaDB's CREATE OR REPLACE DATABASE drops the one that is there.
    if (replace && (token_.Is("DATABASE") || token_.Is("SCHEMA"))) return Drop();
    if (IsOneOf(token_, kHarmlessObjects) || token_.Is("TEMPORARY") || token_.Is("DATABASE") ||
        token_.Is("SCHEMA")) {
      return SetKind(StatementKind::kHarmless);
    }
    replace = replace || token_.Is("REPLACE");
    if (token_.Is("INDEX")) return Index();
    if (!token_.Is("TABLE") && !token_.Is("SEQUENCE")) continue;
    Advance();
    SetKind(StatementKind::kDefinition);
    statement_.drops = statement_.alters = replace;
    Accept({"IF", "NOT", "EXISTS"});
    return Table();
  }
  SetKind(StatementKind::kHarmless);
}

void Parser::Index() {
  SetKind(StatementKind::kDefinition);
  SkipTo("ON");
  if (Accept("ON")) Table();
}

void Parser::Drop() {
  if (token_.Is("INDEX")) return Index();
  if (Accept("DATABASE") || Accept("SCHEMA")) {
    Accept({"IF", "EXISTS"});
    SetKind(StatementKind::kDefinition);
    statement_.drops = true;
    if (token_.is_name()) statement_.tables.push_back({lexer_.Value(token_), ""});
    return;
  }
  if (!Accept("TABLE") && !Accept("TABLES") && !Accept("SEQUENCE")) {
    return SetKind(StatementKind::kHarmless);
  }
  Accept({"IF", "EXISTS"});
  SetKind(StatementKind::kDefinition);
  statement_.drops = true;
  Tables();
  Accept({"RESTRICT", "CASCADE", "NOWAIT"});
  if (Accept("WAIT")) Advance();
  statement_.unclear = !AtEnd();
}

void Parser::Alter() {
  if (Accept("DATABASE") || Accept("SCHEMA")) {
    SetKind(StatementKind::kDefinition);
    statement_.alters = false;
    bool named = token_.is_name();
    for (std::string_view option :
         {"CHARACTER", "CHARSET", "COLLATE", "COMMENT", "DEFAULT", "ENCRYPTION", "READ"}) {
      named = named && !token_.Is(option);
    }
    const std::string name = named ? lexer_.Value(token_) : std::string(database_);
    statement_.tables.push_back({name, ""});
    return;
  }
  for (; !AtEnd(); Advance()) {
    if (IsOneOf(token_, kHarmlessObjects)) break;
    statement_.changes_rows = statement_.changes_rows || token_.Is("IGNORE");
    if (Accept("TABLE")) return AlterTable();
    if (!Accept("SEQUENCE")) continue;
    Accept({"IF", "EXISTS"});
    SetKind(StatementKind::kDefinition);
    statement_.alters = false;
    return Table();
  }
  statement_.changes_rows = false;
  SetKind(StatementKind::kHarmless);
}

void Parser::AlterTable() {
  SetKind(StatementKind::kDefinition);
  Accept({"IF", "EXISTS"});
  Table();
  if (Accept("WAIT")) Advance();
  Accept("NOWAIT");
  statement_.alters = false;
  while (!AtEnd()) {
    AlterClause();
    SkipClause();
  }
}

void Parser::AlterClause() {
  if (IsOneOf(token_, kHarmlessClauses)) return;
  if (Accept("ADD")) {
    statement_.alters = statement_.alters || !token_.Is("PARTITION");
    return;
  }
  if (Accept("DROP")) return DropClause();
  statement_.alters = true;
  if (IsOneOf(token_, kStorageClauses)) return;
  if (Accept("RENAME")) return RenameClause();
  if (Accept("ALTER") && IsOneOf(token_, kKeyWords)) return;
  statement_.rewrites = true;
  if (Accept("DISCARD") || Accept("IMPORT")) {
    statement_.changes_rows = true;
    return;
  }
  for (std::string_view verb : {"TRUNCATE", "EXCHANGE", "REORGANIZE", "CONVERT"}) {
    if (Accept(verb)) return PartitionClause();
  }
}

void Parser::DropClause() {
  statement_.alters = statement_.alters || !token_.Is("PARTITION");
  statement_.rewrites = statement_.rewrites || !IsOneOf(token_, kKeyWords);
  // MariaDB: the rows of the past go with SYSTEM VERSIONING.
  const bool rows = token_.Is("PARTITION") || token_.Is("SYSTEM");
  statement_.changes_rows = statement_.changes_rows || rows;
}

void Parser::RenameClause() {
  if (IsOneOf(token_, kKeyWords)) return;
  statement_.rewrites = true;
  if (token_.Is("COLUMN")) return;
  if (!Accept("TO") && !Accept("AS") && token_.IsSymbol('=')) Advance();
  statement_.renames = true;
  Table();
}

// EXCHANGE PARTITION p WITH TABLE t; MariaDB: CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO
// PARTITION ...; the others name no other table.
void Parser::PartitionClause() {
  const bool of_table = token_.Is("TABLE");
  if (!of_table && !token_.Is("PARTITION")) return;
  statement_.changes_rows = true;
  while (!AtEnd() && !token_.IsSymbol(',') && !token_.IsSymbol('(') && !token_.Is("TABLE")) {
    Advance();
  }
  if (Accept("TABLE")) Table();
}

void Parser::Rename() {
  if (!Accept("TABLE") && !Accept("TABLES")) return SetKind(StatementKind::kHarmless);
  SetKind(StatementKind::kDefinition);
  statement_.renames = true;
  Accept({"IF", "EXISTS"});
  while (token_.is_name()) {
    Table();
    if (Accept("WAIT")) Advance();
    Accept("NOWAIT");
    if (!Accept("TO") && !token_.IsSymbol(',')) break;
    if (token_.IsSymbol(',')) Advance();
  }
  statement_.unclear = !AtEnd();
}

void Parser::Truncate() {
  Accept("TABLE");
  SetKind(StatementKind::kTruncate);
  Table();
}

void Parser::Table() {
  if (!token_.is_name()) return;
  TableName name{std::string(database_), lexer_.Value(token_)};
  Advance();
  if (token_.IsSymbol('.')) {
    Advance();
    name = {std::move(name.table), lexer_.Value(token_)};
    Advance();
  }
  statement_.tables.push_back(std::move(name));
}

void Parser::Tables() {
  Table();
  while (token_.IsSymbol(',')) {
    Advance();
    Table();
  }
}

void Parser::SkipTo(std::string_view keyword) {
  while (!AtEnd() && !token_.Is(keyword)) Advance();
}

// Behind the next comma that is in no brackets.
void Parser::SkipClause() {
  int depth = 0;
  for (; !AtEnd(); Advance()) {
    if (token_.IsSymbol('(')) ++depth;
    if (token_.IsSymbol(')')) --depth;
    if (depth > 0 || !token_.IsSymbol(',')) continue;
    Advance();
    return;
  }
}

}  // namespace

Statement ParseStatement(std::string_view text, uint64_t sql_mode, std::string_view database,
                         bool mariadb) {
  const SqlDialect dialect = {.ansi_quotes = (sql_mode & kAnsiQuotes) != 0,
                              .no_backslash_escapes = (sql_mode & kNoBackslashEscapes) != 0,
                              .mariadb = mariadb};
  return Parser(text, dialect, database).Parse();
}

std::string FirstWords(std::string_view text) {
  constexpr size_t kBytesMax = 40;
  SqlLexer lexer(text, {});
  std::string words;
  bool glued = true;
  for (SqlToken token = lexer.Next();; token = lexer.Next()) {
    const bool dot = token.IsSymbol('.');
    const bool value = !token.is_name() || (token.quote == 0 && absl::ascii_isdigit(token.text[0]));
    if (value && !dot) break;
    if (!glued && !dot) words += ' ';
    words += absl::Utf8SafeCHexEscape({token.text.data(), std::min(token.text.size(), kBytesMax)});
    glued = dot;
    if (words.size() >= kBytesMax) break;
  }
  words.resize(std::min(words.size(), kBytesMax));
  std::replace_if(
      words.begin(), words.end(), [](char c) { return !absl::ascii_isprint(c); }, '?');
  return words;
}

}  // namespace tidemark::capture::mysql
