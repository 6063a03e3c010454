#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/connect_type.h"

namespace tidemark::service::kafka {
namespace {

// First oid of objects that users make (access/transam.h, FirstNormalObjectId).
constexpr uint32_t kFirstUserOid = 16384;
// Debezium's length of a bit string without one.
constexpr int64_t kUnlimitedBits = 2'147'483'647;
// numeric(p, s) is stored as (p << 16 | s) + 4, where s has 11 bits and a sign (utils/numeric.h).
constexpr int32_t kNumericModifierOffset = 4;

ConnectType NumericType(int32_t modifier) {
  if (modifier >= kNumericModifierOffset) {
    const int32_t packed = modifier - kNumericModifierOffset;
    const int32_t scale = ((packed & 0x7ff) ^ 0x400) - 0x400;
    return DecimalType(packed >> 16 & 0xffff, scale);
  }
  ConnectType type;
  type.encoding = Encoding::kVariableDecimal;
  type.head =
      "\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"scale\"},"
      "{\"type\":\"bytes\",\"optional\":false,\"field\":\"value\"}]";
  type.traits =
      ",\"name\":\"io.debezium.data.VariableScaleDecimal\",\"version\":1,"
      "\"doc\":\"Variable scaled decimal\"";
  type.fallback = "{\"scale\":0,\"value\":\"AA==\"}";
  return type;
}

ConnectType MoneyType() {
  ConnectType type = DecimalType(0, 2);
  type.encoding = Encoding::kMoney;
  return type;
}

ConnectType BitStringType(int32_t modifier) {
  if (modifier != 1) return BitsType(modifier < 0 ? kUnlimitedBits : modifier, 0);
  ConnectType type = BooleanType();
  type.encoding = Encoding::kBit;
  return type;
}

// `digits`: of the fraction; -1 means 6.
ConnectType TimeType(int32_t digits) {
  return digits >= 0 && digits <= 3
             ? NamedIntegerType(Encoding::kTimeMillis, 32, "io.debezium.time.Time")
             : NamedIntegerType(Encoding::kTimeMicros, 64, "io.debezium.time.MicroTime");
}

ConnectType TimestampType(int32_t digits) {
  return digits >= 0 && digits <= 3
             ? NamedIntegerType(Encoding::kTimestampMillis, 64, "io.debezium.time.Timestamp")
             : NamedIntegerType(Encoding::kTimestampMicros, 64, "io.debezium.time.MicroTimestamp");
}

ConnectType ZonedTimeType() {
  ConnectType type = NamedTextType("io.debezium.time.ZonedTime");
  type.encoding = Encoding::kZonedTime;
  type.fallback = "\"00:00:00Z\"";
  type.unavailable.clear();
  return type;
}

ConnectType RangeType() {
  ConnectType type = TextType();
  type.encoding = Encoding::kRangeText;
  return type;
}

ConnectType HstoreType() {
  ConnectType type = JsonType();
  type.encoding = Encoding::kHstore;
  type.fallback = "\"{}\"";
  type.unavailable = R"("{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}")";
  return type;
}

ConnectType LineType() {
  ConnectType type;
  type.encoding = Encoding::kLine;
  type.head = "\"type\":\"struct\",\"fields\":[";
  for (const char* field : {"a", "b", "c"}) {
    absl::StrAppend(&type.head, field[0] == 'a' ? "" : ",",
                    "{\"type\":\"double\",\"optional\":false,\"field\":\"", field, "\"}");
  }
  type.head += ']';
  type.traits =
      ",\"name\":\"io.debezium.data.geometry.Line\",\"version\":1,\"doc\":\"Geometry (LINE)\"";
  type.always_optional = true;
  type.fallback = "null";
  return type;
}

ConnectType CircleType() {
  ConnectType type;
  type.encoding = Encoding::kCircle;
  type.head = "\"type\":\"struct\",\"fields\":[";
  AppendSchema(type.head, PointType(Encoding::kPoint), /*optional=*/false, "", "\"center\"");
  type.head += ",{\"type\":\"double\",\"optional\":false,\"field\":\"radius\"}]";
  type.traits =
      ",\"name\":\"io.debezium.data.geometry.Circle\",\"version\":1,\"doc\":\"Geometry (CIRCLE)\"";
  type.always_optional = true;
  type.fallback = "null";
  return type;
}

ConnectType GeographyType() {
  ConnectType type;
  type.encoding = Encoding::kGeography;
  type.head =
      "\"type\":\"struct\",\"fields\":[{\"type\":\"bytes\",\"optional\":false,\"field\":\"wkb\"},"
      "{\"type\":\"int32\",\"optional\":true,\"field\":\"srid\"}]";
  type.traits =
      ",\"name\":\"io.debezium.data.geometry.Geography\",\"version\":1,\"doc\":\"Geography\"";
  type.fallback = R"({"wkb":"AQcAAAAAAAAA","srid":null})";
  return type;
}

ConnectType DoubleVectorType() {
  ConnectType type;
  type.encoding = Encoding::kVectorText;
  type.head = "\"type\":\"array\",\"items\":{\"type\":\"double\",\"optional\":false}";
  type.traits = ",\"name\":\"io.debezium.data.DoubleVector\",\"version\":1";
  type.fallback = "[]";
  return type;
}

ConnectType SparseVectorType() {
  ConnectType type;
  type.encoding = Encoding::kSparseVector;
  type.head =
      "\"type\":\"struct\",\"fields\":[{\"type\":\"int16\",\"optional\":false,\"field\":"
      "\"dimensions\"},{\"type\":\"map\",\"keys\":{\"type\":\"int16\",\"optional\":false},"
      "\"values\":{\"type\":\"double\",\"optional\":false},\"optional\":false,\"field\":"
      "\"vector\"}]";
  type.traits =
      ",\"name\":\"io.debezium.data.SparseDoubleVector\",\"version\":1,"
      "\"doc\":\"Sparse double vector\"";
  type.fallback = R"({"dimensions":0,"vector":[]})";
  return type;
}

// "vector" of "public.vector(3)".
std::string PlainName(const std::string& name) {
  const std::string bare = name.substr(0, name.find('('));
  const size_t dot = bare.rfind('.');
  return dot == std::string::npos ? bare : bare.substr(dot + 1);
}

// A type of an extension or of a user, whose values are the server's text. A domain is not told
// from the others: its text is the same.
ConnectType ExtensionType(const v1::Type& type) {
  const std::string name = PlainName(type.name());
  if (name == "hstore") return HstoreType();
  if (name == "ltree") return NamedTextType("io.debezium.data.Ltree");
  if (name == "geometry") return GeometryType(Encoding::kEwkb);
  if (name == "geography") return GeographyType();
  if (name == "vector") return DoubleVectorType();
  if (name == "halfvec") return FloatVectorType(Encoding::kHalfVector);
  if (name == "sparsevec") return SparseVectorType();
  return TextType();
}

// By oid (pg_type.dat).
std::optional<ConnectType> ServerTextType(const v1::Type& type) {
  if (type.oid() >= kFirstUserOid) return ExtensionType(type);
  switch (type.oid()) {
    case 600:
      return PointType(Encoding::kPoint);
    case 601:
      return GeometryType(Encoding::kSegment);
    case 602:
      return GeometryType(Encoding::kPath);
    case 603:
      return GeometryType(Encoding::kBox);
    case 604:
      return GeometryType(Encoding::kPolygon);
    case 628:
      return LineType();
    case 718:
      return CircleType();
    case 650:  // cidr
    case 774:  // macaddr8
    case 829:  // macaddr
    case 869:  // inet
      return TextType();
    case 790:
      return MoneyType();
    case 3614:
      return NamedTextType("io.debezium.data.Tsvector");
    default:
      return std::nullopt;
  }
}

ConnectType PlainTextType(const v1::Type& type) {
  constexpr uint32_t kXml = 142;
  return type.oid() == kXml ? NamedTextType("io.debezium.data.Xml") : TextType();
}

// A domain has the kind of its base, but not its width.
ConnectType WholeNumberType(const v1::Type& type) {
  switch (type.oid()) {
    case 21:
      return IntegerType(16);
    case 23:
      return IntegerType(32);
    default:
      return IntegerType(64);
  }
}

std::optional<ConnectType> UnsignedType(const v1::Type& type) {
  constexpr uint32_t kOid = 26;
  if (type.oid() == kOid || type.oid() >= kFirstUserOid) return IntegerType(64);
  return std::nullopt;  // xid, cid, xid8
}

std::optional<ConnectType> RangeTypeOf(const v1::Type& type) {
  if (type.oid() >= kFirstUserOid) return std::nullopt;
  return RangeType();
}

bool IsNamed(const v1::Type& type) {
  const std::string name = PlainName(type.name());
  for (const char* known : {"citext", "hstore", "ltree", "geometry", "geography"}) {
    if (name == known) return true;
  }
  return false;
}

// Arrays that Debezium leaves out: of domains, and of some types for which it lacks the code.
bool IsElementLeftOut(const v1::Type& element) {
  if (element.oid() >= kFirstUserOid) {
    return element.kind() != v1::TYPE_KIND_ENUM && !IsNamed(element);
  }
  switch (element.oid()) {
    case 19:    // name
    case 142:   // xml
    case 600:   // point
    case 790:   // money
    case 1186:  // interval
    case 1560:  // bit
    case 1562:  // varbit
    case 1790:  // refcursor
      return true;
    default:
      return false;
  }
}

// The mark of an array that the log did not carry: an array of the mark, or of its characters.
std::string UnavailableArray(const v1::Type& element, const ConnectType& type) {
  constexpr std::string_view kMark = "__debezium_unavailable_value";
  constexpr uint32_t kInt4 = 23, kInt8 = 20, kDate = 1082, kUuid = 2950;
  switch (element.oid()) {
    case kInt4:
    case kInt8:
    case kDate: {
      std::string numbers;
      for (char c : kMark) absl::StrAppend(&numbers, numbers.empty() ? "[" : ",", int{c});
      return numbers + "]";
    }
    case kUuid:  // Java's UUID.nameUUIDFromBytes of the mark
      return "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]";
    default:
      return type.unavailable.empty() ? "" : absl::StrCat("[", type.unavailable, "]");
  }
}

std::optional<ConnectType> ArrayType(const v1::Type& array) {
  const v1::Type& element = array.element();
  if (IsElementLeftOut(element) || element.kind() == v1::TYPE_KIND_ARRAY) return std::nullopt;
  std::optional<ConnectType> inner = PostgresConnectType(element);
  if (!inner.has_value()) return std::nullopt;
  ConnectType type;
  type.encoding = Encoding::kArray;
  type.head = "\"type\":\"array\",\"items\":";
  AppendSchema(type.head, *inner, /*optional=*/true, "", "");
  type.fallback = "[]";
  type.unavailable = UnavailableArray(element, *inner);
  type.element = std::make_shared<const ConnectType>(*std::move(inner));
  return type;
}

}  // namespace

std::optional<ConnectType> PostgresConnectType(const v1::Type& type) {
  switch (type.kind()) {
    case v1::TYPE_KIND_BOOLEAN:
      return BooleanType();
    case v1::TYPE_KIND_INTEGER:
      return WholeNumberType(type);
    case v1::TYPE_KIND_UNSIGNED_INTEGER:
      return UnsignedType(type);
    case v1::TYPE_KIND_REAL:
      return RealType();
    case v1::TYPE_KIND_DOUBLE_PRECISION:
      return DoubleType();
    case v1::TYPE_KIND_DECIMAL:
      return NumericType(type.modifier());
    case v1::TYPE_KIND_TEXT:
      return PlainTextType(type);
    case v1::TYPE_KIND_BINARY:
      return BytesType();
    case v1::TYPE_KIND_DATE:
      return NamedIntegerType(Encoding::kDate, 32, "io.debezium.time.Date");
    case v1::TYPE_KIND_TIME:
      return TimeType(type.modifier());
    case v1::TYPE_KIND_TIME_WITH_ZONE:
      return ZonedTimeType();
    case v1::TYPE_KIND_TIMESTAMP:
      return TimestampType(type.modifier());
    case v1::TYPE_KIND_TIMESTAMP_WITH_ZONE:
      return ZonedTimestampType(type.modifier() < 0 ? 6 : type.modifier());
    case v1::TYPE_KIND_INTERVAL:
      return NamedIntegerType(Encoding::kMicroDuration, 64, "io.debezium.time.MicroDuration");
    case v1::TYPE_KIND_JSON:
      return JsonType();
    case v1::TYPE_KIND_UUID:
      return UuidType();
    case v1::TYPE_KIND_BITS:
      return BitStringType(type.modifier());
    case v1::TYPE_KIND_ENUM:
      return LabelsType("io.debezium.data.Enum", type, LabelCommas::kPlain);
    case v1::TYPE_KIND_ARRAY:
      return ArrayType(type);
    case v1::TYPE_KIND_RANGE:
      return RangeTypeOf(type);
    case v1::TYPE_KIND_SERVER_TEXT:
      return ServerTextType(type);
    default:
      return std::nullopt;  // multiranges, composites
  }
}

}  // namespace tidemark::service::kafka
