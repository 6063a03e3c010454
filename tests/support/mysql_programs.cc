#include "tests/support/mysql_programs.h"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/process.h"

namespace tidemark::testing {
namespace {

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// The first of these paths below `base` that is there, else the first of all: packages and archives
// have other folders.
std::string OneOf(const std::string& base, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (Exists(absl::StrCat(base, "/", path))) return absl::StrCat(base, "/", path);
  }
  return absl::StrCat(base, "/", paths.front());
}

// The server `program` in `base`.
MysqlPrograms ProgramsIn(const std::string& base, absl::string_view program) {
  const std::string charsets =
      OneOf(base, {"share/mysql/charsets", "share/mariadb/charsets", "share/charsets"});
  return {.server = OneOf(base, {absl::StrCat("sbin/", program), absl::StrCat("bin/", program)}),
          .base = base,
          .share = charsets.substr(0, charsets.rfind('/')),
          .plugins = OneOf(base, {"lib/mysql/plugin", "lib/plugin"}),
          .clients = absl::StrCat(base, "/bin"),
          .mariadb_install = OneOf(base, {"bin/mariadb-install-db", "scripts/mariadb-install-db"})};
}

struct NamedServer {
  MysqlProduct product = MysqlProduct::kMySql9;
  MysqlPrograms programs;
};

// "/opt/x/bin/mysqld  Ver 8.0.15 for Linux on x86_64 (…)", "mariadbd  Ver 11.4.5-MariaDB for …".
std::optional<MysqlProduct> ProductOfVersion(const std::string& told) {
  const std::vector<std::string> parts = absl::StrSplit(told, absl::MaxSplits(" Ver ", 1));
  int major = 0;
  if (parts.size() < 2 || !absl::SimpleAtoi(parts[1].substr(0, parts[1].find('.')), &major)) {
    return std::nullopt;
  }
  if (!absl::StrContains(parts[1], "MariaDB")) return MysqlProduct::kMySql9;
  return major == 10 ? MysqlProduct::kMariaDb10 : MysqlProduct::kMariaDb11;
}

// The server that TIDEMARK_MYSQL names, if it does.
absl::StatusOr<std::optional<NamedServer>> FindNamedServer() {
  const std::string folder = Variable("TIDEMARK_MYSQL");
  if (folder.empty()) return std::nullopt;
  NamedServer named{.programs = ProgramsIn(folder, "mariadbd")};
  if (!Exists(named.programs.server)) named.programs = ProgramsIn(folder, "mysqld");
  absl::StatusOr<std::string> told =
      RunProgram({named.programs.server, "--no-defaults", "--version"}, absl::Seconds(30));
  const std::optional<MysqlProduct> product = ProductOfVersion(told.value_or(""));
  if (!product.has_value()) {
    return absl::NotFoundError(absl::StrCat(
        "TIDEMARK_MYSQL: ", named.programs.server,
        " is no MySQL or MariaDB server: ", told.ok() ? *told : told.status().message()));
  }
  named.product = *product;
  return named;
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
  absl::StatusOr<std::optional<NamedServer>> named = FindNamedServer();
  if (!named.ok()) return named.status();
  if (named->has_value() && (*named)->product == product) return (*named)->programs;
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
