// What the comparison itself must find: a difference that it missed would not be missed by anyone.

#include "tests/debezium/record_difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/debezium/expected_differences.h"
#include "tests/debezium/json_value.h"
#include "tests/support/status_matchers.h"

namespace tidemark::debezium {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// "path: theirs, ours"
std::vector<std::string> DifferencesOf(const Record& theirs, const Record& ours) {
  const auto differences = Compare(theirs, ours);
  EXPECT_OK(differences);
  std::vector<std::string> texts;
  if (!differences.ok()) return texts;
  for (const Difference& difference : *differences) {
    texts.push_back(absl::StrCat(difference.path, ": ", difference.theirs, ", ", difference.ours));
  }
  return texts;
}

std::vector<std::string> DifferencesOfValues(const std::string& theirs, const std::string& ours) {
  return DifferencesOf({.key = std::nullopt, .value = theirs},
                       {.key = std::nullopt, .value = ours});
}

TEST(RecordDifferenceTest, ScalarsOfAnyDepthAreCompared) {
  EXPECT_THAT(DifferencesOfValues(R"({"a":{"b":[1,{"c":"x"}]}})", R"({"a": {"b": [1,{"c":"x"}]}})"),
              IsEmpty());
  EXPECT_THAT(DifferencesOfValues(R"({"a":{"b":[1,{"c":"x"}]}})", R"({"a":{"b":[2,{"c":null}]}})"),
              ElementsAre("value.a.b[0]: 1, 2", "value.a.b[1].c: \"x\", null"));
  EXPECT_THAT(DifferencesOfValues("[1,2]", "[1]"), ElementsAre("value: [1,2], [1]"));
  EXPECT_THAT(DifferencesOfValues("{}", "[]"), ElementsAre("value: {}, []"));
}

TEST(RecordDifferenceTest, MembersAndTheirOrderAreCompared) {
  EXPECT_THAT(DifferencesOfValues(R"({"a":1,"b":2})", R"({"a":1,"c":2})"),
              ElementsAre("value.b: 2, absent", "value.c: absent, 2"));
  EXPECT_THAT(DifferencesOfValues(R"({"a":1,"b":2})", R"({"b":2,"a":1})"),
              ElementsAre("value#order: a,b, b,a"));
}

TEST(RecordDifferenceTest, FieldsOfASchemaGoByTheirNames) {
  EXPECT_THAT(DifferencesOfValues(
                  R"({"fields":[{"type":"int32","field":"id"},{"type":"string","field":"v"}]})",
                  R"({"fields":[{"type":"int64","field":"id"},{"type":"string","field":"v"}]})"),
              ElementsAre("value.id.type: \"int32\", \"int64\""));
}

TEST(RecordDifferenceTest, NumbersAreTheSameOnlyIfTheirDoublesAre) {
  EXPECT_THAT(DifferencesOfValues("1.0E23", "9.999999999999999E22"), IsEmpty());
  EXPECT_THAT(DifferencesOfValues("1.0", "1.0000000000000002"),
              ElementsAre("value: 1.0, 1.0000000000000002"));
  // Whole numbers have more digits than doubles have.
  EXPECT_THAT(DifferencesOfValues("9223372036854775807", "9223372036854775806"),
              ElementsAre("value: 9223372036854775807, 9223372036854775806"));
  EXPECT_THAT(DifferencesOfValues("\"1.0\"", "\"1.00\""), ElementsAre("value: \"1.0\", \"1.00\""));
}

TEST(RecordDifferenceTest, KeysNullsAndRefusalsAreCompared) {
  EXPECT_THAT(DifferencesOf({.key = "1", .value = std::nullopt}, {.key = "2", .value = "3"}),
              ElementsAre("key: 1, 2", "value: absent, 3"));
  const Record theirs = {.key = "1", .value = R"({"payload":{"before":null,"after":{"v":1}}})"};
  const Record ours = {
      .key = "1", .value = std::nullopt, .refused = absl::DataLossError("too large")};
  EXPECT_THAT(DifferencesOf(theirs, ours),
              ElementsAre("value: before null, after {\"v\":1}, refused: too large"));
}

TEST(RecordDifferenceTest, WhatIsNoJsonIsAnError) {
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "1 2", "\"open"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseJson(text).status())) << text;
  }
}

TEST(ExpectedDifferencesTest, ExplainOnlyWhatTheyNameAndTellWhatWasNotSeen) {
  ExpectedDifferences expected(
      {{"log t value\\.a", "1", "\\d", "first"}, {"log u value\\.a", "1", "2", "second"}});
  EXPECT_THAT(expected.Unseen(),
              ElementsAre("log t value\\.a (first)", "log u value\\.a (second)"));
  EXPECT_FALSE(expected.Explains("snap t", {"value.a", "1", "2"}));
  EXPECT_FALSE(expected.Explains("log t", {"value.ab", "1", "2"}));
  EXPECT_FALSE(expected.Explains("log t", {"value.a", "11", "2"}));
  EXPECT_FALSE(expected.Explains("log t", {"value.a", "1", "x"}));
  EXPECT_TRUE(expected.Explains("log t", {"value.a", "1", "2"}));
  EXPECT_THAT(expected.Unseen(), ElementsAre("log u value\\.a (second)"));
}

}  // namespace
}  // namespace tidemark::debezium
