#include "service/kafka/keyed_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::service::kafka {
namespace {

std::string Hex(KeyedHash& hash, const std::string& message) {
  std::string out;
  EXPECT_TRUE(hash.AppendHex(out, message).ok());
  return out;
}

// RFC 4231, test cases 1, 2 and 6.
TEST(KeyedHashTest, IsHmacSha256) {
  auto first = KeyedHash::Make(std::string(20, '\x0b'));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Hex(*first, "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  auto second = KeyedHash::Make("Jefe");
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(Hex(*second, "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  auto sixth = KeyedHash::Make(std::string(131, '\xaa'));
  ASSERT_TRUE(sixth.ok()) << sixth.status();
  EXPECT_EQ(Hex(*sixth, "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(KeyedHashTest, EachMessageStartsAnew) {
  auto hash = KeyedHash::Make("Jefe");
  ASSERT_TRUE(hash.ok()) << hash.status();
  const std::string first = Hex(*hash, "a");
  const std::string empty = Hex(*hash, "");
  EXPECT_NE(first, empty);
  EXPECT_EQ(Hex(*hash, "a"), first);
  EXPECT_EQ(Hex(*hash, ""), empty);
  EXPECT_EQ(first.size(), KeyedHash::kHexSize);
}

TEST(KeyedHashTest, AnEmptyKeyIsRefused) {
  EXPECT_EQ(KeyedHash::Make("").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tidemark::service::kafka
