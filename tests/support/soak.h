#ifndef TIDEMARK_TESTS_SUPPORT_SOAK_H_
#define TIDEMARK_TESTS_SUPPORT_SOAK_H_

#include <cstdint>
#include <cstdlib>

namespace tidemark::testing {

// How often a test does what it cannot do too often: `ci` times, or `soak` times when dev/soak
// runs it (TIDEMARK_SOAK is set). What it expects is the same.
inline uint64_t Repeats(uint64_t ci, uint64_t soak) {
  const char* set = std::getenv("TIDEMARK_SOAK");
  return set == nullptr || *set == '\0' ? ci : soak;
}

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SOAK_H_
