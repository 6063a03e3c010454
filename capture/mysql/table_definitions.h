#ifndef TIDEMARK_CAPTURE_MYSQL_TABLE_DEFINITIONS_H_
#define TIDEMARK_CAPTURE_MYSQL_TABLE_DEFINITIONS_H_

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/altered_tables.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/definition_record.h"
#include "model/driver_record.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// How each captured table is defined at the place up to which the log has been decoded, for logs
// that do not name columns (binlog_row_metadata is not FULL). A table that is not here is not
// known: it was altered since it was asked for, or never asked for. Pure; one thread owns it.
//
// What changes inside a transaction of the log is stored with the token behind it (Commit), since
// the token in use until then has the log read again from its start.
class TableDefinitions {
 public:
  using Name = std::pair<std::string, std::string>;  // database, table

  // DataLoss: a record is damaged.
  static absl::StatusOr<TableDefinitions> Load(const std::vector<model::DriverRecord>& records);

  // Null: not known.
  const Definition* Find(const std::string& database, const std::string& table) const;
  // The table has been as `table` says since `since`.
  void Learn(const CatalogTable& table, const model::Position& since);
  // Forgets those that the statement may have altered. Returns their names.
  std::set<Name> Forget(const AlteredTables& altered);
  void ForgetAll();

  // A transaction ended.
  void Commit();
  // What changed up to the last Commit, since the last call.
  std::vector<model::DriverRecord> TakeChanges();

 private:
  std::map<Name, Definition> known_;
  std::set<Name> changed_;  // since the last Commit
  std::map<Name, std::optional<Definition>> committed_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_TABLE_DEFINITIONS_H_
