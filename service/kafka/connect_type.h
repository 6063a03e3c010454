#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_TYPE_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_TYPE_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// How Debezium's connectors represent a column in Kafka Connect, at the defaults of all their
// settings, and which values that form has. Source: Debezium 3.7, PostgresValueConverter,
// BinlogValueConverters, JdbcValueConverters, SchemaFactory.

// How a tidemark.v1.Value is written as JSON.
enum class Encoding : uint8_t {
  kBoolean,
  kBit,              // of one bit, as a boolean
  kInteger,          // from `minimum` to `maximum`
  kWrappedInteger,   // unsigned 64 bits, those above 2^63 - 1 negative
  kReal,             // 32 bits
  kDouble,           // 64 bits; of a `real` too
  kDecimal,          // unscaled bytes, at scale `digits`
  kVariableDecimal,  // struct of scale and unscaled bytes
  kMoney,            // PostgreSQL's text, "-$1,234.56", as kDecimal
  kText,             // text, json, uuid, enum_label, server_text
  kBytes,
  kBits,  // little endian; `digits` bytes, or no more than the highest 1 needs if that is 0
  kDate,  // days
  kTimeMillis,
  kTimeMicros,
  kTimestampMillis,
  kTimestampMicros,
  kZonedTimestamp,  // ISO 8601 in UTC with `digits` of the fraction
  kZonedTime,
  kMicroDuration,  // a month counts 30.4375 days
  kRangeText,      // PostgreSQL's text of a range
  kHstore,         // PostgreSQL's text, as JSON text
  kPoint,          // PostgreSQL's text of its geometric types
  kBox,
  kSegment,
  kPath,
  kPolygon,
  kLine,
  kCircle,
  kEwkb,          // PostGIS: extended WKB in hexadecimal
  kGeography,     // likewise
  kGeometry,      // MySQL: geometry
  kMysqlPoint,    // MySQL: geometry that is a point
  kFloatVector,   // MySQL: vector
  kVectorText,    // pgvector's text, of doubles
  kHalfVector,    // pgvector's text, of floats
  kSparseVector,  // pgvector's text
  kArray,         // of one dimension
};

struct ConnectType {
  Encoding encoding = Encoding::kText;
  // The members of the JSON form of a Connect schema before and after "optional".
  std::string head;    // "type":"int64"
  std::string traits;  // ,"name":"io.debezium.time.Timestamp","version":1
  // Debezium's schema of it is optional even where the column is not.
  bool always_optional = false;
  int32_t digits = 0;
  int64_t minimum = std::numeric_limits<int64_t>::min();
  int64_t maximum = std::numeric_limits<int64_t>::max();
  // MySQL's zero and invalid dates, which Connect's types do not have, are null or `fallback`.
  bool zero_dates = false;
  // JSON text of what stands for no value where null may not.
  std::string fallback;
  // JSON text of Debezium's mark for a value that the log did not carry; empty: the form has none.
  std::string unavailable;
  // kArray: of its elements.
  std::shared_ptr<const ConnectType> element;
};

// The type of a column of PostgreSQL; nullopt: Debezium leaves such columns out.
std::optional<ConnectType> PostgresConnectType(const v1::Type& type);
// Of MySQL and MariaDB.
ConnectType MysqlConnectType(const v1::Type& type);

// Forms that both kinds of servers have.
ConnectType BooleanType();
ConnectType IntegerType(int bits);
ConnectType RealType();
ConnectType DoubleType();
ConnectType TextType();
ConnectType NamedTextType(std::string_view name);
ConnectType BytesType();
ConnectType DecimalType(int32_t precision, int32_t scale);
// `name` of type `integer`, as in NamedIntegerType(Encoding::kDate, 32, "io.debezium.time.Date").
ConnectType NamedIntegerType(Encoding encoding, int bits, std::string_view name);
// `bytes`: see Encoding::kBits.
ConnectType BitsType(int64_t length, int32_t bytes);
ConnectType ZonedTimestampType(int32_t fraction_digits);
ConnectType UuidType();
ConnectType JsonType();
// How a list of labels, separated by commas, has those within a label: MySQL's connector writes a
// backslash before them (and before backslashes), PostgreSQL's does not.
enum class LabelCommas { kPlain, kEscaped };
// `name`: Enum or EnumSet.
ConnectType LabelsType(std::string_view name, const v1::Type& type, LabelCommas commas);
ConnectType PointType(Encoding encoding);
ConnectType GeometryType(Encoding encoding);
ConnectType FloatVectorType(Encoding encoding);

// Appends the JSON form of the schema. `default_json`: text of the default, or empty. `field`: its
// name as a field of a struct, as JSON text, or empty.
void AppendSchema(std::string& out, const ConnectType& type, bool optional,
                  std::string_view default_json, std::string_view field);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_TYPE_H_
