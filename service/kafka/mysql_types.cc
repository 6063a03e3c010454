#include <string>

#include "absl/strings/match.h"
#include "service/kafka/connect_type.h"

namespace tidemark::service::kafka {
namespace {

// Type.oid: the column's type in the binlog, plus kUnsigned (capture/mysql/schema_builder.h).
constexpr uint32_t kUnsigned = 256;
constexpr uint32_t kTiny = 1, kShort = 2, kLong = 3, kLongLong = 8, kInt24 = 9, kYear = 13;
constexpr uint32_t kSet = 248;

ConnectType WholeNumberType(const v1::Type& type) {
  switch (type.oid()) {
    case kTiny:
      return IntegerType(8);
    case kShort:
    case kTiny + kUnsigned:
      return IntegerType(16);
    case kLong:
    case kInt24:
    case kInt24 + kUnsigned:
    case kShort + kUnsigned:
      return IntegerType(32);
    case kYear:
      return NamedIntegerType(Encoding::kInteger, 32, "io.debezium.time.Year");
    default:
      break;
  }
  ConnectType wide = IntegerType(64);
  if (type.oid() == kLongLong + kUnsigned) wide.encoding = Encoding::kWrappedInteger;
  return wide;
}

// FLOAT(M,D) is a double to Debezium.
ConnectType FloatType(const v1::Type& type) {
  return absl::StrContains(type.name(), ',') ? DoubleType() : RealType();
}

ConnectType BitType(int32_t bits) {
  if (bits > 1) return BitsType(bits, (bits + 7) / 8);
  ConnectType type = BooleanType();
  type.encoding = Encoding::kBit;
  return type;
}

ConnectType WithZeroDates(ConnectType type) {
  type.zero_dates = true;
  return type;
}

ConnectType DateTimeType(int32_t digits) {
  return WithZeroDates(
      digits <= 3
          ? NamedIntegerType(Encoding::kTimestampMillis, 64, "io.debezium.time.Timestamp")
          : NamedIntegerType(Encoding::kTimestampMicros, 64, "io.debezium.time.MicroTimestamp"));
}

ConnectType DocumentType() {
  ConnectType type = JsonType();
  type.fallback = "\"{}\"";
  return type;
}

ConnectType SpatialType(const v1::Type& type) {
  return absl::StartsWithIgnoreCase(type.name(), "point") ? PointType(Encoding::kMysqlPoint)
                                                          : GeometryType(Encoding::kGeometry);
}

// SET, or an address of MariaDB.
ConnectType ServerTextType(const v1::Type& type) {
  return type.oid() == kSet ? LabelsType("io.debezium.data.EnumSet", type, LabelCommas::kEscaped)
                            : TextType();
}

}  // namespace

ConnectType MysqlConnectType(const v1::Type& type) {
  switch (type.kind()) {
    case v1::TYPE_KIND_INTEGER:
    case v1::TYPE_KIND_UNSIGNED_INTEGER:
      return WholeNumberType(type);
    case v1::TYPE_KIND_REAL:
      return FloatType(type);
    case v1::TYPE_KIND_DOUBLE_PRECISION:
      return DoubleType();
    case v1::TYPE_KIND_DECIMAL:
      return DecimalType(type.modifier() >> 8, type.modifier() & 0xff);
    case v1::TYPE_KIND_BITS:
      return BitType(type.modifier());
    case v1::TYPE_KIND_BINARY:
      return BytesType();
    case v1::TYPE_KIND_DATE:
      return WithZeroDates(NamedIntegerType(Encoding::kDate, 32, "io.debezium.time.Date"));
    case v1::TYPE_KIND_TIME:
      return NamedIntegerType(Encoding::kTimeMicros, 64, "io.debezium.time.MicroTime");
    case v1::TYPE_KIND_TIMESTAMP:
      return DateTimeType(type.modifier());
    case v1::TYPE_KIND_TIMESTAMP_WITH_ZONE:
      return WithZeroDates(ZonedTimestampType(type.modifier() < 0 ? 0 : type.modifier()));
    case v1::TYPE_KIND_JSON:
      return DocumentType();
    case v1::TYPE_KIND_UUID:
      return UuidType();
    case v1::TYPE_KIND_ENUM:
      return LabelsType("io.debezium.data.Enum", type, LabelCommas::kEscaped);
    case v1::TYPE_KIND_GEOMETRY:
      return SpatialType(type);
    case v1::TYPE_KIND_VECTOR:
      return FloatVectorType(Encoding::kFloatVector);
    case v1::TYPE_KIND_SERVER_TEXT:
      return ServerTextType(type);
    default:
      return TextType();
  }
}

}  // namespace tidemark::service::kafka
