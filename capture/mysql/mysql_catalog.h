#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_CATALOG_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_CATALOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/connection.h"

namespace tidemark::capture::mysql {

// The catalog over an SQL session: information_schema of MySQL and of MariaDB. Errors: those of the
// connection. One thread owns it.
class MysqlCatalog {
 public:
  // `connection` must outlive it.
  explicit MysqlCatalog(Connection* connection) : connection_(connection) {}

  // nullopt: there is no such table (now).
  absl::StatusOr<std::optional<CatalogTable>> DescribeTable(const std::string& database,
                                                            const std::string& table);

 private:
  absl::Status LoadCollations();
  absl::Status LoadColumns(const std::string& where, CatalogTable* table);
  absl::Status LoadKey(const std::string& where, CatalogTable* table);
  absl::Status MarkJson(const std::string& where, CatalogTable* table);

  Connection* connection_;
  // Ids by name; what a server has does not change.
  std::map<std::string, uint32_t> collations_;
};

// The only engine of which is known what a SELECT saw.
inline constexpr char kExactEngine[] = "InnoDB";

// A table that may be captured.
struct ListedTable {
  std::string database;
  std::string name;
  std::string engine;
  // From the engine's statistics; 0: unknown.
  uint64_t rows_estimated = 0;
  // As CatalogTable has them.
  std::vector<std::string> key_columns;
  std::string key_index;
  bool system_versioned = false;
};

// True for a database of the server itself, or our own (`tidemark`): never captured.
bool IsSystemDatabase(std::string_view database);

// Whether `tables` ("database.table" or "database.*"; empty: all) names a table that is not the
// server's own or ours.
bool IsCaptured(const std::vector<std::string>& tables, std::string_view database,
                std::string_view table);

// The captured tables, by database and name; no views, sequences or temporary tables. Those for
// which the account has no privilege are not seen.
absl::StatusOr<std::vector<ListedTable>> ListCapturedTables(Connection& connection,
                                                            const std::vector<std::string>& tables,
                                                            const WaitLimits& limits = {});

// A foreign key by which changes of `parent` change rows of `child` as well.
struct CascadingKey {
  std::string child_database;
  std::string child;
  std::string name;
  std::string parent_database;
  std::string parent;
  std::string on_delete;  // "CASCADE", "SET NULL", "SET DEFAULT"; "" if it does nothing
  std::string on_update;
};

// All of them whose child is no system table.
absl::StatusOr<std::vector<CascadingKey>> ListCascadingKeys(Connection& connection,
                                                            const WaitLimits& limits = {});

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_CATALOG_H_
