#ifndef TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_
#define TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/commit_places.h"
#include "capture/mysql/commits_under_way.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/session.h"
#include "model/position.h"

namespace tidemark::capture::mysql {

// MariaDB: a place in the binlog such that views opened from now on hold all that is before it.
//
// It is Binlog_snapshot_file and Binlog_snapshot_position where these are the end of a transaction
// that the log was read up to, else the last such place (commit_places.h). They are not the exact
// place of the session's own consistent snapshot: the server keeps one copy of them for all
// sessions (MariaDB 11.8 sql/log.cc, set_status_variables), so that a session may be shown what
// another one just asked for. Every value that is ever shown was the server's at some earlier time,
// though, and so is right as long as the view is opened after it was read. `origin`: the session's.
// REQUIRES: the session is in no transaction. Errors: FailedPrecondition: the server does not tell.
absl::StatusOr<model::Position> LoadVisiblePosition(Connection& connection,
                                                    const SessionFactory::Origin& origin,
                                                    SessionFactory& sessions,
                                                    const WaitLimits& limits);

// MariaDB: tells `places` the transactions that the binlog's file has before `offset`, where the
// log is going to be read from. Of a large file, or where the server does not list it, none.
// Errors: the connection's.
absl::Status PassCommitsBefore(Connection& connection, const SessionFactory::Origin& origin,
                               const std::string& file, uint64_t offset, CommitPlaces& places,
                               const WaitLimits& limits);

// Finds out, step by step, that all is visible that the binlog has, where no place that is shown
// tells: CommitPlaces hears of it. One thread owns it.
class VisibilityProof {
 public:
  // `sessions` must outlive it.
  explicit VisibilityProof(SessionFactory* sessions) : sessions_(sessions) {}

  // A few questions; the first step begins. To be taken more often than once a second, on any
  // session of the log's server that is in no transaction.
  absl::Status Step(Connection& connection, const SessionFactory::Origin& origin,
                    const WaitLimits& limits);

 private:
  absl::Status Begin(Connection& connection, const WaitLimits& limits);

  SessionFactory* const sessions_;
  SessionFactory::Origin origin_;
  model::Position end_;
  std::optional<CommitsUnderWay> commits_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_VISIBLE_POSITION_H_
