#include "capture/mysql/watermark.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"
#include "capture/mysql/watermark_table.h"

namespace tidemark::capture::mysql {
namespace {

constexpr std::chrono::seconds kStatementTimeout{30};
// A commit may be held for as long as a replica is missing.
constexpr std::chrono::hours kHeldTimeout{24 * 7};
// An earlier session's count of this row, whose service was killed, waits for its commit still.
bool IsLocked(const absl::Status& status) {
  return ErrorCode(status) == kErrLockWaitTimeout || ErrorCode(status) == kErrDeadlock;
}

}  // namespace

Watermark::Watermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader)
    : count_(CountWatermark(table, server_id, reader)),
      read_(ReadWatermark(table, server_id, reader)) {}

absl::StatusOr<BinlogEnd> Watermark::Write(Connection& sql, absl::FunctionRef<void()> waiting,
                                           std::stop_token stop) const {
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(sql, {.timeout = kStatementTimeout, .stop = stop});
  if (!end.ok()) return end.status();
  absl::Status status = CheckNotFiltered(*end);
  if (status.ok()) status = Count(sql, waiting, stop);
  if (status.ok()) status = CheckSeen(sql, stop);
  if (!status.ok()) return status;
  return end;
}

absl::Status Watermark::Count(Connection& sql, absl::FunctionRef<void()> waiting,
                              const std::stop_token& stop) const {
  const WaitLimits limits{.timeout = kHeldTimeout, .stop = stop};
  absl::Status status = sql.ExecuteLong(count_, waiting, limits).status();
  while (IsLocked(status) && !stop.stop_requested()) {
    waiting();
    status = sql.ExecuteLong(count_, waiting, limits).status();
  }
  return status;
}

absl::Status Watermark::CheckSeen(Connection& sql, const std::stop_token& stop) const {
  absl::StatusOr<Result> row = sql.Execute(read_, {.timeout = kStatementTimeout, .stop = stop});
  if (!row.ok()) return row.status();
  if (row->rows() == 0 || row->number(0, 0) != 1) {
    return absl::FailedPreconditionError(
        "a watermark that was written is not what a SELECT finds: a proxy leads statements to "
        "different servers, or the table of watermarks has a trigger; connect to the server "
        "itself, and let nobody else write that table");
  }
  if (row->number(0, 1) != 1) {
    return absl::FailedPreconditionError(
        "the account's sessions do not log what they write (sql_log_bin is OFF), so that a "
        "watermark proves nothing; remove that from init_connect");
  }
  return row->number(0, 2) == 1 ? absl::OkStatus() : CommitsNotOrdered();
}

}  // namespace tidemark::capture::mysql
