#ifndef TIDEMARK_CAPTURE_MYSQL_WATERMARK_TABLE_H_
#define TIDEMARK_CAPTURE_MYSQL_WATERMARK_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/mysql_source.h"
#include "capture/mysql/session.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// The one table that Tidemark writes, on a MySQL server without GTIDs only, and what the server
// must be like for what is written there to prove something (watermark.h). A row for each reader of
// each source:
//
//   server_id   the source's
//   reader      0 and up
//   counter     of watermarks written
//
// The account needs SELECT, INSERT and UPDATE on it. It is never captured.

// Adds one to a row, which it makes; LAST_INSERT_ID() is the sum.
std::string CountWatermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader);
// Selects whether the row has LAST_INSERT_ID(), sql_log_bin and binlog_order_commits.
std::string ReadWatermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader);

// Before a log without GTIDs is read: makes the table where it is missing and the account may.
// FailedPrecondition: it may not (with the SQL to run), the table is a captured one, commits are
// not ordered, the binlog is filtered, or the server is too old.
absl::Status PrepareWatermarks(Connection& sql, const MysqlOptions& options,
                               const WaitLimits& limits);

// The same as problems, for `tidemark check`: changes nothing.
std::vector<Problem> ExamineWatermarks(Connection& sql, const MysqlOptions& options,
                                       std::stop_token stop);

// What is wrong with a server of this version (80407 is 8.4.7); nullopt: nothing.
std::optional<Problem> XaNotOrdered(uint32_t server_version);

// FailedPrecondition: binlog_order_commits is OFF now.
absl::Status CheckCommitOrder(Connection& sql, const WaitLimits& limits);
absl::Status CommitsNotOrdered();

// FailedPrecondition: binlog_do_db or binlog_ignore_db is set.
absl::Status CheckNotFiltered(const BinlogEnd& end);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_WATERMARK_TABLE_H_
