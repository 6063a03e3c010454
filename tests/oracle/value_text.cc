#include "tests/oracle/value_text.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/oracle/temporal_text.h"

namespace tidemark::oracle {
namespace {

using Text = absl::StatusOr<std::optional<std::string>>;

bool IsTemporal(v1::TypeKind kind) {
  return kind == v1::TYPE_KIND_DATE || kind == v1::TYPE_KIND_TIMESTAMP ||
         kind == v1::TYPE_KIND_TIMESTAMP_WITH_ZONE || kind == v1::TYPE_KIND_INTERVAL;
}

// The members of Value and the kinds of Type have the same numbers.
static_assert(v1::Value::kBoolean == int{v1::TYPE_KIND_BOOLEAN});
static_assert(v1::Value::kComposite == int{v1::TYPE_KIND_COMPOSITE});

bool KindFits(const v1::Value& value, const v1::Type& type) {
  if (value.kind_case() == v1::Value::kInfinity) return IsTemporal(type.kind());
  if (value.kind_case() == v1::Value::kServerText) {
    // Also for times that microseconds since 1970 cannot hold: PostgreSQL counts from 2000.
    return type.kind() == v1::TYPE_KIND_SERVER_TEXT || IsTemporal(type.kind());
  }
  return static_cast<int>(value.kind_case()) == static_cast<int>(type.kind());
}

bool IsSpace(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

bool NeedsQuotes(const std::string& text, absl::string_view special) {
  if (text.empty()) return true;
  for (char c : text) {
    if (IsSpace(c) || absl::StrContains(special, absl::string_view(&c, 1))) return true;
  }
  return false;
}

std::string Quoted(const std::string& text, absl::string_view quote_escape) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"') absl::StrAppend(&quoted, quote_escape);
    if (c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

std::string ArrayElement(const std::optional<std::string>& text, char delimiter) {
  if (!text.has_value()) return "NULL";
  const std::string special = absl::StrCat("\"\\{}", std::string(1, delimiter));
  if (NeedsQuotes(*text, special) || absl::EqualsIgnoreCase(*text, "null")) {
    return Quoted(*text, "\\");
  }
  return *text;
}

// Writes the braces of one dimension; `next` is the element to be written next.
absl::Status AppendDimension(const v1::Array& array, const v1::Type& type, char delimiter,
                             int dimension, int& next, std::string& out) {
  out += '{';
  for (uint32_t i = 0; i < array.dimensions(dimension).length(); ++i) {
    if (i > 0) out += delimiter;
    if (dimension + 1 < array.dimensions_size()) {
      absl::Status status = AppendDimension(array, type, delimiter, dimension + 1, next, out);
      if (!status.ok()) return status;
      continue;
    }
    if (next >= array.elements_size()) return absl::InvalidArgumentError("array too short");
    Text element = ValueText(array.elements(next++), type.element());
    if (!element.ok()) return element.status();
    out += ArrayElement(*element, delimiter);
  }
  out += '}';
  return absl::OkStatus();
}

Text ArrayText(const v1::Array& array, const v1::Type& type) {
  if (array.dimensions().empty()) return "{}";
  std::string out;
  bool shifted = false;
  for (const auto& dimension : array.dimensions()) shifted |= dimension.lower_bound() != 1;
  if (shifted) {
    for (const auto& dimension : array.dimensions()) {
      const int64_t upper = int64_t{dimension.lower_bound()} + dimension.length() - 1;
      absl::StrAppend(&out, "[", dimension.lower_bound(), ":", upper, "]");
    }
    out += '=';
  }
  // Of the built-in types only box has another delimiter (pg_type.typdelim).
  const char delimiter = type.element().name() == "box" ? ';' : ',';
  int next = 0;
  absl::Status status = AppendDimension(array, type, delimiter, 0, next, out);
  if (!status.ok()) return status;
  if (next != array.elements_size()) return absl::InvalidArgumentError("array too long");
  return out;
}

absl::Status AppendBound(const v1::Value& bound, const v1::Type& type, std::string& out) {
  Text text = ValueText(bound, type.element());
  if (!text.ok()) return text.status();
  if (!text->has_value()) return absl::InvalidArgumentError("a range bound is NULL");
  out += NeedsQuotes(**text, "\"\\()[],") ? Quoted(**text, "\"") : **text;
  return absl::OkStatus();
}

Text RangeText(const v1::Range& range, const v1::Type& type) {
  if (range.empty()) return "empty";
  std::string out = range.lower_inclusive() ? "[" : "(";
  absl::Status status;
  if (range.has_lower()) status.Update(AppendBound(range.lower(), type, out));
  out += ',';
  if (range.has_upper()) status.Update(AppendBound(range.upper(), type, out));
  if (!status.ok()) return status;
  return out + (range.upper_inclusive() ? "]" : ")");
}

// A multirange's type names what its ranges hold, either directly or by way of their range type.
Text MultiRangeText(const v1::MultiRange& ranges, const v1::Type& type) {
  const bool by_range = type.element().kind() == v1::TYPE_KIND_RANGE;
  std::string out = "{";
  for (const v1::Range& range : ranges.ranges()) {
    Text text = RangeText(range, by_range ? type.element() : type);
    if (!text.ok()) return text;
    if (out.size() > 1) out += ',';
    out += **text;
  }
  return out + "}";
}

Text CompositeText(const v1::Composite& composite, const v1::Type& type) {
  if (composite.fields_size() != type.fields_size()) {
    return absl::InvalidArgumentError("a composite has another number of fields than its type");
  }
  std::string out = "(";
  for (int i = 0; i < composite.fields_size(); ++i) {
    if (i > 0) out += ',';
    Text text = ValueText(composite.fields(i), type.fields(i).type());
    if (!text.ok()) return text;
    if (!text->has_value()) continue;
    out += NeedsQuotes(**text, "\"\\(),") ? Quoted(**text, "\"") : **text;
  }
  return out + ")";
}

}  // namespace

Text ValueText(const v1::Value& value, const v1::Type& type) {
  if (value.kind_case() == v1::Value::KIND_NOT_SET) return std::nullopt;
  if (!KindFits(value, type)) {
    return absl::InvalidArgumentError(absl::StrCat("value member ", value.kind_case(),
                                                   " under type ", type.name(), ", kind ",
                                                   v1::TypeKind_Name(type.kind())));
  }
  switch (value.kind_case()) {
    case v1::Value::kBoolean:
      return value.boolean() ? "t" : "f";
    case v1::Value::kInteger:
      return absl::StrCat(value.integer());
    case v1::Value::kUnsignedInteger:
      return absl::StrCat(value.unsigned_integer());
    case v1::Value::kReal:
      return FloatText(value.real());
    case v1::Value::kDoublePrecision:
      return DoubleText(value.double_precision());
    case v1::Value::kDecimal:
      return value.decimal();
    case v1::Value::kText:
      return value.text();
    case v1::Value::kBinary:
      return absl::StrCat("\\x", absl::BytesToHexString(value.binary()));
    case v1::Value::kDate:
      return DateText(value.date());
    case v1::Value::kTime:
      return TimeText(value.time());
    case v1::Value::kTimeWithZone:
      return TimeWithZoneText(value.time_with_zone());
    case v1::Value::kTimestamp:
      return TimestampText(value.timestamp(), "");
    case v1::Value::kTimestampWithZone:
      return TimestampText(value.timestamp_with_zone(), "+00");
    case v1::Value::kInterval:
      return IntervalText(value.interval());
    case v1::Value::kJson:
      return value.json();
    case v1::Value::kUuid:
      return value.uuid();
    case v1::Value::kBits:
      return value.bits();
    case v1::Value::kEnumLabel:
      return value.enum_label();
    case v1::Value::kArray:
      return ArrayText(value.array(), type);
    case v1::Value::kRange:
      return RangeText(value.range(), type);
    case v1::Value::kMultiRange:
      return MultiRangeText(value.multi_range(), type);
    case v1::Value::kComposite:
      return CompositeText(value.composite(), type);
    case v1::Value::kInfinity:
      return value.infinity() ? "infinity" : "-infinity";
    case v1::Value::kServerText:
      return value.server_text();
    default:
      return absl::InvalidArgumentError("the value is marked unavailable");
  }
}

}  // namespace tidemark::oracle
