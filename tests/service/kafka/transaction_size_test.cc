#include "service/kafka/transaction_size.h"

#include "gtest/gtest.h"

namespace tidemark::service::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kMiB = 1 << 20;
constexpr seconds kLastsMost{60};

// Within a source transaction; then the bytes alone decide.
bool IsFullInside(const TransactionSize& size, uint64_t bytes) {
  return size.IsFull({.bytes = bytes, .inside = true});
}

TEST(TransactionSizeTest, EndsWhereASourceTransactionDoesOnceItIsLargeOrTookLong) {
  const TransactionSize size(kLastsMost);
  EXPECT_FALSE(size.IsFull({.bytes = kMiB, .took = milliseconds(90)}));
  EXPECT_TRUE(size.IsFull({.bytes = 4 * kMiB}));
  EXPECT_TRUE(size.IsFull({.bytes = 1, .took = milliseconds(100)}));
  EXPECT_FALSE(size.IsFull({.bytes = 4 * kMiB, .took = milliseconds(4900), .inside = true}));
}

TEST(TransactionSizeTest, EndsTheSoonerTheLessKafkaIsBehind) {
  const TransactionSize size(kLastsMost);
  const auto ends = [&](int behind_ms, int took_ms) {
    return size.IsFull({.took = milliseconds(took_ms), .behind = milliseconds(behind_ms)});
  };
  EXPECT_FALSE(ends(0, 9));
  EXPECT_TRUE(ends(0, 10));
  EXPECT_FALSE(ends(200, 49));
  EXPECT_TRUE(ends(200, 50));
  EXPECT_FALSE(ends(60'000, 99));
  EXPECT_TRUE(ends(60'000, 100));
}

TEST(TransactionSizeTest, EndsAnywhereBeforeItIsTooLargeOrAQuarterOfItsTimeIsOver) {
  EXPECT_TRUE(IsFullInside(TransactionSize(kLastsMost), 32 * kMiB));
  EXPECT_TRUE(TransactionSize(kLastsMost).IsFull({.took = seconds(5), .inside = true}));
  const TransactionSize brief(seconds(2));
  EXPECT_FALSE(brief.IsFull({.took = milliseconds(499), .inside = true}));
  EXPECT_TRUE(brief.IsFull({.took = milliseconds(500), .inside = true}));
}

TEST(TransactionSizeTest, RestOfASourceTransactionIsAwaitedWhileMoreOfItComes) {
  const TransactionSize size(kLastsMost);
  const auto awaits = [&](bool inside, int took_ms, int idle_ms) {
    return size.AwaitsRest({.took = milliseconds(took_ms), .inside = inside},
                           milliseconds(idle_ms));
  };
  EXPECT_TRUE(awaits(true, 4900, 199));
  EXPECT_FALSE(awaits(true, 4900, 200));
  EXPECT_FALSE(awaits(true, 5000, 0));
  EXPECT_FALSE(awaits(false, 0, 0));
}

TEST(TransactionSizeTest, IsHalvedByEachThatFailsByItsTimeAndDoubledByEachThatEndsInGoodTime) {
  TransactionSize size(kLastsMost);
  size.Failed(8 * kMiB, kLastsMost);
  EXPECT_TRUE(IsFullInside(size, 4 * kMiB));
  EXPECT_FALSE(IsFullInside(size, 4 * kMiB - 1));
  size.Failed(4 * kMiB, kLastsMost);
  EXPECT_TRUE(IsFullInside(size, 2 * kMiB));
  size.Committed(kLastsMost / 2);  // twice as much would not do
  EXPECT_TRUE(IsFullInside(size, 2 * kMiB));
  size.Committed(seconds(1));
  EXPECT_FALSE(IsFullInside(size, 4 * kMiB - 1));
  for (int i = 0; i < 9; ++i) size.Committed(seconds(1));
  EXPECT_FALSE(IsFullInside(size, 32 * kMiB - 1));
  EXPECT_TRUE(IsFullInside(size, 32 * kMiB));
}

TEST(TransactionSizeTest, SmallSourceTransactionsStayWholeWhateverFailed) {
  TransactionSize size(kLastsMost);
  size.Failed(32 * kMiB, seconds(1));  // not by its time
  EXPECT_FALSE(IsFullInside(size, 32 * kMiB - 1));
  size.Failed(10, kLastsMost);
  EXPECT_FALSE(IsFullInside(size, 60'000));
}

}  // namespace
}  // namespace tidemark::service::kafka
