#ifndef TIDEMARK_MODEL_WALL_CLOCK_H_
#define TIDEMARK_MODEL_WALL_CLOCK_H_

#include <chrono>
#include <cstdint>

namespace tidemark::model {

// Microseconds since 1970-01-01 UTC.
inline uint64_t NowUs() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

// Microseconds that never go back.
inline uint64_t SteadyUs() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_WALL_CLOCK_H_
