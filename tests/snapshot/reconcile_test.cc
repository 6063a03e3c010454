#include "snapshot/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/snapshot/rows.h"

namespace tidemark::snapshot {
namespace {

using model::Op;
using testing::ElementsAre;

// What the log did after the window was opened: transaction, op, row.
struct Step {
  uint64_t transaction;
  Op op;
  TestRow row;
  bool other_layout = false;
  bool read_again = false;
};

struct Case {
  std::string name;
  std::vector<TestRow> chunk;
  std::vector<Step> steps;
  std::set<uint64_t> shown;           // transactions in V
  std::vector<std::string> expected;  // "key:a,b" of the surviving rows
};

class ReconcileTest : public testing::Test {
 protected:
  ReconcileTest()
      : registry_({}),
        schema_(registry_.Resolve(TestSchema())),
        other_(registry_.Resolve(TestSchema("extra"))) {}

  absl::StatusOr<std::vector<std::string>> Run(const Case& c, bool fold = true) {
    TouchLog touches;
    for (const Step& step : c.steps) {
      std::string key = EncodeKey(step.row.key), after = EncodeRow(step.row);
      Touch touch;
      touch.transaction.number = step.transaction;
      touch.op = step.op;
      touch.read_again = step.read_again;
      touch.partial = !step.row.b && step.op != Op::kDelete && step.op != Op::kTruncate;
      touch.schema = step.other_layout ? other_->id : schema_->id;
      if (step.op != Op::kTruncate) touch.key = key;
      touch.after = after;
      touches.Add(touch);
    }
    auto result = Reconcile(TestChunk(c.chunk, schema_, c.shown, 1), touches, 0, registry_, fold);
    if (!result.ok()) return result.status();
    std::vector<std::string> rows;
    for (const auto& event : Decode(result->frames.view())) {
      const auto& after = event.change().after();
      rows.push_back(absl::StrCat(event.change().key().values(0).integer(), ":",
                                  after.values(1).integer(), ",", after.values(2).integer()));
      EXPECT_EQ(event.change().op(), tidemark::v1::OP_READ);
      EXPECT_EQ(event.change().snapshot_id(), 1);
    }
    EXPECT_EQ(rows.size(), result->rows.size());
    for (const model::FrameExtent& row : result->rows) {
      EXPECT_EQ(row.at + row.size <= result->frames.size(), true);
      std::string_view key = result->frames.view().substr(row.key_at, row.key_size);
      EXPECT_EQ(key.size(), EncodeKey(1).size());
    }
    return rows;
  }

  capture::SchemaRegistry registry_;
  std::shared_ptr<const model::TableSchema> schema_, other_;
};

TEST_F(ReconcileTest, BringsRowsFromTheViewToTheEndOfTheLog) {
  const std::vector<TestRow> two = {{1, 10, 100}, {2, 20, 200}};
  const std::vector<Case> cases = {
      {"no touches", two, {}, {}, {"1:10,100", "2:20,200"}},
      {"a full image supersedes", two, {{5, Op::kUpdate, {1, 11, 101}}}, {}, {"2:20,200"}},
      {"a delete removes", two, {{5, Op::kDelete, {1}}}, {}, {"2:20,200"}},
      {"a touch in V is forgotten",
       two,
       {{5, Op::kUpdate, {1, 11, 101}}},
       {5},
       {"1:10,100", "2:20,200"}},
      {"a partial image overlays",
       two,
       {{5, Op::kUpdate, {1, 11, {}}}},
       {},
       {"1:11,100", "2:20,200"}},
      {"partial images in log order",
       two,
       {{5, Op::kUpdate, {1, 11, {}}}, {6, Op::kUpdate, {1, 12, {}}}},
       {},
       {"1:12,100", "2:20,200"}},
      {"a partial image in V is not folded",
       two,
       {{5, Op::kUpdate, {1, 11, {}}}, {6, Op::kUpdate, {1, 12, {}}}},
       {5},
       {"1:12,100", "2:20,200"}},
      {"what precedes a touch in V is in V too",
       two,
       {{5, Op::kUpdate, {1, 9, {}}}, {6, Op::kUpdate, {1, 10, {}}}},
       {6},
       {"1:10,100", "2:20,200"}},
      {"a partial image whose key is read again supersedes",
       two,
       {{5, Op::kUpdate, {1, 11, {}}}, {6, Op::kUpdate, {1, 12, {}}, false, true},
        {7, Op::kUpdate, {1, 13, {}}}},
       {},
       {"2:20,200"}},
      {"a full image ends folding",
       two,
       {{5, Op::kUpdate, {1, 11, {}}}, {6, Op::kUpdate, {1, 12, 102}}},
       {},
       {"2:20,200"}},
      {"a partial image after a full one",
       two,
       {{5, Op::kUpdate, {1, 12, 102}}, {6, Op::kUpdate, {1, 13, {}}}},
       {},
       {"2:20,200"}},
      {"delete and create again",
       two,
       {{5, Op::kDelete, {1}}, {5, Op::kCreate, {1, 15, 105}}},
       {},
       {"2:20,200"}},
      {"a truncate removes all", two, {{5, Op::kTruncate, {}}}, {}, {}},
      {"a truncate in V removes nothing",
       two,
       {{5, Op::kTruncate, {}}},
       {5},
       {"1:10,100", "2:20,200"}},
      {"a row created after a truncate, both in V",
       two,
       {{5, Op::kTruncate, {}}, {6, Op::kCreate, {1, 10, 100}}},
       {5, 6},
       {"1:10,100", "2:20,200"}},
      {"touches of keys that the chunk lacks",
       two,
       {{5, Op::kUpdate, {3, 1, {}}}},
       {},
       {"1:10,100", "2:20,200"}},
      {"another layout in V does not matter",
       two,
       {{5, Op::kUpdate, {1, 11, 101}, true}},
       {5},
       {"1:10,100", "2:20,200"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto rows = Run(c);
    ASSERT_TRUE(rows.ok()) << rows.status();
    EXPECT_EQ(*rows, c.expected);
  }
}

TEST_F(ReconcileTest, AnotherLayoutAfterTheViewAsksForAnotherRead) {
  auto rows = Run({"", {{1, 10, 100}}, {{5, Op::kUpdate, {1, 11, 101}, true}}, {}, {}});
  EXPECT_TRUE(absl::IsAborted(rows.status())) << rows.status();
}

// ALTER SCHEMA ... RENAME sends no Relation message: the log keeps the old name for ever.
TEST_F(ReconcileTest, AnotherNameOfTheTableDoesNotMatter) {
  model::TableSchema renamed = TestSchema();
  renamed.name_space = "archive";
  other_ = registry_.Resolve(std::move(renamed));
  ASSERT_NE(other_->id, schema_->id);
  auto rows = Run({"", {{1, 10, 100}}, {{5, Op::kUpdate, {1, 11, {}}, true}}, {}, {}});
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, ElementsAre("1:11,100"));
}

TEST_F(ReconcileTest, WithoutFoldingAPartialImageDropsTheRow) {
  auto rows = Run({"", {{1, 10, 100}}, {{5, Op::kUpdate, {1, 11, {}}}}, {}, {}}, false);
  ASSERT_TRUE(rows.ok());
  EXPECT_THAT(*rows, ElementsAre());
}

}  // namespace
}  // namespace tidemark::snapshot
