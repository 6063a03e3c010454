#ifndef TIDEMARK_TESTS_FAULT_HEALTH_WATCH_H_
#define TIDEMARK_TESTS_FAULT_HEALTH_WATCH_H_

#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "tests/service/http/http_client.h"

namespace tidemark::fault {

// Asks /readyz and /healthz of the service at an address all the while, also where there is none.
// Thread-safe.
class HealthWatch {
 public:
  explicit HealthWatch(std::string address)
      : address_(std::move(address)), thread_([this](std::stop_token stop) { Run(stop); }) {}

  // What the service was since the last call, a letter each time it changed: S starting, C
  // connecting, R ready, X stopping, D not alive, ? anything else. Between services it is nothing.
  std::string Take() {
    std::lock_guard lock(mutex_);
    said_.clear();
    return std::exchange(states_, "");
  }
  // The last letter of those; a blank: none yet.
  char State() const {
    std::lock_guard lock(mutex_);
    return states_.empty() ? ' ' : states_.back();
  }
  // The bodies of /readyz in that time.
  std::string Said() const {
    std::lock_guard lock(mutex_);
    return said_;
  }

 private:
  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const testing::HttpResult ready = testing::HttpGet(address_, "/readyz");
      if (ready.status != 0) Note(StateOf(ready), ready.body);
      const testing::HttpResult alive = testing::HttpGet(address_, "/healthz");
      if (alive.status != 0 && alive.status != 200) Note('D', alive.body);
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  static char StateOf(const testing::HttpResult& ready) {
    if (ready.status == 200) return absl::StartsWith(ready.body, "ready\n") ? 'R' : '?';
    if (ready.status != 503) return '?';
    if (absl::StartsWith(ready.body, "starting")) return 'S';
    if (absl::StartsWith(ready.body, "stopping: ")) return 'X';
    return absl::StartsWith(ready.body, "source db is connecting") ? 'C' : '?';
  }

  void Note(char state, const std::string& body) {
    std::lock_guard lock(mutex_);
    if (states_.empty() || states_.back() != state) states_ += state;
    if (!absl::EndsWith(said_, body)) said_ += body;
  }

  const std::string address_;
  mutable std::mutex mutex_;
  std::string states_;
  std::string said_;
  std::jthread thread_;
};

}  // namespace tidemark::fault

#endif  // TIDEMARK_TESTS_FAULT_HEALTH_WATCH_H_
