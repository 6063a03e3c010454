#include "capture/mysql/mariadb_gtid.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::capture::mysql {
namespace {

TEST(MariaDbGtidTest, TextGoesThereAndBack) {
  const auto gtid = MariaDbGtid::Parse("1-4294967295-18446744073709551615");
  ASSERT_TRUE(gtid.ok());
  EXPECT_EQ(gtid->server_id, 4294967295u);
  EXPECT_EQ(gtid->ToString(), "1-4294967295-18446744073709551615");
  for (const std::string text :
       {"", "1-2", "1-2-3-4", "1--3", "a-2-3", "4294967296-1-1", "1-2- 3"}) {
    EXPECT_FALSE(MariaDbGtid::Parse(text).ok()) << text;
  }
}

TEST(MariaDbGtidTest, APositionIsTheLastTransactionOfEachDomain) {
  auto position = MariaDbPosition::Parse(" 1-2-5, 0-1-100");
  ASSERT_TRUE(position.ok());
  EXPECT_EQ(position->ToString(), "0-1-100,1-2-5");
  position->Advance({0, 3, 101});
  position->Advance({7, 1, 1});
  EXPECT_EQ(position->ToString(), "0-3-101,1-2-5,7-1-1");
  EXPECT_EQ(position->Last(0), (MariaDbGtid{0, 3, 101}));
  EXPECT_FALSE(position->Last(9).has_value());
  EXPECT_TRUE(MariaDbPosition::Parse("")->empty());
  EXPECT_FALSE(MariaDbPosition::Parse("0-1-1,0-2-2").ok());
  EXPECT_FALSE(MariaDbPosition::Parse("0-1-1;1-2-2").ok());
}

TEST(MariaDbGtidTest, APositionContainsWhatIsNotBehindIt) {
  const auto position = MariaDbPosition::Parse("0-1-100,1-2-5");
  EXPECT_TRUE(position->Contains(MariaDbGtid{0, 9, 100}));
  EXPECT_FALSE(position->Contains(MariaDbGtid{0, 1, 101}));
  EXPECT_FALSE(position->Contains(MariaDbGtid{2, 1, 1}));
  EXPECT_TRUE(MariaDbPosition::Parse("1-2-5")->Beyond(*position).empty());
  EXPECT_EQ(MariaDbPosition::Parse("0-1-1,1-2-6,2-1-1")->Beyond(*position).ToString(),
            "1-2-6,2-1-1");
}

TEST(MariaDbGtidTest, PositionsAgreeWhereTheyNameTheSameTransactions) {
  const auto position = MariaDbPosition::Parse("0-1-100,1-2-5");
  EXPECT_TRUE(position->Agrees(*position));
  EXPECT_TRUE(position->Agrees(*MariaDbPosition::Parse("1-2-5")));
  EXPECT_FALSE(position->Agrees(*MariaDbPosition::Parse("0-1-99,1-2-5")));
  EXPECT_FALSE(position->Agrees(*MariaDbPosition::Parse("0-1-100,2-1-1")));
}

TEST(MariaDbGtidTest, AStateHasOneTransactionOfEachServer) {
  const auto state = MariaDbPosition::ParseState("0-1-100,0-2-98,1-2-5,,1-1-7");
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->ToString(), "0-1-100,1-1-7");
  EXPECT_FALSE(MariaDbPosition::ParseState("0-1").ok());
}

}  // namespace
}  // namespace tidemark::capture::mysql
