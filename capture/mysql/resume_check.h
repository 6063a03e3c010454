#ifndef TIDEMARK_CAPTURE_MYSQL_RESUME_CHECK_H_
#define TIDEMARK_CAPTURE_MYSQL_RESUME_CHECK_H_

#include <string>

#include "absl/status/statusor.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/resume_token.h"
#include "capture/mysql/session.h"

namespace tidemark::capture::mysql {

// MySQL: what of `set` remains when `removed` is taken away; both are SQL expressions.
absl::StatusOr<std::string> SubtractGtids(Connection& sql, const std::string& set,
                                          const std::string& removed, const WaitLimits& limits);

// All that the journal has rows of.
std::string MergedGtids(const ResumeToken& token);

// Where the log goes on behind `resume`, an encoded token, on the server that `sql` leads to, whose
// binlog ends at `end`; from there on if `resume` is empty. Where names tell the place in another
// binlog than before (another server's, or the server's own that was begun anew), that counts as a
// move. Errors: DataLoss: the server lacks what was merged, or has purged what was not read;
// FailedPrecondition: it is no server on which that log can go on.
absl::StatusOr<ResumeToken> PrepareToken(Connection& sql, const ServerFacts& facts,
                                         const BinlogEnd& end, const std::string& resume,
                                         const WaitLimits& limits);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_RESUME_CHECK_H_
