#include "capture/postgres/session.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {
namespace {

constexpr int kOldestVersion = 140000;
constexpr int kTooNewVersion = 190000;

std::string VersionText(int version) { return absl::StrCat(version / 10000, ".", version % 10000); }

}  // namespace

std::string Describe(const Connection& connection) {
  return absl::StrCat("PostgreSQL ", VersionText(connection.server_version()), " at ",
                      connection.address(), ", database ", connection.database());
}

absl::StatusOr<ServerIdentity> Identify(Connection& connection) {
  absl::StatusOr<Result> result =
      connection.Execute("SELECT system_identifier, pg_is_in_recovery() FROM pg_control_system()");
  if (!result.ok()) return result.status();
  return ServerIdentity{.system_identifier = result->str(0, 0),
                        .standby = result->flag(0, 1),
                        .version = connection.server_version()};
}

absl::StatusOr<std::unique_ptr<Connection>> SessionFactory::OpenUnchecked(
    const WaitLimits& limits) {
  absl::StatusOr<std::unique_ptr<Connection>> connection =
      Connection::Open({.connection = options_.connection, .password = options_.password}, limits);
  if (!connection.ok()) return connection.status();
  std::lock_guard lock(mutex_);
  server_ = Describe(**connection);
  database_ = (*connection)->database();
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> SessionFactory::OpenReplication(
    const WaitLimits& limits) {
  return Connection::Open(
      {.connection = options_.connection, .password = options_.password, .replication = true},
      limits);
}

absl::StatusOr<std::unique_ptr<Connection>> SessionFactory::OpenSql(const WaitLimits& limits) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = OpenUnchecked(limits);
  if (!connection.ok()) return connection.status();
  absl::StatusOr<ServerIdentity> identity = Identify(**connection);
  if (!identity.ok()) return identity.status();
  absl::Status status = CheckIdentity(*identity, /*decides=*/false);
  if (!status.ok()) return status;
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> SessionFactory::OpenSqlForLog(
    const WaitLimits& limits) {
  absl::StatusOr<std::unique_ptr<Connection>> connection = OpenUnchecked(limits);
  if (!connection.ok()) return connection.status();
  absl::Status status = IdentifyForLog(**connection).status();
  if (!status.ok()) return status;
  return connection;
}

absl::StatusOr<ServerIdentity> SessionFactory::IdentifyForLog(Connection& sql) {
  absl::StatusOr<ServerIdentity> identity = Identify(sql);
  if (!identity.ok()) return identity;
  absl::Status status = CheckIdentity(*identity, /*decides=*/true);
  if (!status.ok()) return status;
  return identity;
}

absl::Status SessionFactory::CheckIdentity(const ServerIdentity& identity, bool decides) {
  if (identity.version < kOldestVersion || identity.version >= kTooNewVersion) {
    return absl::FailedPreconditionError(absl::StrCat("PostgreSQL ", VersionText(identity.version),
                                                      " is not supported; use 14 to 18"));
  }
  if (identity.standby && !options_.allow_standby) {
    return absl::FailedPreconditionError(
        "the server is a standby; connect to the primary or set allow_standby");
  }
  if (identity.standby && identity.version < kVersionOfStandbyDecoding) {
    return absl::FailedPreconditionError(
        "a standby before PostgreSQL 16 cannot decode its log; connect to the primary");
  }
  std::lock_guard lock(mutex_);
  if (first_ && first_->system_identifier != identity.system_identifier) {
    return absl::FailedPreconditionError(
        absl::StrCat("the connection leads to another cluster (system identifier ",
                     identity.system_identifier, ") than before (", first_->system_identifier,
                     "); connect to the server whose log is captured"));
  }
  if (first_ && !decides && first_->standby != identity.standby) {
    return absl::UnavailableError(
        absl::StrCat("the connection leads to a ", identity.standby ? "standby" : "primary",
                     " while the log comes from a ", first_->standby ? "standby" : "primary",
                     "; name one server in the connection, without a pooler"));
  }
  if (!first_ || decides) first_ = identity;
  return absl::OkStatus();
}

std::string SessionFactory::server() const {
  std::lock_guard lock(mutex_);
  return server_;
}

std::string SessionFactory::database() const {
  std::lock_guard lock(mutex_);
  return database_;
}

}  // namespace tidemark::capture::postgres
