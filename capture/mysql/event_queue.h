#ifndef TIDEMARK_CAPTURE_MYSQL_EVENT_QUEUE_H_
#define TIDEMARK_CAPTURE_MYSQL_EVENT_QUEUE_H_

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"

namespace tidemark::capture::mysql {

// Events on their way from the thread that reads packets to the one that decodes them. Bounded in
// number and bytes. Events are copied into buffers that are used again and again; large ones are
// lent instead: the producer waits until the consumer is done with them.
//
// One producer, one consumer. Neither takes a lock unless the other one waits.
class EventQueue {
 public:
  // Producer. Waits for room. False: the consumer is gone.
  bool Push(std::string_view event);
  // Producer: there will be no more.
  void Finish();

  // Consumer. The oldest event; waits at most `wait` for one. Valid until the next call. nullopt:
  // none came.
  std::optional<std::string_view> Pop(std::chrono::milliseconds wait);
  // Consumer: Finish was called, and every event was popped.
  bool ended() const;
  // Consumer: ends the producer's waits.
  void Close();

 private:
  static constexpr uint64_t kSlots = 1024;
  static constexpr size_t kBytesMax = size_t{2} << 20;
  static constexpr size_t kLentBytesMin = size_t{256} << 10;
  // A slot's buffer that has grown above this is given back after use.
  static constexpr size_t kKeptBytesMax = size_t{16} << 10;

  struct Slot {
    std::string copy;
    std::string_view event;
  };

  Slot& At(uint64_t number) { return slots_[number % kSlots]; }
  void ReleaseCurrent();
  void Await(std::chrono::milliseconds wait, absl::FunctionRef<bool()> ready);
  void Wake();

  std::array<Slot, kSlots> slots_;
  std::atomic<uint64_t> pushed_ = 0;
  std::atomic<uint64_t> popped_ = 0;
  std::atomic<size_t> bytes_ = 0;
  std::atomic<bool> finished_ = false;
  std::atomic<bool> closed_ = false;
  bool holds_ = false;  // consumer: the event at popped_ is in use

  std::atomic<int> waiting_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_EVENT_QUEUE_H_
