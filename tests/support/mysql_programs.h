#ifndef TIDEMARK_TESTS_SUPPORT_MYSQL_PROGRAMS_H_
#define TIDEMARK_TESTS_SUPPORT_MYSQL_PROGRAMS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tidemark::testing {

// The servers that tests run against.
enum class MysqlProduct {
  kMySql9,     // dev/mysql9
  kMariaDb10,  // 10.11: of Debian 12, else dev/mariadb
  kMariaDb11,  // 11.8: dev/mariadb
};

inline constexpr MysqlProduct kMysqlProducts[] = {MysqlProduct::kMySql9, MysqlProduct::kMariaDb10,
                                                  MysqlProduct::kMariaDb11};

inline bool IsMariaDb(MysqlProduct product) { return product != MysqlProduct::kMySql9; }

// "MySql9", as part of a test's name.
absl::string_view Name(MysqlProduct product);

// Where a server's files are.
struct MysqlPrograms {
  std::string server;   // mysqld or mariadbd
  std::string base;     // its --basedir
  std::string share;    // messages, character sets, SQL of the system tables
  std::string plugins;  // its --plugin-dir
  // Folder of mysqlbinlog or mariadb-binlog and of mysql or mariadb.
  std::string clients;
  std::string mariadb_install;  // mariadb-install-db; MariaDB only
};

// Those below the folder that $TIDEMARK_MYSQL names, if it has a version of this product (MariaDB
// 10 is kMariaDb10, later ones are kMariaDb11), the system's own, else those that dev/mysql9 and
// dev/mariadb unpack into CacheFolder(). NotFound names the remedy.
absl::StatusOr<MysqlPrograms> FindMysqlPrograms(MysqlProduct product);

// Whom servers run as: "nobody" if we are root, whom they refuse; else empty: ourselves.
std::string MysqlUser();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_MYSQL_PROGRAMS_H_
