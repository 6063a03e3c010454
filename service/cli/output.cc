#include "service/cli/output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace tidemark::service {

absl::Status FlushOutput() {
  errno = 0;
  bool flushed = std::fflush(stdout) == 0;
  if (flushed && std::ferror(stdout) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(
      "cannot write to standard output: ", errno != 0 ? std::strerror(errno) : "a write failed",
      "; send it to where there is room, and to a reader that stays"));
}

}  // namespace tidemark::service
