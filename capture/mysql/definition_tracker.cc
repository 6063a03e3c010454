#include "capture/mysql/definition_tracker.h"

#include "capture/mysql/mysql_catalog.h"

namespace tidemark::capture::mysql {

absl::Status DefinitionTracker::Learn(const std::set<TableDefinitions::Name>& tables,
                                      const Place& here) {
  for (const TableDefinitions::Name& table : tables) {
    if (table.second.empty() || !IsCaptured(*captured_, table.first, table.second)) continue;
    absl::Status status = Ask(table, here);
    if (!status.ok() && !absl::IsFailedPrecondition(status)) return status;
  }
  return absl::OkStatus();
}

absl::Status DefinitionTracker::Follow(const AlteredTables& altered,
                                       const std::vector<TableName>& named, const Place& here) {
  std::set<TableDefinitions::Name> tables = known_.Forget(altered);
  if (!eager_) return absl::OkStatus();
  for (const TableName& table : named) tables.emplace(table.database, table.table);
  return Learn(tables, here);
}

absl::StatusOr<const Definition*> DefinitionTracker::Find(const TableDefinitions::Name& table,
                                                          const Place& here) {
  eager_ = true;
  if (const Definition* known = known_.Find(table.first, table.second)) return known;
  absl::Status status = Ask(table, here);
  if (!status.ok()) return status;
  return known_.Find(table.first, table.second);
}

absl::Status DefinitionTracker::Ask(const TableDefinitions::Name& table, const Place& here) {
  absl::StatusOr<CatalogTable> now = catalog_->DescribeTableAt(here.log, table.first, table.second);
  if (now.ok()) known_.Learn(*now, here.position);
  return now.status();
}

}  // namespace tidemark::capture::mysql
