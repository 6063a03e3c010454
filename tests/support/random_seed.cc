#include "tests/support/random_seed.h"

#include <cstdio>
#include <cstdlib>
#include <random>

namespace tidemark::testing {

uint64_t RandomSeed() {
  const char* given = std::getenv("TIDEMARK_SEED");
  const uint64_t seed =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("seed: TIDEMARK_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::fflush(stdout);
  return seed;
}

}  // namespace tidemark::testing
