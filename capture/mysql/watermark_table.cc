#include "capture/mysql/watermark_table.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_catalog.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

// Before it, XA COMMIT of a session other than the one that prepared is committed in the engine
// after its group, in no order.
constexpr uint32_t kOldestOrderedXa = 80030;
constexpr uint32_t kErrDatabaseDenied = 1044;
constexpr uint32_t kErrTableDenied = 1142;

constexpr absl::string_view kNotOrdered =
    "binlog_order_commits is OFF: without GTIDs nothing tells then what a SELECT has seen";
constexpr absl::string_view kOrderThem =
    "run: SET PERSIST binlog_order_commits = ON, and start the source once the commits that had "
    "begun before are done";

std::string Quoted(const WatermarkTable& table) {
  return absl::StrCat(Connection::QuoteIdentifier(table.database), ".",
                      Connection::QuoteIdentifier(table.name));
}

std::string CreateDatabase(const WatermarkTable& table) {
  return absl::StrCat("CREATE DATABASE IF NOT EXISTS ",
                      Connection::QuoteIdentifier(table.database));
}

std::string CreateTable(const WatermarkTable& table) {
  return absl::StrCat("CREATE TABLE IF NOT EXISTS ", Quoted(table),
                      " (server_id int unsigned NOT NULL, reader int unsigned NOT NULL,"
                      " counter bigint unsigned NOT NULL, PRIMARY KEY (server_id, reader))"
                      " ENGINE=InnoDB COMMENT='watermarks of Tidemark, one row for each reader'");
}

std::string Grant(const WatermarkTable& table, const std::string& account) {
  return absl::StrCat("GRANT SELECT, INSERT, UPDATE ON ", Quoted(table), " TO ", account);
}

bool IsDenied(const absl::Status& status) {
  return ErrorCode(status) == kErrTableDenied || ErrorCode(status) == kErrDatabaseDenied;
}

// Whether the account may read and count rows: the server examines what it explains as if it
// executed it.
absl::Status TryTable(Connection& sql, const WatermarkTable& table, const WaitLimits& limits) {
  absl::Status status =
      sql.Execute(absl::StrCat("EXPLAIN ", CountWatermark(table, 0, 0)), limits).status();
  if (!status.ok()) return status;
  return sql.Execute(absl::StrCat("EXPLAIN ", ReadWatermark(table, 0, 0)), limits).status();
}

// Likewise whether it may make the table.
absl::Status TryCreate(Connection& sql, const WatermarkTable& table, const WaitLimits& limits) {
  absl::Status status = sql.Execute(absl::StrCat("PREPARE tidemark_create FROM ",
                                                 sql.QuoteLiteral(CreateTable(table))),
                                    limits)
                            .status();
  if (!status.ok()) return status;
  return sql.Execute("DEALLOCATE PREPARE tidemark_create", limits).status();
}

// Empty: it is as it must be.
std::optional<Problem> Captured(const MysqlOptions& options) {
  const WatermarkTable& table = options.watermark_table;
  if (!IsCaptured(options.tables, table.database, table.name)) return std::nullopt;
  return Problem{Problem::Severity::kError,
                 absl::StrCat("the table of watermarks, ", table.database, ".", table.name,
                              ", is one of the tables that are captured"),
                 "give watermark_table the name of another one, best in a database of its own"};
}

absl::Status AsStatus(const Problem& problem) {
  return absl::FailedPreconditionError(absl::StrCat(problem.message, "; ", problem.remedy));
}

std::string RemedyOf(const WatermarkTable& table, const std::string& account,
                     const absl::Status& status) {
  const std::string make = absl::StrCat(CreateDatabase(table), "; ", CreateTable(table));
  const std::string grant = Grant(table, account);
  if (IsMissing(status)) return absl::StrCat("run: ", make, "; ", grant);
  if (IsDenied(status)) {
    return absl::StrCat("run: ", grant, " (and before it, if the table is missing: ", make, ")");
  }
  return "mend this, or set gtid_mode = ON before the source is captured";
}

Problem Refused(const WatermarkTable& table, const std::string& account,
                const absl::Status& status) {
  return {Problem::Severity::kError,
          absl::StrCat("a server without GTIDs needs a table of watermarks that the account may "
                       "write, ",
                       table.database, ".", table.name, ": ", status.message()),
          RemedyOf(table, account, status)};
}

absl::Status EnsureTable(Connection& sql, const WatermarkTable& table, const WaitLimits& limits) {
  absl::Status status = TryTable(sql, table, limits);
  if (IsMissing(status) || IsDenied(status)) {
    // It may be enough that the account may make the table.
    (void)sql.Execute(CreateDatabase(table), limits);
    absl::Status made = sql.Execute(CreateTable(table), limits).status();
    if (made.ok()) status = TryTable(sql, table, limits);
  }
  const bool lasts = IsMissing(status) || IsDenied(status) || absl::IsFailedPrecondition(status);
  return lasts ? AsStatus(Refused(table, sql.account(), status)) : status;
}

}  // namespace

std::string CountWatermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader) {
  return absl::StrCat("INSERT INTO ", Quoted(table), " (server_id, reader, counter) VALUES (",
                      server_id, ", ", reader,
                      ", LAST_INSERT_ID(1)) ON DUPLICATE KEY UPDATE"
                      " counter = LAST_INSERT_ID(counter + 1)");
}

std::string ReadWatermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader) {
  return absl::StrCat(
      "SELECT counter = LAST_INSERT_ID(), @@session.sql_log_bin, @@global.binlog_order_commits"
      " FROM ",
      Quoted(table), " WHERE server_id = ", server_id, " AND reader = ", reader);
}

std::optional<Problem> XaNotOrdered(uint32_t server_version) {
  if (server_version >= kOldestOrderedXa) return std::nullopt;
  return Problem{Problem::Severity::kError,
                 "MySQL before 8.0.30 commits prepared XA transactions in another order than that "
                 "of the binlog: without GTIDs nothing tells then what a SELECT has seen",
                 "set gtid_mode = ON, or use MySQL 8.0.30 or later"};
}

absl::Status CommitsNotOrdered() {
  return absl::FailedPreconditionError(absl::StrCat(kNotOrdered, "; ", kOrderThem));
}

absl::Status CheckCommitOrder(Connection& sql, const WaitLimits& limits) {
  absl::StatusOr<Result> row = sql.Execute("SELECT @@global.binlog_order_commits", limits);
  if (!row.ok()) return row.status();
  return row->number(0, 0) == 1 ? absl::OkStatus() : CommitsNotOrdered();
}

absl::Status CheckNotFiltered(const BinlogEnd& end) {
  if (!end.filtered) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the server leaves databases out of its binlog (binlog_do_db, binlog_ignore_db), so that a "
      "watermark proves nothing; remove that from its configuration and restart it");
}

absl::Status PrepareWatermarks(Connection& sql, const MysqlOptions& options,
                               const WaitLimits& limits) {
  if (auto problem = XaNotOrdered(sql.server_version())) return AsStatus(*problem);
  if (auto problem = Captured(options)) return AsStatus(*problem);
  absl::Status status = CheckCommitOrder(sql, limits);
  if (!status.ok()) return status;
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(sql, limits);
  if (!end.ok()) return end.status();
  status = CheckNotFiltered(*end);
  if (!status.ok()) return status;
  return EnsureTable(sql, options.watermark_table, limits);
}

std::vector<Problem> ExamineWatermarks(Connection& sql, const MysqlOptions& options,
                                       std::stop_token stop) {
  const WaitLimits limits{.stop = stop};
  std::vector<Problem> problems;
  if (auto problem = XaNotOrdered(sql.server_version())) problems.push_back(*std::move(problem));
  if (auto problem = Captured(options)) problems.push_back(*std::move(problem));
  if (absl::Status ordered = CheckCommitOrder(sql, limits); !ordered.ok()) {
    problems.push_back(
        {Problem::Severity::kError, std::string(kNotOrdered), std::string(kOrderThem)});
  }
  absl::Status status = TryTable(sql, options.watermark_table, limits);
  if (IsMissing(status) && TryCreate(sql, options.watermark_table, limits).ok()) status = {};
  if (!status.ok()) {
    problems.push_back(Refused(options.watermark_table, sql.account(), status));
  }
  return problems;
}

}  // namespace tidemark::capture::mysql
