#ifndef TIDEMARK_SERVICE_TURN_H_
#define TIDEMARK_SERVICE_TURN_H_

#include <atomic>
#include <cstdint>

#include "model/wall_clock.h"

namespace tidemark::service {

// When a thread has last come round in its loop, to tell one that is stuck from one that has
// nothing to do. One thread calls Make and Rest, any may ask.
class Turn {
 public:
  void Make() { at_us_.store(model::SteadyUs(), std::memory_order_relaxed); }
  // It waits for something outside, which may take as long as it takes.
  void Rest() { at_us_.store(0, std::memory_order_relaxed); }
  // Since the last turn; 0 while it rests.
  uint64_t age_us() const {
    const uint64_t at_us = at_us_.load(std::memory_order_relaxed);
    const uint64_t now_us = model::SteadyUs();
    return at_us == 0 || at_us > now_us ? 0 : now_us - at_us;
  }

 private:
  std::atomic<uint64_t> at_us_ = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TURN_H_
