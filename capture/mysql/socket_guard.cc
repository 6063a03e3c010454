#include "capture/mysql/socket_guard.h"

#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

namespace tidemark::capture::mysql {

namespace {
constexpr std::chrono::milliseconds kPoll{20};
}  // namespace

// Holds the armed guards, and the thread that looks at them.
class SocketWatcher {
 public:
  // Never destroyed: guards may live in static objects, and the thread ends with the process.
  static SocketWatcher& Get() {
    static auto* const watcher = new SocketWatcher;
    return *watcher;
  }

  void Arm(SocketGuard* guard, SocketGuard::Clock::time_point deadline, std::stop_token call,
           std::stop_token owner) {
    std::lock_guard<std::mutex> lock(mutex_);
    guard->deadline_ = deadline;
    guard->call_ = std::move(call);
    guard->owner_ = std::move(owner);
    guard->armed_ = true;
    if (armed_.empty()) changed_.notify_one();
    armed_.insert(guard);
  }

  void Disarm(SocketGuard* guard) {
    std::lock_guard<std::mutex> lock(mutex_);
    armed_.erase(guard);
    guard->armed_ = false;
    guard->call_ = {};
    guard->owner_ = {};
  }

 private:
  SocketWatcher() { std::thread(&SocketWatcher::Run, this).detach(); }

  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return !armed_.empty(); });
      const auto now = SocketGuard::Clock::now();
      for (SocketGuard* guard : armed_) {
        const bool stopped = guard->call_.stop_requested() || guard->owner_.stop_requested();
        if (stopped || now >= guard->deadline_) guard->Shutdown();
      }
      lock.unlock();
      std::this_thread::sleep_for(kPoll);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<SocketGuard*> armed_;
};

SocketGuard::SocketGuard(int socket) : socket_(socket) {}
SocketGuard::~SocketGuard() { Disarm(); }

void SocketGuard::Arm(Clock::time_point deadline, std::stop_token call, std::stop_token owner) {
  SocketWatcher::Get().Arm(this, deadline, std::move(call), std::move(owner));
}

void SocketGuard::Disarm() {
  if (armed_) SocketWatcher::Get().Disarm(this);
}

void SocketGuard::Shutdown() {
  if (fired_.exchange(true)) return;
  // Closing it then resets the connection. Without, a server that is amid a large result waits for
  // its window to open, for minutes, and its session holds a metadata lock meanwhile.
  const linger reset{1, 0};
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  shutdown(socket_, SHUT_RDWR);
}

}  // namespace tidemark::capture::mysql
