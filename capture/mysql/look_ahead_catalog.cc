#include "capture/mysql/look_ahead_catalog.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kStatementTimeout{30000};
// Without coming further in the log.
constexpr std::chrono::milliseconds kSilenceMax{30000};
constexpr std::chrono::milliseconds kPoll{100};

absl::Status NotThere() {
  return absl::FailedPreconditionError(
      "it is not there any more, or the account has no privilege on it");
}

// A filter goes by the session's database, rows by the table's: statements may be missing.
absl::Status StatementsFiltered() {
  return absl::FailedPreconditionError(
      "binlog_do_db or binlog_ignore_db leaves statements out of the binlog");
}

// Told apart, since the table may stay locked for long.
absl::Status Locked(const std::string& name) {
  return absl::AbortedError(absl::StrCat("another session has locked table ", name,
                                         ", so that its columns cannot be asked for; it is tried "
                                         "again"));
}

absl::Status BegunAnew() {
  return absl::FailedPreconditionError("the server's binlog was begun anew since");
}

}  // namespace

LookAheadCatalog::LookAheadCatalog(Connection* connection, OpenDump open_dump,
                                   bool without_look_ahead, std::stop_token stop)
    : connection_(connection),
      catalog_(connection),
      open_dump_(std::move(open_dump)),
      without_look_ahead_(without_look_ahead),
      stop_(std::move(stop)) {}

WaitLimits LookAheadCatalog::Limits() const {
  return {.timeout = kStatementTimeout, .stop = stop_};
}

absl::StatusOr<std::optional<CatalogTable>> LookAheadCatalog::DescribeTable(
    const std::string& database, const std::string& table) {
  return catalog_.DescribeTable(database, table);
}

absl::StatusOr<CatalogTable> LookAheadCatalog::DescribeTableAt(const LogPlace& place,
                                                               const std::string& database,
                                                               const std::string& table) {
  absl::Status status = CheckUnaltered(place, database, table);
  if (!status.ok()) return status;
  absl::StatusOr<Asked> asked = Ask(database, table);
  if (!asked.ok()) return asked.status();
  if (asked->end < place) return BegunAnew();
  status = LookThrough(place, asked->end);
  if (status.ok()) status = CheckUnaltered(place, database, table);
  if (!status.ok()) return status;
  return std::move(asked->table);
}

bool LookAheadCatalog::Covers(const LogPlace& place) const {
  return !scan_.from().file.empty() && !(place < scan_.from()) && !(scan_.to() < place);
}

// As far as the log has been looked through.
absl::Status LookAheadCatalog::CheckUnaltered(const LogPlace& place, const std::string& database,
                                              const std::string& table) const {
  if (!Covers(place) || without_look_ahead_) return absl::OkStatus();
  const std::optional<LogPlace> altered = scan_.FindAfter(place, database, table);
  if (!altered) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("it was altered at ", altered->file, ":",
                                                    altered->offset,
                                                    ", before the catalog could be asked"));
}

absl::StatusOr<LookAheadCatalog::Asked> LookAheadCatalog::Ask(const std::string& database,
                                                              const std::string& table) {
  absl::Status status = connection_->Execute("START TRANSACTION READ ONLY", Limits()).status();
  if (!status.ok()) return status;
  absl::StatusOr<Asked> asked = AskLocked(database, table);
  if (connection_->healthy()) status = connection_->Execute("COMMIT", Limits()).status();
  return asked.ok() && !status.ok() ? status : asked;
}

absl::StatusOr<LookAheadCatalog::Asked> LookAheadCatalog::AskLocked(const std::string& database,
                                                                    const std::string& table) {
  const std::string name =
      absl::StrCat(Connection::QuoteIdentifier(database), ".", Connection::QuoteIdentifier(table));
  absl::Status locked =
      connection_->Execute("SET SESSION lock_wait_timeout = 1", Limits()).status();
  if (locked.ok()) {
    locked =
        connection_->Execute(absl::StrCat("SELECT 1 FROM ", name, " LIMIT 0"), Limits()).status();
  }
  if (IsMissing(locked)) return NotThere();
  if (ErrorCode(locked) == kErrLockWaitTimeout) return Locked(name);
  if (!locked.ok()) return locked;
  absl::StatusOr<std::optional<CatalogTable>> described = catalog_.DescribeTable(database, table);
  if (!described.ok()) return described.status();
  if (!described->has_value()) return NotThere();
  absl::StatusOr<BinlogEnd> end = LoadBinlogEnd(*connection_, Limits());
  if (!end.ok()) return end.status();
  if (end->filtered) return StatementsFiltered();
  return Asked{**std::move(described), {end->file, end->offset}};
}

absl::Status LookAheadCatalog::LookThrough(const LogPlace& place, const LogPlace& end) {
  if (without_look_ahead_) return absl::OkStatus();
  if (Covers(place)) {
    scan_.DropBefore(place);
  } else {
    scan_.Start(place);
  }
  if (!(scan_.to() < end)) return absl::OkStatus();
  scan_.Continue();
  absl::StatusOr<std::unique_ptr<BinlogStream>> dump =
      open_dump_(StartAt(scan_.to().file, scan_.to().offset));
  if (!dump.ok()) return dump.status();
  return ReadDump(**dump, end);
}

absl::Status LookAheadCatalog::ReadDump(BinlogStream& dump, const LogPlace& end) {
  Clock::time_point moved = Clock::now();
  while (scan_.to() < end) {
    if (stop_.stop_requested()) return absl::CancelledError("stopped");
    absl::StatusOr<std::optional<std::string_view>> event = dump.Next(kPoll);
    if (!event.ok()) return event.status();
    const LogPlace before = scan_.to();
    absl::Status status = event->has_value() ? scan_.Consume(**event) : absl::OkStatus();
    if (!status.ok()) return status;
    if (before < scan_.to()) {
      moved = Clock::now();
      progressed_();
    }
    if (Clock::now() - moved > kSilenceMax) {
      return absl::UnavailableError("the server does not send the rest of its binlog");
    }
  }
  return absl::OkStatus();
}

}  // namespace tidemark::capture::mysql
