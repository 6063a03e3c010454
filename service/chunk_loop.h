#ifndef TIDEMARK_SERVICE_CHUNK_LOOP_H_
#define TIDEMARK_SERVICE_CHUNK_LOOP_H_

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "capture/source.h"
#include "service/inbox.h"
#include "service/log_loop.h"
#include "service/merge_loop.h"
#include "snapshot/coordinator.h"

namespace tidemark::service {

// Bytes of chunks that were read and wait for their windows to close. Thread-safe.
class ChunkBudget {
 public:
  explicit ChunkBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
  // Waits until there is room. False: stopped.
  bool WaitForRoom(std::stop_token stop);
  void Take(size_t bytes);
  void Return(size_t bytes);

 private:
  const size_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable_any room_;
  size_t bytes_ = 0;
};

// Wakes readers when there may be something to read. Thread-safe.
class ReaderWakeup {
 public:
  void Wake();
  // Until woken, or `wait` has passed, or stopped.
  void Wait(std::chrono::milliseconds wait, std::stop_token stop);

 private:
  std::mutex mutex_;
  std::condition_variable_any wake_;
  uint64_t wakes_ = 0;
};

// One reader thread: asks the coordinator what to read, opens a window, settles, reads, hands the
// chunk to the merge thread and goes on with the next while the window is still open.
class ChunkLoop {
 public:
  struct Parts {
    capture::Source* source;
    capture::SchemaRegistry* registry;
    snapshot::Coordinator* coordinator;
    Inbox* inbox;
    MergeLoop* merge;
    ChunkBudget* budget;
    ReaderWakeup* wakeup;
    LogLoop* log;
    // Test-only: leave step 2 out.
    bool without_settle = false;
  };

  explicit ChunkLoop(Parts parts) : parts_(parts) {}

  void Run(std::stop_token stop);

 private:
  bool MayRead();
  // What keeps chunks from being read; "": nothing.
  std::string HeldBackBy();
  absl::Status Perform(snapshot::Task& task, std::stop_token stop);
  absl::Status Connect(std::stop_token stop);
  absl::Status Plan(const snapshot::Task& task, std::stop_token stop);
  absl::Status Read(snapshot::Task& task, std::stop_token stop);
  // Aborted: the merger is not ready for windows.
  absl::Status Open(model::TableId table, snapshot::Merger::OpenedWindow* window);
  absl::Status SettleAndRead(snapshot::Task& task, const snapshot::Merger::OpenedWindow& window,
                             std::stop_token stop);
  void Submit(const snapshot::Task& task, snapshot::WindowId window, capture::Chunk chunk);

  const Parts parts_;
  std::unique_ptr<capture::ChunkReader> reader_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CHUNK_LOOP_H_
