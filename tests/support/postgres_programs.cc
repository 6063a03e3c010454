#include "tests/support/postgres_programs.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tidemark::testing {
namespace {

constexpr char kSystemFolder[] = "/usr/lib/postgresql";

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

bool HasServer(const std::string& programs) {
  std::error_code ignored;
  return std::filesystem::exists(absl::StrCat(programs, "/postgres"), ignored);
}

}  // namespace

absl::StatusOr<int> SystemPostgresVersion() {
  int newest = 0;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(kSystemFolder, ignored)) {
    int version = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &version) &&
        HasServer(absl::StrCat(entry.path().string(), "/bin"))) {
      newest = std::max(newest, version);
    }
  }
  if (newest > 0) return newest;
  return absl::NotFoundError("no PostgreSQL server in /usr/lib/postgresql: run dev/install");
}

absl::StatusOr<std::string> PostgresProgramFolder(int version) {
  const std::string system = absl::StrCat(kSystemFolder, "/", version, "/bin");
  if (HasServer(system)) return system;
  const std::string cached = absl::StrCat(CacheFolder(), "/postgresql-", version, "/bin");
  if (HasServer(cached)) return cached;
  return absl::NotFoundError(absl::StrCat("no PostgreSQL ", version, " in ", system, " or ", cached,
                                          ": run dev/postgres18 for version 18"));
}

std::string PostgresUser() { return geteuid() == 0 ? "postgres" : ""; }

}  // namespace tidemark::testing
