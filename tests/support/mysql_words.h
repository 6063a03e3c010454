#ifndef TIDEMARK_TESTS_SUPPORT_MYSQL_WORDS_H_
#define TIDEMARK_TESTS_SUPPORT_MYSQL_WORDS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tests/support/session.h"

namespace tidemark::testing {

// What a server calls its log, its source and its replicas in statements. These are the words of
// MariaDB and of MySQL before 8.4, which has others only.
struct MysqlWords {
  std::string show_log_end = "SHOW MASTER STATUS";
  std::string reset_log = "RESET MASTER";
  std::string change_source = "CHANGE MASTER TO";
  std::string source = "MASTER";  // before _HOST and the like
  std::string replica = "SLAVE";  // after START, STOP and RESET
};

MysqlWords WordsOf(Engine engine, uint32_t version);

// The server's version by its own word: 80015 is 8.0.15. Errors: those of QueryValue; Internal: it
// names none.
absl::StatusOr<uint32_t> MysqlVersion(Session& session);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_MYSQL_WORDS_H_
