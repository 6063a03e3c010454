#include "capture/postgres/schema_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_catalog.h"

namespace tidemark::capture::postgres {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SchemaBuilderTest : public testing::Test {
 protected:
  SchemaBuilderTest() {
    table_ = {100, "public", "t", 'd', {}, {"b", "a"}};
    table_.columns = {{"a", 20, -1, false, false, {}},
                      {"b", 25, -1, false, false, {}},
                      {"c", 1700, 655366, true, true, "a + 1"}};
    catalog_.tables[100] = table_;
    relation_ = {100,
                 "public",
                 "t",
                 'd',
                 {{true, "a", 20, -1}, {true, "b", 25, -1}, {false, "c", 1700, 655366}}};
  }

  model::TableSchema FromRelation(const model::TableSchema* previous = nullptr) {
    catalog_.tables[100] = table_;
    return *SchemaFromRelation(relation_, previous, catalog_);
  }
  model::TableSchema FromCatalog() { return *SchemaFromCatalog(table_, catalog_); }
  void SetIdentity(char identity, bool flags) {
    relation_.replica_identity = identity;
    for (RelationColumn& column : relation_.columns) column.identity = flags;
  }

  FakeCatalog catalog_;
  CatalogTable table_;
  RelationMessage relation_;
};

TEST_F(SchemaBuilderTest, BothPathsGiveTheSameWhileTheTableIsTheSame) {
  model::TableSchema schema = FromRelation();
  EXPECT_TRUE(model::SameContent(schema, FromCatalog()));
  EXPECT_TRUE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, ElementsAre(1, 0));
  EXPECT_EQ(schema.columns[2].default_expression, "a + 1");
  EXPECT_TRUE(schema.columns[2].generated);
}

TEST_F(SchemaBuilderTest, UnderFullAndNothingTheKeyIsTheCatalogs) {
  for (auto [identity, flags] : {std::pair('f', true), std::pair('n', false)}) {
    SetIdentity(identity, flags);
    EXPECT_TRUE(model::SameContent(FromRelation(), FromCatalog()));
  }
}

TEST_F(SchemaBuilderTest, AnAlteredTableIsDescribedAsTheLogHadIt) {
  table_.columns.push_back({"d", 25, -1, false, false, "'x'"});
  table_.columns[2].type_oid = 20;
  table_.name = "renamed";
  model::TableSchema schema = FromRelation();
  EXPECT_FALSE(schema.catalog_current);
  EXPECT_EQ(schema.name, "t");
  ASSERT_EQ(schema.columns.size(), 3u);
  EXPECT_FALSE(schema.columns[0].nullable);
  EXPECT_EQ(schema.columns[2].type->oid, 1700u);
  EXPECT_FALSE(schema.columns[2].default_expression.has_value());
  EXPECT_THAT(schema.key_columns, ElementsAre(1, 0));
}

TEST_F(SchemaBuilderTest, EachDifferenceIsSeen) {
  auto changed = [&](auto change) {
    RelationMessage kept = relation_;
    change();
    bool current = FromRelation().catalog_current;
    relation_ = kept;
    return !current;
  };
  EXPECT_FALSE(changed([] {}));
  EXPECT_TRUE(changed([&] { relation_.columns[0].name = "x"; }));
  EXPECT_TRUE(changed([&] { relation_.columns[1].type_oid = 23; }));
  EXPECT_TRUE(changed([&] { relation_.columns[2].type_modifier = -1; }));
  EXPECT_TRUE(changed([&] { std::swap(relation_.columns[0], relation_.columns[1]); }));
  EXPECT_TRUE(changed([&] { relation_.columns.pop_back(); }));
  EXPECT_TRUE(changed([&] { relation_.name = "x"; }));
  EXPECT_TRUE(changed([&] { relation_.name_space = "x"; }));
  EXPECT_TRUE(changed([&] { relation_.columns[0].identity = false; }));
}

TEST_F(SchemaBuilderTest, AnotherReplicaIdentityIsTheKey) {
  relation_.replica_identity = 'i';
  relation_.columns[0].identity = false;
  model::TableSchema schema = FromRelation();
  EXPECT_FALSE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, ElementsAre(1));
}

TEST_F(SchemaBuilderTest, ADroppedTableTakesItsKeyFromTheVersionBefore) {
  model::TableSchema previous = FromRelation();
  SetIdentity('f', true);
  relation_.columns.push_back({true, "d", 25, -1});
  catalog_.tables.clear();
  model::TableSchema schema = *SchemaFromRelation(relation_, &previous, catalog_);
  EXPECT_FALSE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, ElementsAre(1, 0));
  EXPECT_TRUE(schema.columns[2].generated);
  EXPECT_TRUE(schema.columns[3].nullable);
  schema = *SchemaFromRelation(relation_, nullptr, catalog_);
  EXPECT_THAT(schema.key_columns, IsEmpty());
  relation_.columns.erase(relation_.columns.begin());
  schema = *SchemaFromRelation(relation_, &previous, catalog_);
  EXPECT_THAT(schema.key_columns, IsEmpty());
}

TEST_F(SchemaBuilderTest, AKeyThatThePublicationCarriesOnlyInPartIsNone) {
  table_.key = {"a", "hidden"};
  relation_.columns[1].identity = false;
  model::TableSchema schema = FromRelation();
  EXPECT_TRUE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, IsEmpty());
}

// So the catalog's query answers: it drops such a key as a whole.
TEST_F(SchemaBuilderTest, WhereTheCatalogHasNoKeyTheFlagsAreNone) {
  table_.key.clear();
  relation_.columns[1].identity = false;
  model::TableSchema schema = FromRelation();
  EXPECT_TRUE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, IsEmpty());
  relation_.name = "before";
  schema = FromRelation();
  EXPECT_FALSE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, IsEmpty());
}

TEST_F(SchemaBuilderTest, AKeyThatWasDroppedSinceIsStillTheLogs) {
  model::TableSchema previous = FromRelation();
  table_.key.clear();
  model::TableSchema schema = FromRelation(&previous);
  EXPECT_FALSE(schema.catalog_current);
  EXPECT_THAT(schema.key_columns, ElementsAre(1, 0));
}

TEST_F(SchemaBuilderTest, FailuresOfTheCatalogPassThrough) {
  catalog_.failure = absl::UnavailableError("gone");
  EXPECT_EQ(SchemaFromRelation(relation_, nullptr, catalog_).status().code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tidemark::capture::postgres
