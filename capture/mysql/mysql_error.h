#ifndef TIDEMARK_CAPTURE_MYSQL_MYSQL_ERROR_H_
#define TIDEMARK_CAPTURE_MYSQL_MYSQL_ERROR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tidemark::capture::mysql {

// Error numbers that callers tell apart (MySQL's share/messages_to_clients.txt and
// include/errmsg.h; MariaDB's sql/share/errmsg-utf8.txt agrees on these).
inline constexpr uint32_t kErrAccessDenied = 1045;
inline constexpr uint32_t kErrUnknownDatabase = 1049;
inline constexpr uint32_t kErrUnknownColumn = 1054;
inline constexpr uint32_t kErrNoSuchTable = 1146;
inline constexpr uint32_t kErrLockWaitTimeout = 1205;
inline constexpr uint32_t kErrDeadlock = 1213;
inline constexpr uint32_t kErrPrivilegeMissing = 1227;
inline constexpr uint32_t kErrBinlogFatal = 1236;
inline constexpr uint32_t kErrTableChanged = 1412;

// The one place that maps an error of the server or of the client library to a status code and a
// remedy: "<action>: <message> (error <code>); <remedy>". `account`: 'user'@'host' as GRANT takes
// it, for the remedy of a missing privilege; may be empty. The code stays readable through
// ErrorCode(). Error 1236 (the server ends a dump) stands for many causes, which only its text
// tells apart.
absl::Status ServerError(absl::string_view action, uint32_t code, absl::string_view message,
                         absl::string_view account = "");

// The error number that a status carries; 0 if it has none.
uint32_t ErrorCode(const absl::Status& status);

// Whether it says that the table, or its database, is not there.
bool IsMissing(const absl::Status& status);

// `status` with `context` before its message, and the same code and error number.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// `status` of ServerError for SQL that holds what a user wrote (a predicate, a key): what the
// server could not parse or evaluate becomes InvalidArgument.
absl::Status AsUserSqlError(const absl::Status& status);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_MYSQL_ERROR_H_
