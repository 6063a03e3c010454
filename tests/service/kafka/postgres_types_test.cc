// Each type of PostgreSQL: the server's text of a value becomes the stream's value by the same code
// as in a capture, and that becomes Debezium's schema and JSON.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "capture/postgres/value_text.h"
#include "service/kafka/debezium_row.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;

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

// A Row of one value.
std::string RowOf(const v1::Type& type, const std::string& text) {
  model::Bytes row;
  bool misfit = false;
  EXPECT_TRUE(capture::postgres::AppendTextValue(row, 1, *ModelType(type), text, &misfit)) << text;
  return std::string(row.view());
}

RowForm FormOf(const v1::Type& type, bool nullable = true) {
  return RowForm(MakeTable("public", "t", {MakeColumn("c", type, nullable)}), {0},
                 /*postgres=*/true);
}

std::string SchemaOf(const v1::Type& type, bool nullable = true) {
  std::string out;
  FormOf(type, nullable).AppendFields(out);
  return out;
}

// The JSON of column c; or the error's message.
std::string JsonOf(const v1::Type& type, const std::string& text) {
  std::string out;
  const absl::Status status = FormOf(type).Append(out, RowRole::kAfter, RowOf(type, text));
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    return std::string(status.message());
  }
  return out.substr(5, out.size() - 6);
}

std::string UnavailableOf(const v1::Type& type) {
  std::string out;
  const absl::Status status =
      FormOf(type).Append(out, RowRole::kAfter, MakeRow({Unavailable()}).SerializeAsString());
  return status.ok() ? out.substr(5, out.size() - 6) : std::string(status.message());
}

v1::Type Kind(v1::TypeKind kind, uint32_t oid, const std::string& name, int modifier = -1) {
  return MakeType(kind, oid, name, modifier);
}
v1::Type Numeric(int precision, int scale) {
  return Kind(v1::TYPE_KIND_DECIMAL, 1700, "numeric", (precision << 16 | (scale & 0x7ff)) + 4);
}
v1::Type Native(uint32_t oid, const std::string& name) {
  return Kind(v1::TYPE_KIND_SERVER_TEXT, oid, name);
}
v1::Type Extension(const std::string& name) { return Native(16500, name); }
v1::Type RangeOf(v1::Type bound, uint32_t oid, const std::string& name) {
  v1::Type type = Kind(v1::TYPE_KIND_RANGE, oid, name);
  *type.mutable_element() = std::move(bound);
  return type;
}

const v1::Type kSmallint = Kind(v1::TYPE_KIND_INTEGER, 21, "smallint");
const v1::Type kInteger = Kind(v1::TYPE_KIND_INTEGER, 23, "integer");
const v1::Type kBigint = Kind(v1::TYPE_KIND_INTEGER, 20, "bigint");
const v1::Type kText = Kind(v1::TYPE_KIND_TEXT, 25, "text");
const v1::Type kUuid = Kind(v1::TYPE_KIND_UUID, 2950, "uuid");
const v1::Type kDate = Kind(v1::TYPE_KIND_DATE, 1082, "date");
const v1::Type kTimestamp = Kind(v1::TYPE_KIND_TIMESTAMP, 1114, "timestamp without time zone");
const v1::Type kTimestamptz = Kind(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 1184, "timestamptz");
const v1::Type kAnyNumeric = Kind(v1::TYPE_KIND_DECIMAL, 1700, "numeric");

struct Case {
  v1::Type type;
  std::string text;
  std::string schema;  // between "optional":true and the field's name are the traits: head|traits
  std::string json;
};

// "head|traits" as the whole schema of the nullable column c.
std::string Whole(const std::string& schema) {
  const size_t bar = schema.find('|');
  return "{" + schema.substr(0, bar) + ",\"optional\":true" +
         (bar == std::string::npos ? "" : schema.substr(bar + 1)) + ",\"field\":\"c\"}";
}

void ExpectAll(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.type.name() + " " + one.text);
    EXPECT_EQ(SchemaOf(one.type), Whole(one.schema));
    EXPECT_EQ(JsonOf(one.type, one.text), one.json);
  }
}

std::string Named(const std::string& type, const std::string& name) {
  return "\"type\":\"" + type + "\"|,\"name\":\"" + name + "\",\"version\":1";
}

const std::string kString = "\"type\":\"string\"";

TEST(PostgresTypesTest, Numbers) {
  ExpectAll({
      {Kind(v1::TYPE_KIND_BOOLEAN, 16, "boolean"), "t", "\"type\":\"boolean\"", "true"},
      {kSmallint, "-32768", "\"type\":\"int16\"", "-32768"},
      {kInteger, "2147483647", "\"type\":\"int32\"", "2147483647"},
      {kBigint, "-9223372036854775808", "\"type\":\"int64\"", "-9223372036854775808"},
      {Kind(v1::TYPE_KIND_UNSIGNED_INTEGER, 26, "oid"), "4294967295", "\"type\":\"int64\"",
       "4294967295"},
      {Kind(v1::TYPE_KIND_REAL, 700, "real"), "1.1", "\"type\":\"float\"", "1.1"},
      {Kind(v1::TYPE_KIND_REAL, 700, "real"), "NaN", "\"type\":\"float\"", "\"NaN\""},
      {Kind(v1::TYPE_KIND_DOUBLE_PRECISION, 701, "double precision"), "-0", "\"type\":\"double\"",
       "-0.0"},
      {Kind(v1::TYPE_KIND_DOUBLE_PRECISION, 701, "double precision"), "-Infinity",
       "\"type\":\"double\"", "\"-Infinity\""},
      {Kind(v1::TYPE_KIND_DOUBLE_PRECISION, 701, "double precision"), "1e+300",
       "\"type\":\"double\"", "1.0E300"},
  });
}

TEST(PostgresTypesTest, DecimalsAreUnscaledBytes) {
  const std::string decimal = Named("bytes", "org.apache.kafka.connect.data.Decimal");
  const std::string variable =
      "\"type\":\"struct\",\"fields\":[{\"type\":\"int32\",\"optional\":false,\"field\":\"scale\"},"
      "{\"type\":\"bytes\",\"optional\":false,\"field\":\"value\"}]|,\"name\":"
      "\"io.debezium.data.VariableScaleDecimal\",\"version\":1,\"doc\":\"Variable scaled decimal\"";
  const std::string with = ",\"connect.decimal.precision\":";
  ExpectAll({
      {Numeric(10, 2), "-12.50", decimal + ",\"parameters\":{\"scale\":\"2\"" + with + "\"10\"}",
       "\"+x4=\""},
      {Numeric(5, 0), "0", decimal + ",\"parameters\":{\"scale\":\"0\"" + with + "\"5\"}",
       "\"AA==\""},
      {Numeric(4, -2), "1200", decimal + ",\"parameters\":{\"scale\":\"-2\"" + with + "\"4\"}",
       "\"DA==\""},
      {kAnyNumeric, "1.500", variable, R"({"scale":1,"value":"Dw=="})"},
      {kAnyNumeric, "100", variable, R"({"scale":0,"value":"ZA=="})"},
      {kAnyNumeric, "12345678901234567890123456789012345678901234567890", variable,
       R"({"scale":0,"value":"CHJ/Y2mq+DyhUCZ0evjH8ZbOPwrS"})"},
      {Native(790, "money"), "-$1,234.56", decimal + ",\"parameters\":{\"scale\":\"2\"}",
       "\"/h3A\""},
  });
}

TEST(PostgresTypesTest, DecimalsWithoutANumberAreAnErrorThatNamesTheColumn) {
  for (const char* text : {"NaN", "Infinity", "-Infinity"}) {
    EXPECT_THAT(JsonOf(Numeric(10, 2), text), HasSubstr("column c of public.t (numeric) has"));
    EXPECT_THAT(JsonOf(kAnyNumeric, text), HasSubstr("cannot hold"));
  }
}

TEST(PostgresTypesTest, Texts) {
  ExpectAll({
      {kText, "a \"b\"\n", kString, R"("a \"b\"\n")"},
      {Kind(v1::TYPE_KIND_TEXT, 1043, "character varying(5)", 9), "abc", kString, "\"abc\""},
      {Kind(v1::TYPE_KIND_TEXT, 1042, "character(5)", 9), "abc  ", kString, "\"abc  \""},
      {Kind(v1::TYPE_KIND_TEXT, 18, "\"char\""), "x", kString, "\"x\""},
      {Kind(v1::TYPE_KIND_TEXT, 19, "name"), "n", kString, "\"n\""},
      {Kind(v1::TYPE_KIND_TEXT, 16400, "public.citext"), "Ab", kString, "\"Ab\""},
      {Kind(v1::TYPE_KIND_TEXT, 142, "xml"), "<a/>", Named("string", "io.debezium.data.Xml"),
       "\"<a/>\""},
      {Kind(v1::TYPE_KIND_JSON, 114, "json"), "{\"a\": 1}",
       Named("string", "io.debezium.data.Json"), R"("{\"a\": 1}")"},
      {Kind(v1::TYPE_KIND_JSON, 3802, "jsonb"), "[1, 2]", Named("string", "io.debezium.data.Json"),
       "\"[1, 2]\""},
      {kUuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", Named("string", "io.debezium.data.Uuid"),
       "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""},
      {Native(3614, "tsvector"), "'a':1", Named("string", "io.debezium.data.Tsvector"),
       "\"'a':1\""},
      {Extension("public.ltree"), "a.b", Named("string", "io.debezium.data.Ltree"), "\"a.b\""},
      {Native(869, "inet"), "10.0.0.1/8", kString, "\"10.0.0.1/8\""},
      {Native(650, "cidr"), "10.0.0.0/8", kString, "\"10.0.0.0/8\""},
      {Native(829, "macaddr"), "08:00:2b:01:02:03", kString, "\"08:00:2b:01:02:03\""},
      {Native(774, "macaddr8"), "08:00:2b:ff:fe:01:02:03", kString, "\"08:00:2b:ff:fe:01:02:03\""},
      {MakeType(v1::TYPE_KIND_ENUM, 16401, "public.mood", -1, {"sad", "a,b", "c\\d"}), "a,b",
       Named("string", "io.debezium.data.Enum") + R"(,"parameters":{"allowed":"sad,a,b,c\\d"})",
       "\"a,b\""},
      {Extension("public.hstore"), R"("a"=>"1", "q\"q"=>NULL)",
       Named("string", "io.debezium.data.Json"), R"("{\"a\":\"1\",\"q\\\"q\":null}")"},
      {Extension("public.hstore"), "", Named("string", "io.debezium.data.Json"), "\"{}\""},
  });
}

TEST(PostgresTypesTest, BytesAndBits) {
  const std::string bits = Named("bytes", "io.debezium.data.Bits");
  ExpectAll({
      {Kind(v1::TYPE_KIND_BINARY, 17, "bytea"), "\\x00ff6162", "\"type\":\"bytes\"",
       "\"AP9hYg==\""},
      {Kind(v1::TYPE_KIND_BITS, 1560, "bit(1)", 1), "1", "\"type\":\"boolean\"", "true"},
      {Kind(v1::TYPE_KIND_BITS, 1560, "bit(3)", 3), "101", bits + R"(,"parameters":{"length":"3"})",
       "\"BQ==\""},
      {Kind(v1::TYPE_KIND_BITS, 1560, "bit(12)", 12), "001000000101",
       bits + R"(,"parameters":{"length":"12"})", "\"BQI=\""},
      {Kind(v1::TYPE_KIND_BITS, 1562, "bit varying"), "000",
       bits + R"(,"parameters":{"length":"2147483647"})", "\"\""},
  });
}

TEST(PostgresTypesTest, DatesAndTimesOfEachPrecision) {
  const std::string millis = Named("int64", "io.debezium.time.Timestamp");
  const std::string micros = Named("int64", "io.debezium.time.MicroTimestamp");
  const std::string zoned = Named("string", "io.debezium.time.ZonedTimestamp");
  const auto time = [](int digits) { return Kind(v1::TYPE_KIND_TIME, 1083, "time", digits); };
  const auto timestamp = [](int digits) {
    return Kind(v1::TYPE_KIND_TIMESTAMP, 1114, "timestamp", digits);
  };
  ExpectAll({
      {kDate, "2024-05-06", Named("int32", "io.debezium.time.Date"), "19849"},
      {kDate, "infinity", Named("int32", "io.debezium.time.Date"), "2146033979"},
      {kDate, "-infinity", Named("int32", "io.debezium.time.Date"), "-2147472691"},
      {time(0), "00:00:01", Named("int32", "io.debezium.time.Time"), "1000"},
      {time(3), "00:00:01.123", Named("int32", "io.debezium.time.Time"), "1123"},
      {time(4), "00:00:01.1234", Named("int64", "io.debezium.time.MicroTime"), "1123400"},
      {time(-1), "24:00:00", Named("int64", "io.debezium.time.MicroTime"), "86400000000"},
      {timestamp(0), "2024-05-06 07:08:09", millis, "1714979289000"},
      {timestamp(3), "1969-12-31 23:59:59.999", millis, "-1"},
      {timestamp(4), "2024-05-06 07:08:09.1234", micros, "1714979289123400"},
      {kTimestamp, "2024-05-06 07:08:09.123456", micros, "1714979289123456"},
      {kTimestamp, "infinity", micros, "9223372036854775807"},
      {kTimestamp, "-infinity", micros, "-9223372036854775808"},
      {timestamp(3), "infinity", millis, "9223372036825200000"},
      {timestamp(3), "-infinity", millis, "-9223372036832400000"},
      {kTimestamptz, "2024-05-06 07:08:09.12+00", zoned, "\"2024-05-06T07:08:09.120000Z\""},
      {Kind(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 1184, "timestamptz(0)", 0), "2024-05-06 07:08:09+00",
       zoned, "\"2024-05-06T07:08:09Z\""},
      {Kind(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 1184, "timestamptz(3)", 3),
       "0044-03-15 00:00:00+00 BC", zoned, "\"-0043-03-15T00:00:00.000Z\""},
      {kTimestamptz, "infinity", zoned, "\"infinity\""},
      {kTimestamptz, "-infinity", zoned, "\"-infinity\""},
      {Kind(v1::TYPE_KIND_TIME_WITH_ZONE, 1266, "timetz"), "01:30:00.5+02:00",
       Named("string", "io.debezium.time.ZonedTime"), "\"23:30:00.5Z\""},
      {Kind(v1::TYPE_KIND_TIME_WITH_ZONE, 1266, "timetz"), "24:00:00+00",
       Named("string", "io.debezium.time.ZonedTime"), "\"24:00:00Z\""},
      {Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), "P1Y2M3DT4H5M6.5S",
       Named("int64", "io.debezium.time.MicroDuration"), "37091106500000"},
      {Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), "PT-0.000001S",
       Named("int64", "io.debezium.time.MicroDuration"), "-1"},
  });
}

TEST(PostgresTypesTest, TimesThatDebeziumsTypesCannotHoldAreErrors) {
  EXPECT_THAT(JsonOf(kTimestamp, "294277-01-01 00:00:00"), HasSubstr("cannot hold"));
  EXPECT_THAT(JsonOf(Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), "infinity"),
              HasSubstr("cannot hold"));
  EXPECT_THAT(JsonOf(Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), "P178000000Y"),
              HasSubstr("cannot hold"));
}

TEST(PostgresTypesTest, RangesAreTheServersText) {
  ExpectAll({
      {RangeOf(kInteger, 3904, "int4range"), "[1,10)", kString, "\"[1,10)\""},
      {RangeOf(kBigint, 3926, "int8range"), "(,5)", kString, "\"(,5)\""},
      {RangeOf(kAnyNumeric, 3906, "numrange"), "(1.5,2.50]", kString, "\"(1.5,2.50]\""},
      {RangeOf(kDate, 3912, "daterange"), "[2024-05-06,infinity)", kString,
       "\"[2024-05-06,infinity)\""},
      {RangeOf(kTimestamp, 3908, "tsrange"), R"x(["2024-05-06 07:08:09.5","2024-05-07 00:00:00"))x",
       kString, R"x("[\"2024-05-06 07:08:09.5\",\"2024-05-07 00:00:00\")")x"},
      {RangeOf(kTimestamptz, 3910, "tstzrange"), R"x(["2024-05-06 07:08:09+00",))x", kString,
       R"x("[\"2024-05-06 07:08:09+00\",)")x"},
      {RangeOf(kInteger, 3904, "int4range"), "empty", kString, "\"empty\""},
  });
}

TEST(PostgresTypesTest, GeometricTypes) {
  const std::string point =
      R"("type":"struct","fields":[{"type":"double","optional":false,"field":"x"},)"
      R"({"type":"double","optional":false,"field":"y"},)"
      R"({"type":"bytes","optional":true,"field":"wkb"},)"
      R"({"type":"int32","optional":true,"field":"srid"}])";
  const std::string point_traits =
      R"x(,"name":"io.debezium.data.geometry.Point","version":1,"doc":"Geometry (POINT)")x";
  const std::string geometry =
      R"("type":"struct","fields":[{"type":"bytes","optional":false,"field":"wkb"},)"
      R"({"type":"int32","optional":true,"field":"srid"},)"
      R"({"type":"map","keys":{"type":"string","optional":false},)"
      R"("values":{"type":"string","optional":false},"optional":true,"field":"extensions"}]|)"
      R"(,"name":"io.debezium.data.geometry.Geometry","version":2,"doc":"Geometry")";
  const std::string ring =
      R"({"wkb":"AQMAAAABAAAABQAAAAAAAAAAAAhAAAAAAAAAEEAAAAAAAAAIQAAAAAAAAABAAAAAAAAA8D8AAAAAAAAAQ)"
      R"(AAAAAAAAPA/AAAAAAAAEEAAAAAAAAAIQAAAAAAAABBA","srid":null,"extensions":{"type":"box"}})";
  const std::string segments =
      R"({"wkb":"AQIAAAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPA/AAAAAAAA8D8AAAAAAAAAQAAAAAAAAAAA",)"
      R"("srid":null,"extensions":{"type":"path","closed":)";
  ExpectAll({
      {Native(600, "point"), "(1.5,-2)", point + "|" + point_traits,
       R"({"x":1.5,"y":-2.0,"wkb":"AQEAAAAAAAAAAAD4PwAAAAAAAADA","srid":null})"},
      {Native(603, "box"), "(3,4),(1,2)", geometry, ring},
      {Native(601, "lseg"), "[(0,0),(1,1)]", geometry,
       R"({"wkb":"AQIAAAACAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAPA/AAAAAAAA8D8=","srid":null,)"
       R"("extensions":{"type":"lseg"}})"},
      {Native(602, "path"), "[(0,0),(1,1),(2,0)]", geometry, segments + "\"false\"}}"},
      {Native(602, "path"), "((0,0),(1,1),(2,0))", geometry, segments + "\"true\"}}"},
      {Native(604, "polygon"), "((0,0),(1,1),(2,0))", geometry,
       R"({"wkb":"AQMAAAABAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAADwPwAAAAAAAPA/AAAAAAAAAEAAAAAAAAAA)"
       R"(AAAAAAAAAAAAAAAAAAAAAAA=","srid":null,"extensions":{"type":"polygon"}})"},
      {Native(718, "circle"), "<(1,2),3>",
       R"("type":"struct","fields":[{)" + point + R"(,"optional":false)" + point_traits +
           R"(,"field":"center"},{"type":"double","optional":false,"field":"radius"}]|)" +
           R"x(,"name":"io.debezium.data.geometry.Circle","version":1,"doc":"Geometry (CIRCLE)")x",
       R"({"center":{"x":1.0,"y":2.0,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null},)"
       R"("radius":3.0})"},
      {Native(628, "line"), "{1,-1,0}",
       R"("type":"struct","fields":[{"type":"double","optional":false,"field":"a"},)"
       R"({"type":"double","optional":false,"field":"b"},)"
       R"({"type":"double","optional":false,"field":"c"}]|)"
       R"x(,"name":"io.debezium.data.geometry.Line","version":1,"doc":"Geometry (LINE)")x",
       R"({"a":1.0,"b":-1.0,"c":0.0})"},
      {Extension("public.geometry(Point,4326)"),
       "0101000020E6100000000000000000F03F0000000000000040", geometry,
       R"({"wkb":"AQEAACDmEAAAAAAAAAAA8D8AAAAAAAAAQA==","srid":4326,"extensions":null})"},
      {Extension("public.geography"), "0101000000000000000000F03F0000000000000040",
       R"("type":"struct","fields":[{"type":"bytes","optional":false,"field":"wkb"},)"
       R"({"type":"int32","optional":true,"field":"srid"}]|)"
       R"(,"name":"io.debezium.data.geometry.Geography","version":1,"doc":"Geography")",
       R"({"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null})"},
  });
}

TEST(PostgresTypesTest, GeometriesOfServersWithTheOtherByteOrderHaveTheirSridToo) {
  EXPECT_EQ(
      JsonOf(Extension("public.geometry"), "0020000001000010E63FF00000000000004000000000000000"),
      R"({"wkb":"ACAAAAEAABDmP/AAAAAAAABAAAAAAAAAAA==","srid":4326,"extensions":null})");
  EXPECT_THAT(JsonOf(Extension("public.geometry"), "0101"), HasSubstr("cannot hold"));
}

TEST(PostgresTypesTest, Vectors) {
  ExpectAll({
      {Extension("public.vector(3)"), "[1,2.5,-3]",
       R"("type":"array","items":{"type":"double","optional":false}|)"
       R"(,"name":"io.debezium.data.DoubleVector","version":1)",
       "[1.0,2.5,-3.0]"},
      {Extension("public.halfvec(2)"), "[0.1,2]",
       R"("type":"array","items":{"type":"float","optional":false}|)"
       R"(,"name":"io.debezium.data.FloatVector","version":1)",
       "[0.1,2.0]"},
      {Extension("public.sparsevec(5)"), "{1:1.5,3:2}/5",
       R"("type":"struct","fields":[{"type":"int16","optional":false,"field":"dimensions"},)"
       R"({"type":"map","keys":{"type":"int16","optional":false},)"
       R"("values":{"type":"double","optional":false},"optional":false,"field":"vector"}]|)"
       R"(,"name":"io.debezium.data.SparseDoubleVector","version":1,"doc":"Sparse double vector")",
       R"({"dimensions":5,"vector":[[1,1.5],[3,2.0]]})"},
  });
  EXPECT_THAT(JsonOf(Extension("public.sparsevec"), "{1:1.5}/100000"), HasSubstr("cannot hold"));
}

std::string Items(const std::string& schema) {
  return "\"type\":\"array\",\"items\":{" + schema + "}";
}

TEST(PostgresTypesTest, ArraysOfOneDimension) {
  const std::string decimal = R"(,"name":"org.apache.kafka.connect.data.Decimal","version":1,)"
                              R"("parameters":{"scale":"2","connect.decimal.precision":"10"})";
  ExpectAll({
      {ArrayOf(kInteger, 1007), "{1,NULL,-3}", Items(R"("type":"int32","optional":true)"),
       "[1,null,-3]"},
      {ArrayOf(kText, 1009), R"({a,"b c"})", Items(R"("type":"string","optional":true)"),
       R"(["a","b c"])"},
      {ArrayOf(kText, 1009), "{}", Items(R"("type":"string","optional":true)"), "[]"},
      {ArrayOf(Numeric(10, 2), 1231), "{-12.50}",
       Items(R"("type":"bytes","optional":true)" + decimal), R"(["+x4="])"},
      {ArrayOf(kTimestamptz, 1185), R"({"2024-05-06 07:08:09+00"})",
       Items(R"("type":"string","optional":true,"name":"io.debezium.time.ZonedTimestamp",)"
             R"("version":1)"),
       R"(["2024-05-06T07:08:09.000000Z"])"},
      {ArrayOf(Kind(v1::TYPE_KIND_BINARY, 17, "bytea"), 1001), R"({"\\x05"})",
       Items(R"("type":"bytes","optional":true)"), R"(["BQ=="])"},
      {ArrayOf(MakeType(v1::TYPE_KIND_ENUM, 16401, "public.mood", -1, {"sad", "ok"}), 16402),
       "{ok}",
       Items(R"("type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,)"
             R"("parameters":{"allowed":"sad,ok"})"),
       R"(["ok"])"},
  });
  EXPECT_THAT(JsonOf(ArrayOf(kInteger, 1007), "{{1},{2}}"), HasSubstr("cannot hold"));
}

TEST(PostgresTypesTest, ColumnsThatDebeziumLeavesOutAreNamed) {
  v1::Type multirange = Kind(v1::TYPE_KIND_MULTI_RANGE, 4451, "int4multirange");
  *multirange.mutable_element() = kInteger;
  const v1::Type domain = Kind(v1::TYPE_KIND_INTEGER, 16700, "public.positive");
  const std::vector<v1::Type> types = {
      multirange,
      Kind(v1::TYPE_KIND_COMPOSITE, 16701, "public.pair"),
      Native(3615, "tsquery"),
      Native(3220, "pg_lsn"),
      Kind(v1::TYPE_KIND_UNSIGNED_INTEGER, 28, "xid"),
      RangeOf(kInteger, 16702, "public.myrange"),
      ArrayOf(Native(790, "money"), 791),
      ArrayOf(Kind(v1::TYPE_KIND_TEXT, 19, "name"), 1003),
      ArrayOf(Kind(v1::TYPE_KIND_INTERVAL, 1186, "interval"), 1187),
      ArrayOf(Kind(v1::TYPE_KIND_BITS, 1562, "bit varying"), 1563),
      ArrayOf(Kind(v1::TYPE_KIND_TEXT, 142, "xml"), 143),
      ArrayOf(Native(600, "point"), 1017),
      ArrayOf(domain, 16703),
  };
  for (const v1::Type& type : types) {
    SCOPED_TRACE(type.name());
    EXPECT_EQ(FormOf(type).left_out(), std::vector<std::string>{"c"});
    EXPECT_EQ(SchemaOf(type), "");
    std::string out;
    const v1::Row row = MakeRow({Integer(1)});
    EXPECT_TRUE(FormOf(type).Append(out, RowRole::kAfter, row.SerializeAsString()).ok());
    EXPECT_EQ(out, "{}");
  }
}

TEST(PostgresTypesTest, DomainsHaveTheWidestFormOfTheirBase) {
  ExpectAll({
      {Kind(v1::TYPE_KIND_INTEGER, 16700, "public.positive"), "7", "\"type\":\"int64\"", "7"},
      {Kind(v1::TYPE_KIND_TEXT, 16701, "public.email"), "a@b", kString, "\"a@b\""},
      {Native(16702, "public.address"), "10.0.0.1", kString, "\"10.0.0.1\""},
  });
  EXPECT_THAT(SchemaOf(Kind(v1::TYPE_KIND_DECIMAL, 16703, "public.price")),
              HasSubstr("VariableScaleDecimal"));
}

TEST(PostgresTypesTest, ValuesThatTheLogDidNotCarryAreMarked) {
  const std::string mark = "\"__debezium_unavailable_value\"";
  const std::string digits =
      "[95,95,100,101,98,101,122,105,117,109,95,117,110,97,118,97,105,108,97,98,108,101,95,118,"
      "97,"
      "108,117,101]";
  EXPECT_EQ(UnavailableOf(kText), mark);
  EXPECT_EQ(UnavailableOf(Kind(v1::TYPE_KIND_JSON, 3802, "jsonb")), mark);
  EXPECT_EQ(UnavailableOf(RangeOf(kAnyNumeric, 3906, "numrange")), mark);
  EXPECT_EQ(UnavailableOf(Kind(v1::TYPE_KIND_BINARY, 17, "bytea")),
            "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"");
  EXPECT_EQ(UnavailableOf(Extension("public.hstore")),
            R"("{\"__debezium_unavailable_value\":\"__debezium_unavailable_value\"}")");
  EXPECT_EQ(UnavailableOf(ArrayOf(kText, 1009)), "[" + mark + "]");
  EXPECT_EQ(UnavailableOf(ArrayOf(Kind(v1::TYPE_KIND_BINARY, 17, "bytea"), 1001)),
            "[\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"]");
  EXPECT_EQ(UnavailableOf(ArrayOf(kInteger, 1007)), digits);
  EXPECT_EQ(UnavailableOf(ArrayOf(kBigint, 1016)), digits);
  EXPECT_EQ(UnavailableOf(ArrayOf(kDate, 1182)), digits);
  EXPECT_EQ(UnavailableOf(ArrayOf(kUuid, 2951)), "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]");
}

TEST(PostgresTypesTest, WhereTheTypeHasNoMarkTheErrorNamesColumnAndRemedy) {
  for (const v1::Type& type : {kAnyNumeric, Extension("public.vector"), Native(602, "path"),
                               ArrayOf(kTimestamptz, 1185)}) {
    EXPECT_THAT(UnavailableOf(type), AllOf(HasSubstr("did not carry column c of public.t"),
                                           HasSubstr("REPLICA IDENTITY FULL")));
  }
}

TEST(PostgresTypesTest, ColumnsThatCannotBeNullAreRequiredButForDebeziumsGeometries) {
  EXPECT_EQ(SchemaOf(kInteger, false), R"({"type":"int32","optional":false,"field":"c"})");
  EXPECT_THAT(SchemaOf(Native(603, "box"), false), HasSubstr("],\"optional\":true,\"name\""));
  EXPECT_THAT(SchemaOf(Native(600, "point"), false), HasSubstr("],\"optional\":false,\"name\""));
}

}  // namespace
}  // namespace tidemark::service::kafka
