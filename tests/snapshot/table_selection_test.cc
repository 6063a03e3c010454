#include "snapshot/table_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace tidemark::snapshot {
namespace {

using testing::ElementsAre;

std::vector<capture::TableInfo> Captured() {
  return {{1, "a", "x", 0, {}}, {2, "a", "y", 0, {}}, {3, "b", "x", 0, {}}, {4, "b", "z", 0, {}}};
}

// Each "namespace.name predicate", or the error.
std::vector<std::string> Select(std::vector<TableRequest> tables,
                                std::vector<TablePattern> except = {}) {
  const std::vector<capture::TableInfo> captured = Captured();
  auto selected =
      SelectTables({std::move(tables), std::move(except), {}}, captured, "publish it");
  if (!selected.ok()) return {std::string(selected.status().message())};
  std::vector<std::string> names;
  for (const SelectedTable& table : *selected) {
    EXPECT_EQ(table.request.name, table.info->name);
    EXPECT_EQ(table.request.name_space, table.info->name_space);
    names.push_back(absl::StrCat(table.request.name_space, ".", table.request.name,
                                 table.request.predicate));
  }
  return names;
}

TEST(TableSelectionTest, NamesStandInTheirOrderAndNothingStandsForAll) {
  EXPECT_THAT(Select({}), ElementsAre("a.x", "a.y", "b.x", "b.z"));
  EXPECT_THAT(Select({{"b", "z", "", {}}, {"a", "x", "", {}}}), ElementsAre("b.z", "a.x"));
}

TEST(TableSelectionTest, AStarIsEveryTableOfItsNamespaceThatIsNotNamed) {
  EXPECT_THAT(Select({{"b", "*", "", {}}}), ElementsAre("b.x", "b.z"));
  EXPECT_THAT(Select({{"a", "*", "", {}}, {"a", "y", " if 1", {}}}),
              ElementsAre("a.x", "a.y if 1"));
  EXPECT_THAT(Select({{"a", "x", "", {}}, {"a", "y", "", {}}, {"a", "*", "", {}}}),
              ElementsAre("a.x", "a.y"));
}

TEST(TableSelectionTest, ExceptionsLeaveTablesOut) {
  EXPECT_THAT(Select({}, {{"a", "y"}, {"b", "*"}}), ElementsAre("a.x"));
  EXPECT_THAT(Select({{"a", "x", "", {}}, {"b", "*", "", {}}}, {{"a", "*"}}),
              ElementsAre(testing::StartsWith("except a.* leaves out no table")));
  EXPECT_THAT(Select({{"a", "*", "", {}}}, {{"a", "*"}, {"a", "x"}}),
              ElementsAre("except: no table is left to read"));
}

TEST(TableSelectionTest, WhatMeansNoTableIsRefused) {
  EXPECT_THAT(
      Select({{"a", "z", "", {}}}),
      ElementsAre("table a.z does not exist or is not captured; to capture it, publish it"));
  EXPECT_THAT(Select({{"c", "*", "", {}}}),
              ElementsAre("the source captures no table of c; to capture one, publish it"));
  const std::string none =
      " leaves out no table: the snapshot would read no such table, or it is named in `tables`; "
      "correct it, or leave it out of the request";
  EXPECT_THAT(Select({}, {{"b", "y"}}), ElementsAre("except b.y" + none));
  EXPECT_THAT(Select({{"a", "x", "", {}}}, {{"a", "x"}}), ElementsAre("except a.x" + none));
}

}  // namespace
}  // namespace tidemark::snapshot
