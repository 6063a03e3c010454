#include "service/problem_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tidemark::service {
namespace {

using capture::Problem;

std::string Indented(const std::string& text, const std::string& indent) {
  return absl::StrReplaceAll(text, {{"\n", "\n" + indent}});
}

size_t Count(const capture::CheckResult& result, Problem::Severity severity) {
  return std::count_if(result.problems.begin(), result.problems.end(),
                       [&](const Problem& problem) { return problem.severity == severity; });
}

std::string Summary(const capture::CheckResult& result) {
  size_t errors = Count(result, Problem::Severity::kError);
  size_t warnings = Count(result, Problem::Severity::kWarning);
  if (errors + warnings == 0) return "no problems";
  return absl::StrCat(errors, errors == 1 ? " error, " : " errors, ", warnings,
                      warnings == 1 ? " warning" : " warnings");
}

}  // namespace

bool HasErrors(const capture::CheckResult& result) {
  return Count(result, Problem::Severity::kError) > 0;
}

std::string FormatCheck(const std::string& source, const capture::CheckResult& result) {
  std::string server = result.server.empty() ? "" : absl::StrCat(" (", result.server, ")");
  std::string out = absl::StrCat(source, server, ": ", Summary(result), "\n");
  for (const Problem& problem : result.problems) {
    bool error = problem.severity == Problem::Severity::kError;
    absl::StrAppend(&out, error ? "  error    " : "  warning  ",
                    Indented(problem.message, "           "), "\n");
    if (problem.remedy.empty()) continue;
    absl::StrAppend(&out, "   remedy  ", Indented(problem.remedy, "           "), "\n");
  }
  return out;
}

}  // namespace tidemark::service
