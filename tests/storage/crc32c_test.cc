#include "storage/crc32c.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace tidemark::storage {
namespace {

// The definition: a bit at a time, reflected polynomial.
uint32_t ByBits(uint32_t crc, const std::string& data) {
  crc = ~crc;
  for (const char byte : data) {
    crc ^= static_cast<uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (0x82F63B78 & (0 - (crc & 1)));
  }
  return ~crc;
}

uint32_t Extend(uint32_t crc, const std::string& data) {
  return ExtendCrc32c(crc, data.data(), data.size());
}

TEST(Crc32cTest, SumsOfPublishedExamples) {
  EXPECT_EQ(Extend(0, ""), 0u);
  EXPECT_EQ(Extend(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(Extend(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Extend(0, std::string(32, '\xff')), 0x62A8AB43u);
}

TEST(Crc32cTest, EveryLengthAndEverySplitHasTheDefinitionsSum) {
  std::mt19937 random(7);
  std::string data;
  for (size_t size = 0; size < 100; ++size) {
    const uint32_t whole = ByBits(0, data);
    EXPECT_EQ(Extend(0, data), whole) << size;
    for (size_t split = 0; split <= size; ++split) {
      EXPECT_EQ(Extend(Extend(0, data.substr(0, split)), data.substr(split)), whole) << size;
    }
    data.push_back(static_cast<char>(random()));
  }
}

}  // namespace
}  // namespace tidemark::storage
