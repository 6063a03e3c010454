#include "service/event_filter.h"

#include "absl/strings/str_cat.h"
#include "model/wire.h"

namespace tidemark::service {
namespace {

// Field numbers of tidemark.v1.TableSchema.
constexpr uint32_t kNamespace = 3;
constexpr uint32_t kName = 4;

bool ReadTableName(std::string_view schema, std::string_view* name_space, std::string_view* name) {
  model::WireReader reader(schema);
  while (!reader.done()) {
    uint32_t field;
    model::WireType type;
    if (!reader.ReadTag(&field, &type)) return false;
    std::string_view* target = field == kNamespace ? name_space : field == kName ? name : nullptr;
    bool read = target != nullptr && type == model::WireType::kLength ? reader.ReadLength(target)
                                                                      : reader.Skip(type);
    if (!read) return false;
    if (field == kName) return true;
  }
  return false;
}

bool IsTablePattern(const std::string& text) {
  size_t dot = text.find('.');
  return dot != std::string::npos && dot > 0 && dot + 1 < text.size();
}

}  // namespace

absl::Status Validate(const FilterOptions& options) {
  for (const std::string& table : options.tables) {
    if (IsTablePattern(table)) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "tables: expected \"namespace.name\" or \"namespace.*\", got \"", table, "\""));
  }
  for (model::Op op : options.ops) {
    if (op >= model::Op::kCreate && op <= model::Op::kRead) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("ops: expected OP_CREATE, OP_UPDATE, OP_DELETE, OP_TRUNCATE or OP_READ, got ",
                     static_cast<int>(op)));
  }
  return absl::OkStatus();
}

EventFilter::EventFilter(FilterOptions options) : options_(std::move(options)) {
  for (const std::string& table : options_.tables) {
    if (table.ends_with(".*")) {
      name_spaces_.insert(table.substr(0, table.size() - 2));
    } else {
      names_.insert(table);
    }
  }
  for (model::Op op : options_.ops) ops_ |= 1u << static_cast<unsigned>(op);
}

void EventFilter::Learn(const model::TableSchema& schema) {
  Remember(schema.id, schema.table_id, PassesTable(schema.name_space, schema.name));
}

void EventFilter::Remember(model::SchemaId schema, model::TableId table, bool passes) {
  schemas_[schema] = {table, passes};
  tables_[table] = passes;
  last_schema_ = 0;
}

bool EventFilter::PassesTable(std::string_view name_space, std::string_view name) const {
  if (options_.tables.empty() || name_spaces_.contains(name_space)) return true;
  std::string qualified(name_space);
  qualified.append(".").append(name);
  return names_.contains(qualified);
}

bool EventFilter::Passes(const model::EventView& event) {
  switch (event.kind) {
    case model::EventKind::kChange:
      return PassesChange(event);
    case model::EventKind::kSchema:
      return PassesSchema(event);
    case model::EventKind::kTransactionEnd:
      return !options_.without_transaction_ends;
    case model::EventKind::kSnapshotMark: {
      auto known = tables_.find(event.table);
      return event.table == 0 || known == tables_.end() || known->second;
    }
    default:
      return true;
  }
}

bool EventFilter::PassesSchema(const model::EventView& event) {
  std::string_view name_space, name;
  bool passes = !ReadTableName(event.body, &name_space, &name) || PassesTable(name_space, name);
  Remember(event.schema, event.table, passes);
  return passes;
}

bool EventFilter::PassesChange(const model::EventView& event) {
  if (ops_ != 0 && (ops_ >> static_cast<unsigned>(event.op) & 1) == 0) return false;
  if (options_.tables.empty()) return true;
  if (event.schema == last_schema_) return last_passes_;
  last_schema_ = event.schema;
  auto known = schemas_.find(event.schema);
  last_passes_ = known == schemas_.end() || known->second.passes;
  if (known != schemas_.end()) tables_[known->second.table] = last_passes_;
  return last_passes_;
}

}  // namespace tidemark::service
