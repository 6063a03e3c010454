// The files of Compose.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/deploy/deploy_files.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

using ::testing::HasSubstr;

TEST(ComposeTest, FilesFollowTheSpecification) {
  EXPECT_OK(RunChartTool(
      {"compose", SourcePath("deploy/compose.yaml"), SourcePath("deploy/kafka.compose.yaml")}));
}

TEST(ComposeTest, AKeyThatComposeDoesNotKnowIsFound) {
  TempFolder folder;
  WriteFile(folder.File("wrong.yaml"),
            absl::StrReplaceAll(SourceText("deploy/compose.yaml"), {{"read_only:", "readonly:"}}));
  EXPECT_THAT(RunChartTool({"compose", folder.File("wrong.yaml")}).status().message(),
              HasSubstr("readonly"));
}

// Docker makes an empty folder of a file that is missing.
TEST(ComposeTest, WhatIsMountedIsThere) {
  const std::string text = SourceText("deploy/compose.yaml");
  int mounts = 0;
  for (absl::string_view piece : absl::StrSplit(text, absl::ByAnyChar(" \"\n"))) {
    const std::vector<std::string> mount = absl::StrSplit(piece, ':');
    if (mount.size() < 2 || mount[0].rfind("./", 0) != 0) continue;
    const std::string path = SourcePath(absl::StrCat("deploy/", mount[0]));
    EXPECT_TRUE(std::filesystem::exists(path)) << path;
    ++mounts;
  }
  EXPECT_GE(mounts, 9);
}

}  // namespace
}  // namespace tidemark::testing
