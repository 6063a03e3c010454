#ifndef TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_
#define TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tidemark::testing {

// NULL is nullopt; everything else the server's text.
using SqlRow = std::vector<std::optional<std::string>>;
using SqlRows = std::vector<SqlRow>;

// One session on a PostgreSQL server. One thread at a time. Errors: Unavailable: the connection is
// lost; Internal: the server refused the statement (the message begins with its SQLSTATE).
class SqlConnection {
 public:
  static absl::StatusOr<std::unique_ptr<SqlConnection>> Open(const std::string& connection_string);
  ~SqlConnection();
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;

  // Runs one or several statements, and throws rows away.
  absl::Status Exec(const std::string& sql);
  absl::StatusOr<SqlRows> Query(const std::string& sql);
  // The first column of the first row. NotFound: no row, or NULL.
  absl::StatusOr<std::string> QueryValue(const std::string& sql);
  // Calls `row` for each row as it arrives; never holds the whole result. Stops at the first error
  // `row` returns.
  absl::Status ForEachRow(const std::string& sql,
                          const std::function<absl::Status(const SqlRow&)>& row);
  // COPY … FROM STDIN with `data`.
  absl::Status CopyIn(const std::string& sql, absl::string_view data);

  // A statement that may hang: sends it and returns. Then only Finished, Finish and Cancel may be
  // called.
  absl::Status Send(const std::string& sql);
  // True if Finish would return at once.
  bool Finished();
  absl::Status Finish();
  void Cancel();

  int backend_pid() const;
  // False after the connection was lost.
  bool Connected() const;

 private:
  struct Handle;
  explicit SqlConnection(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_
