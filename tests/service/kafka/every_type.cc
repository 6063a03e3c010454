#include "tests/service/kafka/every_type.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "capture/postgres/value_text.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

constexpr uint32_t kUnsigned = 256;

std::shared_ptr<model::Type> ModelType(const v1::Type& type) {
  auto made = std::make_shared<model::Type>();
  made->kind = static_cast<model::TypeKind>(type.kind());
  made->name = type.name();
  made->oid = type.oid();
  made->modifier = type.modifier();
  made->labels.assign(type.labels().begin(), type.labels().end());
  if (type.has_element()) made->element = ModelType(type.element());
  return made;
}

// A value of PostgreSQL from the server's text.
TypedValue Parsed(v1::Type type, const std::string& text, std::string proto_json) {
  model::Bytes bytes;
  bool misfit = false;
  EXPECT_TRUE(capture::postgres::AppendTextValue(bytes, 1, *ModelType(type), text, &misfit))
      << text;
  v1::Row row;
  EXPECT_TRUE(row.ParseFromString(std::string(bytes.view()))) << text;
  return {"", std::move(type), row.values(0), std::move(proto_json)};
}

v1::Type Kind(v1::TypeKind kind, uint32_t oid, const std::string& name, int modifier = -1) {
  return MakeType(kind, oid, name, modifier);
}
v1::Type Native(uint32_t oid, const std::string& name) {
  return Kind(v1::TYPE_KIND_SERVER_TEXT, oid, name);
}
v1::Type RangeOf(v1::Type bound, uint32_t oid, const std::string& name) {
  v1::Type type = Kind(v1::TYPE_KIND_RANGE, oid, name);
  *type.mutable_element() = std::move(bound);
  return type;
}
v1::Type Numeric(int precision, int scale) {
  return Kind(v1::TYPE_KIND_DECIMAL, 1700, "numeric", (precision << 16 | (scale & 0x7ff)) + 4);
}

v1::Type PostgresInteger() { return Kind(v1::TYPE_KIND_INTEGER, 23, "integer"); }
v1::Type PostgresText() { return Kind(v1::TYPE_KIND_TEXT, 25, "text"); }
v1::Type PostgresTimestamptz() {
  return Kind(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 1184, "timestamptz");
}

void Name(std::vector<TypedValue>& values) {
  for (size_t i = 0; i < values.size(); ++i) values[i].column = "c" + std::to_string(i);
}

std::vector<TypedValue> PostgresPlainValues() {
  return {
      Parsed(Kind(v1::TYPE_KIND_BOOLEAN, 16, "boolean"), "t", "true"),
      Parsed(Kind(v1::TYPE_KIND_INTEGER, 21, "smallint"), "-32768", "-32768"),
      Parsed(PostgresInteger(), "2147483647", "2147483647"),
      Parsed(Kind(v1::TYPE_KIND_INTEGER, 20, "bigint"), "-9223372036854775808",
             "-9223372036854775808"),
      Parsed(Kind(v1::TYPE_KIND_UNSIGNED_INTEGER, 26, "oid"), "4294967295", "4294967295"),
      Parsed(Kind(v1::TYPE_KIND_REAL, 700, "real"), "1.25", "1.25"),
      Parsed(Kind(v1::TYPE_KIND_DOUBLE_PRECISION, 701, "double precision"), "1e+300", "1e300"),
      Parsed(Numeric(10, 2), "-12.50", "\"-12.50\""),
      Parsed(Numeric(4, -2), "1200", "\"1200\""),
      Parsed(Numeric(2, 5), "0.00012", "\"0.00012\""),
      Parsed(Kind(v1::TYPE_KIND_DECIMAL, 1700, "numeric"), "1234567890123456789012345.500",
             "\"1234567890123456789012345.500\""),
      Parsed(Native(790, "money"), "-$1,234.56", "\"-$1,234.56\""),
      Parsed(PostgresText(), "a \"b\"\n\xc3\xa4", "\"a \\\"b\\\"\\n\xc3\xa4\""),
      Parsed(Kind(v1::TYPE_KIND_TEXT, 142, "xml"), "<a/>", "\"<a/>\""),
      Parsed(Kind(v1::TYPE_KIND_JSON, 3802, "jsonb"), "[1, 2]", "\"[1, 2]\""),
      Parsed(Kind(v1::TYPE_KIND_UUID, 2950, "uuid"), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
             "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
      Parsed(Native(3614, "tsvector"), "'a':1", "\"'a':1\""),
      Parsed(Native(869, "inet"), "10.0.0.1/8", "\"10.0.0.1/8\""),
      Parsed(MakeType(v1::TYPE_KIND_ENUM, 16401, "public.mood", -1, {"sad", "a,b"}), "a,b",
             "\"a,b\""),
      Parsed(Kind(v1::TYPE_KIND_BINARY, 17, "bytea"), "\\x00ff6162", "\"AP9hYg==\""),
      Parsed(Kind(v1::TYPE_KIND_BITS, 1560, "bit(1)", 1), "1", "\"1\""),
      Parsed(Kind(v1::TYPE_KIND_BITS, 1560, "bit(12)", 12), "001000000101", "\"001000000101\""),
  };
}

std::vector<TypedValue> PostgresTimes() {
  const auto time = [](int digits) { return Kind(v1::TYPE_KIND_TIME, 1083, "time", digits); };
  const auto timestamp = [](int digits) {
    return Kind(v1::TYPE_KIND_TIMESTAMP, 1114, "timestamp", digits);
  };
  return {
      Parsed(Kind(v1::TYPE_KIND_DATE, 1082, "date"), "2024-05-06", "19849"),
      Parsed(time(0), "00:00:01", "1000000"),
      Parsed(time(-1), "24:00:00", "86400000000"),
      Parsed(timestamp(3), "1969-12-31 23:59:59.999", "-1000"),
      Parsed(timestamp(-1), "2024-05-06 07:08:09.123456", "1714979289123456"),
      Parsed(PostgresTimestamptz(), "2024-05-06 07:08:09.12+00", "1714979289120000"),
      Parsed(Kind(v1::TYPE_KIND_TIME_WITH_ZONE, 1266, "timetz"), "01:30:00.5+02:00",
             R"({"time":5400500000,"zoneOffset":7200})"),
      Parsed(Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), "P1Y2M3DT4H5M6.5S",
             R"({"months":14,"days":3,"microseconds":14706500000})"),
  };
}

std::vector<TypedValue> PostgresCompoundValues() {
  return {
      Parsed(ArrayOf(PostgresInteger(), 1007), "{1,NULL,-3}",
             R"({"dimensions":[{"length":3,"lowerBound":1}],)"
             R"("elements":[{"integer":1},{},{"integer":-3}]})"),
      Parsed(ArrayOf(PostgresText(), 1009), "{}", "{}"),
      Parsed(RangeOf(PostgresInteger(), 3904, "int4range"), "[1,10)",
             R"({"lower":{"integer":1},"upper":{"integer":10},"lowerInclusive":true})"),
      Parsed(RangeOf(PostgresTimestamptz(), 3910, "tstzrange"), R"x(["2024-05-06 07:08:09+00",))x",
             R"({"lower":{"timestampWithZone":1714979289000000},"lowerInclusive":true})"),
      Parsed(Native(600, "point"), "(1.5,-2)", "\"(1.5,-2)\""),
      Parsed(Native(603, "box"), "(3,4),(1,2)", "\"(3,4),(1,2)\""),
      Parsed(Native(601, "lseg"), "[(0,0),(1,1)]", "\"[(0,0),(1,1)]\""),
      Parsed(Native(602, "path"), "[(0,0),(1,1),(2,0)]", "\"[(0,0),(1,1),(2,0)]\""),
      Parsed(Native(604, "polygon"), "((0,0),(1,1),(2,0))", "\"((0,0),(1,1),(2,0))\""),
      Parsed(Native(718, "circle"), "<(1,2),3>", "\"<(1,2),3>\""),
      Parsed(Native(628, "line"), "{1,-1,0}", "\"{1,-1,0}\""),
      Parsed(Native(16500, "public.hstore"), R"("a"=>"1", "b"=>NULL)",
             R"x("\"a\"=>\"1\", \"b\"=>NULL")x"),
      Parsed(Native(16501, "public.geometry"), "0101000020E6100000000000000000F03F0000000000000040",
             "\"0101000020E6100000000000000000F03F0000000000000040\""),
      Parsed(Native(16502, "public.geography"), "0101000000000000000000F03F0000000000000040",
             "\"0101000000000000000000F03F0000000000000040\""),
      Parsed(Native(16503, "public.vector(3)"), "[1,2.5,-3]", "\"[1,2.5,-3]\""),
      Parsed(Native(16504, "public.halfvec(2)"), "[1,0.5]", "\"[1,0.5]\""),
      Parsed(Native(16505, "public.sparsevec(5)"), "{1:1.5,3:2}/5", "\"{1:1.5,3:2}/5\""),
  };
}

template <typename Set>
v1::Value Make(Set set) {
  v1::Value value;
  set(value);
  return value;
}

TypedValue Given(v1::Type type, v1::Value value, std::string proto_json) {
  return {"", std::move(type), std::move(value), std::move(proto_json)};
}

TypedValue Signed(uint32_t oid, const std::string& name, int64_t number) {
  return Given(Kind(v1::TYPE_KIND_INTEGER, oid, name), Integer(number), std::to_string(number));
}
TypedValue Unsigned(uint32_t oid, const std::string& name, uint64_t number) {
  return Given(Kind(v1::TYPE_KIND_UNSIGNED_INTEGER, oid + kUnsigned, name),
               Make([&](v1::Value& v) { v.set_unsigned_integer(number); }), std::to_string(number));
}

std::vector<TypedValue> MysqlNumbers() {
  return {
      Signed(1, "tinyint", -128),
      Unsigned(1, "tinyint unsigned", 255),
      Signed(2, "smallint", -32768),
      Unsigned(2, "smallint unsigned", 65535),
      Signed(9, "mediumint", -8388608),
      Unsigned(9, "mediumint unsigned", 16777215),
      Signed(3, "int", -2147483648),
      Unsigned(3, "int unsigned", 4294967295),
      Signed(8, "bigint", 9223372036854775807),
      Unsigned(8, "bigint unsigned", 18446744073709551615u),
      Signed(13, "year", 2024),
      Given(Kind(v1::TYPE_KIND_REAL, 4, "float"), Make([](v1::Value& v) { v.set_real(-0.5f); }),
            "-0.5"),
      Given(Kind(v1::TYPE_KIND_REAL, 4, "float(7,3)"),
            Make([](v1::Value& v) { v.set_real(1.25f); }), "1.25"),
      Given(Kind(v1::TYPE_KIND_DOUBLE_PRECISION, 5, "double"),
            Make([](v1::Value& v) { v.set_double_precision(1e-7); }), "1e-7"),
      Given(Kind(v1::TYPE_KIND_DECIMAL, 246, "decimal(10,2)", 10 << 8 | 2),
            Make([](v1::Value& v) { v.set_decimal("-12.50"); }), "\"-12.50\""),
      Given(Kind(v1::TYPE_KIND_BITS, 16, "bit(1)", 1), Make([](v1::Value& v) { v.set_bits("1"); }),
            "\"1\""),
      Given(Kind(v1::TYPE_KIND_BITS, 16, "bit(9)", 9),
            Make([](v1::Value& v) { v.set_bits("000000101"); }), "\"000000101\""),
  };
}

std::vector<TypedValue> MysqlTextsAndTimes() {
  constexpr int64_t kMoment = 1'714'979'289'000'000;
  return {
      Given(Kind(v1::TYPE_KIND_TEXT, 15, "varchar(20)", 80), Text("\xc3\xa4\t"), "\"\xc3\xa4\\t\""),
      Given(Kind(v1::TYPE_KIND_BINARY, 252, "blob", 2),
            Make([](v1::Value& v) { v.set_binary(std::string("\0\xff", 2)); }), "\"AP8=\""),
      Given(Kind(v1::TYPE_KIND_JSON, 245, "json"),
            Make([](v1::Value& v) { v.set_json("{\"a\": 1}"); }), R"("{\"a\": 1}")"),
      Given(MakeType(v1::TYPE_KIND_ENUM, 247, "enum('a','b')", -1, {"a", "b"}),
            Make([](v1::Value& v) { v.set_enum_label("b"); }), "\"b\""),
      Given(MakeType(v1::TYPE_KIND_SERVER_TEXT, 248, "set('a','b')", -1, {"a", "b"}),
            ServerText("a,b"), "\"a,b\""),
      Given(Kind(v1::TYPE_KIND_UUID, 254, "uuid", 16),
            Make([](v1::Value& v) { v.set_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"); }),
            "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
      Given(Kind(v1::TYPE_KIND_SERVER_TEXT, 254, "inet6", 16), ServerText("::1"), "\"::1\""),
      Given(Kind(v1::TYPE_KIND_DATE, 10, "date"), Make([](v1::Value& v) { v.set_date(19849); }),
            "19849"),
      Given(Kind(v1::TYPE_KIND_TIME, 19, "time", 0),
            Make([](v1::Value& v) { v.set_time(-3'020'399'000'000); }), "-3020399000000"),
      Given(Kind(v1::TYPE_KIND_TIMESTAMP, 18, "datetime", 3),
            Make([](v1::Value& v) { v.set_timestamp(kMoment + 123'000); }), "1714979289123000"),
      Given(Kind(v1::TYPE_KIND_TIMESTAMP, 18, "datetime(6)", 6),
            Make([](v1::Value& v) { v.set_timestamp(kMoment + 123'456); }), "1714979289123456"),
      Given(Kind(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 17, "timestamp", 0),
            Make([](v1::Value& v) { v.set_timestamp_with_zone(kMoment); }), "1714979289000000"),
  };
}

std::vector<TypedValue> MysqlSpatialValues() {
  const std::string wkb(
      "\1\1\0\0\0"
      "\0\0\0\0\0\0\xf0\x3f"
      "\0\0\0\0\0\0\0\x40",
      21);
  const v1::Value point = Make([&](v1::Value& v) {
    v.mutable_geometry()->set_srid(4326);
    v.mutable_geometry()->set_wkb(wkb);
  });
  const std::string json = R"({"srid":4326,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA"})";
  return {
      Given(Kind(v1::TYPE_KIND_GEOMETRY, 255, "point"), point, json),
      Given(Kind(v1::TYPE_KIND_GEOMETRY, 255, "geometry"), point, json),
      Given(Kind(v1::TYPE_KIND_VECTOR, 242, "vector(2)"), Make([](v1::Value& v) {
              v.mutable_vector()->add_elements(1);
              v.mutable_vector()->add_elements(-0.5);
            }),
            R"({"elements":[1.0,-0.5]})"),
  };
}

std::vector<TypedValue> Together(std::vector<std::vector<TypedValue>> parts) {
  std::vector<TypedValue> all;
  for (std::vector<TypedValue>& part : parts) all.insert(all.end(), part.begin(), part.end());
  Name(all);
  return all;
}

}  // namespace

std::vector<TypedValue> PostgresValues() {
  return Together({PostgresPlainValues(), PostgresTimes(), PostgresCompoundValues()});
}

std::vector<TypedValue> MysqlValues() {
  return Together({MysqlNumbers(), MysqlTextsAndTimes(), MysqlSpatialValues()});
}

v1::TableSchema TableOf(const std::string& name, const std::vector<TypedValue>& values,
                        bool postgres) {
  std::vector<v1::Column> columns = {MakeColumn(
      "id", postgres ? PostgresInteger() : Kind(v1::TYPE_KIND_INTEGER, 3, "int"), false)};
  for (const TypedValue& value : values) {
    columns.push_back(MakeColumn(value.column, value.type, true));
  }
  return MakeTable(postgres ? "public" : "shop", name, std::move(columns), {0});
}

v1::Row RowOf(const std::vector<TypedValue>& values) {
  v1::Row row;
  *row.add_values() = Integer(7);
  for (const TypedValue& value : values) *row.add_values() = value.value;
  return row;
}

}  // namespace tidemark::service::kafka
