#include "tests/oracle/value_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/text_format.h"
#include "tests/oracle/temporal_text.h"
#include "tests/support/postgres_server.h"
#include "tests/support/random_seed.h"
#include "tests/support/status_matchers.h"

namespace tidemark::oracle {
namespace {

using testing::PostgresServer;

class ValueTextTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_OK_AND_ASSIGN(server_, PostgresServer::Start({}));
    ASSERT_OK(server_->Exec("SET IntervalStyle = 'iso_8601'"));
  }
  static void TearDownTestSuite() { server_.reset(); }

  // What the server prints for each expression.
  static std::vector<std::string> Ask(const std::vector<std::string>& expressions) {
    std::vector<std::string> texts;
    auto rows = server_->Query(absl::StrCat("SELECT ", absl::StrJoin(expressions, ", ")));
    EXPECT_OK(rows);
    if (!rows.ok()) return texts;
    for (const auto& text : rows->front()) texts.push_back(text.value_or("NULL"));
    return texts;
  }

  static std::unique_ptr<PostgresServer> server_;
};
std::unique_ptr<PostgresServer> ValueTextTest::server_;

std::vector<double> Doubles(std::mt19937_64& random) {
  std::vector<double> numbers = {0.0,
                                 -0.0,
                                 1.0,
                                 0.1,
                                 1e-4,
                                 1e-5,
                                 1e14,
                                 1e15,
                                 1e16,
                                 1e22,
                                 1e23,
                                 5e-324,
                                 0.3,
                                 100.25,
                                 123456789012345.0,
                                 1.7976931348623157e308,
                                 9007199254740993.0,
                                 9.5e-3};
  while (numbers.size() < 500) {
    const double number = std::bit_cast<double>(random());
    if (std::isfinite(number)) numbers.push_back(number);
    numbers.push_back(static_cast<double>(random() % 1000000) / 100);
    numbers.push_back(std::ldexp(1.0, static_cast<int>(random() % 2000) - 1000));
  }
  return numbers;
}

TEST_F(ValueTextTest, DoublesArePrintedAsTheServerPrintsThem) {
  std::mt19937_64 random(testing::RandomSeed());
  const std::vector<double> numbers = Doubles(random);
  std::vector<std::string> expressions;
  std::vector<std::string> expected;
  for (double number : numbers) {
    expressions.push_back(absl::StrFormat("'%.17g'::float8", number));
    expected.push_back(DoubleText(number));
  }
  EXPECT_THAT(Ask(expressions), ::testing::ElementsAreArray(expected));
}

TEST_F(ValueTextTest, RealsArePrintedAsTheServerPrintsThem) {
  std::mt19937_64 random(testing::RandomSeed());
  std::vector<float> numbers = {0.0f,  -0.0f, 1e5f, 1e6f,        1e7f,
                                1e-4f, 1e-5f, 0.1f, 16777216.0f, 3.4e38f};
  while (numbers.size() < 500) {
    const float number = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (std::isnormal(number)) numbers.push_back(number);
    numbers.push_back(std::ldexp(1.0f, static_cast<int>(random() % 200) - 100));
  }
  std::vector<std::string> expressions;
  std::vector<std::string> expected;
  for (float number : numbers) {
    expressions.push_back(absl::StrFormat("'%.9g'::float4", number));
    expected.push_back(FloatText(number));
  }
  EXPECT_THAT(Ask(expressions), ::testing::ElementsAreArray(expected));
}

TEST_F(ValueTextTest, TimestampsArePrintedAsTheServerPrintsThem) {
  std::mt19937_64 random(testing::RandomSeed());
  std::vector<int64_t> moments = {
      0, -1, 1, -62135596800000000, -62135596800000001, 253402300800000000};
  for (int i = 0; i < 300; ++i)
    moments.push_back(static_cast<int64_t>(random() % 400'000'000'000'000'000) -
                      200'000'000'000'000'000);
  std::vector<std::string> expressions;
  std::vector<std::string> expected;
  for (int64_t moment : moments) {
    const std::string expression = absl::StrFormat(
        "(timestamp '1970-01-01' + make_interval(days => (%d)) + interval 'PT%dS' + "
        "interval '%d microseconds')",
        moment / 86'400'000'000, moment % 86'400'000'000 / 1'000'000, moment % 1'000'000);
    expressions.push_back(expression);
    expressions.push_back(absl::StrCat("(", expression, " AT TIME ZONE 'UTC')"));
    expressions.push_back(absl::StrCat(expression, "::date"));
    expected.push_back(TimestampText(moment, ""));
    expected.push_back(TimestampText(moment, "+00"));
    expected.push_back(DateText(std::floor(static_cast<long double>(moment) / 86'400'000'000)));
  }
  EXPECT_THAT(Ask(expressions), ::testing::ElementsAreArray(expected));
}

TEST_F(ValueTextTest, IntervalsArePrintedAsTheServerPrintsThem) {
  std::mt19937_64 random(testing::RandomSeed());
  std::vector<std::string> expressions = {"interval '0'"};
  std::vector<std::string> expected = {IntervalText({})};
  for (int i = 0; i < 300; ++i) {
    v1::Interval interval;
    interval.set_months(static_cast<int>(random() % 50) - 25);
    interval.set_days(static_cast<int>(random() % 50) - 25);
    interval.set_microseconds(static_cast<int64_t>(random() % 20'000'000'000) - 10'000'000'000);
    if (i % 3 == 0) interval.set_microseconds(interval.microseconds() / 1'000'000 * 1'000'000);
    if (i % 5 == 0) interval.set_microseconds(0);
    expressions.push_back(
        absl::StrFormat("make_interval(months => (%d), days => (%d)) + interval '%d microseconds'",
                        interval.months(), interval.days(), interval.microseconds()));
    expected.push_back(IntervalText(interval));
  }
  EXPECT_THAT(Ask(expressions), ::testing::ElementsAreArray(expected));
}

struct NestedCase {
  const char* expression;
  const char* value;
  const char* type;
};

TEST_F(ValueTextTest, NestedValuesAreQuotedAsTheServerQuotesThem) {
  const NestedCase cases[] = {
      {"ARRAY['a', 'b c', '', NULL, 'null', 'x\"y', 'x\\y', 'p,q', '{z}']",
       R"(array { dimensions { length: 9 lower_bound: 1 }
          elements { text: 'a' } elements { text: 'b c' } elements { text: '' } elements { }
          elements { text: 'null' } elements { text: 'x"y' } elements { text: 'x\\y' }
          elements { text: 'p,q' } elements { text: '{z}' } })",
       "kind: TYPE_KIND_ARRAY element { kind: TYPE_KIND_TEXT }"},
      {"'{}'::int[]", "array { }", "kind: TYPE_KIND_ARRAY element { kind: TYPE_KIND_INTEGER }"},
      {"'[0:1][2:3]={{1,2},{3,NULL}}'::int[]",
       R"(array { dimensions { length: 2 lower_bound: 0 } dimensions { length: 2 lower_bound: 2 }
          elements { integer: 1 } elements { integer: 2 } elements { integer: 3 } elements { } })",
       "kind: TYPE_KIND_ARRAY element { kind: TYPE_KIND_INTEGER }"},
      {"tsrange('2020-01-01', NULL)",
       "range { lower { timestamp: 1577836800000000 } lower_inclusive: true }",
       "kind: TYPE_KIND_RANGE element { kind: TYPE_KIND_TIMESTAMP }"},
      {"'empty'::int4range", "range { empty: true }",
       "kind: TYPE_KIND_RANGE element { kind: TYPE_KIND_INTEGER }"},
      {"int4multirange(int4range(1, 3), int4range(5, 9))",
       R"(multi_range { ranges { lower { integer: 1 } upper { integer: 3 } lower_inclusive: true }
                        ranges { lower { integer: 5 } upper { integer: 9 } lower_inclusive: true } })",
       "kind: TYPE_KIND_MULTI_RANGE element { kind: TYPE_KIND_INTEGER }"},
      {"ROW('a b', NULL, '', 'q\"(,)', true)",
       R"(composite { fields { text: 'a b' } fields { } fields { text: '' }
                      fields { text: 'q"(,)' } fields { boolean: true } })",
       R"(kind: TYPE_KIND_COMPOSITE fields { type { kind: TYPE_KIND_TEXT } }
          fields { type { kind: TYPE_KIND_TEXT } } fields { type { kind: TYPE_KIND_TEXT } }
          fields { type { kind: TYPE_KIND_TEXT } } fields { type { kind: TYPE_KIND_BOOLEAN } })"},
      {"'\\xdeadbeef'::bytea", "binary: '\\xde\\xad\\xbe\\xef'", "kind: TYPE_KIND_BINARY"},
      {"timetz '24:00:00-05:30'", "time_with_zone { time: 86400000000 zone_offset: -19800 }",
       "kind: TYPE_KIND_TIME_WITH_ZONE"},
      {"'-infinity'::date", "infinity: false", "kind: TYPE_KIND_DATE"},
  };
  for (const NestedCase& nested : cases) {
    SCOPED_TRACE(nested.expression);
    v1::Value value;
    v1::Type type;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(nested.value, &value));
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(nested.type, &type));
    ASSERT_OK_AND_ASSIGN(const std::optional<std::string> text, ValueText(value, type));
    EXPECT_THAT(Ask({nested.expression}), ::testing::ElementsAre(*text));
  }
}

TEST(ValueKindTest, ValueOfAnotherKindThanItsColumnIsRefused) {
  v1::Value value;
  v1::Type type;
  type.set_kind(v1::TYPE_KIND_INTEGER);
  value.set_text("1");
  EXPECT_FALSE(ValueText(value, type).ok());
  value.set_unavailable(true);
  EXPECT_FALSE(ValueText(value, type).ok());
  value.clear_kind();
  EXPECT_EQ(*ValueText(value, type), std::nullopt);
}

}  // namespace
}  // namespace tidemark::oracle
