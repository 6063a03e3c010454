#include "model/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tidemark::model {
namespace {

TEST(WireTest, VarintsRoundTrip) {
  for (uint64_t value : {uint64_t{0}, uint64_t{127}, uint64_t{128}, uint64_t{16383},
                         uint64_t{16384}, uint64_t{1} << 63, UINT64_MAX}) {
    char buffer[10];
    char* end = WriteVarint(buffer, value);
    EXPECT_EQ(static_cast<size_t>(end - buffer), VarintSize(value));
    WireReader reader(std::string_view(buffer, end - buffer));
    uint64_t read = 1;
    ASSERT_TRUE(reader.ReadVarint(&read));
    EXPECT_EQ(read, value);
    EXPECT_TRUE(reader.done());
  }
}

TEST(WireTest, ZigZagRoundTrips) {
  for (int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1}, std::numeric_limits<int64_t>::min(),
                        std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
  EXPECT_EQ(ZigZag(-1), 1);
}

TEST(WireTest, ALengthIsPaddedToTheWidthOfItsBound) {
  for (size_t bound : {size_t{5}, size_t{127}, size_t{128}, size_t{20000}, size_t{3} << 20}) {
    Bytes out;
    LengthMark mark = LengthMark::Open(out, 3, bound);
    out.Append("abcde");
    mark.Close(out);
    EXPECT_EQ(out.size(), 1 + VarintSize(bound) + 5);
    WireReader reader(out.view());
    uint32_t field;
    WireType type;
    std::string_view bytes;
    ASSERT_TRUE(reader.ReadTag(&field, &type));
    ASSERT_TRUE(reader.ReadLength(&bytes));
    EXPECT_EQ(field, 3);
    EXPECT_EQ(bytes, "abcde");
    EXPECT_TRUE(reader.done());
  }
}

TEST(WireTest, FieldsAbove15HaveTwoByteTags) {
  Bytes out;
  AppendVarintField(out, 25, 1);
  EXPECT_EQ(out.view(), "\xC8\x01\x01");
}

TEST(WireTest, MalformedInputIsRefusedForGood) {
  uint64_t value;
  std::string_view bytes;
  uint32_t field;
  WireType type;
  WireReader endless("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_FALSE(endless.ReadVarint(&value));
  WireReader shorter(
      "\x05"
      "abc");
  EXPECT_FALSE(shorter.ReadLength(&bytes));
  WireReader zero(std::string_view("\0", 1));
  EXPECT_FALSE(zero.ReadTag(&field, &type));
  WireReader group("\x0b");
  ASSERT_TRUE(group.ReadTag(&field, &type));
  EXPECT_FALSE(group.Skip(type));
  WireReader fixed("1234567");
  EXPECT_FALSE(fixed.ReadFixed64(&value));
}

TEST(BytesTest, GrowsAndKeepsItsContent) {
  Bytes out;
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    out.Push(static_cast<char>(i));
    expected.push_back(static_cast<char>(i));
  }
  out.Append(expected);
  EXPECT_EQ(out.view(), expected + expected);
  Bytes moved = std::move(out);
  EXPECT_EQ(moved.size(), 10000);
  moved.Clear();
  EXPECT_TRUE(moved.empty());
  EXPECT_GE(moved.capacity(), 10000);
}

}  // namespace
}  // namespace tidemark::model
