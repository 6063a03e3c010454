#ifndef TIDEMARK_CAPTURE_POSTGRES_POSTGRES_ERROR_H_
#define TIDEMARK_CAPTURE_POSTGRES_POSTGRES_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tidemark::capture::postgres {

// SQLSTATEs that callers tell apart (PostgreSQL's src/backend/utils/errcodes.txt).
inline constexpr absl::string_view kProtocolViolation = "08P01";
inline constexpr absl::string_view kFeatureNotSupported = "0A000";
inline constexpr absl::string_view kReadOnlyTransaction = "25006";
inline constexpr absl::string_view kInvalidSchemaName = "3F000";
inline constexpr absl::string_view kUndefinedTable = "42P01";
inline constexpr absl::string_view kUndefinedObject = "42704";
inline constexpr absl::string_view kDuplicateObject = "42710";
inline constexpr absl::string_view kInsufficientPrivilege = "42501";
inline constexpr absl::string_view kTooManyConnections = "53300";
inline constexpr absl::string_view kConfigurationLimitExceeded = "53400";
inline constexpr absl::string_view kObjectInUse = "55006";
inline constexpr absl::string_view kQueryCanceled = "57014";
inline constexpr absl::string_view kInternalError = "XX000";

// The one place that maps a server's error to a status code and a remedy: "<action>: <message>
// (SQLSTATE x); <remedy>". `sqlstate` empty: the connection itself failed (Unavailable). The code
// stays readable through SqlState().
absl::Status ServerError(absl::string_view action, absl::string_view sqlstate,
                         absl::string_view message);

// The SQLSTATE that a status carries; "" if it has none.
std::string SqlState(const absl::Status& status);

// `status` with `context` before its message, and the same code and SQLSTATE.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// `status` of ServerError without its remedy, for a caller that has a better one.
absl::Status WithoutRemedy(const absl::Status& status);

// True if the server could not evaluate a value (class 22): it is no value of its type, or out of
// range.
bool IsDataException(const absl::Status& status);

// `status` of ServerError for SQL that holds what a user wrote (a predicate, a key): what the
// server could not parse or evaluate becomes InvalidArgument.
absl::Status AsUserSqlError(const absl::Status& status);

// What to say when a user's predicate failed on a row (REQUIRES: IsDataException): the server's
// message may hold values of the row, so the SQLSTATE's own name stands for it.
absl::Status PredicateFailure(const absl::Status& status);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_POSTGRES_ERROR_H_
