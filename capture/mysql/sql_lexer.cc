#include "capture/mysql/sql_lexer.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"

namespace tidemark::capture::mysql {
namespace {

bool IsWordByte(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

bool IsSpace(char c) { return absl::ascii_isspace(c) || absl::ascii_iscntrl(c); }

char Unescaped(char c) {
  switch (c) {
    case '0':
      return '\0';
    case 'b':
      return '\b';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'Z':
      return '\x1a';
    default:
      return c;
  }
}

}  // namespace

bool SqlToken::Is(std::string_view keyword) const {
  return kind == Kind::kWord &&
         absl::EqualsIgnoreCase({text.data(), text.size()}, {keyword.data(), keyword.size()});
}

SqlToken SqlLexer::Take(SqlToken::Kind kind, size_t size) {
  SqlToken token{kind, rest_.substr(0, size), 0};
  rest_.remove_prefix(token.text.size());
  return token;
}

// False: it does not begin with a comment.
bool SqlLexer::SkipComment() {
  const auto skip_to = [this](std::string_view end) {
    const size_t at = rest_.find(end, end.size());
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + end.size());
  };
  const bool dashes = rest_.starts_with("--") && (rest_.size() == 2 || IsSpace(rest_[2]));
  if (rest_.starts_with("#") || dashes) {
    const size_t end = rest_.find('\n');
    rest_.remove_prefix(std::min(end, rest_.size()));
    return true;
  }
  const bool of_mariadb = dialect_.mariadb && rest_.starts_with("/*M!");
  if (of_mariadb || rest_.starts_with("/*!")) {
    rest_.remove_prefix(of_mariadb ? 4 : 3);
    constexpr size_t kVersionDigits = 6;
    size_t digits = 0;
    while (digits < std::min(kVersionDigits, rest_.size()) && absl::ascii_isdigit(rest_[digits])) {
      ++digits;
    }
    rest_.remove_prefix(digits);
    ++executed_comments_;
    return true;
  }
  if (rest_.starts_with("/*")) {
    skip_to("*/");
    return true;
  }
  if (executed_comments_ > 0 && rest_.starts_with("*/")) {
    rest_.remove_prefix(2);
    --executed_comments_;
    return true;
  }
  return false;
}

void SqlLexer::SkipSpaceAndComments() {
  while (!rest_.empty()) {
    if (IsSpace(rest_[0])) {
      rest_.remove_prefix(1);
    } else if (!SkipComment()) {
      return;
    }
  }
}

SqlToken SqlLexer::Quoted(SqlToken::Kind kind, bool escapes) {
  const char quote = rest_[0];
  size_t end = 1;
  while (end < rest_.size()) {
    if (escapes && rest_[end] == '\\') {
      end += 2;
    } else if (rest_[end] != quote) {
      ++end;
    } else if (end + 1 < rest_.size() && rest_[end + 1] == quote) {
      end += 2;
    } else {
      break;
    }
  }
  end = std::min(end, rest_.size());
  const SqlToken token{kind, rest_.substr(1, end - 1), quote};
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  return token;
}

SqlToken SqlLexer::Next() {
  SkipSpaceAndComments();
  if (rest_.empty()) return {};
  const char first = rest_[0];
  if (first == '`' || (first == '"' && dialect_.ansi_quotes)) {
    return Quoted(SqlToken::Kind::kName, false);
  }
  if (first == '\'' || first == '"') {
    return Quoted(SqlToken::Kind::kString, !dialect_.no_backslash_escapes);
  }
  size_t size = 0;
  while (size < rest_.size() && IsWordByte(rest_[size])) ++size;
  if (size > 0) return Take(SqlToken::Kind::kWord, size);
  return Take(SqlToken::Kind::kSymbol, 1);
}

std::string SqlLexer::Value(const SqlToken& token) const {
  if (token.quote == 0) return std::string(token.text);
  const bool escapes = token.kind == SqlToken::Kind::kString && !dialect_.no_backslash_escapes;
  std::string value;
  for (size_t i = 0; i < token.text.size(); ++i) {
    const bool more = i + 1 < token.text.size();
    if (escapes && token.text[i] == '\\' && more) {
      value.push_back(Unescaped(token.text[++i]));
    } else {
      if (token.text[i] == token.quote && more) ++i;
      value.push_back(token.text[i]);
    }
  }
  return value;
}

}  // namespace tidemark::capture::mysql
