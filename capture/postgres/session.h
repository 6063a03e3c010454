#ifndef TIDEMARK_CAPTURE_POSTGRES_SESSION_H_
#define TIDEMARK_CAPTURE_POSTGRES_SESSION_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "capture/postgres/connection.h"
#include "capture/postgres/postgres_source.h"

namespace tidemark::capture::postgres {

// The first major version whose standbys decode their log.
inline constexpr int kVersionOfStandbyDecoding = 160000;

// Which server a session is on.
struct ServerIdentity {
  // Of the cluster; the same on its standbys.
  std::string system_identifier;
  bool standby = false;
  int version = 0;
};

// "PostgreSQL 15.20 at 10.0.0.7:5432, database shop"
std::string Describe(const Connection& connection);

// Opens the sessions of one source, and refuses a server that is not the one seen first: another
// cluster, or a standby where the others are on the primary (a pooler, a moved address, a list of
// hosts). Thread-safe.
class SessionFactory {
 public:
  explicit SessionFactory(PostgresOptions options) : options_(std::move(options)) {}

  SessionFactory(const SessionFactory&) = delete;
  SessionFactory& operator=(const SessionFactory&) = delete;

  const PostgresOptions& options() const { return options_; }

  // An SQL session. FailedPrecondition: another server, a standby that was not allowed, an
  // unsupported version.
  absl::StatusOr<std::unique_ptr<Connection>> OpenSql(const WaitLimits& limits = {});
  // As OpenSql, and this server is from now on the one that the others must be on: the log decides
  // after a failover.
  absl::StatusOr<std::unique_ptr<Connection>> OpenSqlForLog(const WaitLimits& limits = {});
  // Which server the log comes from now, after a promotion; the others must then be on it too.
  // Errors: those of OpenSql.
  absl::StatusOr<ServerIdentity> IdentifyForLog(Connection& sql);
  // A walsender; nothing is checked yet.
  absl::StatusOr<std::unique_ptr<Connection>> OpenReplication(const WaitLimits& limits = {});
  // An SQL session without any check of the server, for diagnosis.
  absl::StatusOr<std::unique_ptr<Connection>> OpenUnchecked(const WaitLimits& limits = {});

  // Describe() of the last session; "" before the first.
  std::string server() const;
  // Its database; "" before the first.
  std::string database() const;

  // The server's process that sends the log to this source; 0: none.
  void SetLogSender(int server_pid) { log_sender_ = server_pid; }
  int log_sender() const { return log_sender_; }

 private:
  absl::Status CheckIdentity(const ServerIdentity& identity, bool decides);

  const PostgresOptions options_;
  mutable std::mutex mutex_;
  std::optional<ServerIdentity> first_;
  std::string server_;
  std::string database_;
  std::atomic<int> log_sender_ = 0;
};

absl::StatusOr<ServerIdentity> Identify(Connection& connection);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_SESSION_H_
