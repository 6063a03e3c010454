#include "snapshot/merger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/snapshot/rows.h"

namespace tidemark::snapshot {
namespace {

using model::Op;
using testing::ElementsAre;
using testing::IsEmpty;

class MergerTest : public testing::Test {
 protected:
  explicit MergerTest(MergerOptions options = {})
      : registry_({}),
        schema_(registry_.Resolve(TestSchema())),
        merger_(options, &registry_, storage::Checkpoint{}) {
    EXPECT_TRUE(merger_.Merge({}).ok());
  }

  void Log(const TestChange& change) {
    ASSERT_TRUE(merger_.Merge(TestLog(change, schema_->id)).ok());
  }
  void Read(WindowId window, const std::vector<TestRow>& rows, uint64_t bound,
            std::set<uint64_t> shown = {}) {
    merger_.Submit(window, TestChunk(rows, schema_, std::move(shown), bound));
  }
  std::vector<tidemark::v1::Event> Taken() {
    std::vector<tidemark::v1::Event> events;
    for (const storage::Block& block : merger_.Take(1).blocks) {
      for (auto& event : Decode(block.frames)) events.push_back(std::move(event));
    }
    return events;
  }

  capture::SchemaRegistry registry_;
  std::shared_ptr<const model::TableSchema> schema_;
  Merger merger_;
};

TEST_F(MergerTest, RowsComeOutOnceTheFrontierHasPassedTheBound) {
  auto window = merger_.Open(kTestTable);
  Read(window.id, {{1, 10, 100}}, 8);
  EXPECT_THAT(merger_.Closable(), IsEmpty());
  EXPECT_EQ(merger_.WantedFrontier(), (model::Position{0, 8}));
  Log({7, Op::kCreate, {2, 1, 1}});
  EXPECT_THAT(merger_.Closable(), IsEmpty());
  Log({8, Op::kCreate, {3, 1, 1}});
  ASSERT_THAT(merger_.Closable(), ElementsAre(window.id));
  auto closed = merger_.Close(window.id);
  ASSERT_TRUE(closed.ok());
  EXPECT_EQ(closed->rows, 1);
  auto events = Taken();
  ASSERT_EQ(events.size(), 4);  // two creates, the schema, the row
  EXPECT_TRUE(events[2].has_schema());
  EXPECT_EQ(events[3].change().op(), tidemark::v1::OP_READ);
  EXPECT_EQ(events[3].change().position().offset(), 8);
  for (size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].sequence(), i + 1);
}

TEST_F(MergerTest, WhatComesOutIsCountedByItsKind) {
  auto window = merger_.Open(kTestTable);
  EXPECT_EQ(merger_.windows(), 1u);
  Read(window.id, {{1, 10, 100}, {2, 20, 200}}, 8);
  Log({7, Op::kUpdate, {1, 11, std::nullopt}});
  Log({8, Op::kDelete, {2, 0, 0}});
  ASSERT_TRUE(merger_.Close(window.id).ok());
  EXPECT_EQ(merger_.windows(), 0u);
  merger_.AppendMark({});
  uint64_t bytes = 0;
  for (const storage::Block& block : merger_.Take(1).blocks) bytes += block.frames.size();
  MergeCounts counts = merger_.TakeCounts();
  std::vector<uint64_t> events;
  for (const auto& of_kind : counts.by_class) {
    events.push_back(of_kind.events);
    bytes -= of_kind.bytes;
  }
  // One update, one delete, the row that is left, its schema, the mark.
  EXPECT_THAT(events, ElementsAre(0, 1, 1, 0, 1, 1, 0, 0, 1));
  EXPECT_EQ(bytes, 0u);
  EXPECT_EQ(counts.rows_dropped, 1u);
  EXPECT_EQ(counts.rows_folded, 1u);
  EXPECT_EQ(merger_.TakeCounts().rows_dropped, 0u);
}

TEST_F(MergerTest, AWindowKnowsOnlyTouchesSinceItWasOpened) {
  Log({5, Op::kUpdate, {1, 11, 101}});
  auto window = merger_.Open(kTestTable);
  ASSERT_EQ(window.unsettled.size(), 1);
  EXPECT_EQ(window.unsettled[0].number, 5);
  Read(window.id, {{1, 11, 101}}, 5, {5});
  EXPECT_EQ(merger_.Close(window.id)->rows, 1);
}

TEST_F(MergerTest, NothingClosesInsideATransaction) {
  auto window = merger_.Open(kTestTable);
  Read(window.id, {{1, 10, 100}}, 0);
  EXPECT_THAT(merger_.Closable(), ElementsAre(window.id));
  capture::LogBatch piece = TestLog({5, Op::kUpdate, {1, 11, 101}}, schema_->id);
  piece.mid_transaction = true;
  piece.frontier = {};
  ASSERT_TRUE(merger_.Merge(std::move(piece)).ok());
  EXPECT_THAT(merger_.Closable(), IsEmpty());
  // A window that opens now does not know the touch above, and must wait for its transaction.
  EXPECT_EQ(merger_.Open(kTestTable).unsettled.size(), 1);
}

TEST_F(MergerTest, ASchemaIsAnnouncedOnceAndFirst) {
  for (int i = 0; i < 2; ++i) {
    auto window = merger_.Open(kTestTable);
    Read(window.id, {{1, 10, 100}}, 0);
    ASSERT_TRUE(merger_.Close(window.id).ok());
  }
  storage::AppendBatch batch = merger_.Take(1);
  ASSERT_EQ(batch.schemas.size(), 1);
  EXPECT_EQ(batch.schemas[0].first, 1);
  EXPECT_EQ(batch.checkpoint.next_sequence, 4);
  ASSERT_EQ(batch.blocks.size(), 1);
  EXPECT_THAT(batch.blocks[0].schemas, ElementsAre(schema_->id));
}

TEST_F(MergerTest, TheFirstAnnouncementIsTheOneThatIsStored) {
  auto window = merger_.Open(kTestTable);
  Read(window.id, {{1, 10, 100}}, 0);
  ASSERT_TRUE(merger_.Close(window.id).ok());
  // A log reader that started after it need not repeat it.
  EXPECT_THAT(registry_.journaled(), ElementsAre(schema_->id));
  capture::LogBatch log;
  model::AppendSchemaFrame(log.frames, *schema_);
  capture::LogEvent& event = log.events.emplace_back();
  event.kind = model::EventKind::kSchema;
  event.frame.size = static_cast<uint32_t>(log.frames.size());
  log.schemas.push_back(schema_);
  ASSERT_TRUE(merger_.Merge(std::move(log)).ok());
  storage::AppendBatch batch = merger_.Take(1);
  ASSERT_EQ(batch.schemas.size(), 1);
  EXPECT_EQ(batch.schemas[0].first, 1);
  EXPECT_EQ(batch.checkpoint.next_sequence, 4);
}

TEST_F(MergerTest, AMovedRowWithMissingColumnsIsToBeReadAgain) {
  Log({5, Op::kCreate, {9, 1, {}}, true});
  auto rereads = merger_.TakeRereads();
  ASSERT_EQ(rereads.size(), 1);
  EXPECT_EQ(rereads[0].sequence, 1);
  EXPECT_THAT(rereads[0].key, ElementsAre("9"));
  EXPECT_EQ(merger_.Take(1).rereads_added.size(), 1);
  merger_.FinishRereads({1});
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(1));
}

TEST_F(MergerTest, AnAbandonedWindowLeavesNothing) {
  auto window = merger_.Open(kTestTable);
  Read(window.id, {{1, 10, 100}}, 0);
  merger_.Abandon(window.id);
  merger_.Abandon(window.id);
  EXPECT_THAT(merger_.Closable(), IsEmpty());
  EXPECT_THAT(Taken(), IsEmpty());
}

TEST_F(MergerTest, AWindowDoesNotOutliveTheLogConnection) {
  auto open = merger_.Open(kTestTable), submitted = merger_.Open(kTestTable);
  Read(submitted.id, {{1, 10, 100}}, 1 << 20);
  merger_.VoidWindows();
  ASSERT_THAT(merger_.Closable(), ElementsAre(submitted.id));
  EXPECT_EQ(merger_.Close(submitted.id)->outcome, Closed::Outcome::kTableChanged);
  Read(open.id, {{1, 10, 100}}, 0);
  EXPECT_EQ(merger_.Close(open.id)->outcome, Closed::Outcome::kTableChanged);
  EXPECT_THAT(Taken(), IsEmpty());
}

TEST_F(MergerTest, AWindowDoesNotOutliveARewriteOfItsTable) {
  auto before = merger_.Open(kTestTable), other = merger_.Open(kTestTable + 1);
  Read(before.id, {{1, 10, 100}}, 0);
  Read(other.id, {}, 0);
  capture::LogBatch log;
  log.rewritten = {kTestTable, kTestTable + 2};
  ASSERT_TRUE(merger_.Merge(std::move(log)).ok());
  auto after = merger_.Open(kTestTable);
  Read(after.id, {{1, 10, 5}}, 0);
  EXPECT_EQ(merger_.Close(before.id)->outcome, Closed::Outcome::kTableChanged);
  EXPECT_EQ(merger_.Close(other.id)->outcome, Closed::Outcome::kDone);
  EXPECT_EQ(merger_.Close(after.id)->rows, 1);
  EXPECT_THAT(merger_.TakeRewritten(), ElementsAre(kTestTable, kTestTable + 2));
  EXPECT_THAT(merger_.TakeRewritten(), IsEmpty());
}

TEST_F(MergerTest, WindowsCloseInTheOrderOfTheirBounds) {
  auto first = merger_.Open(kTestTable), second = merger_.Open(kTestTable);
  Log({9, Op::kCreate, {5, 1, 1}});
  Read(first.id, {{1, 10, 100}}, 8);
  Read(second.id, {{2, 10, 100}}, 7);
  EXPECT_THAT(merger_.Closable(), ElementsAre(second.id, first.id));
}

TEST_F(MergerTest, ADriversRecordsAreStoredWithItsToken) {
  merger_.Take(1);
  capture::LogBatch batch;
  batch.resume = "token";
  batch.records = {{"a", "1"}, {"b", std::nullopt}};
  ASSERT_TRUE(merger_.Merge(std::move(batch)).ok());
  EXPECT_TRUE(merger_.changed());
  const storage::AppendBatch taken = merger_.Take(1);
  EXPECT_EQ(taken.checkpoint.resume, "token");
  EXPECT_THAT(taken.driver_records,
              ElementsAre(model::DriverRecord{"a", "1"}, model::DriverRecord{"b", std::nullopt}));
  EXPECT_THAT(merger_.Take(1).driver_records, IsEmpty());
}

TEST_F(MergerTest, AFrontierWithoutEventsIsWorthStoring) {
  merger_.Take(1);
  EXPECT_FALSE(merger_.changed());
  capture::LogBatch idle;
  idle.frontier = {0, 99};
  ASSERT_TRUE(merger_.Merge(std::move(idle)).ok());
  EXPECT_TRUE(merger_.changed());
  EXPECT_EQ(merger_.Take(1).checkpoint.frontier, (model::Position{0, 99}));
}

class TightMergerTest : public MergerTest {
 protected:
  TightMergerTest() : MergerTest({.touched_bytes_max = 100 << 10, .block_bytes = 4096}) {}
};

TEST_F(TightMergerTest, TooManyTouchesGiveTheWindowUp) {
  auto window = merger_.Open(kTestTable);
  for (uint64_t i = 1; i <= 3000; ++i) Log({i, Op::kUpdate, {int64_t(i), 1, 1}});
  Read(window.id, {{1, 10, 100}}, 1 << 20);
  // It need not wait for its bound.
  ASSERT_THAT(merger_.Closable(), ElementsAre(window.id));
  EXPECT_EQ(merger_.Close(window.id)->outcome, Closed::Outcome::kTooManyTouches);
}

TEST_F(TightMergerTest, BlocksAreCutAndFollowEachOther) {
  auto window = merger_.Open(kTestTable);
  std::vector<TestRow> rows;
  for (int64_t key = 0; key < 500; ++key) rows.push_back({key, key, key});
  Log({1, Op::kCreate, {1000, 1, 1}});
  Read(window.id, rows, 1);
  ASSERT_TRUE(merger_.Close(window.id).ok());
  storage::AppendBatch batch = merger_.Take(42);
  EXPECT_GT(batch.blocks.size(), 5);
  model::Sequence next = 1;
  for (const storage::Block& block : batch.blocks) {
    EXPECT_EQ(block.first, next);
    EXPECT_LE(block.frames.size(), 4096);
    EXPECT_EQ(Decode(block.frames).size(), block.count);
    EXPECT_EQ(Decode(block.frames)[0].sequence(), block.first);
    next += block.count;
  }
  EXPECT_EQ(next, 503);
}

TEST(SettlingTest, AcknowledgesUpToTheOldestTransactionThatMayBeInvisible) {
  Settling settling;
  settling.Add({{1, 0, {0, 10}}, {2, 0, {0, 20}}, {3, 0, {0, 30}}});
  EXPECT_EQ(settling.Acknowledgeable({0, 35}), (model::Position{0, 10}));
  settling.Settle(TestView({1, 3}));
  EXPECT_EQ(settling.Acknowledgeable({0, 35}), (model::Position{0, 20}));
  EXPECT_EQ(settling.Acknowledgeable({0, 15}), (model::Position{0, 15}));
  settling.Add({{3, 0, {0, 30}}});  // delivered again
  settling.Settle(TestView({1, 2, 3}));
  EXPECT_EQ(settling.Acknowledgeable({0, 35}), (model::Position{0, 35}));
}

TEST(TouchLogTest, KeepsOnlyWhatIsNotDropped) {
  TouchLog touches;
  for (uint64_t i = 0; i < 20000; ++i) {
    std::string key = EncodeKey(static_cast<int64_t>(i));
    Touch touch;
    touch.transaction.number = i;
    touch.key = key;
    touches.Add(touch);
  }
  size_t full = touches.bytes();
  touches.DropBefore(15000);
  EXPECT_LT(touches.bytes(), full / 2);
  EXPECT_EQ(touches.at(15000).key, EncodeKey(15000));
  EXPECT_EQ(touches.at(19999).transaction.number, 19999);
  touches.DropBefore(touches.end());
  EXPECT_EQ(touches.bytes(), 0);
  EXPECT_EQ(touches.end(), 20000);
}

}  // namespace
}  // namespace tidemark::snapshot
