#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/cleanup_guard.h"
#include "tests/support/free_port.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

absl::StatusOr<std::unique_ptr<Process>> Shell(const TempFolder& folder,
                                               const std::string& script) {
  return Process::Start({.command = {"/bin/sh", "-c", script},
                         .output_file = folder.File("output"),
                         .environment = {{"GREETING", "hello"}},
                         .user = ""});
}

TEST(ProcessTest, ShowsItsOutputAndExitCode) {
  TempFolder folder;
  ASSERT_OK_AND_ASSIGN(auto process, Shell(folder, "echo one; echo \"$GREETING you\"; exit 3"));
  ASSERT_OK_AND_ASSIGN(const std::string line, process->WaitForLine("hello", absl::Seconds(10)));
  EXPECT_EQ(line, "hello you");
  ASSERT_OK_AND_ASSIGN(const int code, process->Wait(absl::Seconds(10)));
  EXPECT_EQ(code, 3);
}

TEST(ProcessTest, SaysThatTheLineNeverCame) {
  TempFolder folder;
  ASSERT_OK_AND_ASSIGN(auto process, Shell(folder, "echo bye"));
  EXPECT_TRUE(absl::IsAborted(process->WaitForLine("hello", absl::Seconds(10)).status()));
}

TEST(ProcessTest, CanBeTerminatedAndKilled) {
  TempFolder folder;
  ASSERT_OK_AND_ASSIGN(auto polite,
                       Shell(folder, "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done"));
  ASSERT_OK(polite->WaitForLine("up", absl::Seconds(10)));
  EXPECT_GT(ResidentBytes(polite->pid()), 0u);
  ASSERT_OK_AND_ASSIGN(const int code, polite->Terminate(absl::Seconds(10)));
  EXPECT_EQ(code, 7);
  ASSERT_OK_AND_ASSIGN(auto stubborn, Shell(folder, "sleep 100"));
  stubborn->Kill9();
  ASSERT_OK_AND_ASSIGN(const int killed, stubborn->Wait(absl::ZeroDuration()));
  EXPECT_EQ(killed, 128 + SIGKILL);
}

TEST(ProcessTest, DoesNothingWhileItIsFrozen) {
  TempFolder folder;
  ASSERT_OK_AND_ASSIGN(auto process, Shell(folder, "while :; do echo tick; sleep 0.01; done"));
  ASSERT_OK(process->WaitForLine("tick", absl::Seconds(10)));
  process->Freeze();
  const std::string output = process->Output();
  usleep(100'000);
  EXPECT_EQ(process->Output(), output);
  process->Thaw();
  for (int wait = 0; wait < 200 && process->Output() == output; ++wait) usleep(50'000);
  EXPECT_NE(process->Output(), output);
}

TEST(CleanupGuardTest, CleansUpAfterAProcessThatDies) {
  TempFolder folder;
  const std::string left = folder.File("left");
  std::filesystem::create_directory(left);
  ASSERT_OK_AND_ASSIGN(auto orphan, Shell(folder, "sleep 100"));
  const pid_t child = fork();
  if (child == 0) {
    CleanupGuard guard;
    guard.AddFolder(left);
    guard.AddProcess(orphan->pid());
    _exit(0);
  }
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_OK(orphan->Wait(absl::Seconds(20)));
  for (int wait = 0; wait < 200 && std::filesystem::exists(left); ++wait) usleep(50'000);
  EXPECT_FALSE(std::filesystem::exists(left));
}

TEST(FreePortTest, GivesAnotherPortEachTime) { EXPECT_NE(FreePort(), FreePort()); }

}  // namespace
}  // namespace tidemark::testing
