#include "service/kafka/connect_value.h"

#include <cstring>
#include <limits>

#include "service/kafka/calendar_text.h"
#include "service/kafka/decimal_bytes.h"
#include "service/kafka/range_text.h"
#include "service/kafka/server_text.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;
using model::WireType;

// Debezium's stand-ins for infinity, as its log has them: days of a date, milliseconds of a
// timestamp; of microseconds the ends of 64 bits.
constexpr int64_t kDateInfinity = 2'146'033'979, kDateNegativeInfinity = -2'147'472'691;
constexpr int64_t kMillisInfinity = 9'223'372'036'825'200'000;
constexpr int64_t kMillisNegativeInfinity = -9'223'372'036'832'400'000;

bool WriteChecked(ConnectWriter& out, const ConnectType& type, int64_t number) {
  if (number < type.minimum || number > type.maximum) return false;
  out.Integer(number);
  return true;
}

bool WriteInteger(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInteger) return WriteChecked(out, type, value.integer());
  if (value.kind != ValueKind::kUnsignedInteger) return false;
  if (type.encoding != Encoding::kWrappedInteger && value.number >> 63 != 0) return false;
  return WriteChecked(out, type, static_cast<int64_t>(value.number));
}

bool WriteBoolean(ConnectWriter& out, const ValueView& value) {
  if (value.kind != ValueKind::kBoolean) return false;
  out.Boolean(value.flag());
  return true;
}

bool WriteBit(ConnectWriter& out, const ValueView& value) {
  if (value.kind != ValueKind::kBits || value.bytes.size() != 1) return false;
  out.Boolean(value.bytes[0] == '1');
  return true;
}

bool WriteFloat(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kDoublePrecision && type.encoding == Encoding::kDouble) {
    out.Real(value.double_precision());
    return true;
  }
  if (value.kind != ValueKind::kReal) return false;
  if (type.encoding == Encoding::kDouble) {
    out.Real(static_cast<double>(value.real()));
  } else {
    out.Real(value.real());
  }
  return true;
}

bool WriteDecimal(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  Decimal decimal;
  const bool parsed = value.kind == ValueKind::kDecimal ? ParseDecimal(value.bytes, &decimal)
                                                        : value.kind == ValueKind::kServerText &&
                                                              ParseMoney(value.bytes, &decimal);
  if (!parsed || !Rescale(&decimal, type.digits)) return false;
  out.Bytes(UnscaledBytes(decimal));
  return true;
}

bool WriteVariableDecimal(ConnectWriter& out, const ValueView& value) {
  Decimal decimal;
  if (value.kind != ValueKind::kDecimal || !ParseDecimal(value.bytes, &decimal)) return false;
  Strip(&decimal);
  out.BeginStruct();
  out.Member(",\"scale\":");
  out.Integer(decimal.scale);
  out.Member(",\"value\":");
  out.Bytes(UnscaledBytes(decimal));
  out.EndStruct();
  return true;
}

bool WriteText(ConnectWriter& out, const ValueView& value) {
  switch (value.kind) {
    case ValueKind::kText:
    case ValueKind::kJson:
    case ValueKind::kUuid:
    case ValueKind::kEnumLabel:
    case ValueKind::kServerText:
      return out.Text(value.bytes);
    default:
      return false;
  }
}

bool WriteBinary(ConnectWriter& out, const ValueView& value) {
  if (value.kind != ValueKind::kBinary) return false;
  out.Bytes(value.bytes);
  return true;
}

bool WriteBits(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kBits) return false;
  std::string bytes(static_cast<size_t>(type.digits), '\0');
  const size_t count = value.bytes.size();
  for (size_t bit = 0; bit < count; ++bit) {
    if (value.bytes[count - 1 - bit] != '1') continue;
    if (bytes.size() <= bit / 8) bytes.resize(bit / 8 + 1, '\0');
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] | 1 << bit % 8);
  }
  out.Bytes(bytes);
  return true;
}

bool WriteDate(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInfinity) {
    out.Integer(value.flag() ? kDateInfinity : kDateNegativeInfinity);
    return true;
  }
  return value.kind == ValueKind::kDate && WriteChecked(out, type, value.integer());
}

bool WriteTime(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kTime) return false;
  const int64_t time_us = value.integer();
  return WriteChecked(out, type, type.encoding == Encoding::kTimeMillis ? time_us / 1000 : time_us);
}

int64_t TimestampInfinity(const ConnectType& type, bool positive) {
  if (type.encoding == Encoding::kTimestampMillis) {
    return positive ? kMillisInfinity : kMillisNegativeInfinity;
  }
  using Limits = std::numeric_limits<int64_t>;
  return positive ? Limits::max() : Limits::min();
}

bool WriteTimestamp(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInfinity) {
    out.Integer(TimestampInfinity(type, value.flag()));
    return true;
  }
  if (value.kind != ValueKind::kTimestamp) return false;
  // By the column's precision these are whole milliseconds.
  out.Integer(type.encoding == Encoding::kTimestampMillis ? value.integer() / 1000
                                                          : value.integer());
  return true;
}

bool WriteZonedTimestamp(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind == ValueKind::kInfinity) {
    return out.Text(value.flag() ? "infinity" : "-infinity");
  }
  if (value.kind != ValueKind::kTimestampWithZone) return false;
  const size_t mark = out.BeginPlainText();
  AppendIsoTimestamp(out.out(), value.integer(),
                     type.digits == 0 ? kFractionAsNeeded : type.digits);
  out.EndPlainText(mark);
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

bool WriteZonedTime(ConnectWriter& out, const ValueView& value) {
  int64_t fields[3] = {};  // 1: time, 2: zone_offset
  if (value.kind != ValueKind::kTimeWithZone || !ReadSigned(value.bytes, fields)) return false;
  int64_t time_us = fields[1];
  // The end of the day stays it in UTC only.
  if (time_us != kDayUs || fields[2] != 0) {
    time_us = ((fields[1] - fields[2] * 1'000'000) % kDayUs + kDayUs) % kDayUs;
  }
  const size_t mark = out.BeginPlainText();
  AppendClock(out.out(), time_us, kFractionAsNeeded);
  out.out() += 'Z';
  out.EndPlainText(mark);
  return true;
}

// In doubles and in this order, as Debezium's MicroDuration, so that it comes to the same number.
bool WriteMicroDuration(ConnectWriter& out, const ValueView& value) {
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
  out.Integer(static_cast<int64_t>(duration_us));
  return true;
}

bool WriteRange(ConnectWriter& out, const ValueView& value) {
  std::string text;
  if (value.kind != ValueKind::kRange || !AppendRangeText(text, value.bytes)) return false;
  return out.Text(text);
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

bool WriteMysqlGeometry(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  uint32_t srid;
  std::string_view wkb;
  if (value.kind != ValueKind::kGeometry || !ReadGeometry(value.bytes, &srid, &wkb)) return false;
  if (type.encoding == Encoding::kGeometry) {
    WriteGeometry(out, wkb, srid, {});
    return true;
  }
  double x, y;
  if (!ReadWkbPoint(wkb, &x, &y)) return false;
  WritePoint(out, x, y, wkb, srid);
  return true;
}

// A message with packed floats, little endian.
bool WriteFloatVector(ConnectWriter& out, const ValueView& value) {
  if (value.kind != ValueKind::kVector) return false;
  model::WireReader reader(value.bytes);
  uint32_t field;
  WireType type;
  std::string_view floats;
  if (!reader.done() && !(reader.ReadTag(&field, &type) && reader.ReadLength(&floats))) {
    return false;
  }
  const size_t count = floats.size() / sizeof(float);
  out.BeginArray(count);
  for (size_t i = 0; i < count; ++i) {
    float element;
    std::memcpy(&element, floats.data() + i * sizeof(element), sizeof(element));
    out.Item();
    out.Real(element);
  }
  out.EndArray();
  return true;
}

bool WriteServerText(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kServerText) return false;
  switch (type.encoding) {
    case Encoding::kHstore:
      return WriteHstore(out, value.bytes);
    case Encoding::kEwkb:
    case Encoding::kGeography:
      return WriteEwkb(out, type.encoding == Encoding::kGeography, value.bytes);
    case Encoding::kVectorText:
    case Encoding::kHalfVector:
      return WriteVectorText(out, type.encoding == Encoding::kHalfVector, value.bytes);
    case Encoding::kSparseVector:
      return WriteSparseVector(out, value.bytes);
    default:
      return WriteGeometric(out, type.encoding, value.bytes);
  }
}

// How many messages an array has in `field`.
size_t CountOf(std::string_view array, uint32_t field) {
  ValuesReader messages(array, field);
  ValueView message;
  size_t count = 0;
  while (messages.Next(&message)) ++count;
  return count;
}

// Connect's arrays have one dimension. (Dimensions are messages of numbers, as values may be.)
bool HasOneDimension(std::string_view array) { return CountOf(array, 1) <= 1; }

bool WriteElement(ConnectWriter& out, const ConnectType& type, const ValueView& element) {
  if (element.null) {
    out.Null();
    return true;
  }
  out.Present();
  return WriteConnectValue(out, type, element);
}

bool WriteArray(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  if (value.kind != ValueKind::kArray || !HasOneDimension(value.bytes)) return false;
  ValuesReader elements(value.bytes, 2);
  ValueView element;
  out.BeginArray(CountOf(value.bytes, 2));
  while (elements.Next(&element)) {
    out.Item();
    if (!WriteElement(out, *type.element, element)) return false;
  }
  out.EndArray();
  return !elements.malformed();
}

}  // namespace

bool WriteConnectValue(ConnectWriter& out, const ConnectType& type, const ValueView& value) {
  switch (type.encoding) {
    case Encoding::kBoolean:
      return WriteBoolean(out, value);
    case Encoding::kBit:
      return WriteBit(out, value);
    case Encoding::kInteger:
    case Encoding::kWrappedInteger:
      return WriteInteger(out, type, value);
    case Encoding::kReal:
    case Encoding::kDouble:
      return WriteFloat(out, type, value);
    case Encoding::kDecimal:
    case Encoding::kMoney:
      return WriteDecimal(out, type, value);
    case Encoding::kVariableDecimal:
      return WriteVariableDecimal(out, value);
    case Encoding::kText:
      return WriteText(out, value);
    case Encoding::kBytes:
      return WriteBinary(out, value);
    case Encoding::kBits:
      return WriteBits(out, type, value);
    case Encoding::kDate:
      return WriteDate(out, type, value);
    case Encoding::kTimeMillis:
    case Encoding::kTimeMicros:
      return WriteTime(out, type, value);
    case Encoding::kTimestampMillis:
    case Encoding::kTimestampMicros:
      return WriteTimestamp(out, type, value);
    case Encoding::kZonedTimestamp:
      return WriteZonedTimestamp(out, type, value);
    case Encoding::kZonedTime:
      return WriteZonedTime(out, value);
    case Encoding::kMicroDuration:
      return WriteMicroDuration(out, value);
    case Encoding::kRangeText:
      return WriteRange(out, value);
    case Encoding::kGeometry:
    case Encoding::kMysqlPoint:
      return WriteMysqlGeometry(out, type, value);
    case Encoding::kFloatVector:
      return WriteFloatVector(out, value);
    case Encoding::kArray:
      return WriteArray(out, type, value);
    default:
      return WriteServerText(out, type, value);
  }
}

}  // namespace tidemark::service::kafka
