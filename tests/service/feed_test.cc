#include "service/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/events.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"
#include "tidemark/v1/change_stream.pb.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAre;

class FeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    storage::StoreOptions options;
    options.folder = folder_.File("data");
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(options));
    ASSERT_OK_AND_ASSIGN(journal_, store_->OpenJournal("shop"));
  }

  std::unique_ptr<Feed> Open(model::Sequence from, FilterOptions filter = {},
                             size_t bytes_max = 1 << 20) {
    auto feed = Feed::Open(journal_, from, filter, bytes_max);
    EXPECT_OK(feed);
    return *std::move(feed);
  }

  // Sequences of each response until nothing more is at hand.
  static std::vector<std::vector<model::Sequence>> Drain(Feed& feed) {
    std::vector<std::vector<model::Sequence>> responses;
    for (bool more = true; more;) {
      auto batch = feed.Next();
      EXPECT_OK(batch);
      more = batch->more;
      if (batch->pieces.empty()) continue;
      std::string bytes;
      for (const FeedPiece& piece : batch->pieces) bytes += piece.frames;
      v1::SubscribeResponse response;
      EXPECT_TRUE(response.ParseFromString(bytes));
      std::vector<model::Sequence> sequences;
      for (const v1::Event& event : response.events()) sequences.push_back(event.sequence());
      responses.push_back(sequences);
    }
    return responses;
  }

  testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
};

constexpr model::Op kCreate = model::Op::kCreate;

TEST_F(FeedTest, SmallBlocksAtHandComeInOneResponse) {
  ASSERT_OK(journal_->Append(
      BlockMaker(1).Schema(MakeSchema(1, 10, "p", "a")).Change(1, kCreate, 1, "x").Batch()));
  ASSERT_OK(journal_->Append(BlockMaker(3).Change(1, kCreate, 2, "x").Batch()));
  auto feed = Open(1);
  EXPECT_THAT(Drain(*feed), ElementsAre(ElementsAre(1, 2, 3)));
  EXPECT_EQ(feed->place(), 4u);
  ASSERT_OK(journal_->Append(BlockMaker(4).Change(1, kCreate, 3, "x").Batch()));
  EXPECT_THAT(Drain(*feed), ElementsAre(ElementsAre(4)));
}

TEST_F(FeedTest, LargeBlocksAreSplitBetweenEvents) {
  BlockMaker maker(1);
  maker.Schema(MakeSchema(1, 10, "p", "a"));
  for (int i = 0; i < 4; ++i) maker.Change(1, kCreate, i, std::string(1500, 'x'));
  maker.Change(1, kCreate, 9, std::string(9000, 'x')).Change(1, kCreate, 10, "x");
  ASSERT_OK(journal_->Append(maker.Batch()));
  auto feed = Open(1, {}, 4096);
  EXPECT_THAT(Drain(*feed),
              ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4, 5), ElementsAre(6), ElementsAre(7)));
}

TEST_F(FeedTest, SchemasOfBeforeTheStartComeFirst) {
  ASSERT_OK(journal_->Append(BlockMaker(1)
                                 .Schema(MakeSchema(1, 10, "p", "a"))
                                 .Schema(MakeSchema(2, 20, "p", "b"))
                                 .Change(1, kCreate, 1, "x")
                                 .Change(2, kCreate, 1, "x")
                                 .Batch()));
  ASSERT_OK(journal_->Append(BlockMaker(5)
                                 .Change(2, kCreate, 2, "x")
                                 .Schema(MakeSchema(3, 30, "p", "c"))
                                 .Change(3, kCreate, 2, "x")
                                 .Batch()));
  EXPECT_THAT(Drain(*Open(5)), ElementsAre(ElementsAre(2, 5, 6, 7)));
  EXPECT_THAT(Drain(*Open(1)), ElementsAre(ElementsAre(1, 2, 3, 4, 5, 6, 7)));
}

TEST_F(FeedTest, AFilteredStreamHasOnlyTheSchemasItNeeds) {
  ASSERT_OK(journal_->Append(BlockMaker(1)
                                 .Schema(MakeSchema(1, 10, "p", "a"))
                                 .Schema(MakeSchema(2, 20, "p", "b"))
                                 .Change(1, kCreate, 1, "x")
                                 .Change(2, kCreate, 1, "x")
                                 .End()
                                 .Batch()));
  FilterOptions filter{.tables = {"p.b"}, .ops = {}, .without_transaction_ends = true};
  EXPECT_THAT(Drain(*Open(1, filter)), ElementsAre(ElementsAre(2, 4)));
  EXPECT_THAT(Drain(*Open(3, filter)), ElementsAre(ElementsAre(2, 4)));
}

TEST_F(FeedTest, AFilterThatNothingPassesStillMovesOn) {
  BlockMaker maker(1);
  maker.Schema(MakeSchema(1, 10, "p", "a"));
  for (int i = 0; i < 50; ++i) maker.Change(1, kCreate, i, "x");
  ASSERT_OK(journal_->Append(maker.Batch()));
  auto feed = Open(1, {.tables = {"other.*"}, .ops = {}});
  EXPECT_TRUE(Drain(*feed).empty());
  EXPECT_EQ(feed->place(), 52u);
}

TEST_F(FeedTest, FilteredResponsesAreBoundedToo) {
  BlockMaker maker(1);
  maker.Schema(MakeSchema(1, 10, "p", "a"));
  for (int i = 0; i < 5; ++i) maker.Change(1, kCreate, i, std::string(1500, 'x'));
  ASSERT_OK(journal_->Append(maker.Batch()));
  auto feed = Open(1, {.tables = {"p.a"}, .ops = {}}, 4096);
  EXPECT_THAT(Drain(*feed), ElementsAre(ElementsAre(1, 2, 3), ElementsAre(4, 5), ElementsAre(6)));
}

}  // namespace
}  // namespace tidemark::service
