#ifndef TIDEMARK_CAPTURE_MYSQL_CONNECTION_H_
#define TIDEMARK_CAPTURE_MYSQL_CONNECTION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace tidemark::capture::mysql {

// How to reach a server. The library does connections, authentication and packets; which one it is
// (libmysqlclient or MariaDB Connector/C), only the files of tidemark_mysql_connection know.
struct ConnectionOptions {
  std::string host;  // empty with `socket`
  uint16_t port = 3306;
  std::string socket;  // a Unix socket's path; preferred over host
  std::string user;
  std::string password;
  struct Tls {
    enum class Mode { kPreferred, kDisabled, kRequired, kVerifyCa, kVerifyIdentity };
    Mode mode = Mode::kPreferred;
    std::string ca;  // files
    std::string cert;
    std::string key;
  } tls;
};

enum class Flavour { kMySql, kMariaDb };

struct WaitLimits {
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  std::stop_token stop;
};

// Rows of one statement, all in memory: for small results.
class Result {
 public:
  int rows() const { return static_cast<int>(rows_.size()); }
  int columns() const { return columns_; }
  bool null(int row, int column) const { return !rows_[row][column].has_value(); }
  // "" for NULL.
  std::string_view text(int row, int column) const;
  std::string str(int row, int column) const { return std::string(text(row, column)); }
  // 0 if it is NULL or no number.
  int64_t number(int row, int column) const;
  uint64_t unsigned_number(int row, int column) const;

 private:
  friend class Connection;
  int columns_ = 0;
  std::vector<std::vector<std::optional<std::string>>> rows_;
};

// One session with settings that make the server answer in one way: time_zone '+00:00', sql_mode
// '' (no NO_BACKSLASH_ESCAPES, no ANSI_QUOTES, no PAD_CHAR_TO_FULL_LENGTH), character_set_client
// and connection utf8mb4, character_set_results NULL for row data (SetRawResults) and utf8mb4 else,
// group_concat_max_len large, no statement timeout of the server, locks waited for at most 10
// seconds, autocommit, REPEATABLE READ, generated invisible primary keys shown. One thread owns it.
//
// Every wait has a deadline (Unavailable when it passes: the connection is then closed) and polls
// two stop tokens, that of the call and that of Open, which stays with the connection (Cancelled;
// the connection is then closed without waiting for the server), whatever the server does: it may
// be frozen. Errors of the server: see mysql_error.h. No message ever
// contains the password.
//
// An account of caching_sha2_password logs in over TLS or a Unix socket; without TLS (kDisabled, or
// kPreferred and the server has none) its password goes encrypted with a key that the server sends,
// which whoever sits between could replace: use kVerifyIdentity on networks that are not trusted.
// kVerifyCa is kVerifyIdentity with Connector/C, which has no such mode of its own.
class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionOptions& options,
                                                          const WaitLimits& limits = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One statement; the rows in memory.
  absl::StatusOr<Result> Execute(const std::string& sql, const WaitLimits& limits = {});
  // As Execute, for a statement that may take long: calls `waiting` ten times a second meanwhile.
  absl::StatusOr<Result> ExecuteLong(const std::string& sql, absl::FunctionRef<void()> waiting,
                                     const WaitLimits& limits);

  // One SELECT, its rows handed over one by one as they come, in the server's bytes, until `row`
  // returns false; the connection is then closed (the rest is not read). The views live until the
  // next row. True: all rows came.
  using Row = absl::Span<const std::optional<std::string_view>>;
  absl::StatusOr<bool> Stream(const std::string& sql,
                              absl::FunctionRef<absl::StatusOr<bool>(Row row)> row,
                              const WaitLimits& limits);

  // True: row data come in each column's own charset, as character_set_results = NULL does.
  absl::Status SetRawResults(bool raw, const WaitLimits& limits = {});

  // 'it''s', safe under the session's settings; bytes that are no UTF-8 as x'...'.
  std::string QuoteLiteral(std::string_view text) const;
  // `name`
  static std::string QuoteIdentifier(std::string_view name);

  Flavour flavour() const;
  // 80407 for 8.4.7, 101119 for MariaDB 10.11.19.
  uint32_t server_version() const;
  std::string version_text() const;  // "8.4.7", "10.11.19"
  // "10.0.0.7:3306" or "/run/mysqld/mysqld.sock".
  std::string address() const;
  std::string user() const;
  // 'tidemark'@'%': who we are for the server, as GRANT takes it.
  std::string account() const;
  bool encrypted() const;
  // False once it failed; then open another.
  bool healthy() const;

 private:
  struct Handle;
  explicit Connection(std::unique_ptr<Handle> handle);

  absl::Status Identify(const WaitLimits& limits);
  absl::Status SetUp(const WaitLimits& limits);
  absl::Status Usable() const;

  std::unique_ptr<Handle> handle_;
  friend class BinlogStream;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CONNECTION_H_
