#ifndef TIDEMARK_SERVICE_EVENT_FILTER_H_
#define TIDEMARK_SERVICE_EVENT_FILTER_H_

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "model/event.h"
#include "model/schema.h"

namespace tidemark::service {

// What a consumer wants of a stream.
struct FilterOptions {
  // Each "namespace.name" or "namespace.*"; empty: all.
  std::vector<std::string> tables;
  // Empty: all.
  std::vector<model::Op> ops;
  bool without_transaction_ends = false;

  bool PassesAll() const { return tables.empty() && ops.empty() && !without_transaction_ends; }
};

// InvalidArgument: the message names the field.
absl::Status Validate(const FilterOptions& options);

// Decides event by event what of a stream passes. A change belongs to a table by the name which the
// table had in the change's own schema version. It looks at the frames' heads only, never at rows.
// Not thread-safe.
//
// Use: Learn every schema that the journal holds, then ask Passes in stream order. Schemas that are
// announced in the stream are learnt on the way.
class EventFilter {
 public:
  explicit EventFilter(FilterOptions options);

  void Learn(const model::TableSchema& schema);

  // A change under a schema that was neither learnt nor announced passes: nothing is left out by
  // mistake.
  bool Passes(const model::EventView& event);

 private:
  bool PassesTable(std::string_view name_space, std::string_view name) const;
  bool PassesSchema(const model::EventView& event);
  bool PassesChange(const model::EventView& event);
  void Remember(model::SchemaId schema, model::TableId table, bool passes);

  struct Known {
    model::TableId table = 0;
    bool passes = true;
  };
  FilterOptions options_;
  std::set<std::string, std::less<>> names_;
  std::set<std::string, std::less<>> name_spaces_;
  unsigned ops_ = 0;  // bit per Op
  std::unordered_map<model::SchemaId, Known> schemas_;
  // By the version of the table which the stream used last.
  std::unordered_map<model::TableId, bool> tables_;
  model::SchemaId last_schema_ = 0;
  bool last_passes_ = true;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_EVENT_FILTER_H_
