#include <filesystem>

#include "gmock/gmock.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr uint64_t kSecond = 1000000;

class RetentionTest : public StoreTest {
 protected:
  // Block i (from 0) has the events 10 i + 1 to 10 i + 10 and was appended at second i + 1.
  void AppendSeconds(int blocks, size_t payload = 10) {
    for (int i = 0; i < blocks; ++i) {
      model::Sequence first = journal_->bounds().newest + 1;
      ASSERT_TRUE(
          journal_->Append(MakeBatch(first, 1, 10, (first / 10 + 1) * kSecond, payload)).ok());
    }
  }
  uint64_t FolderBytes() const {
    uint64_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(options_.folder + "/db")) {
      if (file.path().extension() == ".sst") bytes += file.file_size();
    }
    return bytes;
  }
};

TEST_F(RetentionTest, WhatIsTooOldIsDropped) {
  AppendSeconds(10);
  ASSERT_TRUE(journal_->Trim({.age_s_max = 5}, 10 * kSecond).ok());
  EXPECT_EQ(journal_->bounds().oldest, 41u);  // the block of second 5 is just 5 s old
  EXPECT_EQ((*ReadSequences(journal_, 41)).size(), 60u);
  Reopen();
  EXPECT_EQ(journal_->bounds().oldest, 41u);
  EXPECT_EQ(*journal_->FindTime(0), 41u);
}

TEST_F(RetentionTest, WhatNewerEventsFillIsDropped) {
  AppendSeconds(10);
  uint64_t block_bytes = MakeBlock(91, 10).frames.size();  // like the three before it
  ASSERT_TRUE(journal_->Trim({.bytes_max = 3 * block_bytes}, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 71u);
  ASSERT_TRUE(journal_->Trim({.bytes_max = 2 * block_bytes + 1}, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 71u);
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_EQ(journal_->bounds().bytes, 3 * block_bytes);
  }
}

// The newest milestone may be older than all that is retained, and its file gone.
TEST_F(RetentionTest, OpensAgainWhateverWasDropped) {
  for (uint64_t day = 1; day <= 8; ++day) {
    for (int i = 0; i < 20; ++i) {
      model::Sequence first = journal_->bounds().newest + 1;
      ASSERT_TRUE(journal_->Append(MakeBatch(first, 1, 10, day * 100 * kSecond, 1000)).ok());
    }
    ASSERT_TRUE(journal_->Trim({.age_s_max = 250}, (day * 100 + 1) * kSecond).ok());
    Bounds before = journal_->bounds();
    Reopen();
    EXPECT_EQ(journal_->bounds().oldest, before.oldest) << "day " << day;
    EXPECT_EQ(journal_->bounds().newest, before.newest);
    EXPECT_EQ(journal_->bounds().bytes, before.bytes);
  }
}

TEST_F(RetentionTest, NewestBlockStays) {
  AppendSeconds(3);
  ASSERT_TRUE(journal_->Trim({.age_s_max = 1, .bytes_max = 1}, 1000 * kSecond).ok());
  EXPECT_EQ(journal_->bounds().oldest, 21u);
  Reopen();
  AppendSeconds(1);
  EXPECT_EQ((*ReadSequences(journal_, 21)).size(), 20u);
}

TEST_F(RetentionTest, WithoutBoundsNothingIsDropped) {
  ASSERT_TRUE(journal_->Trim({.age_s_max = 1, .bytes_max = 1}, 1000 * kSecond).ok());
  AppendSeconds(3);
  ASSERT_TRUE(journal_->Trim({}, 1000 * kSecond).ok());
  EXPECT_EQ(journal_->bounds().oldest, 1u);
}

TEST_F(RetentionTest, DroppedPlaceIsOutOfRangeWithTheRemedy) {
  AppendSeconds(10);
  auto cursor = *journal_->Read(5);
  ASSERT_TRUE(journal_->Trim({.age_s_max = 5}, 10 * kSecond).ok());
  for (const absl::Status& status : {journal_->Read(40).status(), cursor->Next().status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr("oldest is 41"), HasSubstr("start there")));
  }
  EXPECT_EQ(journal_->ResetConsumer("c", 40).code(), absl::StatusCode::kOutOfRange);
  EXPECT_TRUE(journal_->ResetConsumer("c", 41).ok());
}

TEST_F(RetentionTest, SchemasSurvive) {
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = 3;
  AppendBatch batch = MakeBatch(1, 1, 10, kSecond);
  batch.schemas = {{1, schema}};
  ASSERT_TRUE(journal_->Append(std::move(batch)).ok());
  AppendSeconds(5);
  ASSERT_TRUE(journal_->Trim({.bytes_max = 1}, 0).ok());
  Reopen();
  EXPECT_TRUE(journal_->SchemaFrame(3).ok());
}

TEST_F(RetentionTest, DiskSpaceComesBack) {
  constexpr size_t kPayload = 100 << 10;  // a block of 1 MB
  AppendSeconds(200, kPayload);
  uint64_t before = FolderBytes();
  EXPECT_GT(before, 100u << 20);
  ASSERT_TRUE(journal_->Trim({.bytes_max = 20 << 20}, 0).ok());
  AppendSeconds(60, kPayload);
  ASSERT_TRUE(journal_->Trim({.bytes_max = 20 << 20}, 0).ok());
  Reopen();
  EXPECT_LT(FolderBytes(), 80u << 20);
  model::Sequence oldest = journal_->bounds().oldest;
  EXPECT_EQ((*ReadSequences(journal_, oldest)).back(), 2600u);
  EXPECT_NEAR(static_cast<double>(journal_->bounds().bytes), 20 << 20, 2 << 20);
}

}  // namespace
}  // namespace tidemark::storage
