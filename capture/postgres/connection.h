#ifndef TIDEMARK_CAPTURE_POSTGRES_CONNECTION_H_
#define TIDEMARK_CAPTURE_POSTGRES_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

// libpq's, which only private files include.
struct pg_conn;
struct pg_result;

namespace tidemark::capture::postgres {

struct ConnectionDeleter {
  void operator()(pg_conn* connection) const;
};
struct ResultDeleter {
  void operator()(pg_result* result) const;
};
struct MessageDeleter {
  void operator()(char* message) const;
};
// A message of the COPY protocol, as libpq allocated it.
using Message = std::unique_ptr<char, MessageDeleter>;

// Rows of one statement. Views live as long as it.
class Result {
 public:
  explicit Result(pg_result* result) : result_(result) {}

  int rows() const;
  int columns() const;
  bool null(int row, int column) const;
  // "" for NULL.
  absl::string_view text(int row, int column) const;
  std::string str(int row, int column) const { return std::string(text(row, column)); }
  // Booleans of the server: "t" or "f".
  bool flag(int row, int column) const { return text(row, column) == "t"; }
  // 0 if it is NULL or no number.
  int64_t number(int row, int column) const;

 private:
  std::unique_ptr<pg_result, ResultDeleter> result_;
};

// How long a call may wait, and who may end it earlier.
struct WaitLimits {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  std::stop_token stop;
};

struct ConnectionOptions {
  // libpq keywords or a URI.
  std::string connection;
  std::string password;
  // A walsender of the database: only the simple query protocol works there.
  bool replication = false;
};

// One session with settings that make the server print values in one way (protocols: TimeZone,
// DateStyle and so on are the same for log and chunks), without statement timeouts of the server,
// and with search_path = pg_catalog so that names of types and of reg* values are always qualified.
// One thread owns it.
//
// Every wait has a deadline (Unavailable when it passes: the connection is then closed) and polls
// two stop tokens. That of the call ends its statement at the server too, which is waited for. That
// of Open stays with the connection, whose end it is: nothing waits for the server any more, but
// for a moment to get a running statement cancelled. Then calls return Cancelled. Errors of the
// server: see postgres_error.h. No message ever contains the password.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options,
                                                          const WaitLimits& limits = {});

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Simple protocol; several statements are allowed, the last result counts.
  absl::StatusOr<Result> Execute(const std::string& sql, const WaitLimits& limits = {});
  // Extended protocol: exactly one statement, parameters $1, $2, ... in text.
  absl::StatusOr<Result> Query(const std::string& sql, absl::Span<const std::string> parameters,
                               const WaitLimits& limits = {});

  // Runs one COPY ... TO STDOUT (extended protocol) and hands over each row (text format, without
  // the end of line) until `row` returns false; the rest is then cancelled. False: cancelled, and
  // with it the transaction that the statement ran in.
  absl::StatusOr<bool> CopyOut(const std::string& sql,
                               absl::FunctionRef<absl::StatusOr<bool>(std::string_view line)> row,
                               const WaitLimits& limits);

  // The COPY-both protocol of replication. REQUIRES: options.replication.
  absl::Status StartCopyBoth(const std::string& command, const WaitLimits& limits);
  struct Received {
    Message message;
    size_t size = 0;
    std::string_view view() const { return {message.get(), size}; }
  };
  // The next message at hand; no message: there is none now. Unavailable when the server ended the
  // stream.
  absl::StatusOr<std::optional<Received>> Receive();
  absl::Status Send(absl::string_view message);
  // Waits until something can be received or `wake` can be read, at most `timeout`.
  absl::Status AwaitInput(std::chrono::milliseconds timeout, int wake);
  // Ends the stream and waits for the server's end of it, so that the slot is free afterwards; also
  // when stopped.
  void EndCopyBoth(std::chrono::milliseconds timeout);

  // `waiting` is called whenever a call waits for the server, and every 50 ms as long as it does, by
  // the thread that waits. It must not use this connection.
  void OnWait(std::function<void()> waiting) { waiting_ = std::move(waiting); }

  std::string QuoteLiteral(absl::string_view text) const;
  std::string QuoteIdentifier(absl::string_view name) const;

  // 150020 for 15.20.
  int server_version() const;
  // "10.0.0.7:5432" or "/run/postgresql:5432".
  std::string address() const;
  std::string database() const;
  std::string user() const;
  // Of the server's process that serves this session.
  int server_pid() const;
  // What search_path would be for this role and database had we not set it.
  const std::string& role_search_path() const { return role_search_path_; }
  // False once it failed; then open another.
  bool healthy() const;

 private:
  using Clock = std::chrono::steady_clock;

  // What ends a wait.
  struct Wait {
    Clock::time_point deadline;
    std::stop_token call;
    std::stop_token owner;
    bool stopped() const { return call.stop_requested() || owner.stop_requested(); }
  };

  Connection(pg_conn* connection, std::stop_token stop)
      : connection_(connection), stop_(std::move(stop)) {}

  absl::Status Connect(const WaitLimits& limits);
  absl::Status FixSearchPath(const WaitLimits& limits);
  absl::Status ConnectError() const;
  Wait Within(const WaitLimits& limits) const;
  // Whether a statement may be sent.
  absl::Status Usable() const;
  absl::Status AwaitSocket(short events, const Wait& wait);
  absl::Status AwaitReady(const Wait& wait);
  // The next result of the running statement; null after the last.
  absl::StatusOr<pg_result*> NextResult(const Wait& wait);
  absl::StatusOr<Result> LastResult(const Wait& wait);
  absl::Status StartCopyOut(const std::string& sql, const Wait& wait);
  // Cancels the running statement and reads the connection to its end; the connection is broken if
  // that cannot be waited for.
  void Abandon();
  // False: the server has not taken the request in time.
  bool RequestCancel(const Wait& wait);
  bool DrainStatement(const Wait& wait);
  // False: the copy had not ended by the deadline.
  bool DrainCopy(Clock::time_point deadline);
  absl::Status Lost(absl::string_view action) const;

  std::unique_ptr<pg_conn, ConnectionDeleter> connection_;
  const std::stop_token stop_;
  std::function<void()> waiting_;
  std::string role_search_path_;
  // A statement could not be ended.
  bool broken_ = false;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CONNECTION_H_
