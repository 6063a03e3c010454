#include "storage/journal.h"

#include <numeric>

#include "gmock/gmock.h"
#include "storage/milestones.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<model::Sequence> From(model::Sequence first, model::Sequence last) {
  std::vector<model::Sequence> all(last - first + 1);
  std::iota(all.begin(), all.end(), first);
  return all;
}

class JournalTest : public StoreTest {
 protected:
  void Append(AppendBatch batch) {
    absl::Status status = journal_->Append(std::move(batch));
    ASSERT_TRUE(status.ok()) << status;
  }
  void ExpectReads(model::Sequence from, model::Sequence last) {
    auto sequences = ReadSequences(journal_, from);
    ASSERT_TRUE(sequences.ok()) << sequences.status();
    EXPECT_EQ(*sequences, from > last ? std::vector<model::Sequence>{} : From(from, last));
  }
};

TEST_F(JournalTest, NewJournalIsEmpty) {
  EXPECT_EQ(journal_->bounds().oldest, 1u);
  EXPECT_EQ(journal_->bounds().newest, 0u);
  EXPECT_EQ(journal_->checkpoint().next_sequence, 1u);
  ExpectReads(1, 0);
  EXPECT_EQ(*journal_->FindTime(0), 1u);
}

TEST_F(JournalTest, WhatIsAppendedIsReadFromAnyPlace) {
  Append(MakeBatch(1, 3, 5));
  Append(MakeBatch(16, 1, 1));
  for (model::Sequence from = 1; from <= 17; ++from) ExpectReads(from, 16);
}

TEST_F(JournalTest, DiskReadsLikeTheTail) {
  Append(MakeBatch(1, 3, 5));
  Append(MakeBatch(16, 1, 1));
  Reopen();
  for (model::Sequence from = 1; from <= 17; ++from) ExpectReads(from, 16);
}

TEST_F(JournalTest, ReadsGoFromDiskIntoTheTail) {
  options_.tail_bytes_max = 100 << 10;
  Reopen();
  for (int i = 0; i < 50; ++i) Append(MakeBatch(1 + 20 * i, 2, 10, 1, 1000));
  ExpectReads(1, 1000);
  ExpectReads(995, 1000);
}

TEST_F(JournalTest, BacklogIsWhatFollowsAPlace) {
  Append(MakeBatch(1, 2, 10, /*time_us=*/100));
  Append(MakeBatch(21, 1, 10, /*time_us=*/200));
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    Backlog all = *journal_->Behind(0);
    EXPECT_EQ(all.events, 30u);
    EXPECT_EQ(all.bytes, journal_->bounds().bytes);
    EXPECT_EQ(all.since_us, 100u);
    Backlog some = *journal_->Behind(20);
    EXPECT_EQ(some.events, 10u);
    EXPECT_NEAR(some.bytes, journal_->bounds().bytes / 3, 10);
    EXPECT_EQ(some.since_us, 200u);
    EXPECT_EQ(journal_->Behind(30)->events, 0u);
    EXPECT_EQ(journal_->Behind(30)->bytes, 0u);
    EXPECT_EQ(journal_->Behind(30)->since_us, 0u);
  }
}

TEST_F(JournalTest, BacklogIsKnownToTheDistanceOfMilestones) {
  // Sizes that are far apart: without milestones one would be taken for the other.
  Append(MakeBatch(1, 1, 1000, 100, 10));
  Append(MakeBatch(1001, 10, 10, 200, 100'000));
  const uint64_t end = journal_->bounds().end_bytes;
  Append(MakeBatch(1101, 1, 1000, 300, 10));
  EXPECT_NEAR(journal_->Behind(1000)->bytes, journal_->bounds().end_bytes, 8.1 * (1 << 20));
  EXPECT_NEAR(journal_->Behind(1100)->bytes, journal_->bounds().end_bytes - end,
              Milestones::kStrideBytes);
  EXPECT_EQ(journal_->Behind(1100)->since_us, 300u);
}

TEST_F(JournalTest, BacklogHasNothingThatIsNotRetained) {
  Append(MakeBatch(1, 1, 10, 100));
  Append(MakeBatch(11, 1, 10, 5'000'000));
  ASSERT_TRUE(journal_->Trim({.age_s_max = 2, .bytes_max = 0}, 5'000'000).ok());
  ASSERT_EQ(journal_->bounds().oldest, 11u);
  EXPECT_EQ(journal_->Behind(3)->events, 10u);
  EXPECT_EQ(journal_->Behind(3)->bytes, journal_->bounds().bytes);
  EXPECT_EQ(journal_->Behind(3)->since_us, 5'000'000u);
}

TEST_F(JournalTest, BlockKeepsItsFramesAfterTheCursorIsGone) {
  Append(MakeBatch(1, 1, 10));
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    std::optional<Block> block = **(*journal_->Read(4))->Next();
    Append(MakeBatch(reopened ? 12 : 11, 1, 1));
    EXPECT_EQ(block->first, 4u);
    EXPECT_EQ(block->count, 7u);
    EXPECT_THAT(block->schemas, ElementsAre(1));
    model::FrameScanner scanner(block->frames);
    model::EventView event;
    ASSERT_TRUE(scanner.Next(&event));
    EXPECT_EQ(event.sequence, 4u);
  }
}

TEST_F(JournalTest, CursorAtTheEndSeesWhatComesLater) {
  auto cursor = *journal_->Read(1);
  EXPECT_EQ(*cursor->Next(), std::nullopt);
  Append(MakeBatch(1, 1, 2));
  EXPECT_EQ((**cursor->Next()).last(), 2u);
  EXPECT_EQ(cursor->place(), 3u);
}

TEST_F(JournalTest, PlaceAfterTheEndIsOutOfRange) {
  Append(MakeBatch(1, 1, 2));
  EXPECT_EQ(journal_->Read(4).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(JournalTest, CheckpointSurvives) {
  Append(MakeBatch(1, 2, 3));
  AppendBatch empty;
  empty.checkpoint = journal_->checkpoint();
  empty.checkpoint.resume = std::string("a\0b", 3);
  empty.checkpoint.frontier = {4, 5};
  Append(std::move(empty));
  Reopen();
  EXPECT_EQ(journal_->checkpoint().next_sequence, 7u);
  EXPECT_EQ(journal_->checkpoint().resume, std::string("a\0b", 3));
  EXPECT_EQ(journal_->checkpoint().frontier, (model::Position{4, 5}));
  EXPECT_EQ(journal_->bounds().frontier, (model::Position{4, 5}));
  EXPECT_EQ(journal_->bounds().newest, 6u);
}

TEST_F(JournalTest, GapIsRefusedAndLeavesNothing) {
  Append(MakeBatch(1, 1, 2));
  EXPECT_EQ(journal_->Append(MakeBatch(4, 1, 2)).code(), absl::StatusCode::kInternal);
  AppendBatch wrong = MakeBatch(3, 1, 2);
  wrong.checkpoint.next_sequence = 6;
  EXPECT_EQ(journal_->Append(wrong).code(), absl::StatusCode::kInternal);
  Append(MakeBatch(3, 1, 2));
  ExpectReads(1, 4);
}

TEST_F(JournalTest, SourcesAreApart) {
  Journal* other = *store_->OpenJournal("shop2");
  EXPECT_EQ(*store_->OpenJournal("shop"), journal_);
  Append(MakeBatch(1, 1, 5));
  ASSERT_TRUE(other->Append(MakeBatch(1, 1, 2)).ok());
  ASSERT_TRUE(other->Acknowledge("c", 1).ok());
  Reopen();
  other = *store_->OpenJournal("shop2");
  EXPECT_EQ(other->bounds().newest, 2u);
  EXPECT_EQ(journal_->bounds().newest, 5u);
  EXPECT_THAT(*journal_->Consumers(), IsEmpty());
  EXPECT_EQ(store_->OpenJournal("").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(JournalTest, TimeFindsTheFirstBlockOfThatTimeOrLater) {
  Append(MakeBatch(1, 2, 10, 1000));
  Append(MakeBatch(21, 1, 10, 2000));
  Append(MakeBatch(31, 1, 10, 1500));  // the clock went back: counts as 2000
  Append(MakeBatch(41, 1, 10, 3000));
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_EQ(*journal_->FindTime(0), 1u);
    EXPECT_EQ(*journal_->FindTime(1000), 1u);
    EXPECT_EQ(*journal_->FindTime(1001), 21u);
    EXPECT_EQ(*journal_->FindTime(2001), 41u);
    EXPECT_EQ(*journal_->FindTime(3001), 51u);
  }
}

TEST_F(JournalTest, SchemasComeBackWhole) {
  auto element = std::make_shared<model::Type>();
  element->kind = model::TypeKind::kInteger;
  element->name = "integer";
  auto list = std::make_shared<model::Type>();
  list->kind = model::TypeKind::kArray;
  list->name = "integer[]";
  list->oid = 1007;
  list->element = element;
  auto mood = std::make_shared<model::Type>();
  mood->kind = model::TypeKind::kEnum;
  mood->labels = {"sad", "ok"};
  auto pair = std::make_shared<model::Type>();
  pair->kind = model::TypeKind::kComposite;
  pair->fields = {{"a", element}, {"b", mood}};
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = 7;
  schema->table_id = 16400;
  schema->name_space = "public";
  schema->name = "orders";
  schema->columns = {{"id", element, false, false, "nextval('s')"},
                     {"list", list, true, true, std::nullopt},
                     {"pair", pair, true, false, std::nullopt}};
  schema->key_columns = {0};
  schema->catalog_current = false;
  AppendBatch batch = MakeBatch(1, 1, 5);
  batch.schemas = {{2, schema}};
  Append(std::move(batch));
  Reopen();
  auto schemas = *journal_->Schemas();
  ASSERT_EQ(schemas.size(), 1u);
  EXPECT_EQ(schemas[0]->id, 7u);
  EXPECT_TRUE(model::SameContent(*schemas[0], *schema));
  std::string frame = *journal_->SchemaFrame(7);
  model::FrameScanner scanner(frame);
  model::EventView event;
  ASSERT_TRUE(scanner.Next(&event));
  EXPECT_EQ(event.kind, model::EventKind::kSchema);
  EXPECT_EQ(event.sequence, 2u);
  EXPECT_EQ(journal_->SchemaFrame(8).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(JournalTest, KeysToReadAgainStayUntilTheyAreDone) {
  AppendBatch batch = MakeBatch(1, 1, 5);
  for (model::Sequence at = 1; at <= 5; ++at) {
    batch.rereads_added.push_back({9, {"k", std::to_string(at)}, at});
  }
  Append(std::move(batch));
  EXPECT_EQ(journal_->Rereads(2, 0)->size(), 2u);
  batch = MakeBatch(6, 1, 1);
  batch.rereads_done = {1, 2, 4};
  Append(std::move(batch));
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_EQ(journal_->Rereads(10, 4)->size(), 1u);
    EXPECT_EQ(journal_->Rereads(10, 6)->size(), 0u);
    auto rereads = *journal_->Rereads(10, 0);
    ASSERT_EQ(rereads.size(), 2u);
    EXPECT_EQ(rereads[0].sequence, 3u);
    EXPECT_EQ(rereads[1].sequence, 5u);
    EXPECT_EQ(rereads[1].table, 9u);
    EXPECT_THAT(rereads[1].key, ElementsAre("k", "5"));
  }
  batch = MakeBatch(7, 1, 1);
  batch.rereads_added = {{9, {"late"}, 2}};
  Append(std::move(batch));
  EXPECT_EQ(journal_->Rereads(1, 0)->front().sequence, 2u);
}

TEST_F(JournalTest, DriverRecordsStayUntilTheyAreErased) {
  const std::string name("shop\0t", 6);
  AppendBatch batch = MakeBatch(1, 1, 1);
  batch.driver_records = {{"a", "1"}, {name, "2"}, {"c", "3"}};
  Append(std::move(batch));
  ASSERT_TRUE((*store_->OpenJournal("shop2"))->DriverRecords()->empty());
  batch = MakeBatch(2, 1, 1);
  batch.driver_records = {{"c", "4"}, {"a", std::nullopt}, {"c", "5"}};
  Append(std::move(batch));
  for (bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(*journal_->DriverRecords(),
                ElementsAre(model::DriverRecord{"c", "5"}, model::DriverRecord{name, "2"}));
  }
}

TEST_F(JournalTest, JobsAreStoredWithTheirEvents) {
  EXPECT_EQ(*store_->NextJobId(), 1u);
  EXPECT_EQ(*store_->NextJobId(), 2u);
  AppendBatch batch = MakeBatch(1, 1, 1);
  batch.jobs = {{2, "", "two"}, {1, "", "one"}, {1, "part", "a part"}, {2, "x", "gone"}};
  Append(std::move(batch));
  batch = MakeBatch(2, 1, 1);
  batch.jobs = {{2, "", "second"}, {2, "x", std::nullopt}};
  Append(std::move(batch));
  Reopen();
  auto jobs = *store_->Jobs();
  ASSERT_EQ(jobs.size(), 3u);
  EXPECT_EQ(jobs[0].value, "one");
  EXPECT_EQ(jobs[1].id, 1u);
  EXPECT_EQ(jobs[1].part, "part");
  EXPECT_EQ(jobs[1].value, "a part");
  EXPECT_EQ(jobs[2].id, 2u);
  EXPECT_EQ(jobs[2].value, "second");
  EXPECT_EQ(*store_->NextJobId(), 3u);
}

TEST_F(JournalTest, ConsumersNeverGoBackByThemselves) {
  Append(MakeBatch(1, 1, 10));
  ASSERT_TRUE(journal_->Acknowledge("billing", 5).ok());
  ASSERT_TRUE(journal_->Acknowledge("billing", 3).ok());
  EXPECT_EQ(journal_->Acknowledge("billing", 11).code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(journal_->Acknowledge("", 1).code(), absl::StatusCode::kInvalidArgument);
  Reopen();
  auto places = *journal_->Consumers();
  ASSERT_EQ(places.size(), 1u);
  EXPECT_EQ(places[0].name, "billing");
  EXPECT_EQ(places[0].acknowledged, 5u);
  EXPECT_GT(places[0].acknowledge_time_us, 0);
  ASSERT_TRUE(journal_->ResetConsumer("billing", 1).ok());
  EXPECT_EQ(journal_->Consumers()->front().acknowledged, 0u);
  EXPECT_EQ(journal_->ResetConsumer("billing", 12).code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(journal_->DeleteConsumer("billing").ok());
  EXPECT_EQ(journal_->DeleteConsumer("billing").code(), absl::StatusCode::kNotFound);
  Reopen();
  EXPECT_THAT(*journal_->Consumers(), IsEmpty());
}

}  // namespace
}  // namespace tidemark::storage
