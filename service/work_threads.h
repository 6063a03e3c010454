#ifndef TIDEMARK_SERVICE_WORK_THREADS_H_
#define TIDEMARK_SERVICE_WORK_THREADS_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace tidemark::service {

// A few threads for short work that gRPC's own two threads must not do: reading blocks from disk,
// heartbeats. Thread-safe.
class WorkThreads {
 public:
  using Clock = std::chrono::steady_clock;

  explicit WorkThreads(size_t threads);
  // Finishes what is running; drops what is not yet due.
  ~WorkThreads();

  WorkThreads(const WorkThreads&) = delete;
  WorkThreads& operator=(const WorkThreads&) = delete;

  void Post(std::function<void()> work) { PostAt(Clock::now(), std::move(work)); }
  void PostAt(Clock::time_point due, std::function<void()> work);

 private:
  struct Item {
    Clock::time_point due;
    uint64_t number;  // keeps equal times in order
    std::function<void()> work;

    bool operator>(const Item& other) const {
      return due != other.due ? due > other.due : number > other.number;
    }
  };

  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Item, std::vector<Item>, std::greater<>> items_;
  uint64_t next_number_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_WORK_THREADS_H_
