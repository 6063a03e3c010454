#include "tests/support/mysql_connection.h"

#include <mysql.h>
#include <poll.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tidemark::testing {
namespace {

struct FreeResult {
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};
using Result = std::unique_ptr<MYSQL_RES, FreeResult>;

// CR_SERVER_GONE_ERROR, CR_SERVER_LOST, and the server's reasons to end a session.
bool IsLoss(unsigned code) {
  return (code >= 2000 && code < 3000) || code == 1053 || code == 1927 || code == 3169 ||
         code == 4031;
}

void ReadRow(MYSQL_RES* result, MYSQL_ROW fields, SqlRow& row) {
  const unsigned long* lengths = mysql_fetch_lengths(result);
  row.resize(mysql_num_fields(result));
  for (size_t column = 0; column < row.size(); ++column) {
    if (fields[column] == nullptr) {
      row[column].reset();
    } else {
      row[column].emplace(fields[column], lengths[column]);
    }
  }
}

// No TLS: the throwaway server is on this machine. Passwords go encrypted with the server's key.
void DisableTls(MYSQL* mysql) {
#ifdef MARIADB_PACKAGE_VERSION
  my_bool off = 0;
  mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &off);
  mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
#else
  unsigned mode = SSL_MODE_DISABLED;
  mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
  bool on = true;
  mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &on);
#endif
}

}  // namespace

struct MysqlConnection::Handle {
  Handle() : mysql(mysql_init(nullptr)) {}
  ~Handle() { mysql_close(mysql); }

  absl::Status Error() {
    const unsigned code = mysql_errno(mysql);
    const std::string message = absl::StrCat(code, ": ", mysql_error(mysql));
    if (!IsLoss(code)) return absl::InternalError(message);
    lost = true;
    return absl::UnavailableError(message);
  }

  MYSQL* const mysql;
  MysqlLogin login;
  bool lost = false;
};

absl::StatusOr<std::unique_ptr<MysqlConnection>> MysqlConnection::Open(const MysqlLogin& login) {
  auto handle = std::make_unique<Handle>();
  handle->login = login;
  MYSQL* mysql = handle->mysql;
  const unsigned timeout_s = 10;
  mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_s);
  mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
#ifdef TIDEMARK_MYSQL_PLUGINS
  mysql_options(mysql, MYSQL_PLUGIN_DIR, TIDEMARK_MYSQL_PLUGINS);
#endif
  DisableTls(mysql);
  if (mysql_real_connect(mysql, login.host.c_str(), login.user.c_str(), login.password.c_str(),
                         login.database.empty() ? nullptr : login.database.c_str(),
                         static_cast<unsigned>(login.port), nullptr,
                         CLIENT_MULTI_STATEMENTS) == nullptr) {
    return absl::UnavailableError(absl::StrCat(mysql_errno(mysql), ": ", mysql_error(mysql)));
  }
  return std::unique_ptr<MysqlConnection>(new MysqlConnection(std::move(handle)));
}

MysqlConnection::MysqlConnection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
MysqlConnection::~MysqlConnection() = default;

Engine MysqlConnection::engine() const {
  const absl::string_view version = mysql_get_server_info(handle_->mysql);
  return absl::StrContains(version, "MariaDB") ? Engine::kMariaDb : Engine::kMySql;
}

absl::Status MysqlConnection::Exec(const std::string& sql) { return Query(sql).status(); }

absl::StatusOr<SqlRows> MysqlConnection::Query(const std::string& sql) {
  MYSQL* mysql = handle_->mysql;
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return handle_->Error();
  SqlRows rows;
  for (int next = 0; next == 0; next = mysql_next_result(mysql)) {
    rows.clear();
    const Result result(mysql_store_result(mysql));
    if (result == nullptr && mysql_field_count(mysql) > 0) return handle_->Error();
    while (MYSQL_ROW fields = result == nullptr ? nullptr : mysql_fetch_row(result.get())) {
      ReadRow(result.get(), fields, rows.emplace_back());
    }
  }
  if (mysql_errno(mysql) != 0) return handle_->Error();
  return rows;
}

absl::StatusOr<std::string> MysqlConnection::QueryValue(const std::string& sql) {
  absl::StatusOr<SqlRows> rows = Query(sql);
  if (!rows.ok()) return rows.status();
  if (rows->empty() || rows->front().empty() || !rows->front()[0].has_value()) {
    return absl::NotFoundError(absl::StrCat("no value: ", sql));
  }
  return *std::move(rows->front()[0]);
}

absl::Status MysqlConnection::ForEachRow(const std::string& sql,
                                         const std::function<absl::Status(const SqlRow&)>& row) {
  MYSQL* mysql = handle_->mysql;
  if (mysql_real_query(mysql, sql.data(), sql.size()) != 0) return handle_->Error();
  const Result result(mysql_use_result(mysql));
  if (result == nullptr) return mysql_errno(mysql) == 0 ? absl::OkStatus() : handle_->Error();
  absl::Status status;
  SqlRow values;
  while (MYSQL_ROW fields = mysql_fetch_row(result.get())) {
    if (!status.ok()) continue;
    ReadRow(result.get(), fields, values);
    status = row(values);
  }
  if (mysql_errno(mysql) != 0) status.Update(handle_->Error());
  return status;
}

absl::Status MysqlConnection::Send(const std::string& sql) {
  if (mysql_send_query(handle_->mysql, sql.data(), sql.size()) == 0) return absl::OkStatus();
  return handle_->Error();
}

bool MysqlConnection::Finished() {
  pollfd socket{static_cast<int>(handle_->mysql->net.fd), POLLIN, 0};
  return poll(&socket, 1, 0) != 0;
}

absl::Status MysqlConnection::Finish() {
  if (mysql_read_query_result(handle_->mysql) != 0) return handle_->Error();
  const Result rows(mysql_store_result(handle_->mysql));
  return mysql_errno(handle_->mysql) == 0 ? absl::OkStatus() : handle_->Error();
}

void MysqlConnection::Cancel() {
  absl::StatusOr<std::unique_ptr<MysqlConnection>> other = Open(handle_->login);
  if (other.ok()) (*other)->Exec(absl::StrCat("KILL QUERY ", thread_id())).IgnoreError();
}

uint64_t MysqlConnection::thread_id() const { return mysql_thread_id(handle_->mysql); }
bool MysqlConnection::Connected() const { return !handle_->lost; }

}  // namespace tidemark::testing
