#include "tests/oracle/mysql_value_text.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "tests/oracle/source_table.h"
#include "tests/support/open_session.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_database.h"

namespace tidemark::oracle {
namespace {

struct ValueCase {
  const char* column;  // its type in SQL
  const char* sql;     // a value
  const char* type;    // v1::Type
  const char* value;   // v1::Value
};

// What the documentation says of each type and of the edges of its values.
const ValueCase kCases[] = {
    {"bigint", "-9223372036854775808", "kind: TYPE_KIND_INTEGER", "integer: -9223372036854775808"},
    {"bigint unsigned", "18446744073709551615", "kind: TYPE_KIND_UNSIGNED_INTEGER",
     "unsigned_integer: 18446744073709551615"},
    {"int(8) unsigned zerofill", "5", "kind: TYPE_KIND_UNSIGNED_INTEGER", "unsigned_integer: 5"},
    {"year", "0", "kind: TYPE_KIND_INTEGER", "integer: 0"},
    {"year", "2155", "kind: TYPE_KIND_INTEGER", "integer: 2155"},
    {"decimal(65,30)", "-99999999999999999999999999999999999.999999999999999999999999999999",
     "kind: TYPE_KIND_DECIMAL",
     "decimal: '-99999999999999999999999999999999999.999999999999999999999999999999'"},
    {"decimal(10,2) zerofill", "7.5", "kind: TYPE_KIND_DECIMAL", "decimal: '7.50'"},
    {"float", "16777217", "kind: TYPE_KIND_REAL", "real: 16777216"},
    {"float", "0.1", "kind: TYPE_KIND_REAL", "real: 0.1"},
    {"float", "-3.4028234e38", "kind: TYPE_KIND_REAL", "real: -3.4028234e38"},
    {"double", "0.1", "kind: TYPE_KIND_DOUBLE_PRECISION", "double_precision: 0.1"},
    {"double", "-2.2250738585072014e-308", "kind: TYPE_KIND_DOUBLE_PRECISION",
     "double_precision: -2.2250738585072014e-308"},
    {"double", "1.7976931348623157e308", "kind: TYPE_KIND_DOUBLE_PRECISION",
     "double_precision: 1.7976931348623157e308"},
    {"double(10,2)", "1.005", "kind: TYPE_KIND_DOUBLE_PRECISION", "double_precision: 1"},
    {"bit(5)", "b'00101'", "kind: TYPE_KIND_BITS modifier: 5", "bits: '00101'"},
    {"bit(64)", "0xffffffffffffffff", "kind: TYPE_KIND_BITS modifier: 64",
     "bits: '1111111111111111111111111111111111111111111111111111111111111111'"},
    {"date", "'9999-12-31'", "kind: TYPE_KIND_DATE", "date: 2932896"},
    {"date", "'0001-01-01'", "kind: TYPE_KIND_DATE", "date: -719162"},
    {"date", "'0000-00-00'", "kind: TYPE_KIND_DATE", "server_text: '0000-00-00'"},
    {"date", "'2024-00-10'", "kind: TYPE_KIND_DATE", "server_text: '2024-00-10'"},
    {"time", "'-838:59:59'", "kind: TYPE_KIND_TIME modifier: 0", "time: -3020399000000"},
    {"time(2)", "'-00:00:00.5'", "kind: TYPE_KIND_TIME modifier: 2", "time: -500000"},
    {"time(6)", "'12:34:56.789012'", "kind: TYPE_KIND_TIME modifier: 6", "time: 45296789012"},
    {"datetime", "'1969-12-31 23:59:59'", "kind: TYPE_KIND_TIMESTAMP modifier: 0",
     "timestamp: -1000000"},
    {"datetime(3)", "'1000-01-01 00:00:00.001'", "kind: TYPE_KIND_TIMESTAMP modifier: 3",
     "timestamp: -30610223999999000"},
    {"datetime(6)", "'0000-00-00'", "kind: TYPE_KIND_TIMESTAMP modifier: 6",
     "server_text: '0000-00-00 00:00:00.000000'"},
    {"timestamp(6) NULL", "'2024-02-29 12:34:56.000001'",
     "kind: TYPE_KIND_TIMESTAMP_WITH_ZONE modifier: 6", "timestamp_with_zone: 1709210096000001"},
    {"varchar(20) CHARACTER SET latin1", "'Grüße €'", "kind: TYPE_KIND_TEXT", "text: 'Grüße €'"},
    {"varchar(20) CHARACTER SET utf16", "'日本 😀'", "kind: TYPE_KIND_TEXT", "text: '日本 😀'"},
    {"char(6)", "'ab  '", "kind: TYPE_KIND_TEXT", "text: 'ab'"},
    {"binary(4)", "x'0100'", "kind: TYPE_KIND_BINARY", "binary: '\\001\\000\\000\\000'"},
    {"varbinary(9)", "x'00ff00'", "kind: TYPE_KIND_BINARY", "binary: '\\000\\377\\000'"},
    {"enum('a','it''s')", "'it''s'", "kind: TYPE_KIND_ENUM", "enum_label: \"it's\""},
    {"set('a','b','c')", "'c,a'", "kind: TYPE_KIND_SERVER_TEXT", "server_text: 'a,c'"},
    {"point", "ST_GeomFromText('POINT(1 2)')", "kind: TYPE_KIND_GEOMETRY",
     "geometry { wkb: '\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\360?\\000\\000\\000"
     "\\000\\000\\000\\000@' }"},
};

const ValueCase kMySqlCases[] = {
    // MariaDB before 11 stores 0.
    {"double", "'-0'", "kind: TYPE_KIND_DOUBLE_PRECISION", "double_precision: -0.0"},
    {"json", "'{\"b\": 1.0, \"a\": [true, null]}'", "kind: TYPE_KIND_JSON",
     "json: '{\"a\": [true, null], \"b\": 1.0}'"},
    {"vector(2)", "STRING_TO_VECTOR('[1,-2.5]')", "kind: TYPE_KIND_VECTOR",
     "vector { elements: 1 elements: -2.5 }"},
    // 1 is the latitude, and stored second.
    {"point", "ST_GeomFromText('POINT(1 2)', 4326)", "kind: TYPE_KIND_GEOMETRY",
     "geometry { srid: 4326 wkb: '\\001\\001\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000@"
     "\\000\\000\\000\\000\\000\\000\\360?' }"},
};

const ValueCase kMariaDbCases[] = {
    {"json", "'{\"b\":1}'", "kind: TYPE_KIND_JSON", "json: '{\"b\":1}'"},
    {"uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "kind: TYPE_KIND_UUID",
     "uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"},
    {"inet4", "'10.0.0.1'", "kind: TYPE_KIND_SERVER_TEXT", "server_text: '10.0.0.1'"},
    {"inet6", "'::ffff:1.2.3.4'", "kind: TYPE_KIND_SERVER_TEXT", "server_text: '::ffff:1.2.3.4'"},
    {"varchar(99) COMPRESSED", "'abc'", "kind: TYPE_KIND_TEXT", "text: 'abc'"},
};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

class MysqlValueTextTest : public ::testing::TestWithParam<testing::ServerKind> {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(testing::MysqlServer * server, testing::SharedMysqlServer(GetParam()));
    ASSERT_OK_AND_ASSIGN(auto database, testing::MysqlDatabase::Make(*server));
    ASSERT_OK_AND_ASSIGN(session_, testing::OpenSession(database->url()));
    ASSERT_OK(PrepareSession(*session_));
    ASSERT_OK(session_->Exec("SET sql_mode = ''"));
  }

  // What the server answers where the oracle asks for the value.
  void Try(const ValueCase& value) {
    ASSERT_OK(
        session_->Exec(absl::StrCat("DROP TABLE IF EXISTS t; CREATE TABLE t (c ", value.column,
                                    "); INSERT INTO t VALUES (", value.sql, ")")))
        << value.column;
    ASSERT_OK_AND_ASSIGN(const SourceTable table, FindSourceTable(*session_, "shop.t", nullptr));
    ASSERT_OK_AND_ASSIGN(std::string text, session_->QueryValue(absl::StrCat(
                                               "SELECT ", table.columns[0].expression, " FROM t")));
    if (table.columns[0].floating) text = ExactDoubleText(std::strtod(text.c_str(), nullptr));
    ASSERT_OK_AND_ASSIGN(
        const std::optional<std::string> ours,
        MysqlValueText(Parse<v1::Value>(value.value), Parse<v1::Type>(value.type)));
    EXPECT_EQ(ours.value_or("NULL"), text) << value.column << " " << value.sql;
  }

  std::unique_ptr<testing::Session> session_;
};

TEST_P(MysqlValueTextTest, ValuesAreTheServersText) {
  for (const ValueCase& value : kCases) Try(value);
}

TEST_P(MysqlValueTextTest, ValuesOfOneMakeAreTheServersText) {
  if (GetParam().engine == testing::Engine::kMySql) {
    for (const ValueCase& value : kMySqlCases) Try(value);
  } else {
    for (const ValueCase& value : kMariaDbCases) Try(value);
  }
}

INSTANTIATE_TEST_SUITE_P(MySql, MysqlValueTextTest, ::testing::ValuesIn(testing::MysqlKinds()),
                         [](const auto& test) { return testing::Name(test.param); });

TEST(MysqlValueTextWithoutServerTest, ValueOfAnotherKindIsRefused) {
  const auto type = Parse<v1::Type>("kind: TYPE_KIND_DATE");
  EXPECT_TRUE(
      absl::IsInvalidArgument(MysqlValueText(Parse<v1::Value>("text: 'x'"), type).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      MysqlValueText(Parse<v1::Value>("unavailable: true"), type).status()));
  EXPECT_EQ(*MysqlValueText(v1::Value(), type), std::nullopt);
}

TEST(MysqlValueTextWithoutServerTest, BytesUnderATextTypeAreNoText) {
  const auto type = Parse<v1::Type>("kind: TYPE_KIND_TEXT");
  EXPECT_EQ(**MysqlValueText(Parse<v1::Value>("binary: 'a\\377'"), type), "0x61FF");
}

}  // namespace
}  // namespace tidemark::oracle
