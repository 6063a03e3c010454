#ifndef TIDEMARK_CAPTURE_MYSQL_DEFINITION_TRACKER_H_
#define TIDEMARK_CAPTURE_MYSQL_DEFINITION_TRACKER_H_

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/altered_tables.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/statement.h"
#include "capture/mysql/table_definitions.h"
#include "model/driver_record.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// Keeps TableDefinitions in step with the log as it is decoded, and asks the catalog for what they
// lack. One thread owns it.
class DefinitionTracker {
 public:
  // Up to where the log was decoded.
  struct Place {
    LogPlace log;
    model::Position position;
  };

  // `captured` and `catalog` must outlive it. `eager`: a table is asked for as soon as it is
  // altered, not only when its rows come; so it is from the first call of Find on.
  DefinitionTracker(TableDefinitions known, const std::vector<std::string>* captured,
                    Catalog* catalog, bool eager)
      : known_(std::move(known)), captured_(captured), catalog_(catalog), eager_(eager) {}

  // Asks for the captured ones of these tables that are not known. What cannot be known (now) is no
  // error: rows may never come. Errors: the catalog's.
  absl::Status Learn(const std::set<TableDefinitions::Name>& tables, const Place& here);
  // A statement ended here that may have altered tables (nullopt: none that is there); `named` are
  // those that it names.
  absl::Status Follow(const std::optional<AlteredTables>& altered,
                      const std::vector<TableName>& named, const Place& here);

  // FailedPrecondition: it cannot be known, and why. Unavailable: not now. Others are the
  // catalog's.
  absl::StatusOr<const Definition*> Find(const TableDefinitions::Name& table, const Place& here);

  // See TableDefinitions.
  void Commit() { known_.Commit(); }
  std::vector<model::DriverRecord> TakeChanges() { return known_.TakeChanges(); }

 private:
  absl::Status Ask(const TableDefinitions::Name& table, const Place& here);

  TableDefinitions known_;
  const std::vector<std::string>* const captured_;
  Catalog* const catalog_;
  bool eager_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DEFINITION_TRACKER_H_
