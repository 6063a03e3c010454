#include "capture/mysql/commits_under_way.h"

#include <gtest/gtest.h>

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;

class CommitsUnderWayTest : public ::testing::Test {
 protected:
  bool FinishedAt(milliseconds when, const CommitsUnderWay::Counts& counts) {
    return commits_.Finished(counts, start_ + when);
  }
  // Whether they are finished at one of the looks, four a second.
  bool FinishedWithin(milliseconds from, milliseconds until,
                      const CommitsUnderWay::Counts& counts) {
    bool finished = false;
    for (milliseconds when = from; when < until && !finished; when += milliseconds(250)) {
      finished = FinishedAt(when, counts);
    }
    return finished;
  }

 private:
  const CommitsUnderWay::Clock::time_point start_{std::chrono::hours(1)};
  CommitsUnderWay commits_{{.finished = 7}, start_};
};

TEST_F(CommitsUnderWayTest, AreFinishedOnceOneMoreIsCounted) {
  EXPECT_FALSE(FinishedAt(milliseconds(1), {.finished = 7}));
  EXPECT_FALSE(FinishedAt(milliseconds(2), {.finished = 7, .waiting = 1}));
  EXPECT_TRUE(FinishedAt(milliseconds(3), {.finished = 8, .waiting = 1}));
}

// An XA transaction is listed as prepared until it is visible, which is after its group.
TEST_F(CommitsUnderWayTest, CountsAreNoProofWhileATransactionIsPrepared) {
  EXPECT_FALSE(FinishedAt(milliseconds(1), {.finished = 8, .prepared = 1}));
  EXPECT_FALSE(
      FinishedWithin(milliseconds(250), milliseconds(3000), {.finished = 9, .prepared = 1}));
  EXPECT_TRUE(FinishedAt(milliseconds(3000), {.finished = 9, .prepared = 1}));
}

TEST_F(CommitsUnderWayTest, AreFinishedOnceNoTransactionIsPrepared) {
  EXPECT_FALSE(FinishedAt(milliseconds(1), {.finished = 8, .prepared = 1}));
  EXPECT_TRUE(FinishedAt(milliseconds(2), {.finished = 8}));
}

TEST_F(CommitsUnderWayTest, AreFinishedAfterThreeSecondsInWhichNobodyWaits) {
  EXPECT_FALSE(FinishedWithin(milliseconds(0), milliseconds(3000), {.finished = 7}));
  EXPECT_TRUE(FinishedAt(milliseconds(3000), {.finished = 7}));
}

// However long: and once it is over, its thread is given time.
TEST_F(CommitsUnderWayTest, AreNotFinishedWhileASessionWaits) {
  EXPECT_FALSE(FinishedWithin(milliseconds(0), milliseconds(60000), {.finished = 7, .waiting = 1}));
  EXPECT_FALSE(
      FinishedWithin(milliseconds(60000), milliseconds(62750), {.finished = 7}));
  EXPECT_TRUE(FinishedAt(milliseconds(62750), {.finished = 7}));
}

TEST_F(CommitsUnderWayTest, WhoAsksRarelyKnowsNothingOfTheTimeBetween) {
  EXPECT_FALSE(FinishedAt(milliseconds(500), {.finished = 7}));
  EXPECT_FALSE(FinishedAt(milliseconds(5000), {.finished = 7}));
  EXPECT_FALSE(
      FinishedWithin(milliseconds(5250), milliseconds(8000), {.finished = 7}));
  EXPECT_TRUE(FinishedAt(milliseconds(8000), {.finished = 7}));
}

}  // namespace
}  // namespace tidemark::capture::mysql
