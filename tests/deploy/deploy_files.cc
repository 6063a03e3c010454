#include "tests/deploy/deploy_files.h"

#include <gtest/gtest.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kToolTimeout = absl::Seconds(120);

bool IsWord(char character) {
  return absl::ascii_isalnum(character) || character == '_' || character == '-';
}

}  // namespace

std::string SourcePath(absl::string_view name) {
  return absl::StrCat(TIDEMARK_SOURCE_FOLDER, "/", name);
}

std::string SourceText(absl::string_view name) {
  const std::string text = ReadFile(SourcePath(name));
  EXPECT_FALSE(text.empty()) << name << " is missing or empty";
  return text;
}

absl::StatusOr<std::string> RunChartTool(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {
      absl::StrCat(CacheFolder(), "/deploy-tools/python/bin/python3"), SourcePath("dev/chart.py")};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(command, kToolTimeout);
}

std::set<std::string> WordsAfter(absl::string_view text, absl::string_view prefix) {
  std::set<std::string> words;
  for (size_t at = text.find(prefix); at != absl::string_view::npos; at = text.find(prefix, at)) {
    at += prefix.size();
    size_t end = at;
    while (end < text.size() && IsWord(text[end])) ++end;
    if (end > at) words.emplace(text.substr(at, end - at));
  }
  return words;
}

}  // namespace tidemark::testing
