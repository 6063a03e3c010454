#include "service/event_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/service/events.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Sequences of the block's events that pass.
std::vector<model::Sequence> Passed(EventFilter& filter, const storage::Block& block) {
  std::vector<model::Sequence> passed;
  model::FrameScanner scanner(block.frames);
  model::EventView event;
  while (scanner.Next(&event)) {
    if (filter.Passes(event)) passed.push_back(event.sequence);
  }
  EXPECT_FALSE(scanner.malformed());
  return passed;
}

storage::Block TwoTables() {
  return BlockMaker(1)
      .Schema(MakeSchema(1, 10, "public", "a"))
      .Schema(MakeSchema(2, 20, "sales", "b"))
      .Change(1, model::Op::kCreate, 1, "x")
      .Change(2, model::Op::kUpdate, 1, "x")
      .Mark(10)
      .Mark(20)
      .Mark(0)
      .End()
      .Block();
}

TEST(EventFilterTest, TablesPassWithTheirSchemasAndMarks) {
  EventFilter filter({.tables = {"public.a"}, .ops = {}});
  EXPECT_THAT(Passed(filter, TwoTables()), ElementsAre(1, 3, 5, 7, 8));
}

TEST(EventFilterTest, ANamespacePassesWhole) {
  EventFilter filter({.tables = {"sales.*"}, .ops = {}});
  EXPECT_THAT(Passed(filter, TwoTables()), ElementsAre(2, 4, 6, 7, 8));
}

TEST(EventFilterTest, OpsAndTransactionEndsAreLeftOut) {
  EventFilter ops({.tables = {}, .ops = {model::Op::kUpdate}});
  EXPECT_THAT(Passed(ops, TwoTables()), ElementsAre(1, 2, 4, 5, 6, 7, 8));
  EventFilter ends({.tables = {}, .ops = {}, .without_transaction_ends = true});
  EXPECT_THAT(Passed(ends, TwoTables()), ElementsAre(1, 2, 3, 4, 5, 6, 7));
}

TEST(EventFilterTest, ARenamedTableMatchesByTheNameOfEachVersion) {
  EventFilter filter({.tables = {"public.a"}, .ops = {}});
  filter.Learn(*MakeSchema(1, 10, "public", "a"));
  auto block = BlockMaker(5)
                   .Change(1, model::Op::kCreate, 1, "x")
                   .Schema(MakeSchema(2, 10, "public", "renamed"))
                   .Change(2, model::Op::kCreate, 2, "x")
                   .Change(1, model::Op::kCreate, 3, "x")
                   .Mark(10)
                   .Change(2, model::Op::kCreate, 4, "x")
                   .Mark(10)
                   .Block();
  EXPECT_THAT(Passed(filter, block), ElementsAre(5, 8, 9));
}

TEST(EventFilterTest, UnknownSchemasPass) {
  EventFilter filter({.tables = {"public.a"}, .ops = {}});
  auto block = BlockMaker(1).Change(9, model::Op::kCreate, 1, "x").Mark(90).Block();
  EXPECT_THAT(Passed(filter, block), ElementsAre(1, 2));
}

TEST(EventFilterTest, MalformedOptionsNameTheField) {
  EXPECT_TRUE(Validate({.tables = {"a.b", "a.*"}, .ops = {model::Op::kRead}}).ok());
  for (const char* bad : {"a", ".b", "a.", ""}) {
    absl::Status status = Validate({.tables = {bad}, .ops = {}});
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_THAT(std::string(status.message()), HasSubstr("tables: expected"));
  }
  EXPECT_THAT(std::string(Validate({.tables = {}, .ops = {model::Op::kNone}}).message()),
              HasSubstr("ops: expected"));
}

}  // namespace
}  // namespace tidemark::service
