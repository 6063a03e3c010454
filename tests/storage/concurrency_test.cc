#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "gmock/gmock.h"
#include "storage/waiters.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

TEST(WaitersTest, WakesOnceWhenReached) {
  Waiters waiters;
  int early = 0;
  int late = 0;
  waiters.Add(5, [&] { ++early; });
  waiters.Add(6, [&] { ++late; });
  waiters.Reached(4);
  EXPECT_EQ(early, 0);
  waiters.Reached(5);
  waiters.Reached(5);
  EXPECT_EQ(early, 1);
  EXPECT_EQ(late, 0);
  waiters.Add(5, [&] { ++early; });
  EXPECT_EQ(early, 2);
}

TEST(WaitersTest, StoppedOneIsNotWoken) {
  Waiters waiters;
  bool woken = false;
  waiters.Remove(waiters.Add(1, [&] { woken = true; }));
  waiters.Reached(1);
  EXPECT_FALSE(woken);
}

TEST(WaitersTest, StoppingWaitsForTheRunningWake) {
  Waiters waiters;
  std::atomic<bool> entered = false;
  std::atomic<bool> left = false;
  uint64_t handle = waiters.Add(1, [&] {
    entered = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    left = true;
  });
  std::thread appender([&] { waiters.Reached(1); });
  while (!entered) std::this_thread::yield();
  waiters.Remove(handle);
  EXPECT_TRUE(left);
  appender.join();
}

// A wake may take a lock under which its owner waits for more: no lock of ours is held meanwhile.
TEST(WaitersTest, WakeMayTakeTheLockUnderWhichOthersAreAdded) {
  Waiters waiters;
  std::mutex lock;
  std::atomic<int> woken = 0;
  std::atomic<bool> done = false;
  std::thread appender([&] {
    for (model::Sequence at = 1; !done; ++at) waiters.Reached(at);
  });
  for (int i = 0; i < 2000; ++i) {
    std::unique_lock held(lock);
    waiters.Add(1000000000000, [] {});
    held.unlock();
    waiters.Add(1, [&] {
      std::lock_guard inner(lock);
      ++woken;
    });
  }
  done = true;
  appender.join();
  waiters.Reached(1);
  EXPECT_EQ(woken, 2000);
}

class ConcurrencyTest : public StoreTest {
 protected:
  // Follows the journal to `last` by waiting, checks that nothing is left out.
  void Follow(model::Sequence last) {
    auto cursor = *journal_->Read(1);
    std::mutex mutex;
    std::condition_variable changed;
    while (cursor->place() <= last) {
      model::Sequence place = cursor->place();
      auto block = cursor->Next();
      ASSERT_TRUE(block.ok()) << block.status();
      if (block->has_value()) {
        ASSERT_EQ((*block)->first, place);
        continue;
      }
      bool woken = false;
      uint64_t handle = journal_->WaitFor(place, [&] {
        std::lock_guard lock(mutex);
        woken = true;
        changed.notify_one();
      });
      std::unique_lock lock(mutex);
      ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return woken; }));
      lock.unlock();
      journal_->StopWaiting(handle);
    }
  }
};

TEST_F(ConcurrencyTest, FollowersMissNothingWhileTheJournalIsWritten) {
  constexpr model::Sequence kLast = 3000;
  options_.tail_bytes_max = 32 << 10;
  Reopen();
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) threads.emplace_back([this] { Follow(kLast); });
  threads.emplace_back([this] {
    for (model::Sequence at = 0; at < kLast; at = journal_->bounds().newest) {
      EXPECT_TRUE(journal_->Acknowledge("c", at).ok());
      EXPECT_TRUE(journal_->FindTime(1).ok());
      EXPECT_TRUE(journal_->Rereads(1, 0).ok());
    }
  });
  for (model::Sequence first = 1; first < kLast; first += 10) {
    ASSERT_TRUE(journal_->Append(MakeBatch(first, 2, 5, first, 500)).ok());
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(ConcurrencyTest, ReadersBehindTheTrimmedTailSeeOutOfRangeAndNothingElse) {
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      std::minstd_rand random(i);
      while (!done) {
        Bounds bounds = journal_->bounds();
        model::Sequence from = bounds.oldest + random() % (bounds.newest + 2 - bounds.oldest);
        absl::Status status = ReadSequences(journal_, from).status();
        EXPECT_TRUE(status.ok() || absl::IsOutOfRange(status)) << status;
      }
    });
  }
  for (model::Sequence first = 1; first < 2000; first += 10) {
    ASSERT_TRUE(journal_->Append(MakeBatch(first, 2, 5, first, 50 << 10)).ok());
    if (first % 50 == 1) {
      ASSERT_TRUE(journal_->Trim({.bytes_max = 4 << 20}, first).ok());
    }
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(journal_->bounds().oldest, 1000u);
}

}  // namespace
}  // namespace tidemark::storage
