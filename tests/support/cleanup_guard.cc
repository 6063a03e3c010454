#include "tests/support/cleanup_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace tidemark::testing {
namespace {

// Reads lines until the pipe is closed, which the kernel does when the test's process is gone.
// PostgreSQL takes SIGQUIT as 'stop at once' and then frees its shared memory too.
constexpr char kScript[] = R"(
declare -A processes folders
while read -r word value; do
  case $word in
    process) processes[$value]=1 ;;
    process-gone) unset "processes[$value]" ;;
    folder) folders[$value]=1 ;;
    folder-gone) unset "folders[$value]" ;;
  esac
done
if [ ${#processes[@]} -gt 0 ]; then
  kill -QUIT "${!processes[@]}"
  for pid in "${!processes[@]}"; do
    for _ in {1..20}; do kill -0 "$pid" || break; sleep 0.1; done
  done
  kill -KILL "${!processes[@]}"
fi
[ ${#folders[@]} -eq 0 ] || rm -rf -- "${!folders[@]}"
)";

[[noreturn]] void RunGuard(int input) {
  setsid();
  const int nowhere = open("/dev/null", O_WRONLY);
  dup2(input, STDIN_FILENO);
  dup2(nowhere, STDOUT_FILENO);
  dup2(nowhere, STDERR_FILENO);
  close_range(3, ~0U, 0);
  execl("/bin/bash", "bash", "-c", kScript, static_cast<char*>(nullptr));
  _exit(127);
}

}  // namespace

CleanupGuard& CleanupGuard::Get() {
  static CleanupGuard* const guard = new CleanupGuard();
  return *guard;
}

CleanupGuard::CleanupGuard() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    std::perror("pipe2");
    std::abort();
  }
  const pid_t pid = fork();
  if (pid == 0) RunGuard(ends[0]);
  close(ends[0]);
  pipe_ = ends[1];
}

CleanupGuard::~CleanupGuard() { close(pipe_); }

void CleanupGuard::AddProcess(pid_t pid) { Tell(absl::StrCat("process ", pid, "\n")); }
void CleanupGuard::ForgetProcess(pid_t pid) { Tell(absl::StrCat("process-gone ", pid, "\n")); }
void CleanupGuard::AddFolder(const std::string& path) { Tell(absl::StrCat("folder ", path, "\n")); }
void CleanupGuard::ForgetFolder(const std::string& path) {
  Tell(absl::StrCat("folder-gone ", path, "\n"));
}

void CleanupGuard::Tell(absl::string_view line) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (write(pipe_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::perror("cleanup guard");
  }
}

}  // namespace tidemark::testing
