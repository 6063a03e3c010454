#include "capture/rewrite_marks.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::capture {
namespace {

TableState Table(model::SchemaId id, std::vector<std::string> names, RewriteMarks marks) {
  auto integer = std::make_shared<model::Type>();
  integer->kind = model::TypeKind::kInteger;
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = id;
  for (const std::string& name : names) {
    schema->columns.push_back({name, integer, true, false, std::nullopt});
  }
  schema->key_columns = {0};
  return {std::move(schema), std::move(marks)};
}

TEST(RewriteMarksTest, DefinitionsAndStorageTogetherAreARewrite) {
  TableState before = Table(1, {"k", "a"}, {{1, 2}, 10, 20});
  EXPECT_FALSE(RowsRewritten(before, before));
  EXPECT_FALSE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 2}, 11, 20})));  // SET NOT NULL
  EXPECT_FALSE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 2}, 10, 21})));  // VACUUM FULL
  EXPECT_TRUE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 2}, 11, 21})));
}

TEST(RewriteMarksTest, PartsThatComeOrGoChangeWhatARangeHolds) {
  TableState before = Table(1, {"k", "a"}, {{1, 2}, 10, 20, 30});
  EXPECT_FALSE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 2}, 10, 21, 30})));
  EXPECT_TRUE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 2}, 10, 21, 31})));
}

TEST(RewriteMarksTest, AnotherColumnUnderTheSameNameIsARewrite) {
  TableState before = Table(1, {"k", "a"}, {{1, 2}, 10, 20});
  EXPECT_TRUE(RowsRewritten(before, Table(1, {"k", "a"}, {{1, 3}, 11, 20})));
}

TEST(RewriteMarksTest, ColumnsThatComeOrGoAreNone) {
  TableState before = Table(1, {"k", "a", "b"}, {{1, 2, 3}, 10, 20});
  EXPECT_FALSE(RowsRewritten(before, Table(2, {"k", "b"}, {{1, 3}, 11, 20})));
  EXPECT_FALSE(RowsRewritten(before, Table(2, {"k", "a", "b", "c"}, {{1, 2, 3, 4}, 11, 20})));
}

TEST(RewriteMarksTest, ADriverWithoutMarksHasNoRewrites) {
  EXPECT_FALSE(RowsRewritten(Table(1, {"k", "a"}, {}), Table(1, {"k", "a"}, {})));
}

TEST(RewriteMarksTest, TheSchemaAloneMaySaySo) {
  TableState after = Table(2, {"k", "a"}, {});
  auto text = std::make_shared<model::Type>();
  text->kind = model::TypeKind::kText;
  auto schema = std::make_shared<model::TableSchema>(*after.schema);
  schema->columns[1].type = text;
  EXPECT_TRUE(RowsRewritten(Table(1, {"k", "a"}, {}), {schema, {}}));
}

}  // namespace
}  // namespace tidemark::capture
