#ifndef TIDEMARK_CAPTURE_MYSQL_WATERMARK_H_
#define TIDEMARK_CAPTURE_MYSQL_WATERMARK_H_

#include <cstdint>
#include <stop_token>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/mysql_source.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {

// A written watermark: how a reader learns what SELECTs see where no GTID tells (Naming::kFile).
//
// The server commits in three stages, each with one queue: transactions are written to the binlog,
// synced, and committed in the engine, and with binlog_order_commits=ON the last stage takes them
// in the order of the first (MySQL's MYSQL_BIN_LOG::ordered_commit). So once a transaction of ours
// is visible, everything before it in the binlog is. Write
//
//   1. asks where the binlog ends,
//   2. counts a row of the watermark table up, which is a commit of its own behind that place,
//   3. reads the row back: the counted row is seen by SELECTs, and so is all before the place.
//
// The place is a lower bound: the row's own event lies further on, and nobody has to find it in the
// log. A commit that is held (semi-sync without a replica) holds the row too: that is the wait.
//
// Write counts each time, so that there always is a row event: a statement that changes nothing is
// no commit of the binlog's, and would prove nothing. For the same reason sql_log_bin and the
// server's binlog filters are looked at.
class Watermark {
 public:
  // Row `reader` of the table, that nobody else writes.
  Watermark(const WatermarkTable& table, uint32_t server_id, uint32_t reader);

  // Where the binlog ended when it was called: all transactions that start before are visible to
  // SELECTs that start after it has returned. Waits as long as the server takes, and calls
  // `waiting` meanwhile, several times a second. FailedPrecondition: commits are not ordered, the
  // row is not logged, or not seen; the message says why and what to do. One thread at a time.
  absl::StatusOr<BinlogEnd> Write(Connection& sql, absl::FunctionRef<void()> waiting,
                                  std::stop_token stop) const;

 private:
  absl::Status Count(Connection& sql, absl::FunctionRef<void()> waiting,
                     const std::stop_token& stop) const;
  absl::Status CheckSeen(Connection& sql, const std::stop_token& stop) const;

  const std::string count_;
  const std::string read_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_WATERMARK_H_
