#include "capture/mysql/event_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <thread>

#include "tests/support/random_seed.h"

namespace tidemark::capture::mysql {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The size of the event `number`: mostly small, now and then too large for a copy.
size_t SizeOf(uint64_t seed, int number) {
  std::mt19937_64 random(seed + static_cast<uint64_t>(number));
  const uint64_t kind = random() % 200;
  if (kind == 0) return (size_t{256} << 10) + random() % (size_t{3} << 20);
  if (kind < 10) return random() % 100000;
  return 1 + random() % 200;
}

std::string EventOf(uint64_t seed, int number) {
  return std::string(SizeOf(seed, number), static_cast<char>('a' + number % 26));
}

TEST(EventQueueTest, EventsComeInOrderAndWholeHoweverLarge) {
  const uint64_t seed = testing::RandomSeed();
  constexpr int kEvents = 20000;
  auto queue = std::make_unique<EventQueue>();
  std::thread producer([&] {
    for (int number = 0; number < kEvents; ++number) {
      // The buffer is used again, as a client library's is.
      const std::string event = EventOf(seed, number);
      ASSERT_TRUE(queue->Push(event));
    }
    queue->Finish();
  });
  for (int number = 0; number < kEvents; ++number) {
    const auto event = queue->Pop(seconds(20));
    ASSERT_TRUE(event.has_value()) << number;
    ASSERT_EQ(*event, EventOf(seed, number)) << number;
    EXPECT_FALSE(queue->ended() && number + 1 < kEvents);
  }
  EXPECT_FALSE(queue->Pop(seconds(20)).has_value());
  EXPECT_TRUE(queue->ended());
  producer.join();
}

TEST(EventQueueTest, EmptyQueueWaitsNoLongerThanAsked) {
  auto queue = std::make_unique<EventQueue>();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(queue->Pop(milliseconds(20)).has_value());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20));
  EXPECT_FALSE(queue->ended());
}

TEST(EventQueueTest, ClosingFreesAProducerThatWaits) {
  auto queue = std::make_unique<EventQueue>();
  bool refused = false;
  std::thread producer([&] {
    const std::string event(100000, 'x');
    while (queue->Push(event)) continue;
    refused = true;
  });
  ASSERT_TRUE(queue->Pop(seconds(20)).has_value());
  std::this_thread::sleep_for(milliseconds(20));
  queue->Close();
  producer.join();
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace tidemark::capture::mysql
