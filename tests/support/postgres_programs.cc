#include "tests/support/postgres_programs.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/process.h"

namespace tidemark::testing {
namespace {

constexpr char kSystemFolder[] = "/usr/lib/postgresql";

bool HasServer(const std::string& programs) {
  std::error_code ignored;
  return std::filesystem::exists(absl::StrCat(programs, "/postgres"), ignored);
}

// The version of the programs that TIDEMARK_POSTGRES names; 0: it names none.
absl::StatusOr<int> NamedPostgresVersion() {
  const std::string folder = Variable("TIDEMARK_POSTGRES");
  if (folder.empty()) return 0;
  absl::StatusOr<std::string> told =
      RunProgram({absl::StrCat(folder, "/postgres"), "--version"}, absl::Seconds(10));
  if (!told.ok()) return told.status();
  const std::vector<absl::string_view> words = absl::StrSplit(*told, absl::ByAnyChar(" .\n"));
  int version = 0;
  // "postgres (PostgreSQL) 16.6"
  if (words.size() > 2 && absl::SimpleAtoi(words[2], &version)) return version;
  return absl::NotFoundError(
      absl::StrCat("TIDEMARK_POSTGRES: ", folder, "/postgres is no PostgreSQL server: ", *told));
}

}  // namespace

absl::StatusOr<int> SystemPostgresVersion() {
  absl::StatusOr<int> named = NamedPostgresVersion();
  if (!named.ok() || *named > 0) return named;
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
  absl::StatusOr<int> named = NamedPostgresVersion();
  if (!named.ok()) return named.status();
  if (*named == version) return Variable("TIDEMARK_POSTGRES");
  const std::string system = absl::StrCat(kSystemFolder, "/", version, "/bin");
  if (HasServer(system)) return system;
  const std::string cached = absl::StrCat(CacheFolder(), "/postgresql-", version, "/bin");
  if (HasServer(cached)) return cached;
  return absl::NotFoundError(absl::StrCat("no PostgreSQL ", version, " in ", system, " or ", cached,
                                          ": run dev/postgres18 for version 18"));
}

std::string PostgresUser() { return geteuid() == 0 ? "postgres" : ""; }

}  // namespace tidemark::testing
