#include "capture/mysql/table_definitions.h"

#include <utility>

namespace tidemark::capture::mysql {
namespace {

std::string RecordName(const TableDefinitions::Name& name) {
  return name.first + '\0' + name.second;
}

}  // namespace

absl::StatusOr<TableDefinitions> TableDefinitions::Load(
    const std::vector<model::DriverRecord>& records) {
  TableDefinitions definitions;
  for (const model::DriverRecord& record : records) {
    absl::StatusOr<Definition> definition = DecodeDefinition(record.value.value_or(""));
    if (!definition.ok()) return definition.status();
    const Name name{definition->table->database, definition->table->name};
    definitions.known_[name] = *std::move(definition);
  }
  return definitions;
}

const Definition* TableDefinitions::Find(const std::string& database,
                                         const std::string& table) const {
  auto found = known_.find({database, table});
  return found == known_.end() ? nullptr : &found->second;
}

void TableDefinitions::Learn(const CatalogTable& table, const model::Position& since) {
  const Name name{table.database, table.name};
  known_[name] = {since, std::make_shared<const CatalogTable>(table)};
  changed_.insert(name);
}

std::set<TableDefinitions::Name> TableDefinitions::Forget(const AlteredTables& altered) {
  std::set<Name> forgotten;
  for (const auto& [name, definition] : known_) {
    if (altered.Has(name.first, name.second)) forgotten.insert(name);
  }
  for (const Name& name : forgotten) known_.erase(name);
  changed_.insert(forgotten.begin(), forgotten.end());
  return forgotten;
}

void TableDefinitions::ForgetAll() {
  for (const auto& [name, definition] : known_) changed_.insert(name);
  known_.clear();
}

void TableDefinitions::Commit() {
  for (const Name& name : changed_) {
    auto known = known_.find(name);
    committed_[name] = known == known_.end() ? std::nullopt : std::optional(known->second);
  }
  changed_.clear();
}

std::vector<model::DriverRecord> TableDefinitions::TakeChanges() {
  std::vector<model::DriverRecord> records;
  for (const auto& [name, definition] : committed_) {
    model::DriverRecord& record = records.emplace_back();
    record.name = RecordName(name);
    if (definition) record.value = EncodeDefinition(*definition);
  }
  committed_.clear();
  return records;
}

}  // namespace tidemark::capture::mysql
