#ifndef TIDEMARK_SERVICE_REFUSAL_LOG_H_
#define TIDEMARK_SERVICE_REFUSAL_LOG_H_

#include <chrono>
#include <mutex>
#include <string>

namespace tidemark::service {

// The lines of the log that say who was refused, and why: 20 in ten seconds at most, then only how
// many more there were; a client that tries for ever must not fill the disk. Thread-safe.
class RefusalLog {
 public:
  // `what`: "call".
  explicit RefusalLog(std::string what) : what_(std::move(what)) {}

  void Write(const std::string& peer, const std::string& reason);

 private:
  const std::string what_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point window_start_;
  int logged_ = 0;
  int left_out_ = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_REFUSAL_LOG_H_
