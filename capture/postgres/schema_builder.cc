#include "capture/postgres/schema_builder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tidemark::capture::postgres {
namespace {

using Key = std::vector<uint32_t>;

// Indexes of the named columns, in the order of the names; empty if one of them is missing.
template <typename Columns>
Key FindKey(const std::vector<std::string>& names, const Columns& columns) {
  Key key;
  for (const std::string& name : names) {
    auto found = std::find_if(columns.begin(), columns.end(),
                              [&](const auto& column) { return column.name == name; });
    if (found == columns.end()) return {};
    key.push_back(static_cast<uint32_t>(found - columns.begin()));
  }
  return key;
}

std::vector<std::string> KeyNames(const model::TableSchema* schema) {
  std::vector<std::string> names;
  if (schema == nullptr) return names;
  for (uint32_t index : schema->key_columns) names.push_back(schema->columns[index].name);
  return names;
}

// True if the message's column flags are the key (and not just every column, or none).
bool FlagsAreKey(const RelationMessage& relation) {
  return relation.replica_identity == 'd' || relation.replica_identity == 'i';
}

Key FlaggedColumns(const RelationMessage& relation) {
  Key flagged;
  for (uint32_t i = 0; i < relation.columns.size(); ++i) {
    if (relation.columns[i].identity) flagged.push_back(i);
  }
  return flagged;
}

bool SameColumns(Key a, Key b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

bool SameShape(const RelationMessage& relation, const CatalogTable& table) {
  return relation.name_space == table.name_space && relation.name == table.name &&
         std::equal(relation.columns.begin(), relation.columns.end(), table.columns.begin(),
                    table.columns.end(), [](const RelationColumn& a, const CatalogColumn& b) {
                      return a.name == b.name && a.type_oid == b.type_oid &&
                             a.type_modifier == b.type_modifier;
                    });
}

// True if the flagged columns are the whole key. Where the catalog has no key, they are what the
// publication carries of one, unless they were the key before: then it was dropped since.
bool FlagsAreWholeKey(const RelationMessage& relation, const CatalogTable& table,
                      const model::TableSchema* previous) {
  if (!FindKey(table.key, table.columns).empty()) return true;
  return previous != nullptr && !previous->key_columns.empty() &&
         SameColumns(FlaggedColumns(relation), FindKey(KeyNames(previous), relation.columns));
}

// REQUIRES: SameShape. A key of which the publication carries only some columns is no key on either
// side.
bool SameKey(const RelationMessage& relation, const CatalogTable& table,
             const model::TableSchema* previous) {
  if (!FlagsAreKey(relation) || !FlagsAreWholeKey(relation, table, previous)) return true;
  return SameColumns(FlaggedColumns(relation), FindKey(table.key, table.columns));
}

// The flagged columns, in the order of the catalog's or the previous key if that has the same
// columns.
Key OrderFlagged(const RelationMessage& relation, const std::vector<Key>& known) {
  Key flagged = FlaggedColumns(relation);
  for (const Key& key : known) {
    if (SameColumns(key, flagged)) return key;
  }
  return flagged;
}

Key ChooseKey(const RelationMessage& relation, const std::vector<Key>& known) {
  if (FlagsAreKey(relation)) return OrderFlagged(relation, known);
  for (const Key& key : known) {
    if (!key.empty()) return key;
  }
  return {};
}

// Takes over what the message lacks, where a column of that name and type is known.
void Enrich(const std::optional<CatalogTable>& table, const model::TableSchema* previous,
            model::Column* column) {
  auto take_over = [column](const auto& known) {
    column->nullable = known.nullable;
    column->generated = known.generated;
    column->default_expression = known.default_expression;
  };
  if (table.has_value()) {
    for (const CatalogColumn& known : table->columns) {
      if (known.name != column->name || known.type_oid != column->type->oid) continue;
      return take_over(known);
    }
  }
  if (previous == nullptr) return;
  for (const model::Column& known : previous->columns) {
    if (known.name != column->name || known.type->oid != column->type->oid) continue;
    return take_over(known);
  }
}

absl::StatusOr<model::TableSchema> ChangedSince(const RelationMessage& relation,
                                                const std::optional<CatalogTable>& table,
                                                const model::TableSchema* previous,
                                                Catalog& catalog) {
  model::TableSchema schema;
  schema.table_id = relation.oid;
  schema.name_space = relation.name_space;
  schema.name = relation.name;
  schema.catalog_current = false;
  for (const RelationColumn& column : relation.columns) {
    auto type = catalog.ResolveType(column.type_oid, column.type_modifier);
    if (!type.ok()) return type.status();
    model::Column& added = schema.columns.emplace_back();
    added.name = column.name;
    added.type = *std::move(type);
    Enrich(table, previous, &added);
    if (FlagsAreKey(relation) && column.identity) added.nullable = false;
  }
  std::vector<Key> known;
  if (table.has_value()) known.push_back(FindKey(table->key, relation.columns));
  known.push_back(FindKey(KeyNames(previous), relation.columns));
  bool partial =
      table.has_value() && FlagsAreKey(relation) && !FlagsAreWholeKey(relation, *table, previous);
  if (!partial) schema.key_columns = ChooseKey(relation, known);
  return schema;
}

}  // namespace

absl::StatusOr<model::TableSchema> SchemaFromCatalog(const CatalogTable& table, Catalog& catalog) {
  model::TableSchema schema;
  schema.table_id = table.oid;
  schema.name_space = table.name_space;
  schema.name = table.name;
  for (const CatalogColumn& column : table.columns) {
    auto type = catalog.ResolveType(column.type_oid, column.type_modifier);
    if (!type.ok()) return type.status();
    schema.columns.push_back({column.name, *std::move(type), column.nullable, column.generated,
                              column.default_expression});
  }
  schema.key_columns = FindKey(table.key, table.columns);
  return schema;
}

absl::StatusOr<model::TableSchema> SchemaFromRelation(const RelationMessage& relation,
                                                      const model::TableSchema* previous,
                                                      Catalog& catalog) {
  auto table = catalog.DescribeTable(relation.oid);
  if (!table.ok()) return table.status();
  if (table->has_value() && SameShape(relation, **table) && SameKey(relation, **table, previous)) {
    return SchemaFromCatalog(**table, catalog);
  }
  return ChangedSince(relation, *table, previous, catalog);
}

}  // namespace tidemark::capture::postgres
