#include "capture/postgres/value_text.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "capture/postgres/nested_text.h"
#include "fake_catalog.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::capture::postgres {
namespace {

using model::TypeKind;
using TypePtr = std::shared_ptr<const model::Type>;

TypePtr Scalar(TypeKind kind) { return MakeType(kind, 1, "sample"); }

TypePtr Holding(TypeKind kind, TypePtr element, char delimiter = ',') {
  auto type = MakeType(kind, 2, "holder");
  type->element = std::move(element);
  type->delimiter = delimiter;
  return type;
}

TypePtr Record(std::vector<TypePtr> fields) {
  auto type = MakeType(TypeKind::kComposite, 3, "record");
  for (TypePtr& field : fields) type->fields.push_back({"f", std::move(field)});
  return type;
}

TypePtr ArrayOf(TypeKind kind) { return Holding(TypeKind::kArray, Scalar(kind)); }
TypePtr RangeOf(TypeKind kind) { return Holding(TypeKind::kRange, Scalar(kind)); }
TypePtr MultiRangeOf(TypeKind kind) { return Holding(TypeKind::kMultiRange, Scalar(kind)); }

// The value; nullopt where the text is refused. Checks the size bound on the way.
std::optional<v1::Value> Parse(const model::Type& type, std::string_view text) {
  std::vector<char> exact(text.begin(), text.end());
  model::Bytes out;
  bool misfit = false;
  if (!AppendTextValue(out, 1, type, {exact.data(), exact.size()}, &misfit)) return std::nullopt;
  EXPECT_LE(out.size(),
            IsNested(type.kind) ? NestedValueBound(text.size()) : ScalarValueBound(text.size()));
  v1::Row row;
  EXPECT_TRUE(row.ParseFromArray(out.data(), static_cast<int>(out.size())));
  EXPECT_EQ(row.values_size(), 1);
  return row.values(0);
}

struct Case {
  TypePtr type;
  std::string text;
  std::string value;  // protobuf text format
};

void Check(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    v1::Value expected;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(c.value, &expected)) << c.value;
    std::optional<v1::Value> value = Parse(*c.type, c.text);
    ASSERT_TRUE(value.has_value()) << c.text;
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(*value, expected))
        << c.text << " gave " << value->ShortDebugString();
  }
}

void CheckRefused(const TypePtr& type, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) EXPECT_FALSE(Parse(*type, text).has_value()) << text;
}

TEST(ValueTextTest, NumbersAndBooleans) {
  auto boolean = Scalar(TypeKind::kBoolean), integer = Scalar(TypeKind::kInteger),
       natural = Scalar(TypeKind::kUnsignedInteger), decimal = Scalar(TypeKind::kDecimal);
  Check(
      {{boolean, "t", "boolean: true"},
       {boolean, "f", "boolean: false"},
       {integer, "0", "integer: 0"},
       {integer, "-32768", "integer: -32768"},
       {integer, "2147483647", "integer: 2147483647"},
       {integer, "9223372036854775807", "integer: 9223372036854775807"},
       {integer, "-9223372036854775808", "integer: -9223372036854775808"},
       {natural, "4294967295", "unsigned_integer: 4294967295"},
       {natural, "18446744073709551615", "unsigned_integer: 18446744073709551615"},
       {decimal, "-12.50", "decimal: '-12.50'"},
       {decimal, "0.000000000000000000000000000001", "decimal: '0.000000000000000000000000000001'"},
       {decimal, "123456789012345678901234567890", "decimal: '123456789012345678901234567890'"},
       {decimal, "NaN", "decimal: 'NaN'"},
       {decimal, "-Infinity", "decimal: '-Infinity'"}});
  CheckRefused(boolean, {"", "true", "x"});
  CheckRefused(integer, {"", "-", "1x", "+1", " 1", "9223372036854775808"});
  CheckRefused(natural, {"", "-1", "18446744073709551616"});
  CheckRefused(decimal, {"", "-", ".5", "5.", "1e5", "1.2.3", "--1", "inf"});
}

TEST(ValueTextTest, FloatsKeepEveryBit) {
  auto real = Scalar(TypeKind::kReal), real8 = Scalar(TypeKind::kDoublePrecision);
  Check({{real, "1.1", "real: 1.1"},
         {real, "-Infinity", "real: -inf"},
         {real, "3.4028235e+38", "real: 3.4028235e+38"},
         {real, "1e-45", "real: 1e-45"},
         {real8, "0.1", "double_precision: 0.1"},
         {real8, "1.7976931348623157e+308", "double_precision: 1.7976931348623157e+308"},
         {real8, "5e-324", "double_precision: 5e-324"},
         {real8, "Infinity", "double_precision: inf"}});
  EXPECT_TRUE(std::signbit(Parse(*real8, "-0")->double_precision()));
  EXPECT_TRUE(std::signbit(Parse(*real, "-0")->real()));
  EXPECT_TRUE(std::isnan(Parse(*real8, "NaN")->double_precision()));
  EXPECT_TRUE(std::isnan(Parse(*real, "NaN")->real()));
  CheckRefused(real8, {"", "nan", "inf", "1e", "x1", "1e999", "0x1p3"});
}

TEST(ValueTextTest, TextsAndBytes) {
  auto binary = Scalar(TypeKind::kBinary), uuid = Scalar(TypeKind::kUuid),
       bits = Scalar(TypeKind::kBits);
  Check({{Scalar(TypeKind::kText), "", "text: ''"},
         {Scalar(TypeKind::kText), "a\tb\xC3\xA9 ", "text: 'a\\tb\\303\\251 '"},
         {Scalar(TypeKind::kText), std::string(300, 'x'), "text: '" + std::string(300, 'x') + "'"},
         {binary, "\\x", "binary: ''"},
         {binary, "\\x00ffDe", "binary: '\\000\\377\\336'"},
         {Scalar(TypeKind::kJson), R"({"a": 1})", R"(json: '{"a": 1}')"},
         {uuid, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
          "uuid: 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"},
         {bits, "0101", "bits: '0101'"},
         {bits, "", "bits: ''"},
         {Scalar(TypeKind::kEnum), "so so", "enum_label: 'so so'"},
         {Scalar(TypeKind::kServerText), "10.0.0.0/8", "server_text: '10.0.0.0/8'"}});
  CheckRefused(binary, {"", "00", "\\x0", "\\x0g", "\\X00"});
  CheckRefused(uuid,
               {"", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1", "A0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "a0eebc9909c0b-4ef8-bb6d-6bb9bd380a11"});
  CheckRefused(bits, {"012"});
  CheckRefused(Scalar(TypeKind::kUnspecified), {"1"});
}

TEST(ValueTextTest, DatesAndTimestamps) {
  auto date = Scalar(TypeKind::kDate), stamp = Scalar(TypeKind::kTimestamp),
       zoned = Scalar(TypeKind::kTimestampWithZone);
  Check({{date, "1970-01-01", "date: 0"},
         {date, "2024-02-29", "date: 19782"},
         {date, "1969-12-31", "date: -1"},
         {date, "0001-01-01", "date: -719162"},
         {date, "0001-12-31 BC", "date: -719163"},
         {date, "4714-11-24 BC", "date: -2440588"},
         {date, "5874897-12-31", "date: 2145042905"},
         {date, "infinity", "infinity: true"},
         {date, "-infinity", "infinity: false"},
         {stamp, "1970-01-01 00:00:00", "timestamp: 0"},
         {stamp, "1969-12-31 23:59:59.999999", "timestamp: -1"},
         {stamp, "2024-02-29 12:34:56.7", "timestamp: 1709210096700000"},
         {stamp, "10000-01-01 00:00:00", "timestamp: 253402300800000000"},
         {stamp, "0001-12-31 23:59:59 BC", "timestamp: -62135596801000000"},
         {stamp, "294247-01-10 04:00:54.775807", "timestamp: 9223372036854775807"},
         {stamp, "294276-12-31 23:59:59.999999", "server_text: '294276-12-31 23:59:59.999999'"},
         {stamp, "infinity", "infinity: true"},
         {zoned, "2024-02-29 12:34:56+00", "timestamp_with_zone: 1709210096000000"},
         {zoned, "2024-02-29 12:34:56.5-03:30", "timestamp_with_zone: 1709222696500000"},
         {zoned, "0001-12-31 23:59:59+00 BC", "timestamp_with_zone: -62135596801000000"},
         {zoned, "-infinity", "infinity: false"}});
  CheckRefused(date, {"", "2024-2-29", "2024-13-01", "2024-00-01", "2024-01-32", "20240101",
                      "2024-01-01 AD", "0000-01-01", "infinit"});
  CheckRefused(stamp,
               {"2024-01-01", "2024-01-01 1:00:00", "2024-01-01 00:60:00", "2024-01-01 00:00:00+00",
                "2024-01-01 00:00:00.", "2024-01-01T00:00:00", "2024-01-01 00:00:00.1234567"});
  CheckRefused(zoned,
               {"2024-01-01 00:00:00", "2024-01-01 00:00:00+0", "2024-01-01 00:00:00+00:61"});
}

TEST(ValueTextTest, TimesAndIntervals) {
  auto time = Scalar(TypeKind::kTime), zoned = Scalar(TypeKind::kTimeWithZone),
       interval = Scalar(TypeKind::kInterval);
  Check({{time, "00:00:00", "time: 0"},
         {time, "12:34:56.000001", "time: 45296000001"},
         {time, "24:00:00", "time: 86400000000"},
         {zoned, "12:34:56+00", "time_with_zone { time: 45296000000 }"},
         {zoned, "24:00:00-15:59:59", "time_with_zone { time: 86400000000 zone_offset: -57599 }"},
         {zoned, "01:02:03.5+05:30", "time_with_zone { time: 3723500000 zone_offset: 19800 }"},
         {interval, "PT0S", "interval {}"},
         {interval, "P1Y2M3DT4H5M6.789S",
          "interval { months: 14 days: 3 microseconds: 14706789000 }"},
         {interval, "P-1Y-2M3DT-4H-5M-6.789S",
          "interval { months: -14 days: 3 microseconds: -14706789000 }"},
         {interval, "PT-0.5S", "interval { microseconds: -500000 }"},
         {interval, "P-178956970Y-8M", "interval { months: -2147483648 }"},
         {interval, "P2147483647D", "interval { days: 2147483647 }"},
         {interval, "PT2562047788H54.775807S", "interval { microseconds: 9223372036854775807 }"},
         {interval, "PT-2562047788H-54.775808S", "interval { microseconds: -9223372036854775808 }"},
         {interval, "infinity", "infinity: true"},
         {interval, "-infinity", "infinity: false"}});
  CheckRefused(time, {"24:00:01", "1:00:00", "12:34", "12:34:60", ""});
  CheckRefused(zoned, {"12:34:56", "12:34:56+5"});
  CheckRefused(interval, {"", "P", "PT", "P1", "P1H", "PT1D", "1 day", "P1.5D", "PT1.2345678S",
                          "P999999999999Y", "P9999999999D"});
}

TEST(ValueTextTest, Arrays) {
  auto ints = ArrayOf(TypeKind::kInteger), texts = ArrayOf(TypeKind::kText);
  Check(
      {{ints, "{}", "array {}"},
       {ints, "{1,NULL,-3}",
        "array { dimensions { length: 3 lower_bound: 1 } elements { integer: 1 } elements {} "
        "elements { integer: -3 } }"},
       {ints, "[0:1]={7,8}",
        "array { dimensions { length: 2 } elements { integer: 7 } elements { integer: 8 } }"},
       {ints, "[-1:0][2:3]={{1,2},{3,4}}",
        "array { dimensions { length: 2 lower_bound: -1 } dimensions { length: 2 lower_bound: 2 }"
        " elements { integer: 1 } elements { integer: 2 } elements { integer: 3 } elements { "
        "integer: 4 } }"},
       {texts, R"({a,"NULL",NULL,"","q\"\\{},"})",
        R"(array { dimensions { length: 5 lower_bound: 1 } elements { text: 'a' }
             elements { text: 'NULL' } elements {} elements { text: '' }
             elements { text: 'q"\\{},' } })"},
       {Holding(TypeKind::kArray, Scalar(TypeKind::kServerText), ';'), "{(1,2),(0,0);(3,4),(1,1)}",
        "array { dimensions { length: 2 lower_bound: 1 } elements { server_text: '(1,2),(0,0)' } "
        "elements { server_text: '(3,4),(1,1)' } }"},
       {Holding(TypeKind::kArray, Record({Scalar(TypeKind::kInteger), Scalar(TypeKind::kText)})),
        R"x({"(1,\"a \"\"b\"\"\")","(,x)"})x",
        R"(array { dimensions { length: 2 lower_bound: 1 }
             elements { composite { fields { integer: 1 } fields { text: 'a "b"' } } }
             elements { composite { fields {} fields { text: 'x' } } } })"},
       {ArrayOf(TypeKind::kDoublePrecision), "{1,1,1}",
        "array { dimensions { length: 3 lower_bound: 1 } elements { double_precision: 1 } "
        "elements { double_precision: 1 } elements { double_precision: 1 } }"},
       {ints, "{{{{{{1}}}}}}",
        "array { dimensions { length: 1 lower_bound: 1 } dimensions { length: 1 lower_bound: 1 } "
        "dimensions { length: 1 lower_bound: 1 } dimensions { length: 1 lower_bound: 1 } "
        "dimensions { length: 1 lower_bound: 1 } dimensions { length: 1 lower_bound: 1 } "
        "elements { integer: 1 } }"}});
  CheckRefused(ints, {"", "{", "}", "{1", "{1,}", "{,1}", "{1}}", "{1,2}x", "{{1},{2,3}}",
                      "{1,{2}}", "{{1},2}", "[0:1={1,2}", "[0:1]{1,2}", "{a}", "{1 2}",
                      "{{{{{{{1}}}}}}}", "[0:0][0:0]={1}", "{{}}"});
  CheckRefused(texts, {"{\"a}", "{\"a\"b}", "{a\"b}", "{a\\", "{\"a\\", "{a{b}"});
}  // namespace

TEST(ValueTextTest, RangesAndMultiRanges) {
  auto ints = RangeOf(TypeKind::kInteger), stamps = RangeOf(TypeKind::kTimestamp),
       texts = RangeOf(TypeKind::kText), multi = MultiRangeOf(TypeKind::kInteger);
  Check(
      {{ints, "empty", "range { empty: true }"},
       {ints, "[1,5)", "range { lower { integer: 1 } upper { integer: 5 } lower_inclusive: true }"},
       {ints, "(,5]", "range { upper { integer: 5 } upper_inclusive: true }"},
       {ints, "(,)", "range {}"},
       {stamps, R"(["2024-02-29 12:34:56",infinity])",
        "range { lower { timestamp: 1709210096000000 } upper { infinity: true } lower_inclusive: "
        "true upper_inclusive: true }"},
       {texts, R"x(["","a ""\\)"))x",
        R"(range { lower { text: '' } upper { text: 'a "\\)' } lower_inclusive: true })"},
       {multi, "{}", "multi_range {}"},
       {multi, "{[1,3),[5,)}",
        "multi_range { ranges { lower { integer: 1 } upper { integer: 3 } lower_inclusive: true } "
        "ranges { lower { integer: 5 } lower_inclusive: true } }"}});
  CheckRefused(ints, {"", "[", "[1", "[1,", "[1,2", "1,2)", "[1,2,3)", "[a,b)", "[1,2)x"});
  CheckRefused(multi, {"", "{", "{[1,2)", "{[1,2),}", "{empty", "{[1,2)}x", "{1}"});
}

TEST(ValueTextTest, Composites) {
  auto pair = Record({Scalar(TypeKind::kInteger), Scalar(TypeKind::kText)});
  auto outer = Record({pair, ArrayOf(TypeKind::kInteger)});
  Check(
      {{pair, "(1,a)", "composite { fields { integer: 1 } fields { text: 'a' } }"},
       {pair, "(,)", "composite { fields {} fields {} }"},
       {pair, R"((1,""))", "composite { fields { integer: 1 } fields { text: '' } }"},
       {pair, R"x((1,"a,""\\)"))x",
        R"(composite { fields { integer: 1 } fields { text: 'a,"\\)' } })"},
       {outer, R"x(("(1,""x y"")","{1,2}"))x",
        "composite { fields { composite { fields { integer: 1 } fields { text: 'x y' } } } fields "
        "{ array { dimensions { length: 2 lower_bound: 1 } elements { integer: 1 } elements { "
        "integer: 2 } } } }"},
       {Record({}), "()", "composite {}"},
       {Record({Scalar(TypeKind::kText)}), "()", "composite { fields {} }"},
       {pair, "(1,a,b)", "server_text: '(1,a,b)'"},
       {pair, "(1)", "server_text: '(1)'"}});
  CheckRefused(pair, {"", "(", "(1,a", "1,a)", "(1,a)x", R"((1,"a))"});
}

// ALTER TYPE ran between the row and the description of its type.
TEST(ValueTextTest, ACompositeThatDoesNotFitItsTypeIsServerText) {
  auto pair = Record({Scalar(TypeKind::kInteger), Scalar(TypeKind::kText)});
  auto outer = Record({Scalar(TypeKind::kText), pair, Scalar(TypeKind::kText)});
  Check({{pair, "(x,a)", "server_text: '(x,a)'"},
         {Record({Scalar(TypeKind::kInteger)}), "()", "composite { fields {} }"},
         {Record({}), "(1)", "server_text: '(1)'"},
         {outer, R"x((a,"(x,y)",b))x",
          "composite { fields { text: 'a' } fields { server_text: '(x,y)' } fields { text: 'b' } "
          "}"},
         {Holding(TypeKind::kArray, pair), R"x({"(1,a)","(x,b)"})x",
          "array { dimensions { length: 2 lower_bound: 1 } elements { composite { fields { "
          "integer: 1 } fields { text: 'a' } } } elements { server_text: '(x,b)' } }"}});
  CheckRefused(pair, {"(x,a", "(x,a)x", R"((x,"a))"});
}

TEST(ValueTextTest, SaysWhichTextsDoNotFitTheirType) {
  auto mood = MakeType(TypeKind::kEnum, 1, "mood");
  mood->labels = {"sad", "ok"};
  auto pair = Record({Scalar(TypeKind::kInteger), mood});
  auto misfit = [](const TypePtr& type, std::string_view text) {
    model::Bytes out;
    bool set = false;
    EXPECT_TRUE(AppendTextValue(out, 1, *type, text, &set)) << text;
    return set;
  };
  EXPECT_FALSE(misfit(mood, "ok"));
  EXPECT_TRUE(misfit(mood, "happy"));
  EXPECT_FALSE(misfit(pair, "(1,ok)"));
  EXPECT_FALSE(misfit(pair, "(,)"));
  EXPECT_TRUE(misfit(pair, "(1)"));
  EXPECT_TRUE(misfit(pair, "(x,ok)"));
  EXPECT_TRUE(misfit(pair, "(1,happy)"));
  EXPECT_TRUE(misfit(Holding(TypeKind::kArray, mood), "{ok,happy}"));
  EXPECT_FALSE(misfit(Holding(TypeKind::kArray, pair), R"x({"(1,ok)"})x"));
}

TEST(ValueTextTest, NestingHasALimit) {
  auto ints = ArrayOf(TypeKind::kInteger);
  model::Bytes out;
  bool misfit = false;
  EXPECT_TRUE(AppendTextValueAt(out, 1, *ints, "{1}", kNestingMax - 1, &misfit));
  EXPECT_FALSE(AppendTextValueAt(out, 1, *ints, "{1}", kNestingMax, &misfit));
}

TEST(ValueTextTest, MutatedTextsNeverCrash) {
  const uint32_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  RecordProperty("seed", std::to_string(seed));
  std::mt19937 random(seed);
  auto pair = Record({Scalar(TypeKind::kInteger), Scalar(TypeKind::kText)});
  const std::vector<std::pair<TypePtr, std::string>> samples = {
      {Scalar(TypeKind::kInteger), "-123456"},
      {Scalar(TypeKind::kDoublePrecision), "1.25e+10"},
      {Scalar(TypeKind::kBinary), "\\x0011ff"},
      {Scalar(TypeKind::kTimestampWithZone), "2024-02-29 12:34:56.789+00 BC"},
      {Scalar(TypeKind::kTimeWithZone), "12:34:56.789+05:30:15"},
      {Scalar(TypeKind::kInterval), "P-1Y-2M3DT-4H-5M-6.789S"},
      {Holding(TypeKind::kArray, pair), R"x([0:1]={"(1,\"a \"\"b\"\"\")","(,x)"})x"},
      {ArrayOf(TypeKind::kInterval), "{{PT0S,P1Y},{PT1H,NULL}}"},
      {RangeOf(TypeKind::kText), R"x(["","a ""\\)"))x"},
      {MultiRangeOf(TypeKind::kInteger), "{[1,3),[5,)}"},
      {pair, R"x((1,"a,""\\)"))x"}};
  const std::string alphabet = "{}[](),;\"\\0123456789-+:. NULLPTYMDHSxe=";
  for (int round = 0; round < 200'000; ++round) {
    auto [type, text] = samples[random() % samples.size()];
    for (uint32_t i = 0; i <= random() % 3; ++i) {
      size_t at = random() % text.size();
      if (random() % 3 == 0) {
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
      } else {
        text[at] =
            random() % 8 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
      }
    }
    // Text members would not be valid UTF-8, so only the size bound and memory safety are checked.
    std::vector<char> exact(text.begin(), text.end());
    model::Bytes out;
    bool misfit = false;
    if (!AppendTextValue(out, 1, *type, {exact.data(), exact.size()}, &misfit)) continue;
    ASSERT_LE(out.size(),
              IsNested(type->kind) ? NestedValueBound(text.size()) : ScalarValueBound(text.size()));
  }
}

}  // namespace
}  // namespace tidemark::capture::postgres
