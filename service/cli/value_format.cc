#include "service/cli/value_format.h"

#include <cmath>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "service/json_text.h"

namespace tidemark::service {
namespace {

using v1::Value;

constexpr int64_t kSecondUs = 1'000'000;
constexpr int64_t kDayUs = 86'400 * kSecondUs;

// Days and the rest, rounded down.
std::pair<int64_t, int64_t> Split(int64_t value, int64_t unit) {
  int64_t whole = value / unit, rest = value % unit;
  return rest < 0 ? std::pair(whole - 1, rest + unit) : std::pair(whole, rest);
}

// A span may be negative.
std::string FormatTime(int64_t microseconds) {
  if (microseconds < 0) return "-" + FormatTime(-microseconds);
  auto [seconds, fraction] = Split(microseconds, kSecondUs);
  std::string out =
      absl::StrFormat("%02d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (fraction == 0) return out;
  absl::StrAppendFormat(&out, ".%06d", fraction);
  return out.substr(0, out.find_last_not_of('0') + 1);
}

std::string FormatZone(int32_t offset) {
  int32_t seconds = std::abs(offset);
  std::string out =
      absl::StrFormat("%c%02d:%02d", offset < 0 ? '-' : '+', seconds / 3600, seconds / 60 % 60);
  if (seconds % 60 != 0) absl::StrAppendFormat(&out, ":%02d", seconds % 60);
  return out;
}

// The shortest text that reads back as the same number.
template <typename Number>
std::string FormatReal(Number value, const char* format, int digits_most) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  for (int digits = 6;; ++digits) {
    char text[40];
    std::snprintf(text, sizeof(text), format, digits, static_cast<double>(value));
    if (digits >= digits_most || static_cast<Number>(std::strtod(text, nullptr)) == value) {
      return text;
    }
  }
}

std::string RealText(const Value& value) {
  return value.kind_case() == Value::kReal ? FormatReal(value.real(), "%.*g", 9)
                                           : FormatReal(value.double_precision(), "%.*g", 17);
}

std::string IntervalText(const v1::Interval& interval) {
  std::string out = "P";
  if (interval.months() / 12 != 0) absl::StrAppend(&out, interval.months() / 12, "Y");
  if (interval.months() % 12 != 0) absl::StrAppend(&out, interval.months() % 12, "M");
  if (interval.days() != 0) absl::StrAppend(&out, interval.days(), "D");
  if (interval.microseconds() != 0) {
    absl::StrAppend(&out, "T", FormatTime(interval.microseconds()));
  }
  return out == "P" ? "PT0S" : out;
}

// Kinds whose text is the same for people and in JSON; "" for others.
std::string PlainText(const Value& value) {
  switch (value.kind_case()) {
    case Value::kDecimal:
      return value.decimal();
    case Value::kDate:
      return FormatDate(value.date());
    case Value::kTime:
      return FormatTime(value.time());
    case Value::kTimeWithZone:
      return FormatTime(value.time_with_zone().time()) +
             FormatZone(value.time_with_zone().zone_offset());
    case Value::kTimestamp:
      return FormatTimestamp(value.timestamp());
    case Value::kTimestampWithZone:
      return FormatTimestamp(value.timestamp_with_zone()) + "Z";
    case Value::kInfinity:
      return value.infinity() ? "infinity" : "-infinity";
    case Value::kUuid:
      return value.uuid();
    case Value::kBits:
      return value.bits();
    default:
      return "";
  }
}

const std::string& StringOf(const Value& value) {
  switch (value.kind_case()) {
    case Value::kJson:
      return value.json();
    case Value::kEnumLabel:
      return value.enum_label();
    case Value::kServerText:
      return value.server_text();
    default:
      return value.text();
  }
}

// Writes arrays, ranges and composites; `Element` writes what they hold.
using Element = void (*)(std::string& out, const Value& value, const v1::Type& type);

void AppendElements(std::string& out, const v1::Array& array, const v1::Type& type, Element element,
                    int dimension, int* next) {
  out += '[';
  uint32_t length = array.dimensions(dimension).length();
  for (uint32_t i = 0; i < length && *next < array.elements_size(); ++i) {
    if (i > 0) out += ',';
    if (dimension + 1 < array.dimensions_size()) {
      AppendElements(out, array, type, element, dimension + 1, next);
    } else {
      element(out, array.elements((*next)++), type.element());
    }
  }
  out += ']';
}

void AppendArray(std::string& out, const v1::Array& array, const v1::Type& type, Element element) {
  if (array.dimensions().empty()) {
    out += "[]";
    return;
  }
  std::string lower_bounds;
  bool usual = true;
  for (const v1::Array::Dimension& dimension : array.dimensions()) {
    usual = usual && dimension.lower_bound() == 1;
    absl::StrAppend(&lower_bounds, lower_bounds.empty() ? "" : ",", dimension.lower_bound());
  }
  if (!usual) absl::StrAppend(&out, "{\"lower_bounds\":[", lower_bounds, "],\"elements\":");
  int next = 0;
  AppendElements(out, array, type, element, 0, &next);
  if (!usual) out += '}';
}

void AppendJsonRange(std::string& out, const v1::Range& range, const v1::Type& type) {
  if (range.empty()) {
    out += "{\"empty\":true}";
    return;
  }
  out += "{\"lower\":";
  AppendJsonValue(out, range.lower(), type.element());
  out += ",\"upper\":";
  AppendJsonValue(out, range.upper(), type.element());
  absl::StrAppend(&out, ",\"bounds\":\"", range.lower_inclusive() ? "[" : "(",
                  range.upper_inclusive() ? "]" : ")", "\"}");
}

void AppendJsonComposite(std::string& out, const v1::Composite& composite, const v1::Type& type) {
  out += '{';
  for (int i = 0; i < composite.fields_size(); ++i) {
    if (i > 0) out += ',';
    bool known = i < type.fields_size();
    AppendJsonString(out, known ? type.fields(i).name() : absl::StrCat("f", i + 1));
    out += ':';
    AppendJsonValue(out, composite.fields(i), known ? type.fields(i).type() : v1::Type());
  }
  out += '}';
}

void AppendJsonMultiRange(std::string& out, const v1::MultiRange& ranges, const v1::Type& type) {
  out += '[';
  for (int i = 0; i < ranges.ranges_size(); ++i) {
    if (i > 0) out += ',';
    AppendJsonRange(out, ranges.ranges(i), type);
  }
  out += ']';
}

void AppendJsonReal(std::string& out, const Value& value) {
  std::string text = RealText(value);
  bool number = text.find_first_of("Nn") == std::string::npos;
  absl::StrAppend(&out, number ? "" : "\"", text, number ? "" : "\"");
}

void AppendJsonInterval(std::string& out, const v1::Interval& interval) {
  absl::StrAppend(&out, "{\"months\":", interval.months(), ",\"days\":", interval.days(),
                  ",\"microseconds\":", interval.microseconds(), "}");
}

void AppendJsonGeometry(std::string& out, const v1::Geometry& geometry) {
  absl::StrAppend(&out, "{\"srid\":", geometry.srid(), ",\"wkb\":\"",
                  absl::Base64Escape(geometry.wkb()), "\"}");
}

// The same for people and in JSON.
std::string VectorText(const v1::Vector& vector) {
  std::string out = "[";
  for (float element : vector.elements()) {
    absl::StrAppend(&out, out.size() > 1 ? "," : "", FormatReal(element, "%.*g", 9));
  }
  return out + "]";
}

std::string Cut(const std::string& text, size_t length_max) {
  if (text.size() <= length_max) return text;
  size_t end = length_max;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// Quoted for people: control characters cannot disturb a terminal.
std::string Quoted(const std::string& text) {
  std::string escaped;
  AppendJsonString(escaped, text);
  // Double quotes need no escape between single ones.
  return absl::StrCat(
      "'", absl::StrReplaceAll(escaped.substr(1, escaped.size() - 2), {{"\\\"", "\""}}), "'");
}

std::string HumanRange(const v1::Range& range, const v1::Type& type) {
  if (range.empty()) return "empty";
  auto bound = [&](bool present, const Value& value) {
    return present ? HumanValue(value, type.element()) : std::string();
  };
  return absl::StrCat(range.lower_inclusive() ? "[" : "(", bound(range.has_lower(), range.lower()),
                      ",", bound(range.has_upper(), range.upper()),
                      range.upper_inclusive() ? "]" : ")");
}

std::string HumanMultiRange(const v1::MultiRange& ranges, const v1::Type& type) {
  std::string out = "{";
  for (const v1::Range& range : ranges.ranges()) {
    absl::StrAppend(&out, out.size() > 1 ? "," : "", HumanRange(range, type));
  }
  return out + "}";
}

std::string HumanComposite(const v1::Composite& composite, const v1::Type& type) {
  std::string out = "(";
  for (int i = 0; i < composite.fields_size(); ++i) {
    const v1::Type& field = i < type.fields_size() ? type.fields(i).type() : v1::Type();
    absl::StrAppend(&out, i > 0 ? "," : "", HumanValue(composite.fields(i), field));
  }
  return out + ")";
}

std::string HumanNested(const Value& value, const v1::Type& type) {
  std::string out;
  switch (value.kind_case()) {
    case Value::kArray:
      AppendArray(out, value.array(), type,
                  [](std::string& text, const Value& element, const v1::Type& element_type) {
                    text += HumanValue(element, element_type);
                  });
      return out;
    case Value::kRange:
      return HumanRange(value.range(), type);
    case Value::kMultiRange:
      return HumanMultiRange(value.multi_range(), type);
    default:
      return HumanComposite(value.composite(), type);
  }
}

std::string HumanWhole(const Value& value, const v1::Type& type) {
  switch (value.kind_case()) {
    case Value::KIND_NOT_SET:
      return "null";
    case Value::kBoolean:
      return value.boolean() ? "true" : "false";
    case Value::kInteger:
      return absl::StrCat(value.integer());
    case Value::kUnsignedInteger:
      return absl::StrCat(value.unsigned_integer());
    case Value::kReal:
    case Value::kDoublePrecision:
      return RealText(value);
    case Value::kBinary:
      return "\\x" + absl::BytesToHexString(value.binary());
    case Value::kInterval:
      return IntervalText(value.interval());
    case Value::kArray:
    case Value::kRange:
    case Value::kMultiRange:
    case Value::kComposite:
      return HumanNested(value, type);
    case Value::kGeometry:
      return absl::StrCat("SRID=", value.geometry().srid(), ";\\x",
                          absl::BytesToHexString(value.geometry().wkb()));
    case Value::kVector:
      return VectorText(value.vector());
    case Value::kUnavailable:
      return "(unchanged)";
    default: {
      std::string plain = PlainText(value);
      return plain.empty() ? Quoted(StringOf(value)) : plain;
    }
  }
}

}  // namespace

std::string FormatDate(int64_t days) {
  // Howard Hinnant's civil_from_days: eras of 400 years that start on 1 March.
  auto [era, day_of_era] = Split(days + 719'468, 146'097);
  int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  int64_t month_from_march = (5 * day_of_year + 2) / 153;
  int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  bool plain = year >= 0 && year <= 9999;
  return plain ? absl::StrFormat("%04d-%02d-%02d", year, month, day)
               : absl::StrFormat("%c%06d-%02d-%02d", year < 0 ? '-' : '+', std::abs(year), month,
                                 day);
}

std::string FormatTimestamp(int64_t microseconds) {
  auto [days, time] = Split(microseconds, kDayUs);
  return absl::StrCat(FormatDate(days), "T", FormatTime(time));
}

void AppendJsonValue(std::string& out, const v1::Value& value, const v1::Type& type) {
  switch (value.kind_case()) {
    case Value::KIND_NOT_SET:
    case Value::kBoolean:
    case Value::kInteger:
    case Value::kUnsignedInteger:
      out += HumanWhole(value, type);
      return;
    case Value::kReal:
    case Value::kDoublePrecision:
      return AppendJsonReal(out, value);
    case Value::kBinary:
      return AppendJsonString(out, absl::Base64Escape(value.binary()));
    case Value::kInterval:
      return AppendJsonInterval(out, value.interval());
    case Value::kArray:
      return AppendArray(out, value.array(), type, AppendJsonValue);
    case Value::kRange:
      return AppendJsonRange(out, value.range(), type);
    case Value::kMultiRange:
      return AppendJsonMultiRange(out, value.multi_range(), type);
    case Value::kComposite:
      return AppendJsonComposite(out, value.composite(), type);
    case Value::kGeometry:
      return AppendJsonGeometry(out, value.geometry());
    case Value::kVector:
      out += VectorText(value.vector());
      return;
    case Value::kUnavailable:
      out += "{\"unavailable\":true}";
      return;
    default: {
      std::string plain = PlainText(value);
      AppendJsonString(out, plain.empty() ? StringOf(value) : plain);
    }
  }
}

std::string HumanValue(const v1::Value& value, const v1::Type& type, size_t length_max) {
  return Cut(HumanWhole(value, type), length_max);
}

}  // namespace tidemark::service
