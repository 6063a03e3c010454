#include "tests/support/cache_folder.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace tidemark::testing {

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

}  // namespace tidemark::testing
