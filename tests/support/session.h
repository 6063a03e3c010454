#ifndef TIDEMARK_TESTS_SUPPORT_SESSION_H_
#define TIDEMARK_TESTS_SUPPORT_SESSION_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::testing {

enum class Engine { kPostgres, kMySql, kMariaDb };

// NULL is nullopt; everything else the server's text.
using SqlRow = std::vector<std::optional<std::string>>;
using SqlRows = std::vector<SqlRow>;

// One session on a server of any make. One thread at a time. Errors: Unavailable: the connection is
// lost or could not be made; Internal: the server refused the statement (the message begins with
// its SQLSTATE or error number).
class Session {
 public:
  virtual ~Session() = default;

  virtual Engine engine() const = 0;

  // Runs one or several statements, and throws rows away.
  virtual absl::Status Exec(const std::string& sql) = 0;
  // The rows of the last statement of `sql`.
  virtual absl::StatusOr<SqlRows> Query(const std::string& sql) = 0;
  // The first column of the first row. NotFound: no row, or NULL.
  virtual absl::StatusOr<std::string> QueryValue(const std::string& sql) = 0;
  // Calls `row` for each row as it arrives; never holds the whole result. Stops at the first error
  // `row` returns.
  virtual absl::Status ForEachRow(const std::string& sql,
                                  const std::function<absl::Status(const SqlRow&)>& row) = 0;

  // A statement that may hang: sends it and returns. Then only Finished, Finish and Cancel may be
  // called.
  virtual absl::Status Send(const std::string& sql) = 0;
  // True if Finish would return at once.
  virtual bool Finished() = 0;
  virtual absl::Status Finish() = 0;
  virtual void Cancel() = 0;

  // False after the connection was lost.
  virtual bool Connected() const = 0;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SESSION_H_
