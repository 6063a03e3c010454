#include "tests/support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/support/cleanup_guard.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(10);

// What the child needs, made before fork: between fork and exec it must not allocate.
struct Plan {
  std::vector<std::string> environment;
  std::vector<char*> arguments;
  std::vector<char*> variables;
  uid_t user = 0;
  gid_t group = 0;
  bool switch_user = false;
};

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& text : strings) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const ProcessOptions& options) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const absl::string_view name(*entry, std::strcspn(*entry, "="));
    bool replaced = false;
    for (const auto& [added, value] : options.environment) replaced |= added == name;
    if (!replaced) all.emplace_back(*entry);
  }
  for (const auto& [name, value] : options.environment)
    all.push_back(absl::StrCat(name, "=", value));
  return all;
}

absl::Status FindUser(const std::string& name, Plan& plan) {
  if (name.empty()) return absl::OkStatus();
  const passwd* entry = getpwnam(name.c_str());
  if (entry == nullptr) return absl::NotFoundError(absl::StrCat("no user ", name));
  plan.user = entry->pw_uid;
  plan.group = entry->pw_gid;
  plan.switch_user = true;
  return absl::OkStatus();
}

[[noreturn]] void RunChild(const Plan& plan, int output) {
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  close_range(3, ~0U, 0);
  signal(SIGPIPE, SIG_DFL);
  if (plan.switch_user && (setgroups(0, nullptr) != 0 || setgid(plan.group) != 0 ||
                           setuid(plan.user) != 0 || chdir("/") != 0)) {
    _exit(126);
  }
  execve(plan.arguments[0], plan.arguments.data(), plan.variables.data());
  _exit(127);
}

uint64_t StatusKilobytes(pid_t pid, absl::string_view field) {
  const std::string status = ReadFile(absl::StrCat("/proc/", pid, "/status"));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (line.substr(0, field.size()) != field) continue;
    const std::vector<absl::string_view> words =
        absl::StrSplit(line.substr(field.size()), absl::ByAnyChar(" \t"), absl::SkipEmpty());
    uint64_t kilobytes = 0;
    if (!words.empty() && absl::SimpleAtoi(words[0], &kilobytes)) return kilobytes;
  }
  return 0;
}

// The state is the first field after the name in parentheses.
bool AllThreadsStopped(pid_t pid) {
  std::error_code ignored;
  const std::string tasks = absl::StrCat("/proc/", pid, "/task");
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    const std::string stat = ReadFile(task.path().string() + "/stat");
    const size_t name_end = stat.rfind(')');
    if (name_end != std::string::npos && stat.compare(name_end, 3, ") T") != 0) return false;
  }
  return true;
}

std::string Tail(const std::string& text) {
  constexpr size_t kBytesMax = 4000;
  return text.size() <= kBytesMax ? text : text.substr(text.size() - kBytesMax);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(const ProcessOptions& options) {
  Plan plan;
  if (absl::Status found = FindUser(options.user, plan); !found.ok()) return found;
  plan.environment = Environment(options);
  plan.arguments = Pointers(options.command);
  plan.variables = Pointers(plan.environment);
  const int output =
      open(options.output_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return absl::InternalError(absl::StrCat("cannot open ", options.output_file));
  CleanupGuard::Get();
  const pid_t pid = fork();
  if (pid == 0) RunChild(plan, output);
  close(output);
  if (pid < 0) return absl::InternalError(absl::StrCat("fork: ", std::strerror(errno)));
  CleanupGuard::Get().AddProcess(pid);
  return std::unique_ptr<Process>(new Process(pid, options.output_file));
}

Process::Process(pid_t pid, std::string output_file)
    : pid_(pid), output_file_(std::move(output_file)) {}

Process::~Process() { Kill9(); }

void Process::Reap(int status) {
  ended_ = true;
  exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  CleanupGuard::Get().ForgetProcess(pid_);
}

bool Process::Running() {
  int status = 0;
  if (!ended_ && waitpid(pid_, &status, WNOHANG) == pid_) Reap(status);
  return !ended_;
}

absl::StatusOr<int> Process::Wait(absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (Running()) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError("the program still runs");
    absl::SleepFor(kPoll);
  }
  return exit_code_;
}

void Process::Signal(int signal) {
  if (Running()) kill(pid_, signal);
}

void Process::Freeze() {
  Signal(SIGSTOP);
  while (!AllThreadsStopped(pid_)) absl::SleepFor(absl::Milliseconds(1));
}

void Process::Thaw() { Signal(SIGCONT); }

void Process::Kill9() {
  if (!Running()) return;
  kill(pid_, SIGKILL);
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) Reap(status);
}

absl::StatusOr<int> Process::Terminate(absl::Duration timeout) {
  Signal(SIGTERM);
  absl::StatusOr<int> code = Wait(timeout);
  if (!code.ok()) Kill9();
  return code;
}

absl::StatusOr<std::string> Process::WaitForLine(absl::string_view text, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    const bool running = Running();
    const std::string output = Output();
    if (const size_t found = output.find(std::string(text)); found != std::string::npos) {
      const size_t begin = found == 0 ? 0 : output.rfind('\n', found) + 1;
      const size_t end = output.find('\n', found);
      if (end != std::string::npos || !running) return output.substr(begin, end - begin);
    } else if (!running) {
      return absl::AbortedError(absl::StrCat("ended with exit code ", exit_code_, " before '", text,
                                             "':\n", Tail(output)));
    }
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(absl::StrCat("no '", text, "' in:\n", Tail(output)));
    }
    absl::SleepFor(kPoll);
  }
}

std::string Process::Output() const { return ReadFile(output_file_); }

absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& command,
                                       absl::Duration timeout, const std::string& user) {
  TempFolder folder;
  absl::StatusOr<std::unique_ptr<Process>> process = Process::Start(
      {.command = command, .output_file = folder.File("output"), .environment = {}, .user = user});
  if (!process.ok()) return process.status();
  absl::StatusOr<int> code = (*process)->Wait(timeout);
  if (!code.ok()) return code.status();
  std::string output = (*process)->Output();
  if (*code == 0) return output;
  return absl::AbortedError(
      absl::StrCat(absl::StrJoin(command, " "), ": exit code ", *code, ":\n", Tail(output)));
}

uint64_t ResidentBytes(pid_t pid) { return StatusKilobytes(pid, "VmRSS:") * 1024; }
uint64_t PeakResidentBytes(pid_t pid) { return StatusKilobytes(pid, "VmHWM:") * 1024; }

absl::Duration CpuTime(pid_t pid) {
  const std::string stat = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  // The fields after the command name, which may hold blanks: state is the first, utime the 12th.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return absl::ZeroDuration();
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(stat).substr(name_end + 1), ' ', absl::SkipEmpty());
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) ||
      !absl::SimpleAtoi(fields[12], &system)) {
    return absl::ZeroDuration();
  }
  return absl::Seconds(static_cast<double>(user + system) / sysconf(_SC_CLK_TCK));
}

absl::Status WaitForFile(const std::string& path, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!std::filesystem::exists(path)) {
    if (absl::Now() > deadline) return absl::DeadlineExceededError(absl::StrCat("no file ", path));
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

}  // namespace tidemark::testing
