#include "capture/mysql/mysql_error.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tidemark::capture::mysql {
namespace {

using absl::StatusCode;

constexpr absl::string_view kErrorUrl = "tidemark/mysql-error";

constexpr StatusCode kUnavailable = StatusCode::kUnavailable;
constexpr StatusCode kAborted = StatusCode::kAborted;
constexpr StatusCode kOperator = StatusCode::kFailedPrecondition;

// What to do about one error number.
struct Policy {
  uint32_t code;
  StatusCode status;
  absl::string_view remedy;
};

constexpr absl::string_view kFull = "the server's disk or table space is full";
constexpr absl::string_view kResources = "the server is short of resources";
constexpr absl::string_view kEnded = "the server ended the session";
constexpr absl::string_view kLocked = "another session holds a lock";
constexpr absl::string_view kReadOnly = "the server is read-only (a replica?)";
constexpr absl::string_view kLogin =
    "check user and password, and the host that the account is made for";
constexpr absl::string_view kReach =
    "check that the server runs, host and port, and the network between";

constexpr Policy kPolicies[] = {
    {1020, kAborted, ""},  // record has changed since last read
    {1021, kUnavailable, kFull},
    {1030, kUnavailable, "the storage engine failed; see the server's log"},
    {1037, kUnavailable, kResources},
    {1038, kUnavailable, kResources},
    {1040, kUnavailable, "raise max_connections, or close sessions"},
    {1041, kUnavailable, kResources},
    {1044, kOperator, "grant the account access to the database"},
    {1045, kOperator, kLogin},
    {1049, kOperator, "check the database's name"},
    {1053, kUnavailable, "the server is shutting down"},
    {1054, kAborted, "the table was changed meanwhile"},
    {1064, kOperator, ""},
    {1079, kUnavailable, "the server is shutting down"},
    {1114, kUnavailable, kFull},
    {1129, kUnavailable,
     "run FLUSH HOSTS on the server, or TRUNCATE performance_schema.host_cache"},
    {1130, kOperator, "make the account for this host: CREATE USER '...'@'...'"},
    {1135, kUnavailable, kResources},
    {1142, kOperator, "grant the missing privilege"},
    {1143, kOperator, "grant the missing privilege"},
    {1146, StatusCode::kNotFound, ""},
    {1152, kUnavailable, kEnded},
    {1153, kOperator, "raise the server's max_allowed_packet"},
    {1158, kUnavailable, ""},
    {1159, kUnavailable, ""},
    {1160, kUnavailable, ""},
    {1161, kUnavailable, ""},
    {1184, kUnavailable, kEnded},
    {1193, kOperator, "the server does not know this variable: is its version supported?"},
    {1194, StatusCode::kDataLoss, "a table is damaged: run CHECK TABLE and repair it"},
    {1195, StatusCode::kDataLoss, "a table is damaged: run CHECK TABLE and repair it"},
    {1203, kUnavailable, "raise max_user_connections, or close sessions"},
    {1205, kAborted, kLocked},
    {1206, kAborted, kResources},
    {1213, kAborted, ""},
    {1226, kUnavailable, "the account's limit is reached: raise it with ALTER USER ... WITH"},
    {1227, kOperator, "grant the missing privilege"},
    {1251, kOperator, "the server wants an authentication that this client library does not have"},
    {1290, kUnavailable, kReadOnly},
    {1317, kAborted, "somebody killed the statement"},
    {1356, kOperator, "a view refers to something that is gone"},
    {1370, kOperator, "grant the missing privilege"},
    {1373, StatusCode::kDataLoss, "the server has removed this binary log"},
    {1381, kOperator, "set log_bin in the server's configuration and restart it"},
    {1412, kAborted, "the table was changed meanwhile"},
    {1429, kUnavailable, ""},
    {1615, kAborted, "the table was changed meanwhile"},
    {1698, kOperator, kLogin},
    {1789, StatusCode::kDataLoss,
     "the log that is needed was purged: take a new snapshot, and keep the log longer "
     "(binlog_expire_logs_seconds)"},
    {1792, kUnavailable, kReadOnly},
    {1820, kOperator, "the account's password has expired: ALTER USER ... IDENTIFIED BY"},
    {1836, kUnavailable, kReadOnly},
    {1862, kOperator, "the account's password has expired: ALTER USER ... IDENTIFIED BY"},
    {1927, kUnavailable, kEnded},
    {1969, kAborted, "the statement took longer than max_statement_time"},
    {2002, kUnavailable, kReach},
    {2003, kUnavailable, kReach},
    {2005, kUnavailable, "the host's name is not known: check host, and the name service"},
    {2020, kOperator, "a packet is larger than 1 GiB"},
    {2026, kUnavailable,
     "check tls.mode, tls.ca, tls.cert and tls.key, and the server's certificate"},
    {2059, kOperator,
     "the client library lacks this authentication plugin: install it, or give the account another "
     "one (caching_sha2_password on MySQL)"},
    {2061, kOperator,
     "the account's authentication needs an encrypted connection: use TLS or a Unix socket"},
    {3024, kAborted, "the statement took longer than max_execution_time"},
    {3118, kOperator, "the account is locked: ALTER USER ... ACCOUNT UNLOCK"},
    {3159, kOperator, "the server requires TLS (require_secure_transport): set tls.mode: required"},
    {3169, kUnavailable, kEnded},
    {3572, kAborted, kLocked},
    {4031, kUnavailable, "the server ended the session, which was idle for too long"},
    {4052, kOperator,
     "another replica or Tidemark uses this server_id: give each its own, or stop the other"},
    {4151, kOperator, "the account is locked: ALTER USER ... ACCOUNT UNLOCK"},
    {4163, kOperator, "the server requires TLS (require_secure_transport): set tls.mode: required"},
};

constexpr Policy kUnknownServerError{0, kOperator, "see the server's log"};
constexpr Policy kUnknownClientError{0, kUnavailable, ""};

// Numbers 2000 to 2999 are the client library's, 5000 to 5999 those of Connector/C.
bool IsClientError(uint32_t code) {
  return (code >= 2000 && code < 3000) || (code >= 5000 && code < 6000);
}

const Policy& PolicyOf(uint32_t code) {
  const Policy* found = std::find_if(std::begin(kPolicies), std::end(kPolicies),
                                     [&](const Policy& policy) { return policy.code == code; });
  if (found != std::end(kPolicies)) return *found;
  return IsClientError(code) ? kUnknownClientError : kUnknownServerError;
}

// Why a server ends a dump, by a piece of its text (MySQL's sql/rpl_binlog_sender.cc and
// share/messages_to_clients.txt; MariaDB's sql/sql_repl.cc).
struct DumpEnd {
  absl::string_view fragment;
  StatusCode status;
  absl::string_view remedy;
};

constexpr absl::string_view kPurged =
    "the log that is needed was purged: take a new snapshot, and keep the log longer "
    "(binlog_expire_logs_seconds)";
constexpr absl::string_view kDiverged =
    "this server has not all that was captured already: a failover to a server that lagged, or "
    "another server at the same address; point the source at the right one, or start it anew with "
    "a new snapshot";
constexpr absl::string_view kLogShort =
    "the log ends before what was captured already: another server at the same address, or it "
    "crashed with sync_binlog not 1; start the source anew with a new snapshot";
constexpr absl::string_view kSameId =
    "another replica or Tidemark uses this server_id: give each its own, or stop the other";

// In lower case; the first match counts.
constexpr DumpEnd kDumpEnds[] = {
    {"same server_uuid", kOperator, kSameId},
    {"same server_id", kOperator, kSameId},
    {"could not find first log file name", StatusCode::kDataLoss, kPurged},
    {"could not find gtid state", StatusCode::kDataLoss, kPurged},
    {"purged required", StatusCode::kDataLoss, kPurged},
    {"purged binary logs", StatusCode::kDataLoss, kPurged},
    {"more gtids than", StatusCode::kDataLoss, kDiverged},
    {"diverged", StatusCode::kDataLoss, kDiverged},
    {"which is not in the master's binlog", StatusCode::kDataLoss, kDiverged},
    {"impossible position", StatusCode::kDataLoss, kLogShort},
    {"position > file size", StatusCode::kDataLoss, kLogShort},
    {"position < 4", StatusCode::kDataLoss, kLogShort},
    {"bogus data", StatusCode::kDataLoss, kLogShort},
    {"event read from binlog did not pass", StatusCode::kDataLoss, "the server's log is damaged"},
    {"checksum verification", StatusCode::kDataLoss, "the server's log is damaged"},
    {"exceeded max_allowed_packet", kOperator,
     "an event is larger than the server's max_allowed_packet: raise it to 1G"},
    {"truncated in the middle", kUnavailable,
     "a log file ends within an event: the server crashed or its disk is full; see its log"},
    {"could not find next log", kUnavailable, "see the server's log"},
    {"gtid_mode", kOperator,
     "set gtid_mode = ON and enforce_gtid_consistency = ON on the server, as when the source was "
     "started"},
    {"binary log is not open", kOperator, "set log_bin in the server's configuration"},
    {"server id", kOperator, "give the source a server_id above 0"},
};

Policy DumpPolicy(absl::string_view message) {
  const std::string lower = absl::AsciiStrToLower(message);
  for (const DumpEnd& end : kDumpEnds) {
    if (absl::StrContains(lower, end.fragment)) {
      return {kErrBinlogFatal, end.status, end.remedy};
    }
  }
  return {kErrBinlogFatal, kUnavailable, "see the server's log"};
}

// "Access denied; you need (at least one of) the SUPER, REPLICATION SLAVE privilege(s) ...": the
// last one, which is the narrowest; "" if the text is another one.
absl::string_view NamedPrivilege(absl::string_view message) {
  constexpr absl::string_view kBegin = "(at least one of) the ";
  size_t begin = message.find(kBegin);
  if (begin == absl::string_view::npos) return "";
  absl::string_view names = message.substr(begin + kBegin.size());
  names = names.substr(0, names.find(" privilege"));
  size_t comma = names.rfind(", ");
  return comma == absl::string_view::npos ? names : names.substr(comma + 2);
}

std::string Remedy(const Policy& policy, absl::string_view message, absl::string_view account) {
  const absl::string_view privilege =
      policy.code == kErrPrivilegeMissing && !account.empty() ? NamedPrivilege(message) : "";
  if (privilege.empty()) return std::string(policy.remedy);
  return absl::StrCat("run: GRANT ", privilege, " ON *.* TO ", account);
}

absl::Status WithCode(absl::Status status, uint32_t code) {
  if (code != 0) status.SetPayload(kErrorUrl, absl::Cord(absl::StrCat(code)));
  return status;
}

bool IsUsersFault(uint32_t code) {
  constexpr uint32_t kCodes[] = {1052, 1054, 1055, 1064, 1095, 1111, 1149, 1210, 1222, 1235,
                                 1241, 1242, 1247, 1248, 1253, 1264, 1267, 1270, 1271, 1272,
                                 1292, 1305, 1366, 1411, 1525, 1582, 1583, 1630, 1690, 3140,
                                 3141, 3143, 3144, 3685, 3690, 3692, 4078};
  return std::find(std::begin(kCodes), std::end(kCodes), code) != std::end(kCodes);
}

}  // namespace

absl::Status ServerError(absl::string_view action, uint32_t code, absl::string_view message,
                         absl::string_view account) {
  const Policy policy = code == kErrBinlogFatal ? DumpPolicy(message) : PolicyOf(code);
  std::string text = absl::StrCat(action, ": ", message, " (error ", code, ")");
  const std::string remedy = Remedy(policy, message, account);
  if (!remedy.empty()) absl::StrAppend(&text, "; ", remedy);
  return WithCode(absl::Status(policy.status, text), code);
}

uint32_t ErrorCode(const absl::Status& status) {
  auto payload = status.GetPayload(kErrorUrl);
  uint32_t code = 0;
  return payload && absl::SimpleAtoi(std::string(*payload), &code) ? code : 0;
}

bool IsMissing(const absl::Status& status) {
  const uint32_t code = ErrorCode(status);
  return code == kErrNoSuchTable || code == kErrUnknownDatabase;
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  return WithCode(absl::Status(status.code(), absl::StrCat(context, ": ", status.message())),
                  ErrorCode(status));
}

absl::Status AsUserSqlError(const absl::Status& status) {
  const uint32_t code = ErrorCode(status);
  if (status.ok() || !IsUsersFault(code)) return status;
  // The remedy is for SQL that is ours.
  const std::string remedy = absl::StrCat("; ", PolicyOf(code).remedy);
  return WithCode(absl::InvalidArgumentError(absl::StripSuffix(status.message(), remedy)), code);
}

}  // namespace tidemark::capture::mysql
