#ifndef TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_
#define TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_

#include "absl/status/statusor.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {

// MariaDB: a place in the binlog such that views opened from now on hold all that is before it.
//
// Binlog_snapshot_file and Binlog_snapshot_position are it, but not the exact place of the
// session's own consistent snapshot: the server keeps one copy of them for all sessions
// (MariaDB 11.8 sql/log.cc, set_status_variables), so that a session may be shown what another one
// just asked for. Every value that is ever shown was the end of what had been committed at some
// earlier time, though, and so is right as long as the view is opened after it was read. REQUIRES:
// the session is in no transaction. Errors: FailedPrecondition: the server does not tell;
// Unavailable: other sessions are in the way all the time.
absl::StatusOr<BinlogEnd> LoadVisiblePosition(Connection& connection, const WaitLimits& limits);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_
