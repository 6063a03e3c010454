#ifndef TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_
#define TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/session.h"

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
class MysqlConnection : public Session {
 public:
  static absl::StatusOr<std::unique_ptr<MysqlConnection>> Open(const MysqlLogin& login);
  ~MysqlConnection() override;
  MysqlConnection(const MysqlConnection&) = delete;
  MysqlConnection& operator=(const MysqlConnection&) = delete;

  Engine engine() const override;
  absl::Status Exec(const std::string& sql) override;
  absl::StatusOr<SqlRows> Query(const std::string& sql) override;
  absl::StatusOr<std::string> QueryValue(const std::string& sql) override;
  absl::Status ForEachRow(const std::string& sql,
                          const std::function<absl::Status(const SqlRow&)>& row) override;
  absl::Status Send(const std::string& sql) override;
  bool Finished() override;
  absl::Status Finish() override;
  // From another connection.
  void Cancel() override;
  bool Connected() const override;

  uint64_t thread_id() const;

 private:
  struct Handle;
  explicit MysqlConnection(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_MYSQL_CONNECTION_H_
