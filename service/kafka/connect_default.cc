#include "service/kafka/connect_default.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include "service/kafka/calendar_text.h"
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

// "now()", "nextval('t_id_seq'::regclass)", "CURRENT_USER", "LOCALTIME"
bool IsCall(std::string_view expression) {
  const auto* end = std::find_if_not(expression.begin(), expression.end(), IsNameCharacter);
  const bool named = end != expression.begin();
  const bool bracket = end != expression.end() && *end == '(';
  return named &&
         (bracket || expression.starts_with("CURRENT_") || expression.starts_with("LOCALTIME"));
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

// Unsigned 64 bits.
std::string WrappedDefault(std::string_view text) {
  uint64_t number;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  std::string json;
  if (error != std::errc() || stop != end) return json;
  AppendNumber(json, static_cast<int64_t>(number));
  return json;
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

// Takes digits and the separator behind them off `text`; '\0': none.
bool TakeNumber(std::string_view& text, char separator, int64_t* number) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc() || *number < 0) return false;
  text.remove_prefix(static_cast<size_t>(stop - text.data()));
  if (separator == '\0') return true;
  if (text.empty() || text.front() != separator) return false;
  text.remove_prefix(1);
  return true;
}

// "2024-05-06" and what follows a blank; nullopt: it is no day.
std::optional<int64_t> TakeDay(std::string_view& text) {
  int64_t year, month, day;
  if (!TakeNumber(text, '-', &year) || !TakeNumber(text, '-', &month)) return std::nullopt;
  if (!TakeNumber(text, '\0', &day) || year > 9999 || month > 12 || day > 31) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// "07:08:09.123456" in microseconds.
std::optional<int64_t> TakeClock(std::string_view& text) {
  int64_t hours, minutes, seconds, fraction = 0;
  if (!TakeNumber(text, ':', &hours) || !TakeNumber(text, ':', &minutes)) return std::nullopt;
  if (!TakeNumber(text, '\0', &seconds)) return std::nullopt;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    for (int64_t unit = 100'000; !text.empty() && text.front() >= '0' && text.front() <= '9';
         unit /= 10, text.remove_prefix(1)) {
      fraction += (text.front() - '0') * unit;
    }
  }
  return ((hours * 60 + minutes) * 60 + seconds) * 1'000'000 + fraction;
}

// Microseconds since 1970-01-01 UTC.
std::string ZonedTimestamp(const ConnectType& type, int64_t timestamp_us) {
  std::string json = "\"";
  AppendIsoTimestamp(json, timestamp_us, type.digits == 0 ? kFractionAsNeeded : type.digits);
  return json + '"';
}

std::string DateDefault(std::string_view text) {
  std::string json;
  const std::optional<int64_t> days = TakeDay(text);
  if (days.has_value() && text.empty()) AppendNumber(json, *days);
  return json;
}

std::string TimeDefault(const ConnectType& type, std::string_view text) {
  std::string json;
  const std::optional<int64_t> time_us = TakeClock(text);
  if (!time_us.has_value() || !text.empty()) return json;
  AppendNumber(json, type.encoding == Encoding::kTimeMillis ? *time_us / 1000 : *time_us);
  return json;
}

// Of a zoned one, in UTC: both kinds of servers are asked for it so.
std::string TimestampDefault(const ConnectType& type, std::string_view text) {
  std::string json;
  const std::optional<int64_t> days = TakeDay(text);
  const std::optional<int64_t> time_us = TakeClock(text);
  const bool zoned = type.encoding == Encoding::kZonedTimestamp;
  if (zoned && text == "+00") text = {};
  if (!days.has_value() || !time_us.has_value() || !text.empty()) return json;
  const int64_t timestamp_us = *days * kDayUs + *time_us;
  if (!zoned) {
    AppendNumber(json,
                 type.encoding == Encoding::kTimestampMillis ? timestamp_us / 1000 : timestamp_us);
    return json;
  }
  return ZonedTimestamp(type, timestamp_us);
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
    case Encoding::kWrappedInteger:
      return WrappedDefault(text);
    case Encoding::kReal:
    case Encoding::kDouble:
      return RealDefault(type, text);
    case Encoding::kDecimal:
      return DecimalDefault(type, text);
    case Encoding::kDate:
      return DateDefault(text);
    case Encoding::kTimeMillis:
    case Encoding::kTimeMicros:
      return TimeDefault(type, text);
    case Encoding::kTimestampMillis:
    case Encoding::kTimestampMicros:
    case Encoding::kZonedTimestamp:
      return TimestampDefault(type, text);
    case Encoding::kText:
      return AppendString(json, text) ? json : "";
    default:
      return json;
  }
}

// What stands for a default that the server computes.
std::string ZeroOf(const ConnectType& type) {
  switch (type.encoding) {
    case Encoding::kBoolean:
    case Encoding::kInteger:
    case Encoding::kReal:
    case Encoding::kDouble:
    case Encoding::kDecimal:
    case Encoding::kDate:
    case Encoding::kTimeMillis:
    case Encoding::kTimeMicros:
    case Encoding::kTimestampMillis:
    case Encoding::kTimestampMicros:
    case Encoding::kMicroDuration:
      return type.fallback;
    case Encoding::kZonedTimestamp:
      return ZonedTimestamp(type, 0);
    case Encoding::kText:
      if (type.traits == UuidType().traits) return "\"00000000-0000-0000-0000-000000000000\"";
      if (type.traits == JsonType().traits) return "\"{}\"";
      return type.traits.empty() ? type.fallback : "";  // not an enum or the like
    default:
      return "";
  }
}

}  // namespace

std::string PostgresDefault(const ConnectType& type, std::string_view expression) {
  if (IsCall(expression)) return ZeroOf(type);
  const std::optional<std::string> literal = QuotedLiteral(expression);
  if (literal.has_value()) return LiteralDefault(type, *literal);
  return IsQuotable(type) ? "" : LiteralDefault(type, expression);
}

std::string MysqlDefault(const ConnectType& type, std::string_view expression) {
  // MySQL writes it so, and MariaDB.
  if (expression.starts_with("CURRENT_TIMESTAMP") || expression.starts_with("current_timestamp(")) {
    return type.zero_dates ? type.fallback : "";
  }
  const std::optional<std::string> literal = QuotedLiteral(expression);
  if (literal.has_value()) return LiteralDefault(type, *literal);
  return IsQuotable(type) ? "" : LiteralDefault(type, expression);
}

}  // namespace tidemark::service::kafka
