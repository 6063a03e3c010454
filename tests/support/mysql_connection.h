#ifndef TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_
#define TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/sql_connection.h"

namespace tidemark::testing {

struct MysqlLogin {
  std::string host = "127.0.0.1";
  int port = 3306;
  std::string user = "root";
  std::string password = "";
  std::string database = "";
};

// One session on a MySQL or MariaDB server, in utf8mb4. One thread at a time. Errors: Unavailable:
// the connection is lost or could not be made; Internal: the server refused the statement (the
// message begins with its error number).
class MysqlConnection {
 public:
  static absl::StatusOr<std::unique_ptr<MysqlConnection>> Open(const MysqlLogin& login);
  ~MysqlConnection();
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;

  // Runs one or several statements, and throws rows away.
  absl::Status Exec(const std::string& sql);
  // The rows of the last statement of `sql`.
  absl::StatusOr<SqlRows> Query(const std::string& sql);
  // The first column of the first row. NotFound: no row, or NULL.
  absl::StatusOr<std::string> QueryValue(const std::string& sql);
  // Calls `row` for each row as it arrives; never holds the whole result. Stops at the first error
  // `row` returns.
  absl::Status ForEachRow(const std::string& sql,
                          const std::function<absl::Status(const SqlRow&)>& row);

  // A statement that may hang: sends it and returns. Then only Finished, Finish and Cancel may be
  // called.
  absl::Status Send(const std::string& sql);
  // True if Finish would return at once.
  bool Finished();
  absl::Status Finish();
  // Ends the running statement, from another connection.
  void Cancel();

  uint64_t thread_id() const;
  // False after the connection was lost.
  bool Connected() const;

 private:
  struct Handle;
  explicit MysqlConnection(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_
