#include "capture/postgres/postgres_error.h"

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tidemark::capture::postgres {
namespace {

using absl::StatusCode;

constexpr absl::string_view kSqlStateUrl = "tidemark/sqlstate";

// What to do about one SQLSTATE, or about a whole class (two characters).
struct Policy {
  absl::string_view sqlstate;
  StatusCode code;
  absl::string_view remedy;
};

// The longest match wins, so that the order does not matter.
constexpr Policy kPolicies[] = {
    {"", StatusCode::kFailedPrecondition, "see the server's log"},
    {"08", StatusCode::kUnavailable, ""},
    {"0A", StatusCode::kFailedPrecondition, "the server does not support this"},
    {"22", StatusCode::kInvalidArgument, ""},
    {"25P03", StatusCode::kUnavailable, "the server ended the session"},
    {"25P04", StatusCode::kUnavailable, "the server ended the session"},
    {"25006", StatusCode::kUnavailable, "the server is read-only (a standby?)"},
    {"28", StatusCode::kFailedPrecondition,
     "check user and password, and pg_hba.conf for an entry of this database and user"},
    {"3D000", StatusCode::kFailedPrecondition, "check dbname in the connection"},
    {"40", StatusCode::kAborted, ""},
    {"42", StatusCode::kFailedPrecondition, ""},
    {"42501", StatusCode::kFailedPrecondition, "grant the missing privilege"},
    {"42703", StatusCode::kAborted, "the table was changed meanwhile"},
    {"42704", StatusCode::kFailedPrecondition, ""},
    {"42P01", StatusCode::kNotFound, ""},
    {"53", StatusCode::kUnavailable, "the server is short of resources"},
    {"53300", StatusCode::kUnavailable,
     "raise max_connections or max_wal_senders, or close sessions"},
    {"53400", StatusCode::kFailedPrecondition, "raise the limit that the server names"},
    {"55", StatusCode::kFailedPrecondition, ""},
    {"55006", StatusCode::kUnavailable, "stop the other user of the object"},
    {"55P03", StatusCode::kAborted, "another session holds a lock on the table"},
    {"57", StatusCode::kUnavailable, ""},
    {"57014", StatusCode::kAborted, ""},
    {"58", StatusCode::kUnavailable, "the server had an I/O error; see its log"},
    {"58P01", StatusCode::kDataLoss, "the server has removed a file that is needed"},
    {"72000", StatusCode::kAborted, ""},
    {"XX", StatusCode::kAborted, "see the server's log"},
    {"XX001", StatusCode::kDataLoss, "the server's data is damaged; see its log"},
    {"XX002", StatusCode::kDataLoss, "a server's index is damaged: REINDEX it"},
};

const Policy& PolicyOf(absl::string_view sqlstate) {
  const Policy* best = &kPolicies[0];
  for (const Policy& policy : kPolicies) {
    if (absl::StartsWith(sqlstate, policy.sqlstate) &&
        policy.sqlstate.size() > best->sqlstate.size()) {
      best = &policy;
    }
  }
  return *best;
}

absl::Status WithSqlState(absl::Status status, absl::string_view sqlstate) {
  if (!sqlstate.empty()) status.SetPayload(kSqlStateUrl, absl::Cord(sqlstate));
  return status;
}

bool IsUsersFault(absl::string_view sqlstate) {
  return (absl::StartsWith(sqlstate, "42") && sqlstate != kInsufficientPrivilege) ||
         absl::StartsWith(sqlstate, "22") || absl::StartsWith(sqlstate, "0A") ||
         absl::StartsWith(sqlstate, "21");
}

struct Condition {
  absl::string_view sqlstate;
  absl::string_view name;
};
constexpr Condition kDataExceptions[] = {
    {"22003", "numeric value out of range"}, {"22007", "invalid datetime format"},
    {"22008", "datetime field overflow"},    {"22012", "division by zero"},
    {"22032", "invalid JSON text"},          {"22P02", "invalid text representation"},
};

absl::string_view NameOfDataException(absl::string_view sqlstate) {
  for (const Condition& condition : kDataExceptions) {
    if (condition.sqlstate == sqlstate) return condition.name;
  }
  return "data exception";
}

std::string Sentence(absl::string_view action, absl::string_view sqlstate,
                     absl::string_view message, absl::string_view remedy) {
  std::string text = absl::StrCat(action, ": ", message);
  if (!sqlstate.empty()) absl::StrAppend(&text, " (SQLSTATE ", sqlstate, ")");
  if (!remedy.empty()) absl::StrAppend(&text, "; ", remedy);
  return text;
}

}  // namespace

absl::Status ServerError(absl::string_view action, absl::string_view sqlstate,
                         absl::string_view message) {
  if (sqlstate.empty()) return absl::UnavailableError(absl::StrCat(action, ": ", message));
  const Policy& policy = PolicyOf(sqlstate);
  return WithSqlState(absl::Status(policy.code, Sentence(action, sqlstate, message, policy.remedy)),
                      sqlstate);
}

std::string SqlState(const absl::Status& status) {
  auto sqlstate = status.GetPayload(kSqlStateUrl);
  return sqlstate ? std::string(*sqlstate) : "";
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  return WithSqlState(absl::Status(status.code(), absl::StrCat(context, ": ", status.message())),
                      SqlState(status));
}

absl::Status WithoutRemedy(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  if (status.ok() || sqlstate.empty()) return status;
  const std::string remedy = absl::StrCat("; ", PolicyOf(sqlstate).remedy);
  return WithSqlState(
      absl::Status(status.code(), absl::StripSuffix(status.message(), remedy)), sqlstate);
}

bool IsDataException(const absl::Status& status) {
  return absl::StartsWith(SqlState(status), "22");
}

absl::Status AsUserSqlError(const absl::Status& status) {
  std::string sqlstate = SqlState(status);
  if (status.ok() || !IsUsersFault(sqlstate)) return status;
  // The remedy is for SQL that is ours.
  return WithSqlState(absl::InvalidArgumentError(WithoutRemedy(status).message()), sqlstate);
}

absl::Status PredicateFailure(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  const std::string message =
      Sentence("the predicate fails on a row", sqlstate, NameOfDataException(sqlstate),
               "put a condition before it that leaves such rows out (CASE keeps the order)");
  return WithSqlState(absl::InvalidArgumentError(message), sqlstate);
}

}  // namespace tidemark::capture::postgres
