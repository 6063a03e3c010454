#include "tests/support/mysql_words.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tidemark::testing {
namespace {

// RESET MASTER and the other old words are syntax errors since.
constexpr uint32_t kVersionOfNewWords = 80400;

}  // namespace

MysqlWords WordsOf(Engine engine, uint32_t version) {
  if (engine == Engine::kMariaDb || version < kVersionOfNewWords) return {};
  return {.show_log_end = "SHOW BINARY LOG STATUS",
          .reset_log = "RESET BINARY LOGS AND GTIDS",
          .change_source = "CHANGE REPLICATION SOURCE TO",
          .source = "SOURCE",
          .replica = "REPLICA"};
}

absl::StatusOr<uint32_t> MysqlVersion(Session& session) {
  absl::StatusOr<std::string> told = session.QueryValue("SELECT @@version");
  if (!told.ok()) return told.status();
  // "8.0.15", "11.4.5-MariaDB-log"
  const std::vector<std::string> parts = absl::StrSplit(*told, absl::ByAnyChar(".-"));
  uint32_t major = 0, minor = 0, patch = 0;
  if (parts.size() > 2 && absl::SimpleAtoi(parts[0], &major) &&
      absl::SimpleAtoi(parts[1], &minor) && absl::SimpleAtoi(parts[2], &patch)) {
    return major * 10000 + minor * 100 + patch;
  }
  return absl::InternalError(absl::StrCat("no version: ", *told));
}

}  // namespace tidemark::testing
