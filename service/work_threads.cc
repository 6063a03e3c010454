#include "service/work_threads.h"

#include <utility>

namespace tidemark::service {

WorkThreads::WorkThreads(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkThreads::~WorkThreads() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkThreads::PostAt(Clock::time_point due, std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    items_.push({due, next_number_++, std::move(work)});
  }
  changed_.notify_one();
}

void WorkThreads::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (items_.empty()) {
      changed_.wait(lock);
    } else if (Clock::time_point due = items_.top().due; due > Clock::now()) {
      changed_.wait_until(lock, due);
    } else {
      std::function<void()> work = items_.top().work;
      items_.pop();
      lock.unlock();
      work();
      work = nullptr;
      lock.lock();
    }
  }
}

}  // namespace tidemark::service
