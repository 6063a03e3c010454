#include "capture/schema_registry.h"

#include <algorithm>

namespace tidemark::capture {

using SchemaPtr = std::shared_ptr<const model::TableSchema>;

SchemaRegistry::SchemaRegistry(std::vector<SchemaPtr> known) {
  for (SchemaPtr& schema : known) {
    next_id_ = std::max(next_id_, schema->id + 1);
    announced_.insert(schema->id);
    from_journal_.insert(schema->id);
    by_table_[schema->table_id].push_back(schema);
    by_id_.emplace(schema->id, std::move(schema));
  }
}

std::vector<model::SchemaId> SchemaRegistry::journaled() const {
  std::lock_guard lock(mutex_);
  return {announced_.begin(), announced_.end()};
}

bool SchemaRegistry::MarkAnnounced(model::SchemaId id) {
  std::lock_guard lock(mutex_);
  return announced_.insert(id).second;
}

SchemaPtr SchemaRegistry::Resolve(model::TableSchema schema) {
  std::lock_guard lock(mutex_);
  std::vector<SchemaPtr>& versions = by_table_[schema.table_id];
  auto found = std::find_if(versions.begin(), versions.end(), [&](const SchemaPtr& version) {
    return model::SameContent(*version, schema);
  });
  if (found == versions.end()) return Register(std::move(schema), versions);
  if (from_journal_.erase((*found)->id) != 0) {
    schema.id = (*found)->id;
    *found = std::make_shared<const model::TableSchema>(std::move(schema));
    by_id_[(*found)->id] = *found;
  }
  if (found + 1 != versions.end()) {
    std::rotate(found, found + 1, versions.end());
    latest_changes_.fetch_add(1, std::memory_order_release);
  }
  return versions.back();
}

SchemaPtr SchemaRegistry::Register(model::TableSchema schema, std::vector<SchemaPtr>& versions) {
  schema.id = next_id_++;
  auto registered = std::make_shared<const model::TableSchema>(std::move(schema));
  versions.push_back(registered);
  by_id_.emplace(registered->id, registered);
  latest_changes_.fetch_add(1, std::memory_order_release);
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

std::vector<SchemaPtr> SchemaRegistry::LatestOfAll() const {
  std::lock_guard lock(mutex_);
  std::vector<SchemaPtr> found;
  for (const auto& [table, versions] : by_table_) {
    if (!versions.empty()) found.push_back(versions.back());
  }
  return found;
}

std::vector<SchemaPtr> SchemaRegistry::LatestIn(std::string_view name_space) const {
  std::vector<SchemaPtr> found = LatestOfAll();
  std::erase_if(found, [&](const SchemaPtr& each) { return each->name_space != name_space; });
  return found;
}

}  // namespace tidemark::capture
