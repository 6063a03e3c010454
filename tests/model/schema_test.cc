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

TEST(SchemaTest, LayoutIsColumnsTypesAndKeys) {
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

// mood[] and a composite (a integer, m mood).
std::shared_ptr<Type> Mood() {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kEnum;
  type->oid = 20000;
  type->name = "mood";
  type->labels = {"sad", "ok"};
  return type;
}
std::shared_ptr<Type> Holding(std::shared_ptr<Type> element) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kArray;
  type->oid = 20001;
  type->name = "mood[]";
  type->element = std::move(element);
  return type;
}
std::shared_ptr<Type> Pair(std::shared_ptr<Type> second) {
  auto type = std::make_shared<Type>();
  type->kind = TypeKind::kComposite;
  type->oid = 20002;
  type->name = "pair";
  type->fields = {{"a", Integer()}, {"m", std::move(second)}};
  return type;
}

TEST(SchemaTest, TypesAreComparedAllTheWayDown) {
  struct Case {
    const char* name;
    void (*change)(Type& pair, Type& array, Type& mood);
    bool same_layout;
    bool same_content;
  };
  const Case cases[] = {
      {"nothing", [](Type&, Type&, Type&) {}, true, true},
      {"a field more",
       [](Type& pair, Type&, Type&) {
         pair.fields.push_back({"b", Integer()});
       },
       false, false},
      {"a field less", [](Type& pair, Type&, Type&) { pair.fields.pop_back(); }, false, false},
      {"another field's name", [](Type& pair, Type&, Type&) { pair.fields[0].name = "x"; }, false,
       false},
      {"another field's type", [](Type& pair, Type&, Type&) { pair.fields[0].type = Mood(); },
       false, false},
      {"another nested oid", [](Type&, Type&, Type& mood) { mood.oid = 7; }, false, false},
      {"another nested modifier", [](Type&, Type&, Type& mood) { mood.modifier = 7; }, false,
       false},
      {"no element", [](Type&, Type& array, Type&) { array.element = nullptr; }, false, false},
      {"a nested label more", [](Type&, Type&, Type& mood) { mood.labels.push_back("happy"); },
       true, false},
      {"a type's new name", [](Type& pair, Type&, Type&) { pair.name = "x.pair"; }, true, false},
      {"a nested type's new name", [](Type&, Type&, Type& mood) { mood.name = "x.mood"; }, true,
       false},
      {"what the journal does not hold", [](Type&, Type& array, Type&) { array.delimiter = ';'; },
       true, true},
  };
  auto table = [](const Case* c) {
    auto mood = Mood();
    auto array = Holding(mood);
    auto pair = Pair(array);
    if (c != nullptr) c->change(*pair, *array, *mood);
    TableSchema schema = Table();
    schema.columns[1].type = pair;
    return schema;
  };
  for (const Case& c : cases) {
    EXPECT_EQ(SameLayout(table(nullptr), table(&c)), c.same_layout) << c.name;
    EXPECT_EQ(SameContent(table(nullptr), table(&c)), c.same_content) << c.name;
    EXPECT_EQ(ChangeRewritesRows(table(nullptr), table(&c)), !c.same_layout) << c.name;
  }
}

TEST(SchemaTest, ARenamedLabelRewritesRowsAndAnAddedOneDoesNot) {
  auto table = [](std::vector<std::string> labels) {
    auto mood = Mood();
    mood->labels = std::move(labels);
    TableSchema schema = Table();
    schema.columns[1].type = Pair(Holding(mood));
    return schema;
  };
  EXPECT_FALSE(ChangeRewritesRows(table({"bad", "good"}), table({"bad", "fair", "good"})));
  EXPECT_TRUE(ChangeRewritesRows(table({"bad", "good"}), table({"bad", "well"})));
}

TEST(SchemaTest, ARenamedTableHasTheSameLayoutButNotTheSameContent) {
  TableSchema renamed = Table();
  renamed.name = "u";
  EXPECT_TRUE(SameLayout(Table(), renamed));
  EXPECT_FALSE(SameContent(Table(), renamed));
  renamed = Table();
  renamed.name_space = "archive";
  EXPECT_TRUE(SameLayout(Table(), renamed));
  EXPECT_FALSE(SameContent(Table(), renamed));
  renamed.table_id = 2;
  EXPECT_FALSE(SameLayout(Table(), renamed));
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
