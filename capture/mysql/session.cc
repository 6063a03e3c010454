#include "capture/mysql/session.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/mysql_error.h"

namespace tidemark::capture::mysql {
namespace {

// SHOW MASTER STATUS has this name since.
constexpr uint32_t kVersionOfBinaryLogStatus = 80200;

std::string Product(const Connection& connection) {
  return connection.flavour() == Flavour::kMariaDb ? "MariaDB" : "MySQL";
}

absl::Status CheckVersion(const Connection& connection) {
  const bool mariadb = connection.flavour() == Flavour::kMariaDb;
  if (connection.server_version() >= (mariadb ? kOldestMariaDb : kOldestMySql)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(Product(connection), " ", connection.version_text(),
                   " is not supported; use MySQL 8.0 or later, or MariaDB 10.11 or later"));
}

absl::Status LoadMySqlFacts(Connection& connection, const WaitLimits& limits, ServerFacts* facts) {
  absl::StatusOr<Result> row = connection.Execute(
      "SELECT @@server_id, @@log_bin, @@global.binlog_format, @@global.binlog_row_metadata, "
      "@@server_uuid, @@global.gtid_mode, @@lower_case_table_names",
      limits);
  if (!row.ok()) return row.status();
  facts->server_id = static_cast<uint32_t>(row->unsigned_number(0, 0));
  facts->log_bin = row->number(0, 1) != 0;
  facts->binlog_format = row->str(0, 2);
  facts->row_metadata = row->str(0, 3);
  facts->server = row->str(0, 4);
  facts->naming = row->text(0, 5) == "ON" ? Naming::kGtid : Naming::kFile;
  facts->lower_case_names = row->number(0, 6) == 1;
  return absl::OkStatus();
}

absl::Status LoadMariaDbFacts(Connection& connection, const WaitLimits& limits,
                              ServerFacts* facts) {
  absl::StatusOr<Result> row = connection.Execute(
      "SELECT @@server_id, @@log_bin, @@global.binlog_format, "
      "@@global.binlog_row_metadata, @@lower_case_table_names, "
      "@@global.binlog_optimize_thread_scheduling",
      limits);
  if (!row.ok()) return row.status();
  facts->server_id = static_cast<uint32_t>(row->unsigned_number(0, 0));
  facts->log_bin = row->number(0, 1) != 0;
  facts->binlog_format = row->str(0, 2);
  facts->row_metadata = row->str(0, 3);
  facts->server = row->str(0, 0);
  facts->naming = Naming::kMariaDbGtid;
  facts->lower_case_names = row->number(0, 4) == 1;
  facts->leader_commits = row->number(0, 5) == 1;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerFacts> LoadFacts(Connection& connection, const WaitLimits& limits) {
  absl::Status status = CheckVersion(connection);
  if (!status.ok()) return status;
  ServerFacts facts{.flavour = connection.flavour(),
                    .version = connection.server_version(),
                    .server = "",
                    .binlog_format = "",
                    .row_metadata = ""};
  status = facts.flavour == Flavour::kMariaDb ? LoadMariaDbFacts(connection, limits, &facts)
                                              : LoadMySqlFacts(connection, limits, &facts);
  if (!status.ok()) return status;
  return facts;
}

absl::StatusOr<BinlogEnd> LoadBinlogEnd(Connection& connection, const WaitLimits& limits) {
  const bool renamed = connection.flavour() == Flavour::kMySql &&
                       connection.server_version() >= kVersionOfBinaryLogStatus;
  absl::StatusOr<Result> row =
      connection.Execute(renamed ? "SHOW BINARY LOG STATUS" : "SHOW MASTER STATUS", limits);
  if (!row.ok()) return row.status();
  if (row->rows() == 0) {
    return absl::FailedPreconditionError(
        "the server writes no binlog; start it with log_bin and binlog_format=ROW");
  }
  BinlogEnd end{.file = row->str(0, 0), .offset = row->unsigned_number(0, 1), .gtids = ""};
  end.filtered = !row->text(0, 2).empty() || !row->text(0, 3).empty();
  if (row->columns() > 4) end.gtids = row->str(0, 4);
  std::erase(end.gtids, '\n');
  return end;
}

absl::StatusOr<LogRetention> LoadRetention(Connection& connection, const WaitLimits& limits) {
  absl::StatusOr<Result> files = connection.Execute("SHOW BINARY LOGS", limits);
  if (!files.ok()) return files.status();
  LogRetention retention;
  uint64_t bytes = 0;
  for (int i = 0; i < files->rows(); ++i) bytes += files->unsigned_number(i, 1);
  retention.retained_bytes = bytes;
  absl::StatusOr<Result> age =
      connection.Execute("SELECT @@global.binlog_expire_logs_seconds", limits);
  if (!age.ok()) return age.status();
  const uint64_t expire_s = age->unsigned_number(0, 0);
  // MySQL 8.0.29 and later.
  absl::StatusOr<Result> purges =
      connection.Execute("SHOW GLOBAL VARIABLES LIKE 'binlog_expire_logs_auto_purge'", limits);
  if (!purges.ok()) return purges.status();
  const bool keeps = purges->rows() > 0 && purges->text(0, 1) == "OFF";
  if (expire_s != 0 && !keeps) retention.expire_s = expire_s;
  return retention;
}

std::string Describe(const Connection& connection) {
  return absl::StrCat(Product(connection), " ", connection.version_text(), " at ",
                      connection.address());
}

absl::StatusOr<SessionFactory::Session> SessionFactory::OpenAny(const WaitLimits& limits) {
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open(options_.connection, limits);
  if (!connection.ok()) return connection.status();
  {
    std::lock_guard lock(mutex_);
    described_ = Describe(**connection);
    product_ = Product(**connection);
  }
  absl::StatusOr<ServerFacts> facts = LoadFacts(**connection, limits);
  if (!facts.ok()) return facts.status();
  return Session{*std::move(connection), *std::move(facts), {}};
}

absl::StatusOr<SessionFactory::Session> SessionFactory::OpenSql(const WaitLimits& limits) {
  absl::StatusOr<Session> session = OpenAny(limits);
  if (!session.ok()) return session.status();
  std::lock_guard lock(mutex_);
  if (log_origin_ && log_origin_->server != session->facts.server) {
    return absl::UnavailableError(absl::StrCat(
        "the connection leads to server ", session->facts.server, " while the log comes from ",
        log_origin_->server, "; connect to one server, without a proxy that spreads reads"));
  }
  session->origin = log_origin_.value_or(Origin{});
  return session;
}

void SessionFactory::SetLog(const ResumeToken& token) {
  std::lock_guard lock(mutex_);
  log_origin_ = Origin{token.server, token.moves};
  log_naming_ = token.naming;
  furthest_end_ = {};
}

Naming SessionFactory::log_naming() const {
  std::lock_guard lock(mutex_);
  return log_naming_;
}

model::Position SessionFactory::PositionOf(const std::string& file, uint64_t offset) const {
  std::lock_guard lock(mutex_);
  return PositionOf(log_origin_.value_or(Origin{}), file, offset);
}

model::Position SessionFactory::PositionOf(const Origin& origin, const std::string& file,
                                           uint64_t offset) {
  return {origin.moves << 32 | FileNumber(file), offset};
}

absl::Status SessionFactory::CheckOrigin(const Origin& origin) const {
  std::lock_guard lock(mutex_);
  return CheckOriginLocked(origin);
}

absl::Status SessionFactory::CheckOriginLocked(const Origin& origin) const {
  if (log_origin_.value_or(Origin{}) == origin) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "the log comes from another server or binlog by now than the session with server ",
      origin.server, ", which is opened again"));
}

absl::StatusOr<model::Position> SessionFactory::LoadEnd(Connection& connection,
                                                        const Origin& origin,
                                                        const WaitLimits& limits) {
  model::Position before;
  {
    std::lock_guard lock(mutex_);
    before = furthest_end_;
  }
  absl::StatusOr<BinlogEnd> loaded = LoadBinlogEnd(connection, limits);
  if (!loaded.ok()) return loaded.status();
  const model::Position end = PositionOf(loaded->file, loaded->offset);
  std::lock_guard lock(mutex_);
  absl::Status status = CheckOriginLocked(origin);
  if (!status.ok()) return status;
  if (end < before) {
    return absl::UnavailableError(absl::StrCat("the server's binlog was begun anew: it ends at ",
                                               model::ToString(end), ", before ",
                                               model::ToString(before)));
  }
  furthest_end_ = std::max(furthest_end_, end);
  return end;
}

std::string SessionFactory::server() const {
  std::lock_guard lock(mutex_);
  return described_;
}

std::string SessionFactory::product() const {
  std::lock_guard lock(mutex_);
  return product_;
}

}  // namespace tidemark::capture::mysql
