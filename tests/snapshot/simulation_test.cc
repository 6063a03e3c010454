#include "tests/snapshot/simulation.h"

#include <gtest/gtest.h>

namespace tidemark::snapshot {
namespace {

constexpr uint64_t kSeeds = 12000;
constexpr uint64_t kControlSeeds = 400;

uint64_t CountWrong(const WithoutGuards& without) {
  uint64_t wrong = 0;
  for (uint64_t seed = 1; seed <= kControlSeeds; ++seed) wrong += !Simulate(seed, without).empty();
  return wrong;
}

TEST(SimulationTest, EverySeedIsExact) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    ASSERT_EQ(Simulate(seed, {}), "") << "seed " << seed;
  }
}

TEST(SimulationTest, IsWrongWithoutSettling) { EXPECT_GT(CountWrong({.settle = true}), 0); }

TEST(SimulationTest, IsWrongWithoutFolding) { EXPECT_GT(CountWrong({.folding = true}), 0); }

TEST(SimulationTest, IsWrongWithoutRereads) { EXPECT_GT(CountWrong({.rereads = true}), 0); }

TEST(SimulationTest, IsWrongWithoutRewriteMarks) { EXPECT_GT(CountWrong({.marks = true}), 0); }

TEST(SimulationTest, IsWrongWithoutRewritesOfTheLog) {
  EXPECT_GT(CountWrong({.rewritten = true}), 0);
}

}  // namespace
}  // namespace tidemark::snapshot
