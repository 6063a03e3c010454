// Each type of MySQL and MariaDB as the stream holds it, and Debezium's schema and JSON of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "service/kafka/debezium_row.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;

constexpr uint32_t kUnsigned = 256;

RowForm FormOf(const v1::Type& type, bool nullable = true) {
  return RowForm(MakeTable("shop", "t", {MakeColumn("c", type, nullable)}), {0},
                 /*postgres=*/false);
}

std::string SchemaOf(const v1::Type& type) {
  std::string out;
  FormOf(type).AppendFields(out);
  return out;
}

// The JSON of column c; or the error's message.
std::string JsonOf(const v1::Type& type, const v1::Value& value, bool nullable = true) {
  std::string out;
  const absl::Status status =
      FormOf(type, nullable).Append(out, RowRole::kAfter, MakeRow({value}).SerializeAsString());
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    return std::string(status.message());
  }
  return out.substr(5, out.size() - 6);
}

// A value with one member set.
template <typename Set>
v1::Value Make(Set set) {
  v1::Value value;
  set(value);
  return value;
}
v1::Value Unsigned(uint64_t number) {
  return Make([&](v1::Value& value) { value.set_unsigned_integer(number); });
}
v1::Value Real(float number) {
  return Make([&](v1::Value& value) { value.set_real(number); });
}
v1::Value Double(double number) {
  return Make([&](v1::Value& value) { value.set_double_precision(number); });
}
v1::Value Decimal(const std::string& text) {
  return Make([&](v1::Value& value) { value.set_decimal(text); });
}
v1::Value Bits(const std::string& text) {
  return Make([&](v1::Value& value) { value.set_bits(text); });
}
v1::Value Binary(const std::string& bytes) {
  return Make([&](v1::Value& value) { value.set_binary(bytes); });
}
v1::Value Date(int64_t days) {
  return Make([&](v1::Value& value) { value.set_date(days); });
}
v1::Value Time(int64_t time_us) {
  return Make([&](v1::Value& value) { value.set_time(time_us); });
}
v1::Value Timestamp(int64_t timestamp_us) {
  return Make([&](v1::Value& value) { value.set_timestamp(timestamp_us); });
}
v1::Value Zoned(int64_t timestamp_us) {
  return Make([&](v1::Value& value) { value.set_timestamp_with_zone(timestamp_us); });
}
v1::Value Label(const std::string& label) {
  return Make([&](v1::Value& value) { value.set_enum_label(label); });
}
v1::Value Json(const std::string& text) {
  return Make([&](v1::Value& value) { value.set_json(text); });
}
v1::Value Geometry(uint32_t srid, const std::string& wkb) {
  return Make([&](v1::Value& value) {
    value.mutable_geometry()->set_srid(srid);
    value.mutable_geometry()->set_wkb(wkb);
  });
}

// 2024-05-06 07:08:09 UTC
constexpr int64_t kMysqlMoment = 1'714'979'289'000'000;

struct Case {
  v1::Type type;
  v1::Value value;
  std::string schema;  // "head|traits"
  std::string json;
};

std::string Whole(const std::string& schema) {
  const size_t bar = schema.find('|');
  return "{" + schema.substr(0, bar) + ",\"optional\":true" +
         (bar == std::string::npos ? "" : schema.substr(bar + 1)) + ",\"field\":\"c\"}";
}

void ExpectAll(const std::vector<Case>& cases) {
  for (const Case& one : cases) {
    SCOPED_TRACE(one.type.name() + " " + one.value.ShortDebugString());
    EXPECT_EQ(SchemaOf(one.type), Whole(one.schema));
    EXPECT_EQ(JsonOf(one.type, one.value), one.json);
  }
}

std::string Plain(const std::string& type) { return "\"type\":\"" + type + "\""; }
std::string Named(const std::string& type, const std::string& name) {
  return Plain(type) + "|,\"name\":\"" + name + "\",\"version\":1";
}

v1::Type Whole(uint32_t oid, const std::string& name) {
  return MakeType(oid >= kUnsigned ? v1::TYPE_KIND_UNSIGNED_INTEGER : v1::TYPE_KIND_INTEGER, oid,
                  name);
}

TEST(MysqlTypesTest, WholeNumbers) {
  ExpectAll({
      {Whole(1, "tinyint(1)"), Integer(1), Plain("int8"), "1"},
      {Whole(1, "tinyint"), Integer(-128), Plain("int8"), "-128"},
      {Whole(1 + kUnsigned, "tinyint unsigned"), Unsigned(255), Plain("int16"), "255"},
      {Whole(2, "smallint"), Integer(-32768), Plain("int16"), "-32768"},
      {Whole(2 + kUnsigned, "smallint unsigned"), Unsigned(65535), Plain("int32"), "65535"},
      {Whole(9, "mediumint"), Integer(-8388608), Plain("int32"), "-8388608"},
      {Whole(9 + kUnsigned, "mediumint unsigned"), Unsigned(16777215), Plain("int32"), "16777215"},
      {Whole(3, "int"), Integer(-2147483648), Plain("int32"), "-2147483648"},
      {Whole(3 + kUnsigned, "int unsigned"), Unsigned(4294967295), Plain("int64"), "4294967295"},
      {Whole(8, "bigint"), Integer(9223372036854775807), Plain("int64"), "9223372036854775807"},
      {Whole(8 + kUnsigned, "bigint unsigned"), Unsigned(5), Plain("int64"), "5"},
      {Whole(8 + kUnsigned, "bigint unsigned"), Unsigned(18446744073709551615u), Plain("int64"),
       "-1"},
      {MakeType(v1::TYPE_KIND_INTEGER, 13, "year"), Integer(2024),
       Named("int32", "io.debezium.time.Year"), "2024"},
  });
  EXPECT_THAT(JsonOf(Whole(1, "tinyint"), Integer(128)), HasSubstr("cannot hold"));
  EXPECT_THAT(JsonOf(Whole(1 + kUnsigned, "tinyint unsigned"), Unsigned(18446744073709551615u)),
              HasSubstr("cannot hold"));
}

TEST(MysqlTypesTest, FloatsAndDecimals) {
  ExpectAll({
      {MakeType(v1::TYPE_KIND_REAL, 4, "float"), Real(1.1f), Plain("float"), "1.1"},
      {MakeType(v1::TYPE_KIND_REAL, 4, "float(7,3)"), Real(1.1f), Plain("double"),
       "1.100000023841858"},
      {MakeType(v1::TYPE_KIND_DOUBLE_PRECISION, 5, "double"), Double(1e300), Plain("double"),
       "1.0E300"},
      {MakeType(v1::TYPE_KIND_DECIMAL, 246, "decimal(10,2)", 10 << 8 | 2), Decimal("-12.50"),
       Named("bytes", "org.apache.kafka.connect.data.Decimal") +
           R"(,"parameters":{"scale":"2","connect.decimal.precision":"10"})",
       "\"+x4=\""},
  });
}

TEST(MysqlTypesTest, BitsAreLittleEndianAndOfTheColumnsLength) {
  ExpectAll({
      {MakeType(v1::TYPE_KIND_BITS, 16, "bit(1)", 1), Bits("1"), Plain("boolean"), "true"},
      {MakeType(v1::TYPE_KIND_BITS, 16, "bit(12)", 12), Bits("001000000001"),
       Named("bytes", "io.debezium.data.Bits") + R"(,"parameters":{"length":"12"})", "\"AQI=\""},
      {MakeType(v1::TYPE_KIND_BITS, 16, "bit(9)", 9), Bits("000000101"),
       Named("bytes", "io.debezium.data.Bits") + R"(,"parameters":{"length":"9"})", "\"BQA=\""},
  });
}

TEST(MysqlTypesTest, TextsAndBytes) {
  ExpectAll({
      {MakeType(v1::TYPE_KIND_TEXT, 15, "varchar(20)", 80), Text("ä\t"), Plain("string"),
       "\"ä\\t\""},
      {MakeType(v1::TYPE_KIND_TEXT, 254, "char(3)", 12), Text("a"), Plain("string"), "\"a\""},
      {MakeType(v1::TYPE_KIND_TEXT, 252, "longtext", 4), Text("t"), Plain("string"), "\"t\""},
      {MakeType(v1::TYPE_KIND_BINARY, 254, "binary(2)", 2), Binary(std::string("\5\2")),
       Plain("bytes"), "\"BQI=\""},
      {MakeType(v1::TYPE_KIND_BINARY, 252, "blob", 2),
       Binary(std::string("\0\xff"
                          "ab",
                          4)),
       Plain("bytes"), "\"AP9hYg==\""},
      {MakeType(v1::TYPE_KIND_JSON, 245, "json"), Json("{\"a\": 1}"),
       Named("string", "io.debezium.data.Json"), R"("{\"a\": 1}")"},
      {MakeType(v1::TYPE_KIND_ENUM, 247, "enum('a','b,c')", -1, {"a", "b,c"}), Label("b,c"),
       Named("string", "io.debezium.data.Enum") + R"(,"parameters":{"allowed":"a,b\\,c"})",
       "\"b,c\""},
      {MakeType(v1::TYPE_KIND_ENUM, 247, "enum('a')", -1, {"a"}), Label(""),
       Named("string", "io.debezium.data.Enum") + R"(,"parameters":{"allowed":"a"})", "\"\""},
      {MakeType(v1::TYPE_KIND_SERVER_TEXT, 248, "set('a','b')", -1, {"a", "b"}), ServerText("a,b"),
       Named("string", "io.debezium.data.EnumSet") + R"(,"parameters":{"allowed":"a,b"})",
       "\"a,b\""},
      {MakeType(v1::TYPE_KIND_UUID, 254, "uuid", 16),
       Make([](v1::Value& v) { v.set_uuid("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"); }),
       Named("string", "io.debezium.data.Uuid"), "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""},
      {MakeType(v1::TYPE_KIND_SERVER_TEXT, 254, "inet6", 16), ServerText("::1"), Plain("string"),
       "\"::1\""},
  });
  EXPECT_THAT(
      JsonOf(MakeType(v1::TYPE_KIND_TEXT, 15, "varchar(9)", 9), Binary(std::string("\xff"))),
      HasSubstr("column c of shop.t (varchar(9))"));
}

TEST(MysqlTypesTest, DatesAndTimesOfEachPrecision) {
  const auto datetime = [](int digits) {
    return MakeType(v1::TYPE_KIND_TIMESTAMP, 18, "datetime", digits);
  };
  const auto timestamp = [](int digits) {
    return MakeType(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 17, "timestamp", digits);
  };
  const std::string zoned = Named("string", "io.debezium.time.ZonedTimestamp");
  const std::string micro_time = Named("int64", "io.debezium.time.MicroTime");
  ExpectAll({
      {MakeType(v1::TYPE_KIND_DATE, 10, "date"), Date(19849),
       Named("int32", "io.debezium.time.Date"), "19849"},
      {MakeType(v1::TYPE_KIND_TIME, 19, "time", 0), Time(-3'020'399'000'000), micro_time,
       "-3020399000000"},
      {MakeType(v1::TYPE_KIND_TIME, 19, "time(6)", 6), Time(1), micro_time, "1"},
      {datetime(0), Timestamp(kMysqlMoment), Named("int64", "io.debezium.time.Timestamp"),
       "1714979289000"},
      {datetime(3), Timestamp(kMysqlMoment + 123'000), Named("int64", "io.debezium.time.Timestamp"),
       "1714979289123"},
      {datetime(4), Timestamp(kMysqlMoment + 123'400), Named("int64", "io.debezium.time.MicroTimestamp"),
       "1714979289123400"},
      {datetime(6), Timestamp(kMysqlMoment + 123'456), Named("int64", "io.debezium.time.MicroTimestamp"),
       "1714979289123456"},
      {timestamp(0), Zoned(kMysqlMoment), zoned, "\"2024-05-06T07:08:09Z\""},
      {timestamp(3), Zoned(kMysqlMoment + 120'000), zoned, "\"2024-05-06T07:08:09.120Z\""},
      {timestamp(6), Zoned(kMysqlMoment), zoned, "\"2024-05-06T07:08:09.000000Z\""},
  });
}

TEST(MysqlTypesTest, ZeroAndInvalidDatesAreNullOrTheEpoch) {
  const v1::Type date = MakeType(v1::TYPE_KIND_DATE, 10, "date");
  const v1::Type datetime = MakeType(v1::TYPE_KIND_TIMESTAMP, 18, "datetime", 0);
  const v1::Type timestamp = MakeType(v1::TYPE_KIND_TIMESTAMP_WITH_ZONE, 17, "timestamp", 0);
  EXPECT_EQ(JsonOf(date, ServerText("0000-00-00")), "null");
  EXPECT_EQ(JsonOf(date, ServerText("2024-02-30"), false), "0");
  EXPECT_EQ(JsonOf(datetime, ServerText("0000-00-00 00:00:00"), false), "0");
  EXPECT_EQ(JsonOf(timestamp, ServerText("0000-00-00 00:00:00")), "null");
  EXPECT_EQ(JsonOf(timestamp, ServerText("0000-00-00 00:00:00"), false),
            "\"1970-01-01T00:00:00Z\"");
}

TEST(MysqlTypesTest, SpatialTypesAndVectors) {
  const std::string point(
      "\1\1\0\0\0"
      "\0\0\0\0\0\0\xf0\x3f"
      "\0\0\0\0\0\0\0\x40",
      21);
  EXPECT_EQ(JsonOf(MakeType(v1::TYPE_KIND_GEOMETRY, 255, "point"), Geometry(4326, point)),
            R"({"x":1.0,"y":2.0,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":4326})");
  EXPECT_EQ(JsonOf(MakeType(v1::TYPE_KIND_GEOMETRY, 255, "geometry"), Geometry(0, point)),
            R"({"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAABA","srid":null,"extensions":null})");
  EXPECT_THAT(SchemaOf(MakeType(v1::TYPE_KIND_GEOMETRY, 255, "linestring")),
              HasSubstr("\"io.debezium.data.geometry.Geometry\",\"version\":2"));
  EXPECT_THAT(SchemaOf(MakeType(v1::TYPE_KIND_GEOMETRY, 255, "POINT")),
              HasSubstr("\"io.debezium.data.geometry.Point\",\"version\":1"));
  EXPECT_THAT(JsonOf(MakeType(v1::TYPE_KIND_GEOMETRY, 255, "point"), Geometry(0, "\1")),
              HasSubstr("cannot hold"));
  const v1::Value vector = Make([](v1::Value& value) {
    value.mutable_vector()->add_elements(1);
    value.mutable_vector()->add_elements(-0.5);
  });
  ExpectAll({{MakeType(v1::TYPE_KIND_VECTOR, 242, "vector(2)"), vector,
              R"("type":"array","items":{"type":"float","optional":false}|)"
              R"(,"name":"io.debezium.data.FloatVector","version":1)",
              "[1.0,-0.5]"}});
}

TEST(MysqlTypesTest, ColumnsThatTheImageLeftOutAreMarkedOrAnError) {
  EXPECT_EQ(JsonOf(MakeType(v1::TYPE_KIND_TEXT, 252, "text", 2), Unavailable()),
            "\"__debezium_unavailable_value\"");
  EXPECT_EQ(JsonOf(MakeType(v1::TYPE_KIND_BINARY, 252, "blob", 2), Unavailable()),
            "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"");
  EXPECT_THAT(JsonOf(Whole(3, "int"), Unavailable()), HasSubstr("binlog_row_image = FULL"));
}

}  // namespace
}  // namespace tidemark::service::kafka
