#ifndef TIDEMARK_TESTS_SUPPORT_PROCESS_H_
#define TIDEMARK_TESTS_SUPPORT_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tidemark::testing {

struct ProcessOptions {
  // The program's path, then its arguments.
  std::vector<std::string> command;
  // Takes standard output and standard error, appended. Required.
  std::string output_file;
  // Added to our own environment.
  std::vector<std::pair<std::string, std::string>> environment = {};
  // Runs as this user; only root may set it. Empty: as we do.
  std::string user = "";
};

// A program that runs beside the test. Killed by the destructor, or by the cleanup guard if the
// test dies. Not thread-safe.
class Process {
 public:
  // Errors: NotFound (no such user), Internal (cannot fork). A program that cannot be executed ends
  // with exit code 127.
  static absl::StatusOr<std::unique_ptr<Process>> Start(const ProcessOptions& options);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& output_file() const { return output_file_; }
  bool Running();
  // The exit code once it has ended (128 + signal if a signal ended it). DeadlineExceeded: it still
  // runs.
  absl::StatusOr<int> Wait(absl::Duration timeout);
  // Sends a signal; nothing happens if it has ended.
  void Signal(int signal);
  // SIGSTOP, waited for: its connections stay, and it answers nothing. Thaw: SIGCONT.
  void Freeze();
  void Thaw();
  // SIGKILL, and waits until it is gone.
  void Kill9();
  // SIGTERM, and returns the exit code. DeadlineExceeded: it did not end in time, and has been
  // killed.
  absl::StatusOr<int> Terminate(absl::Duration timeout);
  // The first line of output that contains `text`, waiting for it. Errors: DeadlineExceeded;
  // Aborted: the program ended without it (the message holds the last output).
  absl::StatusOr<std::string> WaitForLine(absl::string_view text, absl::Duration timeout);
  // All output so far.
  std::string Output() const;

 private:
  Process(pid_t pid, std::string output_file);
  void Reap(int status);

  const pid_t pid_;
  const std::string output_file_;
  bool ended_ = false;
  int exit_code_ = 0;
};

// Runs a program to its end. Errors: DeadlineExceeded; Aborted: its exit code is not 0 (the message
// holds its output). Returns its output.
absl::StatusOr<std::string> RunProgram(const std::vector<std::string>& command,
                                       absl::Duration timeout, const std::string& user = "");

// Resident memory of a process in bytes, now and at its highest. 0 if there is no such process.
uint64_t ResidentBytes(pid_t pid);
uint64_t PeakResidentBytes(pid_t pid);
// Processor time of a process, user and system, all threads.
absl::Duration CpuTime(pid_t pid);

// Waits until a file exists. DeadlineExceeded.
absl::Status WaitForFile(const std::string& path, absl::Duration timeout);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_PROCESS_H_
