#include "capture/mysql/event_queue.h"

namespace tidemark::capture::mysql {
namespace {
constexpr std::chrono::milliseconds kLongWait = std::chrono::hours(1);
}  // namespace

// A waiter counts itself before it looks once more; a waker changes the state before it looks for
// waiters. All of it is sequentially consistent, so that one of the two sees the other.
void EventQueue::Await(std::chrono::milliseconds wait, absl::FunctionRef<bool()> ready) {
  if (ready()) return;
  std::unique_lock<std::mutex> lock(mutex_);
  waiting_.fetch_add(1);
  changed_.wait_for(lock, wait, ready);
  waiting_.fetch_sub(1);
}

void EventQueue::Wake() {
  if (waiting_.load() == 0) return;
  { std::lock_guard<std::mutex> lock(mutex_); }
  changed_.notify_all();
}

bool EventQueue::Push(std::string_view event) {
  const uint64_t number = pushed_.load();
  const auto has_room = [&] {
    if (closed_.load()) return true;
    const uint64_t queued = number - popped_.load();
    return queued == 0 || (queued < kSlots && bytes_.load() + event.size() <= kBytesMax);
  };
  while (!has_room()) Await(kLongWait, has_room);
  if (closed_.load()) return false;
  const bool lent = event.size() >= kLentBytesMin;
  Slot& slot = At(number);
  if (!lent) slot.copy.assign(event);
  slot.event = lent ? event : std::string_view(slot.copy);
  bytes_.fetch_add(event.size());
  pushed_.store(number + 1);
  Wake();
  const auto returned = [&] { return closed_.load() || popped_.load() > number; };
  while (lent && !returned()) Await(kLongWait, returned);
  return !closed_.load();
}

void EventQueue::Finish() {
  finished_.store(true);
  Wake();
}

void EventQueue::ReleaseCurrent() {
  if (!holds_) return;
  holds_ = false;
  const uint64_t number = popped_.load();
  Slot& slot = At(number);
  bytes_.fetch_sub(slot.event.size());
  if (slot.copy.capacity() > kKeptBytesMax) std::string().swap(slot.copy);
  popped_.store(number + 1);
  Wake();
}

std::optional<std::string_view> EventQueue::Pop(std::chrono::milliseconds wait) {
  ReleaseCurrent();
  const uint64_t number = popped_.load();
  const auto ready = [&] { return pushed_.load() > number || finished_.load(); };
  Await(wait, ready);
  if (pushed_.load() == number) return std::nullopt;
  holds_ = true;
  return At(number).event;
}

bool EventQueue::ended() const {
  return finished_.load() && popped_.load() + (holds_ ? 1 : 0) == pushed_.load();
}

void EventQueue::Close() {
  closed_.store(true);
  Wake();
}

}  // namespace tidemark::capture::mysql
