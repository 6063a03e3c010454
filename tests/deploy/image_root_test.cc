// The runtime stage of deploy/Dockerfile, carried out on the programs of this build and this
// system's libraries, without a container engine. The build stage is that of `dev/image`, by hand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/deploy/deploy_files.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kTimeout = absl::Seconds(120);
constexpr char kBuildPrograms[] = "build/release/bin";

// "FROM scratch", "USER 10001:10001", ...: without comments, continued lines joined.
std::vector<std::string> Instructions() {
  const std::string text = absl::StrReplaceAll(SourceText("deploy/Dockerfile"), {{"\\\n", " "}});
  std::vector<std::string> instructions;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipWhitespace())) {
    if (!absl::StartsWith(line, "#")) instructions.emplace_back(line);
  }
  return instructions;
}

// The rest of the only instruction that begins so.
std::string After(absl::string_view begin) {
  std::vector<std::string> found;
  for (absl::string_view instruction : Instructions()) {
    if (absl::ConsumePrefix(&instruction, begin)) found.emplace_back(instruction);
  }
  EXPECT_EQ(found.size(), 1u) << begin;
  return found.empty() ? "" : found[0];
}

// The strings of ["a", "b"].
std::vector<std::string> JsonStrings(absl::string_view list) {
  return absl::StrSplit(list, absl::ByAnyChar("[]\", "), absl::SkipEmpty());
}

// The root that the image has, for all tests.
class ImageRootTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    // RUN deploy/image-root TIDEMARKD TIDEMARK /image, with this build's programs.
    const std::string line =
        absl::StrReplaceAll(absl::StrCat("deploy/image-root", After("RUN deploy/image-root")),
                            {{kBuildPrograms, absl::StrCat(TIDEMARK_BUILD_FOLDER, "/bin")},
                             {" /image", absl::StrCat(" ", Root())}});
    std::vector<std::string> command = absl::StrSplit(line, ' ');
    command[0] = SourcePath(command[0]);
    ASSERT_OK(RunProgram(command, kTimeout));
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string Root() { return folder_->File("root"); }
  // As `docker run --read-only` of the image, with CONFIG at /etc/tidemark.
  static std::vector<std::string> InImage(const std::string& config,
                                          const std::vector<std::string>& arguments) {
    std::vector<std::string> command = JsonStrings(After("ENTRYPOINT "));
    command.insert(command.end(), arguments.begin(), arguments.end());
    return InTree(config, command);
  }
  static std::vector<std::string> InTree(const std::string& config,
                                         const std::vector<std::string>& program) {
    const std::string user = After("USER ");
    std::vector<std::string> command = {SourcePath("dev/in-tree"), Root(),
                                        user.substr(0, user.find(':')), config};
    command.insert(command.end(), program.begin(), program.end());
    return command;
  }
  // What the loader in the image finds for a program or library in it.
  static std::set<std::string> LoadedBy(const std::string& file) {
    auto listed = RunProgram(
        {"/usr/sbin/chroot", Root(), "/lib64/ld-linux-x86-64.so.2", "--list", file}, kTimeout);
    EXPECT_OK(listed);
    if (!listed.ok()) return {};
    EXPECT_THAT(*listed, Not(HasSubstr("not found"))) << file;
    std::set<std::string> libraries;
    for (absl::string_view word : absl::StrSplit(*listed, absl::ByAnyChar(" \t\n"))) {
      if (absl::StartsWith(word, "/")) libraries.insert(Real(std::string(word)));
    }
    return libraries;
  }
  // In the image, links of folders followed.
  static std::string Real(const std::string& path) {
    std::error_code error;
    const std::string real = fs::canonical(absl::StrCat(Root(), path), error).string();
    EXPECT_FALSE(error) << path;
    return std::string(absl::StripPrefix(real, fs::canonical(Root()).string()));
  }
  static std::set<std::string> Files() {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(Root())) {
      if (entry.is_regular_file() && !entry.is_symlink()) {
        files.insert(entry.path().string().substr(Root().size()));
      }
    }
    return files;
  }

  static TempFolder* folder_;
};

TempFolder* ImageRootTest::folder_ = nullptr;

TEST_F(ImageRootTest, TheRuntimeStageIsThisRootAndNothingElse) {
  std::vector<std::string> stage = Instructions();
  stage.erase(stage.begin(), std::find(stage.begin(), stage.end(), "FROM scratch"));
  EXPECT_THAT(stage, ElementsAre("FROM scratch", "COPY --from=build /image /", "USER 10001:10001",
                                 "VOLUME /var/lib/tidemark", "EXPOSE 7654 9090",
                                 "ENTRYPOINT [\"/usr/bin/tidemarkd\"]",
                                 "CMD [\"--config\", \"/etc/tidemark/tidemarkd.yaml\"]"));
}

TEST_F(ImageRootTest, HoldsExactlyWhatTheProgramsLoad) {
  std::set<std::string> needed = {"/usr/bin/tidemarkd", "/usr/bin/tidemark",
                                  "/etc/passwd",        "/etc/group",
                                  "/etc/nsswitch.conf", "/etc/ssl/certs/ca-certificates.crt"};
  std::vector<std::string> loaders = {"/usr/bin/tidemarkd", "/usr/bin/tidemark"};
  for (const std::string& file : Files()) {
    if (absl::StrContains(file, "/libmariadb3/plugin/")) loaders.push_back(file);
  }
  // Without MySQL's passwords of today no source of MySQL 8 or later connects.
  EXPECT_THAT(absl::StrJoin(loaders, " "), HasSubstr("/caching_sha2_password.so"));
  needed.insert(loaders.begin(), loaders.end());
  for (const std::string& file : Files()) {
    if (absl::StrContains(file, "/gconv/")) needed.insert(file);
  }
  for (const std::string& loader : loaders) needed.merge(LoadedBy(loader));
  EXPECT_EQ(Files(), needed);
}

// The C library loads by name what converts columns of MySQL and MariaDB that are not UTF-8.
TEST_F(ImageRootTest, ConvertsCharsets) {
  TempFolder config;
  fs::copy_file("/usr/bin/iconv", config.File("iconv"));
  WriteFile(config.File("text"), "text");
  for (const char* charset : {"CP1252", "CP1251", "GBK", "SJIS", "EUC-JP"}) {
    EXPECT_OK(RunProgram(InTree(config.path(), {"/etc/tidemark/iconv", "-f", charset, "-t", "UTF-8",
                                                "/etc/tidemark/text"}),
                         kTimeout))
        << charset;
  }
}

TEST_F(ImageRootTest, OpenSslFindsTheAuthorities) {
  ASSERT_OK_AND_ASSIGN(const std::string said,
                       RunProgram({"/usr/bin/openssl", "version", "-d"}, kTimeout));
  const std::vector<std::string> words = absl::StrSplit(said, '"');  // OPENSSLDIR: "/usr/lib/ssl"
  ASSERT_EQ(words.size(), 3u) << said;
  EXPECT_EQ(Real(words[1] + "/cert.pem"), "/etc/ssl/certs/ca-certificates.crt");
}

TEST_F(ImageRootTest, RunsAsItsUserWithAReadOnlyRoot) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  TempFolder config;
  WriteFile(
      config.File("tidemarkd.yaml"),
      absl::StrCat("listen: 127.0.0.1:0\ndata: /var/lib/tidemark\nsources:\n  - name: shop\n",
                   "    postgres:\n      connection: \"", server->ConnectionString(), "\"\n"));
  ASSERT_OK_AND_ASSIGN(const std::string version,
                       RunProgram(InImage(config.path(), {"--version"}), kTimeout));
  EXPECT_THAT(version, HasSubstr("tidemarkd "));

  std::vector<std::string> arguments = JsonStrings(After("CMD "));
  ASSERT_OK_AND_ASSIGN(auto service, Process::Start({.command = InImage(config.path(), arguments),
                                                     .output_file = config.File("log")}));
  ASSERT_OK(service->WaitForLine("capturing", kTimeout));
  EXPECT_THAT(ReadFile(absl::StrCat("/proc/", service->pid(), "/mounts")),
              ::testing::ContainsRegex(" / [a-z0-9]+ ro[, ]"));
  EXPECT_THAT(ReadFile(absl::StrCat("/proc/", service->pid(), "/status")),
              AllOf(HasSubstr("Uid:\t10001\t10001"), HasSubstr("CapEff:\t0000000000000000")));
  ASSERT_OK_AND_ASSIGN(const int exit_code, service->Terminate(kTimeout));
  EXPECT_EQ(exit_code, 0) << service->Output();

  arguments.push_back("--check");
  ASSERT_OK_AND_ASSIGN(const std::string checked,
                       RunProgram(InImage(config.path(), arguments), kTimeout));
  EXPECT_THAT(checked, HasSubstr("configuration and sources: ok"));
}

TEST_F(ImageRootTest, SaysHowLargeItIs) {
  ASSERT_OK_AND_ASSIGN(
      const std::string report,
      RunProgram({SourcePath("dev/image-report"), Root(), After("USER ")}, kTimeout));
  std::fputs(report.c_str(), stdout);
  EXPECT_THAT(report, ::testing::ContainsRegex("[1-9][0-9]* MiB unpacked, [1-9][0-9]* MiB packed"));
}

}  // namespace
}  // namespace tidemark::testing
