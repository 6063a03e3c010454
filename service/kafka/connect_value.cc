#include "service/kafka/connect_value.h"

#include <cstring>

#include "service/kafka/calendar_text.h"
#include "service/kafka/connect_json.h"
#include "service/kafka/decimal_bytes.h"
#include "service/kafka/range_text.h"
#include "service/kafka/server_text.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;
using model::WireType;

// Debezium's stand-ins for infinity: days of a date, microseconds of a timestamp.
constexpr int64_t kDateInfinity = -2'147'472'692, kDateNegativeInfinity = -2'147'472'691;
constexpr int64_t kTimestampInfinity = 9'223'372'036'825'200'000;
constexpr int64_t kTimestampNegativeInfinity = -9'223'372'036'832'400'000;

bool AppendChecked(std::string& out, const ConnectType& type, int64_t number) {
  if (number < type.minimum || number > type.maximum) return false;
  AppendNumber(out, number);
  return true;
}

bool AppendInteger(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInteger) return AppendChecked(out, type, value.integer());
  if (value.kind != ValueKind::kUnsignedInteger) return false;
  if (type.encoding != Encoding::kWrappedInteger && value.number >> 63 != 0) return false;
  return AppendChecked(out, type, static_cast<int64_t>(value.number));
}

bool AppendBoolean(std::string& out, const ValueView& value) {
  if (value.kind != ValueKind::kBoolean) return false;
  out += value.flag() ? "true" : "false";
  return true;
}

bool AppendBit(std::string& out, const ValueView& value) {
  if (value.kind != ValueKind::kBits || value.bytes.size() != 1) return false;
  out += value.bytes[0] == '1' ? "true" : "false";
  return true;
}

bool AppendFloat(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kDoublePrecision && type.encoding == Encoding::kDouble) {
    AppendReal(out, value.double_precision());
    return true;
  }
  if (value.kind != ValueKind::kReal) return false;
  if (type.encoding == Encoding::kDouble) {
    AppendReal(out, static_cast<double>(value.real()));
  } else {
    AppendReal(out, value.real());
  }
  return true;
}

bool AppendDecimal(std::string& out, const ConnectType& type, const ValueView& value) {
  Decimal decimal;
  const bool parsed = value.kind == ValueKind::kDecimal ? ParseDecimal(value.bytes, &decimal)
                                                        : value.kind == ValueKind::kServerText &&
                                                              ParseMoney(value.bytes, &decimal);
  if (!parsed || !Rescale(&decimal, type.digits)) return false;
  AppendBase64(out, UnscaledBytes(decimal));
  return true;
}

bool AppendVariableDecimal(std::string& out, const ValueView& value) {
  Decimal decimal;
  if (value.kind != ValueKind::kDecimal || !ParseDecimal(value.bytes, &decimal)) return false;
  Strip(&decimal);
  out += "{\"scale\":";
  AppendNumber(out, decimal.scale);
  out += ",\"value\":";
  AppendBase64(out, UnscaledBytes(decimal));
  out += '}';
  return true;
}

bool AppendText(std::string& out, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::kText:
    case ValueKind::kJson:
    case ValueKind::kUuid:
    case ValueKind::kEnumLabel:
    case ValueKind::kServerText:
      return AppendString(out, value.bytes);
    default:
      return false;
  }
}

bool AppendBinary(std::string& out, const ValueView& value) {
  if (value.kind != ValueKind::kBinary) return false;
  AppendBase64(out, value.bytes);
  return true;
}

bool AppendBits(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kBits) return false;
  std::string bytes(static_cast<size_t>(type.digits), '\0');
  const size_t count = value.bytes.size();
  for (size_t bit = 0; bit < count; ++bit) {
    if (value.bytes[count - 1 - bit] != '1') continue;
    if (bytes.size() <= bit / 8) bytes.resize(bit / 8 + 1, '\0');
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] | 1 << bit % 8);
  }
  AppendBase64(out, bytes);
  return true;
}

bool AppendDate(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInfinity) {
    AppendNumber(out, value.flag() ? kDateInfinity : kDateNegativeInfinity);
    return true;
  }
  return value.kind == ValueKind::kDate && AppendChecked(out, type, value.integer());
}

bool AppendTime(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kTime) return false;
  const int64_t time_us = value.integer();
  return AppendChecked(out, type,
                       type.encoding == Encoding::kTimeMillis ? time_us / 1000 : time_us);
}

bool AppendTimestamp(std::string& out, const ConnectType& type, const ValueView& value) {
  int64_t timestamp_us;
  if (value.kind == ValueKind::kInfinity) {
    timestamp_us = value.flag() ? kTimestampInfinity : kTimestampNegativeInfinity;
  } else if (value.kind == ValueKind::kTimestamp) {
    timestamp_us = value.integer();
  } else {
    return false;
  }
  // By the column's precision these are whole milliseconds.
  AppendNumber(out,
               type.encoding == Encoding::kTimestampMillis ? timestamp_us / 1000 : timestamp_us);
  return true;
}

bool AppendZonedTimestamp(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInfinity) {
    out += value.flag() ? "\"infinity\"" : "\"-infinity\"";
    return true;
  }
  if (value.kind != ValueKind::kTimestampWithZone) return false;
  out += '"';
  AppendIsoTimestamp(out, value.integer(), type.digits == 0 ? kFractionAsNeeded : type.digits);
  out += '"';
  return true;
}

// The signed varints of a nested message, by field.
template <size_t count>
bool ReadSigned(std::string_view message, int64_t (&fields)[count]) {
  model::WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    uint64_t number;
    if (!reader.ReadTag(&field, &type) || type != WireType::kVarint) return false;
    if (!reader.ReadVarint(&number)) return false;
    if (field < count) fields[field] = model::UnZigZag(number);
  }
  return true;
}

bool AppendZonedTime(std::string& out, const ValueView& value) {
  int64_t fields[3] = {};  // 1: time, 2: zone_offset
  if (value.kind != ValueKind::kTimeWithZone || !ReadSigned(value.bytes, fields)) return false;
  int64_t time_us = fields[1];
  // The end of the day stays it in UTC only.
  if (time_us != kDayUs || fields[2] != 0) {
    time_us = ((fields[1] - fields[2] * 1'000'000) % kDayUs + kDayUs) % kDayUs;
  }
  out += '"';
  AppendClock(out, time_us, kFractionAsNeeded);
  out += "Z\"";
  return true;
}

// In doubles and in this order, as Debezium's MicroDuration, so that it comes to the same number.
bool AppendMicroDuration(std::string& out, const ValueView& value) {
  int64_t fields[4] = {};  // 1: months, 2: days, 3: microseconds
  if (value.kind != ValueKind::kInterval || !ReadSigned(value.bytes, fields)) return false;
  constexpr double kDaysPerMonth = 365.25 / 12.0;
  constexpr double kEnd = 9'223'372'036'854'775'808.0;
  const int64_t time_us = fields[3];
  const double days =
      static_cast<double>(fields[1]) * kDaysPerMonth + static_cast<double>(fields[2]);
  const auto hours = static_cast<double>(time_us / 3'600'000'000);
  const auto minutes = static_cast<double>(time_us / 60'000'000 % 60);
  const double seconds = static_cast<double>(time_us % 60'000'000) / 1e6;
  const double duration_us = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1e6;
  if (duration_us >= kEnd || duration_us < -kEnd) return false;
  AppendNumber(out, static_cast<int64_t>(duration_us));
  return true;
}

bool AppendRange(std::string& out, const ValueView& value) {
  std::string text;
  if (value.kind != ValueKind::kRange || !AppendRangeText(text, value.bytes)) return false;
  return AppendString(out, text);
}

// The fields of a tidemark.v1.Geometry.
bool ReadGeometry(std::string_view message, uint32_t* srid, std::string_view* wkb) {
  *srid = 0;
  model::WireReader reader(message);
  while (!reader.done()) {
    uint32_t field;
    WireType type;
    uint64_t number = 0;
    if (!reader.ReadTag(&field, &type)) return false;
    if (!(field == 2 ? reader.ReadLength(wkb) : reader.ReadVarint(&number))) return false;
    if (field == 1) *srid = static_cast<uint32_t>(number);
  }
  return true;
}

bool AppendMysqlGeometry(std::string& out, const ConnectType& type, const ValueView& value) {
  uint32_t srid;
  std::string_view wkb;
  if (value.kind != ValueKind::kGeometry || !ReadGeometry(value.bytes, &srid, &wkb)) return false;
  if (type.encoding == Encoding::kGeometry) {
    AppendGeometry(out, wkb, srid, "null");
    return true;
  }
  double x, y;
  if (!ReadWkbPoint(wkb, &x, &y)) return false;
  AppendPoint(out, x, y, wkb, srid);
  return true;
}

// A message with packed floats, little endian.
bool AppendFloatVector(std::string& out, const ValueView& value) {
  if (value.kind != ValueKind::kVector) return false;
  model::WireReader reader(value.bytes);
  uint32_t field;
  WireType type;
  std::string_view floats;
  if (!reader.done() && !(reader.ReadTag(&field, &type) && reader.ReadLength(&floats))) {
    return false;
  }
  out += '[';
  for (size_t at = 0; at + sizeof(float) <= floats.size(); at += sizeof(float)) {
    if (at > 0) out += ',';
    float element;
    std::memcpy(&element, floats.data() + at, sizeof(element));
    AppendReal(out, element);
  }
  out += ']';
  return true;
}

bool AppendServerText(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kServerText) return false;
  switch (type.encoding) {
    case Encoding::kHstore:
      return AppendHstore(out, value.bytes);
    case Encoding::kEwkb:
    case Encoding::kGeography:
      return AppendEwkb(out, type.encoding == Encoding::kGeography, value.bytes);
    case Encoding::kVectorText:
    case Encoding::kHalfVector:
      return AppendVectorText(out, type.encoding == Encoding::kHalfVector, value.bytes);
    case Encoding::kSparseVector:
      return AppendSparseVector(out, value.bytes);
    default:
      return AppendGeometric(out, type.encoding, value.bytes);
  }
}

// Connect's arrays have one dimension.
bool HasOneDimension(std::string_view array) {
  ValuesReader dimensions(array, 1);
  ValueView dimension;
  size_t count = 0;
  // A dimension is a message of numbers too; only how many there are matters.
  while (dimensions.Next(&dimension)) ++count;
  return count <= 1 && !dimensions.malformed();
}

bool AppendArray(std::string& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kArray || !HasOneDimension(value.bytes)) return false;
  ValuesReader elements(value.bytes, 2);
  ValueView element;
  out += '[';
  for (bool first = true; elements.Next(&element); first = false) {
    if (!first) out += ',';
    if (element.null) {
      out += "null";
    } else if (!AppendConnectValue(out, *type.element, element)) {
      return false;
    }
  }
  out += ']';
  return !elements.malformed();
}

}  // namespace

bool AppendConnectValue(std::string& out, const ConnectType& type, const ValueView& value) {
  switch (type.encoding) {
    case Encoding::kBoolean:
      return AppendBoolean(out, value);
    case Encoding::kBit:
      return AppendBit(out, value);
    case Encoding::kInteger:
    case Encoding::kWrappedInteger:
      return AppendInteger(out, type, value);
    case Encoding::kReal:
    case Encoding::kDouble:
      return AppendFloat(out, type, value);
    case Encoding::kDecimal:
    case Encoding::kMoney:
      return AppendDecimal(out, type, value);
    case Encoding::kVariableDecimal:
      return AppendVariableDecimal(out, value);
    case Encoding::kText:
      return AppendText(out, value);
    case Encoding::kBytes:
      return AppendBinary(out, value);
    case Encoding::kBits:
      return AppendBits(out, type, value);
    case Encoding::kDate:
      return AppendDate(out, type, value);
    case Encoding::kTimeMillis:
    case Encoding::kTimeMicros:
      return AppendTime(out, type, value);
    case Encoding::kTimestampMillis:
    case Encoding::kTimestampMicros:
      return AppendTimestamp(out, type, value);
    case Encoding::kZonedTimestamp:
      return AppendZonedTimestamp(out, type, value);
    case Encoding::kZonedTime:
      return AppendZonedTime(out, value);
    case Encoding::kMicroDuration:
      return AppendMicroDuration(out, value);
    case Encoding::kRangeText:
      return AppendRange(out, value);
    case Encoding::kGeometry:
    case Encoding::kMysqlPoint:
      return AppendMysqlGeometry(out, type, value);
    case Encoding::kFloatVector:
      return AppendFloatVector(out, value);
    case Encoding::kArray:
      return AppendArray(out, type, value);
    default:
      return AppendServerText(out, type, value);
  }
}

}  // namespace tidemark::service::kafka
