#ifndef TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_
#define TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/session.h"

namespace tidemark::testing {

// One session on a PostgreSQL server. One thread at a time. Errors: Unavailable: the connection is
// lost; Internal: the server refused the statement (the message begins with its SQLSTATE).
class SqlConnection : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<SqlConnection>> Open(const std::string& connection_string);
  ~SqlConnection() override;
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;

  Engine engine() const override { return Engine::kPostgres; }
  absl::Status Exec(const std::string& sql) override;
  absl::StatusOr<SqlRows> Query(const std::string& sql) override;
  absl::StatusOr<std::string> QueryValue(const std::string& sql) override;
  absl::Status ForEachRow(const std::string& sql,
                          const std::function<absl::Status(const SqlRow&)>& row) override;
  absl::Status Send(const std::string& sql) override;
  bool Finished() override;
  absl::Status Finish() override;
  void Cancel() override;
  bool Connected() const override;

  // COPY … FROM STDIN with `data`.
  absl::Status CopyIn(const std::string& sql, absl::string_view data);
  int backend_pid() const;

 private:
  struct Handle;
  explicit SqlConnection(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SQL_CONNECTION_H_
