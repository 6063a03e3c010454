#include "model/schema.h"

#include <gtest/gtest.h>

namespace tidemark::model {
namespace {

std::shared_ptr<Type> Integer() {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kInteger;
  type->name = "integer";
  return type;
}

TableSchema Table() {
  TableSchema schema;
  schema.table_id = 1;
  schema.name_space = "public";
  schema.name = "t";
  schema.columns = {{"id", Integer(), false, false, {}}, {"a", Integer(), true, false, {}}};
  schema.key_columns = {0};
  return schema;
}

TEST(SchemaTest, LayoutIsNamesTypesAndKeys) {
  TableSchema a = Table(), b = Table();
  b.id = 5;
  b.columns[1].nullable = false;
  b.columns[1].default_expression = "7";
  EXPECT_TRUE(SameLayout(a, b));
  EXPECT_FALSE(SameContent(a, b));
  b = Table();
  b.columns[1].name = "b";
  EXPECT_FALSE(SameLayout(a, b));
  b = Table();
  b.key_columns = {1};
  EXPECT_FALSE(SameLayout(a, b));
  b = Table();
  auto other = Integer();
  other->modifier = 9;
  b.columns[1].type = other;
  EXPECT_FALSE(SameLayout(a, b));
  EXPECT_TRUE(SameContent(a, Table()));
}

TEST(SchemaTest, KnowsWhichChangesAlterRowsWithoutAnEvent) {
  struct Case {
    const char* name;
    void (*change)(TableSchema&);
    bool rewrites;
  };
  const Case cases[] = {
      {"nothing", [](TableSchema&) {}, false},
      {"a nullable column without default",
       [](TableSchema& t) {
         t.columns.push_back({"b", Integer(), true, false, {}});
       },
       false},
      {"a column with a default",
       [](TableSchema& t) {
         t.columns.push_back({"b", Integer(), true, false, "7"});
       },
       true},
      {"a generated column",
       [](TableSchema& t) {
         t.columns.push_back({"b", Integer(), true, true, {}});
       },
       true},
      {"a column that cannot be null",
       [](TableSchema& t) {
         t.columns.push_back({"b", Integer(), false, false, {}});
       },
       true},
      {"a dropped column", [](TableSchema& t) { t.columns.pop_back(); }, false},
      {"another default for later rows",
       [](TableSchema& t) { t.columns[1].default_expression = "8"; }, false},
      {"another type",
       [](TableSchema& t) {
         auto type = Integer();
         type->name = "bigint";
         type->oid = 20;
         t.columns[1].type = type;
       },
       true},
      {"another key", [](TableSchema& t) { t.key_columns = {1}; }, true},
      {"another order of columns",
       [](TableSchema& t) {
         std::swap(t.columns[0], t.columns[1]);
         t.key_columns = {1};
       },
       false},
  };
  for (const Case& c : cases) {
    TableSchema changed = Table();
    c.change(changed);
    EXPECT_EQ(ChangeRewritesRows(Table(), changed), c.rewrites) << c.name;
  }
}

}  // namespace
}  // namespace tidemark::model
