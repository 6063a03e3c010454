#ifndef TIDEMARK_TESTS_SUPPORT_OPEN_SESSION_H_
#define TIDEMARK_TESTS_SUPPORT_OPEN_SESSION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/session.h"

namespace tidemark::testing {

// A session on the database that `url` names: "mysql://root:password@127.0.0.1:3306/shop" for MySQL
// and MariaDB, libpq's keywords or URI for PostgreSQL. Sessions of MySQL and MariaDB are in UTC,
// take || as concatenation, and let Series be of any length. InvalidArgument: no such URL.
absl::StatusOr<std::unique_ptr<Session>> OpenSession(absl::string_view url);

// The form that OpenSession takes.
std::string MysqlUrl(absl::string_view user, int port, absl::string_view database);

// What a FROM clause names to get rows whose column `i` runs from `first` to `last`.
std::string Series(Engine engine, int64_t first, int64_t last);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_OPEN_SESSION_H_
