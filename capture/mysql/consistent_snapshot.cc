#include "capture/mysql/consistent_snapshot.h"

namespace tidemark::capture::mysql {

absl::StatusOr<BinlogEnd> StartConsistentSnapshot(Connection& connection,
                                                  const WaitLimits& limits) {
  absl::Status status =
      connection.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", limits).status();
  if (!status.ok()) return status;
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

absl::StatusOr<BinlogEnd> SnapshotPosition(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<BinlogEnd> end = StartConsistentSnapshot(connection, limits);
  if (!end.ok()) return end.status();
  absl::Status status = connection.Execute("COMMIT", limits).status();
  if (!status.ok()) return status;
  return end;
}

}  // namespace tidemark::capture::mysql
