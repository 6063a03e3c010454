#ifndef TIDEMARK_SERVICE_LAG_CLOCK_H_
#define TIDEMARK_SERVICE_LAG_CLOCK_H_

#include <algorithm>
#include <cstdint>

#include "model/position.h"

namespace tidemark::service {

// How far a journal is behind its server in time, without asking the server: notes where the server
// was known to be at one moment, and once the journal has got there, that it has all of that
// moment. Neither an idle server nor a busy one whose end is never reached makes it grow. Times are
// of a clock that never goes back. Not thread-safe.
class LagClock {
 public:
  explicit LagClock(uint64_t now_us) : proved_us_(now_us) {}

  // `server`: its newest known position; {}: not connected. `frontier`: of the journal.
  void Note(const model::Position& server, const model::Position& frontier, uint64_t now_us) {
    if (noted_us_ != 0 && frontier >= noted_) {
      proved_us_ = std::max(proved_us_, noted_us_);
      noted_us_ = 0;
    }
    if (server == model::Position{}) return;
    if (frontier >= server) proved_us_ = now_us;
    if (noted_us_ != 0) return;
    noted_ = server;
    noted_us_ = now_us;
  }

  // The journal has all that the server was known to have so long ago.
  uint64_t lag_us(uint64_t now_us) const { return now_us - std::min(now_us, proved_us_); }

 private:
  uint64_t proved_us_;
  model::Position noted_;
  uint64_t noted_us_ = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_LAG_CLOCK_H_
