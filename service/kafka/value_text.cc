#include "service/kafka/value_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

#include "model/wire.h"
#include "service/kafka/calendar_text.h"

namespace tidemark::service::kafka {
namespace {

using model::UnZigZag;
using model::ValueKind;
using model::WireReader;
using model::WireType;

// As many messages in each other as protobuf's own parsers take.
constexpr int kDepthMax = 100;
// Servers' dates go to 5874897 AD; the calendar's arithmetic does to more than this.
constexpr int64_t kDaysMax = int64_t{1} << 40;

bool AppendAnyText(std::string& out, const ValueView& value, int depth);

template <typename Number>
bool AppendNumberText(std::string& out, Number number) {
  char text[32];
  out.append(text, std::to_chars(text, text + sizeof(text), number).ptr - text);
  return true;
}

template <typename Real>
bool AppendRealText(std::string& out, Real number) {
  return AppendNumberText(out,
                          std::isnan(number) ? std::numeric_limits<Real>::quiet_NaN() : number);
}

bool AppendDate(std::string& out, int64_t days) {
  if (days > kDaysMax || days < -kDaysMax) return false;
  AppendPostgresDate(out, days);
  return true;
}

bool AppendTime(std::string& out, int64_t time_us) {
  if (time_us == std::numeric_limits<int64_t>::min()) return false;
  if (time_us < 0) out += '-';
  AppendClock(out, time_us < 0 ? -time_us : time_us, kFractionAsNeeded);
  return true;
}

bool AppendTimestamp(std::string& out, int64_t timestamp_us, bool zone) {
  AppendPostgresTimestamp(out, timestamp_us, zone);
  return true;
}

void AppendTwoDigits(std::string& out, int64_t number) {
  if (number < 10) out += '0';
  AppendNumberText(out, number);
}

void AppendZone(std::string& out, int64_t offset_s) {
  out += offset_s < 0 ? '-' : '+';
  const int64_t seconds = std::abs(offset_s);
  AppendTwoDigits(out, seconds / 3600);
  out += ':';
  AppendTwoDigits(out, seconds / 60 % 60);
  if (seconds % 60 == 0) return;
  out += ':';
  AppendTwoDigits(out, seconds % 60);
}

// Reads the fields 1 to `count` of a message of integers; those that are absent are 0.
bool ReadIntegers(std::string_view message, int64_t* fields, uint32_t count) {
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    uint64_t number;
    if (!reader.ReadTag(&field, &type)) return false;
    if (type != WireType::kVarint || field > count) {
      if (!reader.Skip(type)) return false;
      continue;
    }
    if (!reader.ReadVarint(&number)) return false;
    fields[field - 1] = UnZigZag(number);
  }
  return true;
}

bool AppendTimeWithZone(std::string& out, std::string_view message) {
  int64_t fields[2] = {};  // time, zone_offset
  if (!ReadIntegers(message, fields, 2) || !AppendTime(out, fields[0])) return false;
  AppendZone(out, static_cast<int32_t>(fields[1]));
  return true;
}

bool AppendInterval(std::string& out, std::string_view message) {
  int64_t fields[3] = {};  // months, days, microseconds
  if (!ReadIntegers(message, fields, 3)) return false;
  AppendNumberText(out, fields[0]);
  out += ' ';
  AppendNumberText(out, fields[1]);
  out += ' ';
  return AppendNumberText(out, fields[2]);
}

bool AppendGeometryText(std::string& out, std::string_view message) {
  WireReader reader(message);
  uint64_t srid = 0;
  std::string_view wkb;
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return false;
    const bool read = field == 1 && type == WireType::kVarint   ? reader.ReadVarint(&srid)
                      : field == 2 && type == WireType::kLength ? reader.ReadLength(&wkb)
                                                                : reader.Skip(type);
    if (!read) return false;
  }
  out += "SRID=";
  AppendNumberText(out, srid);
  out.append(";").append(wkb);
  return true;
}

// `packed`: 32-bit floats. `first`: whether none was written yet.
bool AppendFloats(std::string& out, std::string_view packed, bool* first) {
  if (packed.size() % sizeof(float) != 0) return false;
  for (; !packed.empty(); packed.remove_prefix(sizeof(float))) {
    float element;
    std::memcpy(&element, packed.data(), sizeof(element));
    if (!*first) out += ',';
    *first = false;
    AppendRealText(out, element);
  }
  return true;
}

bool AppendVectorOfFloats(std::string& out, std::string_view message) {
  WireReader reader(message);
  out += '[';
  bool first = true;
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    std::string_view packed;
    if (!reader.ReadTag(&field, &type) || field != 1 || type != WireType::kLength) return false;
    if (!reader.ReadLength(&packed) || !AppendFloats(out, packed, &first)) return false;
  }
  out += ']';
  return true;
}

// Puts the length of what follows `start` before it.
void CloseElement(std::string& out, size_t start) {
  std::string length;
  AppendNumberText(length, out.size() - start);
  out.insert(start, length + ':');
}

bool AppendElement(std::string& out, std::string_view message, int depth) {
  ValueView value;
  if (!ReadValue(message, &value)) return false;
  if (value.null) {
    out += '-';
    return true;
  }
  const size_t start = out.size();
  if (!AppendAnyText(out, value, depth)) return false;
  CloseElement(out, start);
  return true;
}

bool AppendDimension(std::string& out, std::string_view message) {
  WireReader reader(message);
  uint64_t length = 0, lower_bound = 0;
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type) || type != WireType::kVarint) return false;
    if (!reader.ReadVarint(field == 1 ? &length : &lower_bound)) return false;
  }
  out += '[';
  AppendNumberText(out, UnZigZag(lower_bound));
  out += ',';
  AppendNumberText(out, length);
  out += ']';
  return true;
}

// Each field of a message whose fields are all messages, in their order.
template <typename Append>
bool ForEachMessage(std::string_view message, Append append) {
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    std::string_view bytes;
    if (!reader.ReadTag(&field, &type) || type != WireType::kLength) return false;
    if (!reader.ReadLength(&bytes) || !append(field, bytes)) return false;
  }
  return true;
}

// Dimensions come before elements whatever their order in the message.
bool AppendArray(std::string& out, std::string_view message, int depth) {
  return ForEachMessage(message,
                        [&](uint32_t field, std::string_view bytes) {
                          return field != 1 || AppendDimension(out, bytes);
                        }) &&
         ForEachMessage(message, [&](uint32_t field, std::string_view bytes) {
           return field != 2 || AppendElement(out, bytes, depth);
         });
}

bool AppendComposite(std::string& out, std::string_view message, int depth) {
  out += '(';
  const bool appended = ForEachMessage(message, [&](uint32_t field, std::string_view bytes) {
    return field == 1 && AppendElement(out, bytes, depth);
  });
  out += ')';
  return appended;
}

struct RangeFields {
  uint64_t flags[6] = {};      // 1: empty, 4: lower_inclusive, 5: upper_inclusive
  std::string_view bounds[4];  // 2: lower, 3: upper; absent is an empty message, which is null
};

bool ReadRange(std::string_view message, RangeFields* range) {
  WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return false;
    const bool bound = field == 2 || field == 3;
    if (field > 5 || type != (bound ? WireType::kLength : WireType::kVarint)) return false;
    if (bound ? !reader.ReadLength(&range->bounds[field])
              : !reader.ReadVarint(&range->flags[field]))
      return false;
  }
  return true;
}

bool AppendRange(std::string& out, std::string_view message, int depth) {
  RangeFields range;
  if (!ReadRange(message, &range)) return false;
  if (range.flags[1] != 0) {
    out += "empty";
    return true;
  }
  out += range.flags[4] != 0 ? '[' : '(';
  if (!AppendElement(out, range.bounds[2], depth)) return false;
  if (!AppendElement(out, range.bounds[3], depth)) return false;
  out += range.flags[5] != 0 ? ']' : ')';
  return true;
}

bool AppendMultiRange(std::string& out, std::string_view message, int depth) {
  out += '{';
  const bool appended = ForEachMessage(message, [&](uint32_t field, std::string_view bytes) {
    const size_t start = out.size();
    if (field != 1 || !AppendRange(out, bytes, depth)) return false;
    CloseElement(out, start);
    return true;
  });
  out += '}';
  return appended;
}

bool AppendNested(std::string& out, const ValueView& value, int depth) {
  if (depth > kDepthMax) return false;
  switch (value.kind) {
    case ValueKind::kArray:
      return AppendArray(out, value.bytes, depth);
    case ValueKind::kRange:
      return AppendRange(out, value.bytes, depth);
    case ValueKind::kMultiRange:
      return AppendMultiRange(out, value.bytes, depth);
    default:
      return AppendComposite(out, value.bytes, depth);
  }
}

bool AppendAnyText(std::string& out, const ValueView& value, int depth) {
  switch (value.kind) {
    case ValueKind::kBoolean:
      out += value.flag() ? "true" : "false";
      return true;
    case ValueKind::kInteger:
      return AppendNumberText(out, value.integer());
    case ValueKind::kUnsignedInteger:
      return AppendNumberText(out, value.number);
    case ValueKind::kReal:
      return AppendRealText(out, value.real());
    case ValueKind::kDoublePrecision:
      return AppendRealText(out, value.double_precision());
    case ValueKind::kDecimal:
    case ValueKind::kText:
    case ValueKind::kBinary:
    case ValueKind::kJson:
    case ValueKind::kUuid:
    case ValueKind::kBits:
    case ValueKind::kEnumLabel:
    case ValueKind::kServerText:
      out += value.bytes;
      return true;
    case ValueKind::kDate:
      return AppendDate(out, value.integer());
    case ValueKind::kTime:
      return AppendTime(out, value.integer());
    case ValueKind::kTimeWithZone:
      return AppendTimeWithZone(out, value.bytes);
    case ValueKind::kTimestamp:
      return AppendTimestamp(out, value.integer(), /*zone=*/false);
    case ValueKind::kTimestampWithZone:
      return AppendTimestamp(out, value.integer(), /*zone=*/true);
    case ValueKind::kInterval:
      return AppendInterval(out, value.bytes);
    case ValueKind::kInfinity:
      out += value.flag() ? "infinity" : "-infinity";
      return true;
    case ValueKind::kGeometry:
      return AppendGeometryText(out, value.bytes);
    case ValueKind::kVector:
      return AppendVectorOfFloats(out, value.bytes);
    case ValueKind::kArray:
    case ValueKind::kRange:
    case ValueKind::kMultiRange:
    case ValueKind::kComposite:
      return AppendNested(out, value, depth + 1);
    case ValueKind::kUnavailable:
      break;
  }
  return false;
}

}  // namespace

bool AppendValueText(std::string& out, const ValueView& value) {
  return AppendAnyText(out, value, 0);
}

}  // namespace tidemark::service::kafka
