#include "tests/support/mysql_programs.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace tidemark::testing {
namespace {

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string CacheFolder() {
  if (std::string given = Variable("TIDEMARK_CACHE"); !given.empty()) return given;
  if (geteuid() == 0) return "/var/cache/tidemark";
  std::string cache = Variable("XDG_CACHE_HOME");
  if (cache.empty()) cache = absl::StrCat(Variable("HOME"), "/.cache");
  return absl::StrCat(cache, "/tidemark");
}

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The server `program` in `base`, whose own files are in one of two places.
MysqlPrograms ProgramsIn(const std::string& base, absl::string_view program) {
  std::string share = absl::StrCat(base, "/share/mariadb");
  if (!Exists(absl::StrCat(share, "/charsets"))) share = absl::StrCat(base, "/share/mysql");
  return {.server = absl::StrCat(base, "/sbin/", program),
          .base = base,
          .share = share,
          .plugins = absl::StrCat(base, "/lib/mysql/plugin"),
          .clients = absl::StrCat(base, "/bin")};
}

// MariaDB's messages lie in a folder that its version names: 10.11 has `mysql`, 11.8 `mariadb`.
bool SystemHasMariaDb10() {
  return Exists("/usr/sbin/mariadbd") && Exists("/usr/share/mysql/mysql_system_tables.sql");
}

}  // namespace

absl::string_view Name(MysqlProduct product) {
  switch (product) {
    case MysqlProduct::kMySql9:
      return "MySql9";
    case MysqlProduct::kMariaDb10:
      return "MariaDb10";
    case MysqlProduct::kMariaDb11:
      return "MariaDb11";
  }
  return "";
}

absl::StatusOr<MysqlPrograms> FindMysqlPrograms(MysqlProduct product) {
  if (product == MysqlProduct::kMariaDb10 && SystemHasMariaDb10()) {
    return ProgramsIn("/usr", "mariadbd");
  }
  const char* folder = product == MysqlProduct::kMySql9      ? "mysql-9"
                       : product == MysqlProduct::kMariaDb10 ? "mariadb-10"
                                                             : "mariadb-11";
  const MysqlPrograms programs = ProgramsIn(absl::StrCat(CacheFolder(), "/", folder, "/root/usr"),
                                            IsMariaDb(product) ? "mariadbd" : "mysqld");
  if (Exists(programs.server)) return programs;
  return absl::NotFoundError(absl::StrCat("no ", programs.server, ": run ",
                                          IsMariaDb(product) ? "dev/mariadb" : "dev/mysql9"));
}

std::string MysqlUser() { return geteuid() == 0 ? "nobody" : ""; }

}  // namespace tidemark::testing
