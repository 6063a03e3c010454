#ifndef TIDEMARK_CAPTURE_MYSQL_CONSISTENT_SNAPSHOT_H_
#define TIDEMARK_CAPTURE_MYSQL_CONSISTENT_SNAPSHOT_H_

#include "absl/status/statusor.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {

// MariaDB: opens a transaction whose read view and binlog position belong together: the view holds
// exactly what is before the position. Returns the position; the transaction stays open.
absl::StatusOr<BinlogEnd> StartConsistentSnapshot(Connection& connection, const WaitLimits& limits);

// The position of a view that is opened and given up again.
absl::StatusOr<BinlogEnd> SnapshotPosition(Connection& connection, const WaitLimits& limits);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CONSISTENT_SNAPSHOT_H_
