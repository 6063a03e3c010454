#include "capture/schema_registry.h"

#include <gtest/gtest.h>

namespace tidemark::capture {
namespace {

model::TableSchema Table(const std::string& name) {
  model::TableSchema schema;
  schema.table_id = 1;
  schema.name_space = "public";
  schema.name = name;
  return schema;
}

TEST(SchemaRegistryTest, OneContentHasOneId) {
  SchemaRegistry registry({});
  auto first = registry.Resolve(Table("a"));
  auto second = registry.Resolve(Table("b"));
  EXPECT_EQ(first->id, 1);
  EXPECT_EQ(second->id, 2);
  EXPECT_EQ(registry.Latest(1), second);
  EXPECT_EQ(registry.Resolve(Table("a")), first);
  EXPECT_EQ(registry.Find(1), first);
  EXPECT_EQ(registry.Find(9), nullptr);
  EXPECT_EQ(registry.Latest(9), nullptr);
}

TEST(SchemaRegistryTest, TheLatestVersionIsTheOneThatWasResolvedLast) {
  SchemaRegistry registry({});
  auto first = registry.Resolve(Table("a"));
  auto second = registry.Resolve(Table("b"));
  EXPECT_EQ(registry.latest_changes(), 2);
  registry.Resolve(Table("b"));
  EXPECT_EQ(registry.latest_changes(), 2);
  registry.Resolve(Table("a"));
  EXPECT_EQ(registry.Latest(1), first);
  EXPECT_EQ(registry.latest_changes(), 3);
  EXPECT_EQ(registry.Resolve(Table("b")), second);
  EXPECT_EQ(registry.Latest(1), second);
}

TEST(SchemaRegistryTest, GoesOnAfterWhatTheJournalHolds) {
  auto known = std::make_shared<model::TableSchema>(Table("a"));
  known->id = 7;
  SchemaRegistry registry({known});
  EXPECT_EQ(registry.Latest(1)->id, 7);
  EXPECT_EQ(registry.Resolve(Table("a"))->id, 7);
  EXPECT_EQ(registry.Resolve(Table("b"))->id, 8);
  EXPECT_EQ(registry.journaled(), std::vector<model::SchemaId>{7});
}

TEST(SchemaRegistryTest, KnowsWhatTheStreamHasAnnounced) {
  auto known = std::make_shared<model::TableSchema>(Table("a"));
  known->id = 7;
  SchemaRegistry registry({known});
  registry.Resolve(Table("b"));
  EXPECT_FALSE(registry.MarkAnnounced(7));
  EXPECT_TRUE(registry.MarkAnnounced(8));
  EXPECT_FALSE(registry.MarkAnnounced(8));
  EXPECT_EQ(registry.journaled(), (std::vector<model::SchemaId>{7, 8}));
}

// The journal does not hold how a box[] is delimited.
TEST(SchemaRegistryTest, AVersionFromTheJournalTakesWhatIsNotStoredFromTheCatalog) {
  auto table = [](char delimiter) {
    auto type = std::make_shared<model::Type>();
    type->kind = model::TypeKind::kArray;
    type->delimiter = delimiter;
    type->element = std::make_shared<model::Type>();
    model::TableSchema schema = Table("a");
    schema.columns.push_back({"boxes", type, true, false, {}});
    return schema;
  };
  auto known = std::make_shared<model::TableSchema>(table(','));
  known->id = 7;
  SchemaRegistry registry({known});
  auto resolved = registry.Resolve(table(';'));
  EXPECT_EQ(resolved->id, 7);
  EXPECT_EQ(resolved->columns[0].type->delimiter, ';');
  EXPECT_EQ(registry.Find(7), resolved);
  EXPECT_EQ(registry.Latest(1), resolved);
}

TEST(SchemaRegistryTest, ANameSpaceHasTheLatestOfItsTables) {
  SchemaRegistry registry({});
  for (const char* name_space : {"a", "b", "a"}) {
    model::TableSchema schema;
    schema.table_id = *name_space;
    schema.name_space = name_space;
    schema.name = "t";
    schema.columns.resize(registry.latest_changes());
    registry.Resolve(schema);
  }
  const auto found = registry.LatestIn("a");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], registry.Latest('a'));
  EXPECT_TRUE(registry.LatestIn("c").empty());
}

}  // namespace
}  // namespace tidemark::capture
