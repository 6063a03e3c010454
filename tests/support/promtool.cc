#include "tests/support/promtool.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(120);

std::string Promtool() { return absl::StrCat(CacheFolder(), "/deploy-tools/bin/promtool"); }

}  // namespace

absl::StatusOr<std::string> RunPromtool(const std::string& folder,
                                        const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {"/usr/bin/env", "-C", folder, Promtool()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(command, kTimeout);
}

absl::Status CheckMetrics(const std::string& page) {
  TempFolder folder;
  WriteFile(folder.File("page"), page);
  // It reads standard input only.
  return RunProgram({"/bin/sh", "-c", "exec \"$0\" check metrics <\"$1\"", Promtool(),
                     folder.File("page")},
                    kTimeout)
      .status();
}

}  // namespace tidemark::testing
