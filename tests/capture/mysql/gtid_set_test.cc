#include "capture/mysql/gtid_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>

#include "event_builder.h"

namespace tidemark::capture::mysql {
namespace {

const std::string kA = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
const std::string kB = "4e11fa47-71ca-11e1-9e33-c80aa9429562";

GtidSet Set(const std::string& text) {
  const auto set = GtidSet::Parse(text);
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *set : GtidSet();
}

Uuid Id(const std::string& text) { return *ParseUuid(text); }

TEST(GtidSetTest, TextIsReadInAnyFormAndPrintedInOne) {
  EXPECT_EQ(Set("").ToString(), "");
  EXPECT_EQ(Set(kA + ":1-5:7").ToString(), kA + ":1-5:7");
  EXPECT_EQ(Set(kB + ":9,\n" + kA + " : 7 : 1-5").ToString(), kA + ":1-5:7," + kB + ":9");
  EXPECT_EQ(Set(kA + ":1-3:4:5-6").ToString(), kA + ":1-6");
  EXPECT_EQ(Set("3E11FA4771CA11E19E33C80AA9429562:1").ToString(), kA + ":1");
  EXPECT_EQ(Set(kA + ":5-1").ToString(), "");
}

TEST(GtidSetTest, ATagHoldsForTheNumbersBehindIt) {
  const GtidSet set = Set(kA + ":1-5:Tag_A:1-3:9:b:4," + kA + ":tag_a:4");
  EXPECT_EQ(set.ToString(), kA + ":1-5:b:4:tag_a:1-4:9");
  EXPECT_TRUE(set.Contains(Id(kA), "tag_a", 9));
  EXPECT_FALSE(set.Contains(Id(kA), "", 9));
  EXPECT_FALSE(set.Contains(Id(kB), "", 1));
}

TEST(GtidSetTest, OtherTextIsRefused) {
  for (const std::string& text :
       {kA, std::string("x:1"), kA + ":", kA + ":0", kA + ":1-", kA + ":-1",
        kA + ":9223372036854775808", kA + ":1 2", kA + ":" + std::string(33, 'a') + ":1",
        kA.substr(1) + ":1", kA + ":1;"}) {
    EXPECT_EQ(GtidSet::Parse(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(GtidSetTest, NumbersAreAddedInAnyOrder) {
  GtidSet set;
  for (const uint64_t number : {5, 1, 3, 2, 9, 4, 10}) set.Add(Id(kA), "", number);
  EXPECT_EQ(set.ToString(), kA + ":1-5:9-10");
  set.Add(Id(kA), "", 5);
  EXPECT_EQ(set.ToString(), kA + ":1-5:9-10");
}

TEST(GtidSetTest, SetsAreJoinedSubtractedAndCompared) {
  GtidSet set = Set(kA + ":1-10:20-30");
  EXPECT_TRUE(set.Contains(Set(kA + ":2-3:25")));
  EXPECT_FALSE(set.Contains(Set(kA + ":2-3:19-20")));
  EXPECT_FALSE(set.Contains(Set(kB + ":1")));
  EXPECT_TRUE(set.Contains(GtidSet()));
  set.Add(Set(kA + ":11-19," + kB + ":1"));
  EXPECT_EQ(set.ToString(), kA + ":1-30," + kB + ":1");
  set.Subtract(Set(kA + ":1-4:10:29-40," + kB + ":1-9"));
  EXPECT_EQ(set.ToString(), kA + ":5-9:11-28");
}

TEST(GtidSetTest, UntaggedSetsAreEncodedInTheOldFormat) {
  const std::string expected = EventBuilder()
                                   .U64(1)
                                   .Hex("3e11fa4771ca11e19e33c80aa9429562")
                                   .U64(2)
                                   .U64(1)
                                   .U64(6)
                                   .U64(7)
                                   .U64(8)
                                   .str();
  EXPECT_EQ(Set(kA + ":1-5:7").Encode(), expected);
  EXPECT_EQ(GtidSet::Decode(expected)->ToString(), kA + ":1-5:7");
  EXPECT_EQ(GtidSet().Encode(), std::string(8, '\0'));
}

TEST(GtidSetTest, TaggedSetsAreEncodedWithOneOriginATag) {
  EventBuilder expected;
  expected.U8(1).U48(2).U8(1);
  expected.Hex("3e11fa4771ca11e19e33c80aa9429562").U8(0).U64(1).U64(1).U64(6);
  expected.Hex("3e11fa4771ca11e19e33c80aa9429562").U8(2).Text("t").U64(1).U64(2).U64(3);
  EXPECT_EQ(Set(kA + ":1-5:t:2").Encode(), expected.str());
  EXPECT_EQ(GtidSet::Decode(expected.str())->ToString(), kA + ":1-5:t:2");
}

TEST(GtidSetTest, MalformedBytesAreRefused) {
  const std::string whole = Set(kA + ":1-5:t:2").Encode();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(GtidSet::Decode(whole.substr(0, size)).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_FALSE(
      GtidSet::Decode(EventBuilder().U64(1).Hex(std::string(32, '0')).U64(~0u).str()).ok());
}

// Against a plain set of numbers.
TEST(GtidSetTest, ARandomHistoryGivesTheSameAsAPlainSet) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    GtidSet set, removed;
    std::set<uint64_t> plain, plain_removed;
    for (int i = 0; i < 60; ++i) {
      const uint64_t number = 1 + random() % 80;
      const bool add = random() % 3 != 0;
      (add ? set : removed).Add(Id(kA), "", number);
      (add ? plain : plain_removed).insert(number);
    }
    EXPECT_EQ(Set(set.ToString()), set);
    EXPECT_EQ(*GtidSet::Decode(set.Encode()), set);
    GtidSet both = set;
    both.Add(removed);
    EXPECT_TRUE(both.Contains(set) && both.Contains(removed));
    set.Subtract(removed);
    for (uint64_t number = 1; number <= 82; ++number) {
      ASSERT_EQ(set.Contains(Id(kA), "", number),
                plain.count(number) > plain_removed.count(number));
    }
  }
}

}  // namespace
}  // namespace tidemark::capture::mysql
