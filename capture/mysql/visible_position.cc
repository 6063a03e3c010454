#include "capture/mysql/visible_position.h"

#include <algorithm>

namespace tidemark::capture::mysql {
namespace {

constexpr int kLooksMax = 20;

absl::StatusOr<BinlogEnd> LoadOnce(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<Result> rows =
      connection.Execute("SHOW STATUS LIKE 'binlog\\_snapshot\\_%'", limits);
  if (!rows.ok()) return rows.status();
  BinlogEnd end;
  for (int row = 0; row < rows->rows(); ++row) {
    if (rows->text(row, 0) == "Binlog_snapshot_file") end.file = rows->str(row, 1);
    if (rows->text(row, 0) == "Binlog_snapshot_position") {
      end.offset = rows->unsigned_number(row, 1);
    }
  }
  if (end.file.empty() || end.offset == 0) {
    return absl::FailedPreconditionError(
        "the server does not tell the binlog position of a consistent snapshot; it must be MariaDB "
        "10.11 or later with log_bin");
  }
  return end;
}

}  // namespace

// File and offset are two variables, which another session may be setting one after the other where
// the binlog goes on in a new file: an old offset would be too large there, and the next look shows
// a smaller one.
absl::StatusOr<BinlogEnd> LoadVisiblePosition(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<BinlogEnd> last = LoadOnce(connection, limits);
  for (int look = 1; last.ok() && look < kLooksMax; ++look) {
    absl::StatusOr<BinlogEnd> next = LoadOnce(connection, limits);
    if (!next.ok()) return next.status();
    if (next->file == last->file) {
      next->offset = std::min(next->offset, last->offset);
      return next;
    }
    last = *std::move(next);
  }
  if (!last.ok()) return last.status();
  return absl::UnavailableError(
      "the server shows another binlog file for binlog_snapshot_file at each look");
}

}  // namespace tidemark::capture::mysql
