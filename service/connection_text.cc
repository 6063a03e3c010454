#include "service/connection_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace tidemark::service {
namespace {

constexpr char kSpace[] = " \t\r\n\v\f";

std::string_view Strip(std::string_view text) {
  size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool IsSecretKey(std::string_view key) { return key == "password" || key == "sslpassword"; }

bool UriHoldsPassword(std::string_view rest) {
  std::string_view authority = rest.substr(0, std::min(rest.find_first_of("/?"), rest.size()));
  size_t at = authority.rfind('@');
  if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) {
    return true;
  }
  size_t query = rest.find('?');
  if (query == std::string_view::npos) return false;
  std::string_view parts = rest.substr(query + 1);
  while (true) {
    if (IsSecretKey(parts.substr(0, parts.find('=')))) return true;
    size_t next = parts.find('&');
    if (next == std::string_view::npos) return false;
    parts.remove_prefix(next + 1);
  }
}

// Past a value that starts at `at`: quoted with ', or up to white space; a backslash escapes.
size_t SkipValue(std::string_view text, size_t at) {
  bool quoted = at < text.size() && text[at] == '\'';
  if (quoted) ++at;
  while (at < text.size() && (quoted ? text[at] != '\'' : !absl::ascii_isspace(text[at]))) {
    at += text[at] == '\\' ? 2 : 1;
  }
  return std::min(quoted ? at + 1 : at, text.size());
}

bool KeywordsHoldPassword(std::string_view text) {
  while (true) {
    size_t equals = text.find('=');
    if (equals == std::string_view::npos) return false;
    if (IsSecretKey(Strip(text.substr(0, equals)))) return true;
    text = Strip(text.substr(equals + 1));
    text.remove_prefix(SkipValue(text, 0));
  }
}

}  // namespace

bool HoldsPassword(std::string_view connection) {
  for (std::string_view scheme :
       {std::string_view("postgresql://"), std::string_view("postgres://")}) {
    if (connection.starts_with(scheme)) {
      return UriHoldsPassword(connection.substr(scheme.size()));
    }
  }
  return KeywordsHoldPassword(connection);
}

}  // namespace tidemark::service
