#ifndef TIDEMARK_TESTS_DEPLOY_DEPLOY_FILES_H_
#define TIDEMARK_TESTS_DEPLOY_DEPLOY_FILES_H_

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tidemark::testing {

// The path of a file of the project, of which `name` is relative to the top folder.
std::string SourcePath(absl::string_view name);

// Its content. Fails the test if there is no such file.
std::string SourceText(absl::string_view name);

// Runs dev/chart.py, under the Python of dev/deploy-tools. Its output; Aborted: what it found
// wrong.
absl::StatusOr<std::string> RunChartTool(const std::vector<std::string>& arguments);

// The words of letters, digits, _ and - that stand in `text` right after `prefix`:
// WordsAfter("alert: X", "alert: ") is {X}.
std::set<std::string> WordsAfter(absl::string_view text, absl::string_view prefix);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_DEPLOY_DEPLOY_FILES_H_
