#ifndef TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_
#define TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string_view>
#include <vector>

#include "model/schema.h"

namespace tidemark::capture {

// All versions of all tables of one source, the only place that gives out schema ids, and the one
// that knows which of them the stream has announced. Log reader and chunk readers resolve what they
// see here, so that both name one version alike. Thread-safe.
class SchemaRegistry {
 public:
  // `known`: what the journal holds; these are announced.
  explicit SchemaRegistry(std::vector<std::shared_ptr<const model::TableSchema>> known);

  SchemaRegistry(const SchemaRegistry&) = delete;
  SchemaRegistry& operator=(const SchemaRegistry&) = delete;

  // Ids of the versions that the stream has announced: those that the constructor was given, and
  // those of MarkAnnounced. A log reader that starts after all that came before is merged need not
  // announce them again.
  std::vector<model::SchemaId> journaled() const;
  // To be called where the stream's order is made. True if this is the version's first
  // announcement, which is the one to be stored.
  bool MarkAnnounced(model::SchemaId id);

  // The registered version with this content (the id of `schema` is ignored); registers it under a
  // new id if there is none. Never fails.
  std::shared_ptr<const model::TableSchema> Resolve(model::TableSchema schema);

  // Null if there is none.
  std::shared_ptr<const model::TableSchema> Find(model::SchemaId id) const;
  // The version of the table that was resolved last, until there is one the newest in the journal;
  // null if there is none.
  std::shared_ptr<const model::TableSchema> Latest(model::TableId table) const;
  // The Latest of each table.
  std::vector<std::shared_ptr<const model::TableSchema>> LatestOfAll() const;
  // The Latest of each table of a name space.
  std::vector<std::shared_ptr<const model::TableSchema>> LatestIn(
      std::string_view name_space) const;
  // How often a table's Latest has changed. Cheap: no lock.
  uint64_t latest_changes() const { return latest_changes_.load(std::memory_order_acquire); }

 private:
  using SchemaPtr = std::shared_ptr<const model::TableSchema>;

  SchemaPtr Register(model::TableSchema schema, std::vector<SchemaPtr>& versions);

  mutable std::mutex mutex_;
  std::set<model::SchemaId> announced_;
  // Versions as the journal has them: their types lack what it does not hold (Type.delimiter) until
  // they are resolved again.
  std::set<model::SchemaId> from_journal_;
  std::map<model::SchemaId, SchemaPtr> by_id_;
  std::map<model::TableId, std::vector<SchemaPtr>> by_table_;  // the last one is Latest
  std::atomic<uint64_t> latest_changes_ = 0;
  model::SchemaId next_id_ = 1;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_SCHEMA_REGISTRY_H_
