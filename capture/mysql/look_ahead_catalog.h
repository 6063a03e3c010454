#ifndef TIDEMARK_CAPTURE_MYSQL_LOOK_AHEAD_CATALOG_H_
#define TIDEMARK_CAPTURE_MYSQL_LOOK_AHEAD_CATALOG_H_

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "capture/mysql/binlog_stream.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/definition_scan.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {

// The catalog, and what it said at an earlier place of the log: what it says now, provided that the
// log has no statement in between that may have altered the table.
//
// While the table is asked for, its metadata lock is held, so that no statement that alters it is
// half done: each is either in the binlog and in the catalog, or in neither. E is the end of the
// binlog meanwhile. The log from the place to E is then looked through on a dump of its own. One
// thread owns it.
//
// Costs: readers of the table do not notice; a statement that alters it waits for some
// milliseconds. Behind one that waits for others itself, the lock is waited for a second, and the
// table then counts as locked. The stretch that was looked through is kept, and only extended.
class LookAheadCatalog : public Catalog {
 public:
  using OpenDump = std::function<absl::StatusOr<std::unique_ptr<BinlogStream>>(BinlogStart start)>;

  // `connection` must outlive it. `without_look_ahead`: for the control (MysqlOptions).
  LookAheadCatalog(Connection* connection, OpenDump open_dump, bool without_look_ahead,
                   std::stop_token stop);

  // Called whenever looking through the log has come further: that may take for minutes.
  void OnProgress(std::function<void()> progressed) { progressed_ = std::move(progressed); }

  absl::StatusOr<std::optional<CatalogTable>> DescribeTable(const std::string& database,
                                                            const std::string& table) override;
  absl::StatusOr<CatalogTable> DescribeTableAt(const LogPlace& place, const std::string& database,
                                               const std::string& table) override;

 private:
  struct Asked {
    CatalogTable table;
    LogPlace end;
  };

  WaitLimits Limits() const;
  bool Covers(const LogPlace& place) const;
  absl::Status CheckUnaltered(const LogPlace& place, const std::string& database,
                              const std::string& table) const;
  absl::StatusOr<Asked> Ask(const std::string& database, const std::string& table);
  absl::StatusOr<Asked> AskLocked(const std::string& database, const std::string& table);
  absl::Status LookThrough(const LogPlace& place, const LogPlace& end);
  absl::Status ReadDump(BinlogStream& dump, const LogPlace& end);

  Connection* const connection_;
  MysqlCatalog catalog_;
  const OpenDump open_dump_;
  const bool without_look_ahead_;
  const std::stop_token stop_;
  std::function<void()> progressed_ = [] {};
  DefinitionScan scan_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_LOOK_AHEAD_CATALOG_H_
