#include "tests/support/open_session.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/strings/substitute.h"
#include "tests/support/mysql_connection.h"
#include "tests/support/sql_connection.h"

namespace tidemark::testing {
namespace {

constexpr absl::string_view kMysqlScheme = "mysql://";

absl::StatusOr<MysqlLogin> ParseLogin(absl::string_view url) {
  const std::pair<absl::string_view, absl::string_view> user_and_place =
      absl::StrSplit(url, absl::MaxSplits('@', 1));
  const std::pair<std::string, std::string> user =
      absl::StrSplit(user_and_place.first, absl::MaxSplits(':', 1));
  const std::pair<std::string, std::string> place =
      absl::StrSplit(user_and_place.second, absl::MaxSplits('/', 1));
  const std::pair<std::string, std::string> address =
      absl::StrSplit(place.first, absl::MaxSplits(':', 1));
  MysqlLogin login = {
      .host = address.first, .user = user.first, .password = user.second, .database = place.second};
  if (absl::SimpleAtoi(address.second, &login.port)) return login;
  return absl::InvalidArgumentError("not of the form mysql://user:password@host:port/database");
}

absl::StatusOr<std::unique_ptr<Session>> OpenMysql(absl::string_view url) {
  absl::StatusOr<MysqlLogin> login = ParseLogin(url);
  if (!login.ok()) return login.status();
  absl::StatusOr<std::unique_ptr<MysqlConnection>> session = MysqlConnection::Open(*login);
  if (!session.ok()) return session.status();
  // Each server runs only the comment that is meant for it.
  absl::Status set = (*session)->Exec(
      "SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')"
      "/*!80000 , SESSION cte_max_recursion_depth = 4294967295 */"
      "/*M! , SESSION max_recursive_iterations = 4294967295 */");
  if (!set.ok()) return set;
  return std::unique_ptr<Session>(*std::move(session));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Session>> OpenSession(absl::string_view url) {
  if (absl::ConsumePrefix(&url, kMysqlScheme)) return OpenMysql(url);
  absl::StatusOr<std::unique_ptr<SqlConnection>> session = SqlConnection::Open(std::string(url));
  if (!session.ok()) return session.status();
  return std::unique_ptr<Session>(*std::move(session));
}

std::string MysqlUrl(absl::string_view user, int port, absl::string_view database) {
  return absl::StrCat(kMysqlScheme, user, "@127.0.0.1:", port, "/", database);
}

std::string Series(Engine engine, int64_t first, int64_t last) {
  if (engine == Engine::kPostgres) {
    return absl::Substitute("generate_series($0, $1) i", first, last);
  }
  return absl::Substitute(
      "(WITH RECURSIVE numbers AS (SELECT $0 AS i UNION ALL SELECT i + 1 FROM numbers WHERE i < $1)"
      " SELECT i FROM numbers) series",
      first, last);
}

}  // namespace tidemark::testing
