#include "capture/postgres/resume_token.h"

#include <gtest/gtest.h>

#include "tidemark/state/state.pb.h"

namespace tidemark::capture::postgres {
namespace {

TEST(ResumeTokenTest, IsTheStoredMessage) {
  ResumeToken token{0x16B374D848, 0x16B374D900, 12345, 67890, "7300000000000000001", 16390, 3};
  state::PostgresResume message;
  ASSERT_TRUE(message.ParseFromString(token.Encode()));
  EXPECT_EQ(message.lsn(), token.lsn);
  EXPECT_EQ(message.partial_commit_lsn(), token.partial_commit_lsn);
  EXPECT_EQ(message.partial_messages(), token.partial_messages);
  EXPECT_EQ(message.partial_changes(), token.partial_changes);
  EXPECT_EQ(message.system_id(), token.system_id);
  EXPECT_EQ(message.publication_oid(), token.publication_oid);
  EXPECT_EQ(message.timeline(), token.timeline);
  auto decoded = ResumeToken::Decode(message.SerializeAsString());
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(*decoded, token);
}

TEST(ResumeTokenTest, EmptyBytesAreTheEmptyToken) {
  EXPECT_EQ(ResumeToken{}.Encode(), "");
  EXPECT_EQ(*ResumeToken::Decode(""), ResumeToken{});
}

TEST(ResumeTokenTest, UnknownFieldsAreSkippedAndDamageIsDataLoss) {
  std::string encoded = ResumeToken{5, 0, 0, 0, "x"}.Encode();
  EXPECT_EQ(ResumeToken::Decode(encoded + "\x48\x01")->lsn, 5u);
  for (size_t size = 1; size < encoded.size(); ++size) {
    auto decoded = ResumeToken::Decode(encoded.substr(0, size));
    EXPECT_EQ(decoded.ok(), size == 9) << size;  // where the second field starts
  }
}

}  // namespace
}  // namespace tidemark::capture::postgres
