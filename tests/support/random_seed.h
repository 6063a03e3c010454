#ifndef TIDEMARK_TESTS_SUPPORT_RANDOM_SEED_H_
#define TIDEMARK_TESTS_SUPPORT_RANDOM_SEED_H_

#include <cstdint>

namespace tidemark::testing {

// The seed of a randomized test: $TIDEMARK_SEED if set, else a new one. Prints it on standard
// output, so that a failure can be repeated.
uint64_t RandomSeed();

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_RANDOM_SEED_H_
