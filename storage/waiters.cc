#include "storage/waiters.h"

#include <utility>

namespace tidemark::storage {

// `newest_` is raised under the same lock under which Add looks at it: a waiter either sees the
// event or is in the map when Reached walks it.
void Waiters::Reached(model::Sequence newest) {
  std::unique_lock lock(mutex_);
  newest_ = newest;
  uint64_t last = next_handle_ - 1;
  for (auto at = waiting_.begin(); at != waiting_.end() && at->first <= last;) {
    if (at->second.sequence > newest) {
      ++at;
      continue;
    }
    running_ = at->first;
    std::function<void()> wake = std::move(at->second.wake);
    waiting_.erase(at);
    lock.unlock();
    wake();
    wake = nullptr;  // what it holds goes before Remove returns
    lock.lock();
    at = waiting_.upper_bound(std::exchange(running_, 0));
    done_.notify_all();
  }
}

uint64_t Waiters::Add(model::Sequence sequence, std::function<void()> wake) {
  uint64_t handle;
  {
    std::lock_guard lock(mutex_);
    handle = next_handle_++;
    if (sequence > newest_) {
      waiting_.emplace(handle, Waiter{sequence, std::move(wake)});
      return handle;
    }
  }
  wake();
  return handle;
}

void Waiters::Remove(uint64_t handle) {
  std::unique_lock lock(mutex_);
  waiting_.erase(handle);
  done_.wait(lock, [&] { return running_ != handle; });
}

}  // namespace tidemark::storage
