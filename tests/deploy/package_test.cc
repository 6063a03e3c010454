// The Debian package, installed in a clean tree and run there, against a real PostgreSQL outside.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/deploy/deploy_files.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr absl::Duration kInstallTimeout = absl::Seconds(500);
constexpr absl::Duration kTimeout = absl::Seconds(60);

// The package of this build, in `folder`.
absl::StatusOr<std::string> MakePackage(const std::string& folder) {
  const std::string config = absl::StrCat(TIDEMARK_BUILD_FOLDER, "/CPackConfig.cmake");
  auto made = RunProgram({TIDEMARK_CPACK, "--config", config, "-B", folder}, kInstallTimeout);
  if (!made.ok()) return made.status();
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".deb") return entry.path().string();
  }
  return absl::NotFoundError(absl::StrCat("cpack made no package:\n", *made));
}

// "127.0.0.1:4711" of the line in which tidemarkd says that it is ready.
std::string AddressIn(absl::string_view line) {
  const std::vector<std::string> words = absl::StrSplit(line, absl::ByAnyChar(" ="));
  const auto key = std::find(words.begin(), words.end(), "address");
  return key == words.end() ? "" : *std::next(key);
}

// A clean tree with the package in it, for all tests.
class PackageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TempFolder;
    ASSERT_OK_AND_ASSIGN(const std::string package, MakePackage(folder_->path()));
    ASSERT_OK(RunProgram({SourcePath("dev/debian-install"), package, Tree()}, kInstallTimeout));
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string Tree() { return folder_->File("tree"); }
  static std::string InTree(absl::string_view path) { return absl::StrCat(Tree(), path); }

  // Of tidemark, as the tree's passwd has it.
  static std::string UserId() {
    const std::set<std::string> ids = WordsAfter(ReadFile(InTree("/etc/passwd")), "\ntidemark:x:");
    return ids.empty() ? "none" : *ids.begin();
  }

  static TempFolder* folder_;
};

TempFolder* PackageTest::folder_ = nullptr;

TEST_F(PackageTest, HasItsOwnUserAndTheExampleAsConfiguration) {
  EXPECT_THAT(ReadFile(InTree("/etc/passwd")), HasSubstr("\ntidemark:x:"));
  EXPECT_EQ(ReadFile(InTree("/etc/tidemark/tidemarkd.yaml")),
            SourceText("deploy/tidemarkd.example.yaml"));
  EXPECT_EQ(ReadFile(InTree("/var/lib/dpkg/info/tidemark.conffiles")),
            "/etc/tidemark/tidemarkd.yaml\n");
  // It may hold what not everyone should know; the journal holds all rows.
  EXPECT_EQ(fs::status(InTree("/etc/tidemark/tidemarkd.yaml")).permissions(), fs::perms{0640});
  EXPECT_EQ(fs::status(InTree("/var/lib/tidemark")).permissions(), fs::perms{0700});
  ASSERT_OK(RunProgram({"/usr/sbin/chroot", Tree(), "/usr/bin/tidemark", "--version"}, kTimeout));
}

TEST_F(PackageTest, ServiceIsWellFormedAndLockedIn) {
  const std::string unit = InTree("/usr/lib/systemd/system/tidemarkd.service");
  // Beside this system's units, since the clean tree has none; its program is in the tree.
  TempFolder folder;
  WriteFile(folder.File("tidemarkd.service"),
            absl::StrReplaceAll(ReadFile(unit),
                                {{"=/usr/bin/", absl::StrCat("=", InTree("/usr/bin/"))}}));
  ASSERT_OK(RunProgram({"/usr/bin/systemd-analyze", "verify", folder.File("tidemarkd.service")},
                       kTimeout));
  // At most 1.5 of 10: it fails above that.
  EXPECT_OK(
      RunProgram({"/usr/bin/systemd-analyze", "security", "--offline=true", "--threshold=15", unit},
                 kTimeout));
}

TEST_F(PackageTest, RunsAsItsUserWithAReadOnlyRoot) {
  ASSERT_OK_AND_ASSIGN(auto server, PostgresServer::Start({}));
  ASSERT_OK(server->Exec("CREATE DATABASE shop"));
  ASSERT_OK_AND_ASSIGN(auto shop, server->Connect("shop"));
  ASSERT_OK(shop->Exec(SourceText("deploy/compose/postgres.sql")));

  TempFolder config;
  WriteFile(config.File("tidemarkd.yaml"),
            absl::StrCat("listen: 127.0.0.1:0\ndata: /var/lib/tidemark\nsources:\n  - name: shop\n",
                         "    postgres:\n      connection: \"",
                         server->ConnectionString("shop", "tidemark"), "\"\n"));
  ASSERT_OK_AND_ASSIGN(
      auto service,
      Process::Start({.command = {SourcePath("dev/in-tree"), Tree(), "tidemark", config.path(),
                                  "/usr/bin/tidemarkd", "--config", "/etc/tidemark/tidemarkd.yaml"},
                      .output_file = config.File("log")}));
  ASSERT_OK_AND_ASSIGN(const std::string ready, service->WaitForLine("ready address=", kTimeout));
  ASSERT_OK(service->WaitForLine("capturing", kTimeout));

  const std::string process = absl::StrCat("/proc/", service->pid());
  EXPECT_THAT(ReadFile(absl::StrCat(process, "/mounts")), ContainsRegex(" / [a-z0-9]+ ro[, ]"));
  const std::string status = ReadFile(absl::StrCat(process, "/status"));
  EXPECT_THAT(status, HasSubstr(absl::StrCat("Uid:\t", UserId(), "\t", UserId())));
  EXPECT_THAT(status, HasSubstr("CapEff:\t0000000000000000"));
  EXPECT_THAT(status, HasSubstr("NoNewPrivs:\t1"));

  ASSERT_OK(shop->Exec(SourceText("deploy/compose/postgres_write.sql")));
  ASSERT_OK_AND_ASSIGN(
      const std::string stream,
      RunProgram({"/usr/sbin/chroot", Tree(), "/usr/bin/tidemark", "--server", AddressIn(ready),
                  "tail", "shop", "--from", "beginning", "--ops", "create", "--limit", "1"},
                 kTimeout));
  EXPECT_THAT(stream, HasSubstr("public.orders"));
  ASSERT_OK_AND_ASSIGN(const int exit_code, service->Terminate(kTimeout));
  EXPECT_EQ(exit_code, 0) << service->Output();
}

// In a namespace whose mounts spread, as systemd leaves them, a chroot into the tree, which is no
// mount point: what is mounted in there has to end there.
constexpr char kMountInAChroot[] = R"(
  tree=$1
  nsenter --mount=/proc/self/ns/mnt mount --make-rshared /
  mount -t proc proc "$tree/proc"
  chroot "$tree" /tmp/own-mounts bash -euc '
    mount --bind /srv /srv
    mount -o remount,bind,ro /srv
    ! touch /srv/written 2>/dev/null && echo read-only'
  ! grep -F "$tree/srv " /proc/self/mountinfo && echo "nothing spread")";

TEST_F(PackageTest, MountsAreItsOwnWhereTheRootIsNoMountPoint) {
  const std::string own_mounts = SourcePath("dev/own-mounts");
  fs::copy_file(own_mounts, InTree("/tmp/own-mounts"));
  ASSERT_OK_AND_ASSIGN(const std::string output, RunProgram({own_mounts, "/bin/bash", "-euc",
                                                             kMountInAChroot, "own-mounts", Tree()},
                                                            kTimeout));
  EXPECT_EQ(output, "read-only\nnothing spread\n");
}

}  // namespace
}  // namespace tidemark::testing
