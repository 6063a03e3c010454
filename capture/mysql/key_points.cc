#include "capture/mysql/key_points.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/network_address.h"
#include "capture/mysql/temporal_value.h"

namespace tidemark::capture::mysql {
namespace {

using model::TypeKind;

// 80-bit long doubles hold every 64-bit integer.
using Number = long double;

bool ParseNumber(const std::string& text, Number* value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end && std::isfinite(*value);
}

// The i-th of `count` points that cut the way from `low` to `high` into count + 1 parts.
Number Point(Number low, Number high, size_t i, size_t count) {
  const Number part = static_cast<Number>(i + 1) / static_cast<Number>(count + 1);
  return low * (1 - part) + high * part;
}

std::string FixedText(Number value, int digits) {
  char text[512];
  const int size = std::snprintf(text, sizeof(text), "%.*Lf", digits, value);
  return size > 0 && size < static_cast<int>(sizeof(text)) ? std::string(text) : std::string();
}

std::vector<std::string> NumbersBetween(const ColumnCodec& codec, const std::string& low,
                                        const std::string& high, size_t count) {
  Number from, to;
  if (!ParseNumber(low, &from) || !ParseNumber(high, &to)) return {};
  const TypeKind kind = codec.model_type->kind;
  const int digits = kind == TypeKind::kReal || kind == TypeKind::kDoublePrecision ? 17
                     : kind == TypeKind::kDecimal                                  ? 6
                                                                                   : 0;
  std::vector<std::string> points;
  for (size_t i = 0; i < count; ++i) points.push_back(FixedText(Point(from, to, i, count), digits));
  return points;
}

// Microseconds; false: a date that is none, and so has no place between others.
bool ParseMicroseconds(TypeKind kind, const std::string& text, int64_t* time_us) {
  DateTime value;
  TimeSpan span;
  uint32_t digits;
  if (kind == TypeKind::kDate) return ParseDate(text, &value) && TimestampOf(value, time_us);
  if (kind != TypeKind::kTime) {
    return ParseDateTime(text, &value, &digits) && TimestampOf(value, time_us);
  }
  if (!ParseTime(text, &span)) return false;
  *time_us = ((span.hour * int64_t{60} + span.minute) * 60 + span.second) * 1'000'000;
  if (span.negative) *time_us = -*time_us;
  return true;
}

std::vector<std::string> TimesBetween(const ColumnCodec& codec, const std::string& low,
                                      const std::string& high, size_t count) {
  const TypeKind kind = codec.model_type->kind;
  int64_t from, to;
  if (!ParseMicroseconds(kind, high, &to)) return {};
  // 0000-00-00 comes before all else: take the start of 1970 for it.
  if (!ParseMicroseconds(kind, low, &from)) from = std::min<int64_t>(0, to);
  std::vector<std::string> points;
  for (size_t i = 0; i < count; ++i) {
    const auto time_us =
        static_cast<int64_t>(Point(static_cast<Number>(from), static_cast<Number>(to), i, count));
    char text[kTemporalTextMax];
    const char* end = kind == TypeKind::kDate   ? WriteDate(text, DateTimeOf(time_us))
                      : kind == TypeKind::kTime ? WriteTime(text, TimeSpanOf(time_us), 0)
                                                : WriteDateTime(text, DateTimeOf(time_us), 0);
    points.emplace_back(text, static_cast<size_t>(end - text));
  }
  return points;
}

size_t CommonPrefix(const std::string& a, const std::string& b) {
  const size_t size = std::min(a.size(), b.size());
  size_t common = 0;
  while (common < size && a[common] == b[common]) ++common;
  return common;
}

// The four bytes from `at` on as a number.
uint32_t FourBytes(const std::string& bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    value = value << 8 | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u);
  }
  return value;
}

std::vector<std::string> BytesBetween(const std::string& low, const std::string& high,
                                      size_t count) {
  if (low.substr(0, 2) != "0x" || high.substr(0, 2) != "0x") return {};
  const std::string from = absl::HexStringToBytes(low.substr(2));
  const std::string to = absl::HexStringToBytes(high.substr(2));
  const size_t common = CommonPrefix(from, to);
  std::vector<std::string> points;
  for (size_t i = 0; i < count; ++i) {
    const auto next =
        static_cast<uint32_t>(Point(FourBytes(from, common), FourBytes(to, common), i, count));
    points.push_back(absl::StrCat("0x", absl::BytesToHexString(from.substr(0, common)),
                                  absl::Hex(next, absl::kZeroPad8)));
  }
  return points;
}

// MariaDB orders UUIDs by their parts in one order or another, depending on their version: the same
// byte all over lies at the same place in each.
std::vector<std::string> UuidsBetween(size_t count) {
  std::vector<std::string> points;
  for (size_t i = 0; i < count; ++i) {
    const std::string bytes(16, static_cast<char>(Point(0, 256, i, count)));
    char text[kAddressTextMax];
    points.emplace_back(text, static_cast<size_t>(WriteUuid(text, bytes) - text));
  }
  return points;
}

bool IsDigitAt(const std::string& text, size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

// `prefix` with each letter and digit, or each digit if that is what stands at `at` of both.
void AddTexts(const std::string& prefix, const std::string& low, const std::string& high, size_t at,
              std::vector<std::string>* points) {
  constexpr std::string_view kLetters =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const bool digits = IsDigitAt(low, at) && IsDigitAt(high, at);
  for (char c : digits ? kLetters.substr(0, 10) : kLetters) {
    points->push_back(absl::StrCat(prefix, std::string(1, c)));
  }
}

// What both begin with, and a letter or digit after it. Where both go on with digits, or with
// neighbours, one more.
std::vector<std::string> TextsBetween(const std::string& low, const std::string& high) {
  if ((!low.empty() && low[0] == '\0') || (!high.empty() && high[0] == '\0')) return {};
  size_t common = CommonPrefix(low, high);
  while (common > 0 && common < low.size() &&
         (static_cast<unsigned char>(low[common]) & 0xc0) == 0x80) {
    --common;  // not within a character
  }
  std::vector<std::string> points;
  const bool ascii =
      common < low.size() && common < high.size() && low[common] > 0 && high[common] > 0;
  if (ascii && std::abs(high[common] - low[common]) == 1) {
    AddTexts(low.substr(0, common + 1), low, high, common + 1, &points);
    if (points.size() > 10) return points;
    AddTexts(high.substr(0, common + 1), low, high, common + 1, &points);
  }
  AddTexts(low.substr(0, common), low, high, common, &points);
  return points;
}

}  // namespace

std::vector<std::string> PointsBetween(const ColumnCodec& codec, const std::string& low,
                                       const std::string& high, size_t count) {
  switch (codec.model_type->kind) {
    case TypeKind::kInteger:
    case TypeKind::kUnsignedInteger:
    case TypeKind::kBits:
    case TypeKind::kDecimal:
    case TypeKind::kReal:
    case TypeKind::kDoublePrecision:
      return NumbersBetween(codec, low, high, count);
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampWithZone:
      return TimesBetween(codec, low, high, count);
    case TypeKind::kBinary:
      return BytesBetween(low, high, count);
    case TypeKind::kText:
      return TextsBetween(low, high);
    case TypeKind::kUuid:
      return UuidsBetween(count);
    case TypeKind::kEnum:
      return codec.model_type->labels;
    default:
      return {};
  }
}

}  // namespace tidemark::capture::mysql
