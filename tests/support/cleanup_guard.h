#ifndef TIDEMARK_TESTS_SUPPORT_CLEANUP_GUARD_H_
#define TIDEMARK_TESTS_SUPPORT_CLEANUP_GUARD_H_

#include <sys/types.h>

#include <mutex>
#include <string>

#include "absl/strings/string_view.h"

namespace tidemark::testing {

// Cleans up after a test that dies: a small process of its own that is told which processes and
// folders this one made. When this process ends, however it ends, the guard kills those processes
// that are left and then removes those folders. Started at first use. Safe for use by several
// threads.
class CleanupGuard {
 public:
  // The one of this process.
  static CleanupGuard& Get();

  CleanupGuard();
  ~CleanupGuard();
  CleanupGuard(const CleanupGuard&) = delete;
  CleanupGuard& operator=(const CleanupGuard&) = delete;

  void AddProcess(pid_t pid);
  void ForgetProcess(pid_t pid);
  void AddFolder(const std::string& path);
  void ForgetFolder(const std::string& path);

 private:
  void Tell(absl::string_view line);

  std::mutex mutex_;
  int pipe_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_CLEANUP_GUARD_H_
