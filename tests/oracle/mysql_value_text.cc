#include "tests/oracle/mysql_value_text.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tidemark::oracle {
namespace {

using Text = absl::StatusOr<std::optional<std::string>>;

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr int kDigitsMax = 6;

bool IsText(v1::TypeKind kind) { return kind == v1::TYPE_KIND_TEXT || kind == v1::TYPE_KIND_JSON; }

// Those that hold zero and invalid dates.
bool IsCalendar(v1::TypeKind kind) {
  return kind == v1::TYPE_KIND_DATE || kind == v1::TYPE_KIND_TIMESTAMP ||
         kind == v1::TYPE_KIND_TIMESTAMP_WITH_ZONE;
}

bool KindFits(const v1::Value& value, const v1::Type& type) {
  switch (value.kind_case()) {
    case v1::Value::kBinary:
      return type.kind() == v1::TYPE_KIND_BINARY || IsText(type.kind());
    case v1::Value::kServerText:
      return type.kind() == v1::TYPE_KIND_SERVER_TEXT || IsCalendar(type.kind());
    case v1::Value::kGeometry:
      return type.kind() == v1::TYPE_KIND_GEOMETRY;
    case v1::Value::kVector:
      return type.kind() == v1::TYPE_KIND_VECTOR;
    default:
      return static_cast<int>(value.kind_case()) == static_cast<int>(type.kind());
  }
}

std::string Hex(const std::string& bytes) {
  return absl::AsciiStrToUpper(absl::BytesToHexString(bytes));
}

std::string DayText(int64_t days) {
  const std::chrono::year_month_day day{std::chrono::sys_days{std::chrono::days{days}}};
  return absl::StrFormat("%04d-%02d-%02d", static_cast<int>(day.year()),
                         static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

// The digits that a column of `digits` has; all six if more of them are not zero.
std::string Fraction(int64_t microseconds, int digits) {
  const std::string all = absl::StrFormat("%06d", microseconds);
  if (digits < 0 || digits > kDigitsMax) digits = 0;
  if (all.find_first_not_of('0', static_cast<size_t>(digits)) != std::string::npos) {
    digits = kDigitsMax;
  }
  return digits == 0 ? "" : absl::StrCat(".", all.substr(0, digits));
}

std::string ClockText(int64_t microseconds, int digits) {
  const int64_t seconds = microseconds / kMicrosecondsPerSecond;
  return absl::StrFormat("%02d:%02d:%02d%s", seconds / 3600, seconds / 60 % 60, seconds % 60,
                         Fraction(microseconds % kMicrosecondsPerSecond, digits));
}

std::string SpanText(int64_t microseconds, int digits) {
  return absl::StrCat(microseconds < 0 ? "-" : "", ClockText(std::llabs(microseconds), digits));
}

std::string MomentText(int64_t microseconds, int digits) {
  constexpr int64_t kDay = 86'400 * kMicrosecondsPerSecond;
  const int64_t days = (microseconds >= 0 ? microseconds : microseconds - kDay + 1) / kDay;
  return absl::StrCat(DayText(days), " ", ClockText(microseconds - days * kDay, digits));
}

std::string VectorText(const v1::Vector& vector) {
  std::string bytes;
  for (float element : vector.elements()) {
    char packed[sizeof(element)];
    std::memcpy(packed, &element, sizeof(element));
    bytes.append(packed, sizeof(packed));
  }
  return Hex(bytes);
}

}  // namespace

std::string ExactDoubleText(double number) { return absl::StrFormat("%.17g", number); }

Text MysqlValueText(const v1::Value& value, const v1::Type& type) {
  if (value.kind_case() == v1::Value::KIND_NOT_SET) return std::nullopt;
  if (!KindFits(value, type)) {
    return absl::InvalidArgumentError(absl::StrCat("value member ", value.kind_case(),
                                                   " under type ", type.name(), ", kind ",
                                                   v1::TypeKind_Name(type.kind())));
  }
  switch (value.kind_case()) {
    case v1::Value::kInteger:
      return absl::StrCat(value.integer());
    case v1::Value::kUnsignedInteger:
      return absl::StrCat(value.unsigned_integer());
    case v1::Value::kReal:
      return ExactDoubleText(value.real());
    case v1::Value::kDoublePrecision:
      return ExactDoubleText(value.double_precision());
    case v1::Value::kDecimal:
      return value.decimal();
    case v1::Value::kText:
      return value.text();
    case v1::Value::kBinary:
      return absl::StrCat(IsText(type.kind()) ? "0x" : "", Hex(value.binary()));
    case v1::Value::kDate:
      return DayText(value.date());
    case v1::Value::kTime:
      return SpanText(value.time(), type.modifier());
    case v1::Value::kTimestamp:
      return MomentText(value.timestamp(), type.modifier());
    case v1::Value::kTimestampWithZone:
      return MomentText(value.timestamp_with_zone(), type.modifier());
    case v1::Value::kJson:
      return value.json();
    case v1::Value::kUuid:
      return value.uuid();
    case v1::Value::kBits:
      return value.bits();
    case v1::Value::kEnumLabel:
      return value.enum_label();
    case v1::Value::kGeometry:
      return absl::StrCat(value.geometry().srid(), ":", Hex(value.geometry().wkb()));
    case v1::Value::kVector:
      return VectorText(value.vector());
    case v1::Value::kServerText:
      return value.server_text();
    default:
      return absl::InvalidArgumentError("the value is marked unavailable, or of another server");
  }
}

}  // namespace tidemark::oracle
