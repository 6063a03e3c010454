#include "capture/schema_registry.h"

#include <algorithm>

namespace tidemark::capture {

using SchemaPtr = std::shared_ptr<const model::TableSchema>;

SchemaRegistry::SchemaRegistry(std::vector<SchemaPtr> known) {
  for (SchemaPtr& schema : known) {
    next_id_ = std::max(next_id_, schema->id + 1);
    journaled_.push_back(schema->id);
    by_table_[schema->table_id].push_back(schema);
    by_id_.emplace(schema->id, std::move(schema));
  }
}

SchemaPtr SchemaRegistry::Resolve(model::TableSchema schema) {
  std::lock_guard lock(mutex_);
  std::vector<SchemaPtr>& versions = by_table_[schema.table_id];
  auto found = std::find_if(versions.rbegin(), versions.rend(), [&](const SchemaPtr& version) {
    return model::SameContent(*version, schema);
  });
  if (found != versions.rend()) return *found;
  schema.id = next_id_++;
  auto registered = std::make_shared<const model::TableSchema>(std::move(schema));
  versions.push_back(registered);
  by_id_.emplace(registered->id, registered);
  return registered;
}

SchemaPtr SchemaRegistry::Find(model::SchemaId id) const {
  std::lock_guard lock(mutex_);
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

SchemaPtr SchemaRegistry::Latest(model::TableId table) const {
  std::lock_guard lock(mutex_);
  auto found = by_table_.find(table);
  return found == by_table_.end() || found->second.empty() ? nullptr : found->second.back();
}

}  // namespace tidemark::capture
