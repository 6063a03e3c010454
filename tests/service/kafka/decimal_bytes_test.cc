#include "service/kafka/decimal_bytes.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/escaping.h"

namespace tidemark::service::kafka {
namespace {

std::string Hex(std::string_view text, int32_t scale) {
  Decimal decimal;
  if (!ParseDecimal(text, &decimal)) return "no decimal";
  if (!Rescale(&decimal, scale)) return "does not fit";
  return absl::BytesToHexString(UnscaledBytes(decimal));
}

TEST(DecimalBytesTest, AreTwosComplementInAsFewBytesAsHoldIt) {
  EXPECT_EQ(Hex("0", 0), "00");
  EXPECT_EQ(Hex("-0.00", 2), "00");
  EXPECT_EQ(Hex("127", 0), "7f");
  EXPECT_EQ(Hex("128", 0), "0080");
  EXPECT_EQ(Hex("-128", 0), "80");
  EXPECT_EQ(Hex("-129", 0), "ff7f");
  EXPECT_EQ(Hex("255", 0), "00ff");
  EXPECT_EQ(Hex("-1", 0), "ff");
  EXPECT_EQ(Hex("-12.50", 2), "fb1e");
  EXPECT_EQ(Hex("1000000000000000000000000000000", 0), "0c9f2c9cd04674edea40000000");
  EXPECT_EQ(Hex("-1000000000000000000000000000000", 0), "f360d3632fb98b1215c0000000");
}

TEST(DecimalBytesTest, TheScaleIsTheColumnsAndNoDigitIsLost) {
  EXPECT_EQ(Hex("1.5", 3), "05dc");
  EXPECT_EQ(Hex("1.500", 1), "0f");
  EXPECT_EQ(Hex("1200", -2), "0c");
  EXPECT_EQ(Hex("1.505", 1), "does not fit");
  EXPECT_EQ(Hex("1250", -2), "does not fit");
  EXPECT_EQ(Hex("7", -2), "does not fit");
  EXPECT_EQ(Hex("0", -2), "00");
}

TEST(DecimalBytesTest, WhatIsNoFiniteNumberIsRefused) {
  for (const char* text : {"", "-", "NaN", "Infinity", "-Infinity", "1e5", "1.2.3", ".5", " 1"}) {
    EXPECT_EQ(Hex(text, 0), "no decimal") << text;
  }
}

TEST(DecimalBytesTest, StripLeavesNoZeroBehindThePoint) {
  const std::pair<const char*, int32_t> cases[] = {
      {"1.500", 1}, {"100", 0}, {"100.00", 0}, {"0.000", 0}, {"0.05", 2}};
  for (const auto& [text, scale] : cases) {
    Decimal decimal;
    ASSERT_TRUE(ParseDecimal(text, &decimal));
    Strip(&decimal);
    EXPECT_EQ(decimal.scale, scale) << text;
  }
}

// What the bytes stand for, modulo 2^64.
uint64_t LowBits(const std::string& bytes) {
  uint64_t bits = static_cast<uint8_t>(bytes[0]) >= 0x80 ? ~uint64_t{0} : 0;
  for (char byte : bytes) bits = bits << 8 | static_cast<uint8_t>(byte);
  return bits;
}

TEST(DecimalBytesTest, LongNumbersAreExact) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 500; ++round) {
    std::string digits(1 + random() % 120, '0');
    uint64_t expected = 0;
    for (char& digit : digits) {
      digit = static_cast<char>('0' + random() % 10);
      expected = expected * 10 + static_cast<uint64_t>(digit - '0');
    }
    Decimal decimal;
    ASSERT_TRUE(ParseDecimal(digits, &decimal));
    EXPECT_EQ(LowBits(UnscaledBytes(decimal)), expected) << digits;
    ASSERT_TRUE(ParseDecimal("-" + digits, &decimal));
    EXPECT_EQ(LowBits(UnscaledBytes(decimal)), -expected) << digits;
  }
}

}  // namespace
}  // namespace tidemark::service::kafka
