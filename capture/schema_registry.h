#ifndef TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_
#define TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "model/schema.h"

namespace tidemark::capture {

// All versions of all tables of one source, and the only place that gives out schema ids. Log
// reader and chunk readers resolve what they see here, so that both name one version alike.
// Thread-safe.
class SchemaRegistry {
 public:
  // `known`: what the journal holds.
  explicit SchemaRegistry(std::vector<std::shared_ptr<const model::TableSchema>> known);

  SchemaRegistry(const SchemaRegistry&) = delete;
  SchemaRegistry& operator=(const SchemaRegistry&) = delete;

  // Ids of the versions that the constructor was given: those that need no announcement in the stream.
  std::vector<model::SchemaId> journaled() const { return journaled_; }

  // The registered version with this content (the id of `schema` is ignored); registers it under a
  // new id if there is none. Never fails.
  std::shared_ptr<const model::TableSchema> Resolve(model::TableSchema schema);

  // Null if there is none.
  std::shared_ptr<const model::TableSchema> Find(model::SchemaId id) const;
  // The version of the table that was registered last; null if there is none.
  std::shared_ptr<const model::TableSchema> Latest(model::TableId table) const;

 private:
  std::vector<model::SchemaId> journaled_;  // constant
  mutable std::mutex mutex_;
  std::map<model::SchemaId, std::shared_ptr<const model::TableSchema>> by_id_;
  std::map<model::TableId, std::vector<std::shared_ptr<const model::TableSchema>>> by_table_;
  model::SchemaId next_id_ = 1;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_
