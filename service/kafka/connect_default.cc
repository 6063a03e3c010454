#include "service/kafka/connect_default.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include "service/kafka/connect_json.h"
#include "service/kafka/decimal_bytes.h"

namespace tidemark::service::kafka {
namespace {

// "it's" of "'it''s'::text"; nullopt: the expression does not start with a literal.
std::optional<std::string> QuotedLiteral(std::string_view expression) {
  if (expression.empty() || expression.front() != '\'') return std::nullopt;
  std::string literal;
  for (size_t at = 1; at < expression.size(); ++at) {
    if (expression[at] == '\'') {
      if (at + 1 == expression.size() || expression[at + 1] != '\'') return literal;
      ++at;
    }
    literal += expression[at];
  }
  return std::nullopt;
}

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

// "now()", "nextval('t_id_seq'::regclass)", "CURRENT_USER"
bool IsCall(std::string_view expression) {
  const auto* end = std::find_if_not(expression.begin(), expression.end(), IsNameCharacter);
  const bool named = end != expression.begin();
  const bool bracket = end != expression.end() && *end == '(';
  return named && (bracket || expression.substr(0, 8) == "CURRENT_");
}

bool IsQuotable(const ConnectType& type) { return type.encoding == Encoding::kText; }

std::string BooleanDefault(std::string_view text) {
  return text == "true" || text == "false" ? std::string(text) : "";
}

std::string IntegerDefault(const ConnectType& type, std::string_view text) {
  int64_t number;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return "";
  if (number < type.minimum || number > type.maximum) return "";
  return std::string(text);
}

std::string RealDefault(const ConnectType& type, std::string_view text) {
  double number;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  std::string json;
  if (error != std::errc() || stop != end || !std::isfinite(number)) return json;
  if (type.encoding == Encoding::kReal) {
    AppendReal(json, static_cast<float>(number));
  } else {
    AppendReal(json, number);
  }
  return json;
}

std::string DecimalDefault(const ConnectType& type, std::string_view text) {
  Decimal decimal;
  std::string json;
  if (!ParseDecimal(text, &decimal) || !Rescale(&decimal, type.digits)) return json;
  AppendBase64(json, UnscaledBytes(decimal));
  return json;
}

std::string LiteralDefault(const ConnectType& type, std::string_view text) {
  std::string json;
  switch (type.encoding) {
    case Encoding::kBoolean:
      return BooleanDefault(text);
    case Encoding::kInteger:
      return IntegerDefault(type, text);
    case Encoding::kReal:
    case Encoding::kDouble:
      return RealDefault(type, text);
    case Encoding::kDecimal:
      return DecimalDefault(type, text);
    case Encoding::kText:
      return AppendString(json, text) ? json : "";
    default:
      return json;
  }
}

bool HasZero(const ConnectType& type) {
  switch (type.encoding) {
    case Encoding::kBoolean:
    case Encoding::kInteger:
    case Encoding::kReal:
    case Encoding::kDouble:
    case Encoding::kDecimal:
      return true;
    default:
      return IsQuotable(type) && type.traits.empty();  // not an enum, uuid or document
  }
}

}  // namespace

std::string PostgresDefault(const ConnectType& type, std::string_view expression) {
  if (IsCall(expression)) return HasZero(type) ? type.fallback : "";
  const std::optional<std::string> literal = QuotedLiteral(expression);
  if (literal.has_value()) return LiteralDefault(type, *literal);
  return IsQuotable(type) ? "" : LiteralDefault(type, expression);
}

std::string MysqlDefault(const ConnectType& type, std::string_view expression) {
  const std::optional<std::string> literal = QuotedLiteral(expression);
  if (literal.has_value()) return LiteralDefault(type, *literal);
  return IsQuotable(type) ? "" : LiteralDefault(type, expression);
}

}  // namespace tidemark::service::kafka
