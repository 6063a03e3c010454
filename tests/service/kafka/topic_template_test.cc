#include "service/kafka/topic_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "service/kafka/name_pattern.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const TopicParts kParts{"src", "shop", "db", "orders", {"eu", ""}};

std::string Expanded(const std::string& text) {
  absl::StatusOr<TopicTemplate> parsed = TopicTemplate::Parse(text, 2, /*has_database=*/true);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->Expand(kParts) : "";
}

TEST(TopicTemplateTest, EveryPlaceIsFilled) {
  EXPECT_EQ(Expanded("{source}.{schema}.{table}"), "src.shop.orders");
  EXPECT_EQ(Expanded("{database}-{1}x{2}"), "db-eux");
  EXPECT_EQ(Expanded("all"), "all");
}

TEST(TopicTemplateTest, ErrorsSayWhatIsWrong) {
  auto error = [](const std::string& text, int groups, bool has_database) {
    const auto parsed = TopicTemplate::Parse(text, groups, has_database);
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument) << text;
    return std::string(parsed.status().message());
  };
  EXPECT_THAT(error("", 0, true), HasSubstr("it is empty"));
  EXPECT_THAT(error("{table", 0, true), HasSubstr("a { has no } after it"));
  EXPECT_THAT(error("table}", 0, true), HasSubstr("a } has no { before it"));
  EXPECT_THAT(error("{tabel}", 0, true), HasSubstr("{tabel} is unknown; expected {source}"));
  EXPECT_THAT(error("{0}", 2, true), HasSubstr("{0} is unknown"));
  EXPECT_THAT(error("{10}", 2, true), HasSubstr("{10} is unknown"));
  EXPECT_THAT(error("{3}", 2, true), HasSubstr("{3} is no group of its `tables`, which has 2"));
  EXPECT_THAT(error("{database}", 0, false), HasSubstr("MySQL's database is {schema}"));
}

TEST(TopicTemplateTest, PlaceValuesTellListsApart) {
  const auto parsed = TopicTemplate::Parse("{schema}{table}", 0, true);
  ASSERT_TRUE(parsed.ok());
  EXPECT_NE(parsed->PlaceValues({"", "a", "", "1:b", {}}),
            parsed->PlaceValues({"", "a1", "", ":b", {}}));
}

TEST(TopicNameTest, KafkasCharactersStayAndOthersAreReplaced) {
  EXPECT_EQ(TopicNameOf("Shop.a_b-9"), "Shop.a_b-9");
  EXPECT_EQ(TopicNameOf("a b$c/d\n"), "a_b_c_d_");
  EXPECT_EQ(TopicNameOf("caf\u00e9"), "caf_");
  EXPECT_EQ(TopicNameOf("\u4e16"), "_");
  EXPECT_EQ(TopicNameOf("\U0001F600"), "__");
  EXPECT_EQ(TopicNameOf("."), "_");
  EXPECT_EQ(TopicNameOf(".."), "__");
  EXPECT_EQ(TopicNameOf("..."), "...");
  EXPECT_EQ(TopicNameOf(std::string(249, 'a')), std::string(249, 'a'));
  EXPECT_EQ(TopicNameOf(std::string(250, 'a')), std::string(249, 'a'));
  EXPECT_FALSE(IsTopicName(""));
  EXPECT_FALSE(IsTopicName("a b"));
  EXPECT_TRUE(IsTopicName("a.b"));
}

TEST(NamePatternTest, MatchesWholeNamesAndTakesGroupsApart) {
  const auto pattern = NamePattern::Make("shop\\.(orders|items)_(\\d+)?");
  ASSERT_TRUE(pattern.ok()) << pattern.status();
  std::vector<std::string> groups;
  EXPECT_TRUE(pattern->Matches("shop.orders_7", &groups));
  EXPECT_THAT(groups, ElementsAre("orders", "7"));
  EXPECT_TRUE(pattern->Matches("shop.items_", &groups));
  EXPECT_THAT(groups, ElementsAre("items", ""));
  EXPECT_FALSE(pattern->Matches("shop.orders_7x"));
  EXPECT_FALSE(pattern->Matches("xshop.orders_7"));
  const auto alternatives = NamePattern::Make("a|ab");
  EXPECT_TRUE(alternatives->Matches("ab"));
  EXPECT_TRUE(NamePattern::Make(".*")->Matches("a\nb"));
}

TEST(NamePatternTest, BadExpressionsAreRefused) {
  const auto pattern = NamePattern::Make("a(");
  EXPECT_EQ(pattern.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(pattern.status().message()),
              HasSubstr("\"a(\" is no regular expression: "));
}

// A backtracking matcher would take 2^40 steps.
TEST(NamePatternTest, TimeIsLinearInTheName) {
  const auto pattern = NamePattern::Make("(a*)*(a*)*(a*)*b");
  ASSERT_TRUE(pattern.ok());
  EXPECT_FALSE(pattern->Matches(std::string(4000, 'a')));
}

}  // namespace
}  // namespace tidemark::service::kafka
