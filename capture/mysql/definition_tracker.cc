#include "capture/mysql/definition_tracker.h"

#include "capture/mysql/mysql_catalog.h"

namespace tidemark::capture::mysql {

absl::Status DefinitionTracker::Learn(const std::set<TableDefinitions::Name>& tables,
                                      const Place& here) {
  for (const auto& [database, table] : tables) {
    if (table.empty() || !IsCaptured(*captured_, database, table)) continue;
    if (known_.Find(database, table) != nullptr) continue;
    absl::Status status = Ask({database, table}, here);
    const bool unknown = absl::IsFailedPrecondition(status) || absl::IsAborted(status);
    if (!status.ok() && !unknown) return status;
  }
  return absl::OkStatus();
}

absl::Status DefinitionTracker::Follow(const std::optional<AlteredTables>& altered,
                                       const std::vector<TableName>& named, const Place& here) {
  std::set<TableDefinitions::Name> tables;
  if (altered) tables = known_.Forget(*altered);
  if (!eager_) return absl::OkStatus();
  for (const TableName& table : named) tables.emplace(table.database, table.table);
  return Learn(tables, here);
}

absl::StatusOr<const Definition*> DefinitionTracker::Find(const TableDefinitions::Name& table,
                                                          const Place& here) {
  eager_ = true;
  if (const Definition* known = known_.Find(table.first, table.second)) return known;
  absl::Status status = Ask(table, here);
  if (absl::IsAborted(status)) return absl::UnavailableError(status.message());
  if (!status.ok()) return status;
  return known_.Find(table.first, table.second);
}

absl::Status DefinitionTracker::Ask(const TableDefinitions::Name& table, const Place& here) {
  absl::StatusOr<CatalogTable> now = catalog_->DescribeTableAt(here.log, table.first, table.second);
  if (now.ok()) known_.Learn(*now, here.position);
  return now.status();
}

}  // namespace tidemark::capture::mysql
