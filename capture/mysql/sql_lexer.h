#ifndef TIDEMARK_CAPTURE_MYSQL_SQL_LEXER_H_
#define TIDEMARK_CAPTURE_MYSQL_SQL_LEXER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::capture::mysql {

// What changes how a statement's characters become words.
struct SqlDialect {
  bool ansi_quotes = false;           // "name" and not "string"
  bool no_backslash_escapes = false;  // \ stands for itself in strings
  bool mariadb = false;               // /*M! ... */ counts
};

struct SqlToken {
  enum class Kind : uint8_t {
    kEnd,
    kWord,  // keyword, name or number without quotes
    kName,  // in quotes
    kString,
    kSymbol,  // any other character
  };
  Kind kind = Kind::kEnd;
  std::string_view text;  // kName, kString: between the quotes, as it is written
  char quote = 0;         // kName, kString

  // The keyword, in upper case.
  bool Is(std::string_view keyword) const;
  bool IsSymbol(char c) const { return kind == Kind::kSymbol && text[0] == c; }
  bool is_name() const { return kind == Kind::kWord || kind == Kind::kName; }
};

// Cuts a statement into words. Comments are passed over; the content of /*! */ counts, since the
// server that wrote the log has removed from it what it did not execute. Never fails: a quote
// without its end runs to the end of the text. Source: MySQL 8.4 sql/sql_lex.cc, MariaDB 11.8
// sql/sql_lex.cc. The tokens live as long as the text.
class SqlLexer {
 public:
  SqlLexer(std::string_view text, const SqlDialect& dialect) : rest_(text), dialect_(dialect) {}

  SqlToken Next();
  // What a name or string stands for.
  std::string Value(const SqlToken& token) const;

 private:
  void SkipSpaceAndComments();
  bool SkipComment();
  SqlToken Quoted(SqlToken::Kind kind, bool escapes);
  SqlToken Take(SqlToken::Kind kind, size_t size);

  std::string_view rest_;
  SqlDialect dialect_;
  int executed_comments_ = 0;  // that are open
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_SQL_LEXER_H_
