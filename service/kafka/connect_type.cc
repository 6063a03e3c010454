#include "service/kafka/connect_type.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

// Of Debezium's unavailable.value.placeholder, and its bytes in base64.
constexpr std::string_view kUnavailableText = "\"__debezium_unavailable_value\"";
constexpr std::string_view kUnavailableBytes = "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"";

ConnectType Plain(Encoding encoding, std::string_view name, std::string_view fallback) {
  ConnectType type;
  type.encoding = encoding;
  type.head = absl::StrCat("\"type\":\"", std::string(name), "\"");
  type.fallback = fallback;
  return type;
}

std::string Traits(std::string_view name, int version) {
  return absl::StrCat(",\"name\":\"", std::string(name), "\",\"version\":", version);
}

std::string Doc(std::string_view doc) {
  return absl::StrCat(",\"doc\":\"", std::string(doc), "\"");
}

ConnectType Struct(Encoding encoding, std::string_view fields, std::string traits) {
  ConnectType type = Plain(encoding, "struct", "null");
  absl::StrAppend(&type.head, ",\"fields\":[", std::string(fields), "]");
  type.traits = std::move(traits);
  return type;
}

std::string Allowed(const v1::Type& type, LabelCommas commas) {
  std::string allowed;
  for (const std::string& label : type.labels()) {
    absl::StrAppend(&allowed, allowed.empty() ? "" : ",",
                    commas == LabelCommas::kPlain
                        ? label
                        : absl::StrReplaceAll(label, {{"\\", "\\\\"}, {",", "\\,"}}));
  }
  return allowed;
}

}  // namespace

ConnectType BooleanType() { return Plain(Encoding::kBoolean, "boolean", "false"); }

ConnectType IntegerType(int bits) {
  ConnectType type = Plain(Encoding::kInteger, absl::StrCat("int", bits), "0");
  type.maximum = static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1);
  type.minimum = -type.maximum - 1;
  return type;
}

ConnectType RealType() { return Plain(Encoding::kReal, "float", "0.0"); }
ConnectType DoubleType() { return Plain(Encoding::kDouble, "double", "0.0"); }

ConnectType TextType() {
  ConnectType type = Plain(Encoding::kText, "string", "\"\"");
  type.unavailable = kUnavailableText;
  return type;
}

ConnectType NamedTextType(std::string_view name) {
  ConnectType type = TextType();
  type.traits = Traits(name, 1);
  return type;
}

ConnectType BytesType() {
  ConnectType type = Plain(Encoding::kBytes, "bytes", "\"\"");
  type.unavailable = kUnavailableBytes;
  return type;
}

ConnectType DecimalType(int32_t precision, int32_t scale) {
  ConnectType type = Plain(Encoding::kDecimal, "bytes", "\"AA==\"");
  type.digits = scale;
  type.traits = absl::StrCat(Traits("org.apache.kafka.connect.data.Decimal", 1),
                             ",\"parameters\":{\"scale\":\"", scale, "\"");
  if (precision > 0) {
    absl::StrAppend(&type.traits, ",\"connect.decimal.precision\":\"", precision, "\"");
  }
  type.traits += '}';
  return type;
}

ConnectType NamedIntegerType(Encoding encoding, int bits, std::string_view name) {
  ConnectType type = IntegerType(bits);
  type.encoding = encoding;
  type.traits = Traits(name, 1);
  return type;
}

ConnectType BitsType(int64_t length, int32_t bytes) {
  ConnectType type = Plain(Encoding::kBits, "bytes", "\"\"");
  type.digits = bytes;
  type.traits = absl::StrCat(Traits("io.debezium.data.Bits", 1), ",\"parameters\":{\"length\":\"",
                             length, "\"}");
  return type;
}

ConnectType ZonedTimestampType(int32_t fraction_digits) {
  ConnectType type = NamedTextType("io.debezium.time.ZonedTimestamp");
  type.encoding = Encoding::kZonedTimestamp;
  type.digits = fraction_digits;
  type.fallback = "\"1970-01-01T00:00:00Z\"";
  type.unavailable.clear();
  return type;
}

ConnectType UuidType() { return NamedTextType("io.debezium.data.Uuid"); }
ConnectType JsonType() { return NamedTextType("io.debezium.data.Json"); }

ConnectType LabelsType(std::string_view name, const v1::Type& labels, LabelCommas commas) {
  ConnectType type = NamedTextType(name);
  type.traits += ",\"parameters\":{\"allowed\":";
  AppendName(type.traits, Allowed(labels, commas));
  type.traits += '}';
  return type;
}

ConnectType PointType(Encoding encoding) {
  ConnectType type = Struct(encoding,
                            "{\"type\":\"double\",\"optional\":false,\"field\":\"x\"},"
                            "{\"type\":\"double\",\"optional\":false,\"field\":\"y\"},"
                            "{\"type\":\"bytes\",\"optional\":true,\"field\":\"wkb\"},"
                            "{\"type\":\"int32\",\"optional\":true,\"field\":\"srid\"}",
                            Traits("io.debezium.data.geometry.Point", 1) + Doc("Geometry (POINT)"));
  type.fallback = R"({"x":0.0,"y":0.0,"wkb":"AQEAAAAAAAAAAAAAAAAAAAAAAAAA","srid":null})";
  return type;
}

ConnectType GeometryType(Encoding encoding) {
  ConnectType type = Struct(encoding,
                            "{\"type\":\"bytes\",\"optional\":false,\"field\":\"wkb\"},"
                            "{\"type\":\"int32\",\"optional\":true,\"field\":\"srid\"},"
                            "{\"type\":\"map\",\"keys\":{\"type\":\"string\",\"optional\":false},"
                            "\"values\":{\"type\":\"string\",\"optional\":false},\"optional\":true,"
                            "\"field\":\"extensions\"}",
                            Traits("io.debezium.data.geometry.Geometry", 2) + Doc("Geometry"));
  type.always_optional = true;
  return type;
}

ConnectType FloatVectorType(Encoding encoding) {
  ConnectType type = Plain(encoding, "array", "[]");
  type.head += ",\"items\":{\"type\":\"float\",\"optional\":false}";
  type.traits = Traits("io.debezium.data.FloatVector", 1);
  return type;
}

void AppendSchema(std::string& out, const ConnectType& type, bool optional,
                  std::string_view default_json, std::string_view field) {
  out += '{';
  out += type.head;
  out += optional || type.always_optional ? ",\"optional\":true" : ",\"optional\":false";
  out += type.traits;
  if (!default_json.empty()) out.append(",\"default\":").append(default_json);
  if (!field.empty()) out.append(",\"field\":").append(field);
  out += '}';
}

}  // namespace tidemark::service::kafka
