#include "storage/layout.h"

#include "gtest/gtest.h"

namespace tidemark::storage {
namespace {

// The worked examples of storage/FORMAT.md.
TEST(LayoutTest, KeysAreThoseOfTheFormat) {
  EXPECT_EQ(JournalFamily("shop"), "journal.shop");
  EXPECT_EQ(NumberKey(258), std::string("\0\0\0\0\0\0\1\2", 8));
  EXPECT_EQ(CheckpointKey("shop"), "cshop");
  EXPECT_EQ(FloorKey("shop"), "fshop");
  EXPECT_EQ(MilestonePrefix("shop"), std::string("ishop\0", 6));
  EXPECT_EQ(ConsumerPrefix("shop"), std::string("kshop\0", 6));
  EXPECT_EQ(RereadPrefix("shop"), std::string("rshop\0", 6));
  EXPECT_EQ(SchemaKey("shop", 7), std::string("shop\0\0\0\0\7", 9));
}

TEST(LayoutTest, BlockHeaderIsThatOfTheFormat) {
  Block block;
  block.count = 3;
  block.time_us = 256;
  block.schemas = {7, 9};
  std::string value;
  AppendBlockHeader(block, &value);
  EXPECT_EQ(value, std::string("\3\0\0\0"
                               "\0\1\0\0\0\0\0\0"
                               "\2\0\0\0"
                               "\7\0\0\0"
                               "\x9\0\0\0",
                               24));
  value += "frames";
  Block parsed;
  ASSERT_TRUE(ParseBlock(value, &parsed));
  EXPECT_EQ(parsed.count, 3u);
  EXPECT_EQ(parsed.time_us, 256u);
  EXPECT_EQ(parsed.schemas, block.schemas);
  EXPECT_EQ(parsed.frames, "frames");
  for (size_t size = 0; size < 24; ++size) {
    EXPECT_FALSE(ParseBlock(std::string_view(value).substr(0, size), &parsed)) << size;
  }
}

TEST(LayoutTest, OtherValuesRoundTrip) {
  Milestone milestone;
  ASSERT_TRUE(ParseMilestone(MilestoneValue({0, 5, 6}), &milestone));
  EXPECT_EQ(milestone.time_us, 5u);
  EXPECT_EQ(milestone.bytes_before, 6u);
  Floor floor;
  ASSERT_TRUE(ParseFloor(FloorValue({8, 9}), &floor));
  EXPECT_EQ(floor.oldest, 8u);
  EXPECT_EQ(floor.bytes_before, 9u);
  EXPECT_FALSE(ParseFloor("short", &floor));
  EXPECT_FALSE(ParseFloor(FloorValue(floor) + "x", &floor));
}

}  // namespace
}  // namespace tidemark::storage
