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
  EXPECT_EQ(registry.Resolve(Table("a")), first);
  EXPECT_EQ(registry.Latest(1), second);
  EXPECT_EQ(registry.Find(1), first);
  EXPECT_EQ(registry.Find(9), nullptr);
  EXPECT_EQ(registry.Latest(9), nullptr);
}

TEST(SchemaRegistryTest, GoesOnAfterWhatTheJournalHolds) {
  auto known = std::make_shared<model::TableSchema>(Table("a"));
  known->id = 7;
  SchemaRegistry registry({known});
  EXPECT_EQ(registry.Resolve(Table("a"))->id, 7);
  EXPECT_EQ(registry.Resolve(Table("b"))->id, 8);
  EXPECT_EQ(registry.journaled(), std::vector<model::SchemaId>{7});
}

}  // namespace
}  // namespace tidemark::capture
