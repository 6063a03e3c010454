#ifndef TIDEMARK_SERVICE_INBOX_H_
#define TIDEMARK_SERVICE_INBOX_H_

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "capture/log_batch.h"
#include "snapshot/merger.h"

namespace tidemark::service {

// What waits for the merge thread, in order: pieces of the log, bounded in bytes, and steps, which
// are few. Thread-safe.
class Inbox {
 public:
  struct Step {
    std::function<void(snapshot::Merger&)> run;
    // Who waits for it; null: nobody. Set once the step has run or, if `durable`, once what it
    // appended is.
    std::shared_ptr<std::promise<absl::Status>> done;
    bool durable = false;
  };
  using Item = std::variant<capture::LogBatch, Step>;

  explicit Inbox(size_t bytes_max) : bytes_max_(bytes_max) {}

  // Waits at most `wait` for room; false: there is none, and `batch` is untouched. A batch larger
  // than the bound is taken when nothing else waits.
  bool Push(capture::LogBatch& batch, std::chrono::milliseconds wait);

  // Runs the step on the merge thread, some time. Dropped once the inbox is closed.
  void Post(std::function<void(snapshot::Merger&)> run);
  // Runs the step and returns when what it appended is durable. Errors: why the inbox was closed.
  absl::Status RunDurably(std::function<void(snapshot::Merger&)> run) {
    return RunStep(std::move(run), true);
  }
  // Runs the step and returns when it has run.
  absl::Status Call(std::function<void(snapshot::Merger&)> run) {
    return RunStep(std::move(run), false);
  }

  // Merge thread. Takes what is there, at most about `bytes_max` of log; waits at most `wait` for
  // the first.
  std::vector<Item> Take(size_t bytes_max, std::chrono::microseconds wait);

  // Decoded log that waits.
  size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }

  // From now on nothing comes in, and waiting calls return `why`. What is there can still be taken.
  // The first reason holds.
  void Close(absl::Status why = absl::CancelledError("the service is shutting down"));

 private:
  absl::Status RunStep(std::function<void(snapshot::Merger&)> run, bool durable);

  const size_t bytes_max_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::condition_variable has_room_;
  std::deque<Item> items_;
  size_t bytes_ = 0;
  // Not OK: it is closed.
  absl::Status closed_ = absl::OkStatus();
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_INBOX_H_
