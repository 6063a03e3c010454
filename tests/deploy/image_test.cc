// deploy/Dockerfile beside what developers build with. Its runtime stage: image_root_test.cc;
// building all of it takes long: dev/image, by hand.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/deploy/deploy_files.h"

namespace tidemark::testing {
namespace {

// The packages that dev/install names under "# Libraries".
std::vector<std::string> LibrariesOfInstall() {
  const std::string text = SourceText("dev/install");
  const size_t begin = text.find("# Libraries\n");
  const size_t end = text.find("\n)\n", begin);
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(text.substr(begin + 12, end - begin - 12), absl::ByAnyChar(" \n"),
                        absl::SkipEmpty());
}

TEST(ImageTest, TheBuildStageInstallsWhatCompilingNeeds) {
  const std::string dockerfile = SourceText("deploy/Dockerfile");
  const std::vector<std::string> packages = absl::StrSplit(dockerfile, absl::ByAnyChar(" \n"));
  const std::vector<std::string> libraries = LibrariesOfInstall();
  EXPECT_GE(libraries.size(), 15u);
  for (const std::string& library : libraries) {
    EXPECT_TRUE(std::count(packages.begin(), packages.end(), library)) << library;
  }
}

TEST(ImageTest, ItRunsAsANumberedUserAndTheChartsIsTheSame) {
  EXPECT_TRUE(absl::StrContains(SourceText("deploy/Dockerfile"), "\nUSER 10001:10001\n"));
  EXPECT_TRUE(absl::StrContains(SourceText("deploy/image-root"), "\nuser_id=10001\n"));
  EXPECT_TRUE(absl::StrContains(SourceText("deploy/kubernetes/tidemark/templates/deployment.yaml"),
                                "runAsUser: 10001\n"));
}

}  // namespace
}  // namespace tidemark::testing
