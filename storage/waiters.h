#ifndef TIDEMARK_STORAGE_WAITERS_H_
#define TIDEMARK_STORAGE_WAITERS_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "model/event.h"

namespace tidemark::storage {

// Who waits for which sequence. Callbacks run without any lock of ours, so they may take their own
// locks. Thread-safe, but Reached is called by one thread at a time.
class Waiters {
 public:
  // Everything up to `newest` is there: runs the callbacks that waited for it.
  void Reached(model::Sequence newest);
  // See Journal::WaitFor and StopWaiting. `wake` may run before Add returns.
  uint64_t Add(model::Sequence sequence, std::function<void()> wake);
  void Remove(uint64_t handle);

 private:
  struct Waiter {
    model::Sequence sequence = 0;
    std::function<void()> wake;
  };

  std::mutex mutex_;
  std::condition_variable done_;
  model::Sequence newest_ = 0;
  uint64_t next_handle_ = 1;
  // The one whose callback Reached runs now; 0: none.
  uint64_t running_ = 0;
  std::map<uint64_t, Waiter> waiting_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_WAITERS_H_
