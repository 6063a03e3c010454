#include "service/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/wall_clock.h"
#include "service/lag_clock.h"
#include "service/turn.h"

namespace tidemark::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr uint64_t kSecondUs = 1'000'000;

Observation AtWork() {
  Observation seen;
  seen.sources.resize(2);
  seen.sources[0].name = "shop";
  seen.sources[1].name = "crm";
  for (SourceObservation& source : seen.sources) {
    source.pipeline.status.state = PipelineState::kCapturing;
    source.pipeline.log_turn_age_us = source.pipeline.merge_turn_age_us = kSecondUs;
  }
  return seen;
}

TEST(HealthTest, WhatIsAtWorkIsAliveAndReady) {
  EXPECT_TRUE(JudgeAlive(AtWork()).good);
  EXPECT_EQ(JudgeAlive(AtWork()).text, "alive\n");
  EXPECT_TRUE(JudgeReady(AtWork()).good);
  EXPECT_EQ(JudgeReady(AtWork()).text, "ready\n");
}

TEST(HealthTest, ASourceThatIsDownIsAliveAndNotReadyAndToldByName) {
  Observation seen = AtWork();
  seen.sources[1].pipeline.status.state = PipelineState::kConnecting;
  seen.sources[1].pipeline.status.error = "the server is shutting down";
  EXPECT_TRUE(JudgeAlive(seen).good);
  EXPECT_FALSE(JudgeReady(seen).good);
  EXPECT_EQ(JudgeReady(seen).text, "source crm is connecting: the server is shutting down\n");
  seen.sources[1].pipeline.status.state = PipelineState::kStopped;
  EXPECT_THAT(JudgeReady(seen).text, HasSubstr("source crm is stopped: "));
  EXPECT_TRUE(JudgeAlive(seen).good);
}

TEST(HealthTest, ASourceWhoseJournalTakesNothingIsNotReady) {
  Observation seen = AtWork();
  seen.sources[0].pipeline.stalled = true;
  seen.sources[0].pipeline.status.error = "the disk is full";
  EXPECT_TRUE(JudgeAlive(seen).good);
  EXPECT_EQ(JudgeReady(seen).text, "source shop waits for the disk: the disk is full\n");
}

TEST(HealthTest, AServiceThatCapturesIsReadyWhateverKafkaDoesAndTellsIt) {
  Observation seen = AtWork();
  kafka::PublisherStatus& publisher = seen.sources[1].publisher.emplace();
  publisher.error = "Connect to 127.0.0.1:1 failed";
  EXPECT_TRUE(JudgeReady(seen).good);
  EXPECT_EQ(
      JudgeReady(seen).text,
      "ready\nkafka for source crm is connecting, how far behind the journal is not known yet: "
      "Connect to 127.0.0.1:1 failed\n");
  publisher.error.clear();
  publisher.state = kafka::PublisherState::kPublishing;
  publisher.known = true;
  publisher.lag_events = 7;
  EXPECT_EQ(JudgeReady(seen).text,
            "ready\nkafka for source crm is publishing, 7 events behind the journal\n");
  publisher.state = kafka::PublisherState::kStopped;
  EXPECT_TRUE(JudgeReady(seen).good);
  EXPECT_THAT(JudgeReady(seen).text, HasSubstr("crm is stopped, 7 events"));
  // As where another service publishes the source now.
  seen.sources[1].pipeline.status.state = PipelineState::kStopped;
  EXPECT_FALSE(JudgeReady(seen).good);
  EXPECT_THAT(JudgeReady(seen).text,
              AllOf(StartsWith("source crm is stopped"), HasSubstr("kafka for source crm")));
}

TEST(HealthTest, AThreadThatMakesNoTurnIsNotAlive) {
  Observation seen = AtWork();
  seen.sources[0].pipeline.log_turn_age_us = 200 * kSecondUs;
  EXPECT_FALSE(JudgeAlive(seen).good);
  EXPECT_THAT(JudgeAlive(seen).text, HasSubstr("the log thread of source shop"));
  seen = AtWork();
  seen.sources[1].pipeline.merge_turn_age_us = 200 * kSecondUs;
  EXPECT_FALSE(JudgeAlive(seen).good);
  EXPECT_THAT(JudgeAlive(seen).text, HasSubstr("the merge thread of source crm"));
}

TEST(HealthTest, AStoreThatDoesNotAnswerIsNotAlive) {
  Observation seen = AtWork();
  seen.store_turn_age_us = 200 * kSecondUs;
  EXPECT_FALSE(JudgeAlive(seen).good);
  EXPECT_THAT(JudgeAlive(seen).text, HasSubstr("store"));
}

TEST(HealthTest, AStartAndAStopAreAliveAndNotReady) {
  Observation seen;
  for (const char* phase : {"starting: source shop", "stopping: ending the streams"}) {
    seen.phase = phase;
    EXPECT_TRUE(JudgeAlive(seen).good);
    EXPECT_FALSE(JudgeReady(seen).good);
    EXPECT_EQ(JudgeReady(seen).text, std::string(phase) + "\n");
  }
}

TEST(TurnTest, AgesUnlessItRests) {
  Turn turn;
  EXPECT_EQ(turn.age_us(), 0u);
  turn.Make();
  const uint64_t made_us = model::SteadyUs();
  while (model::SteadyUs() < made_us + 2000) {
  }
  EXPECT_GE(turn.age_us(), 2000u);
  turn.Rest();
  EXPECT_EQ(turn.age_us(), 0u);
}

model::Position At(uint64_t offset) { return {.file = 0, .offset = offset}; }

TEST(LagClockTest, AJournalThatHasAllOfAnIdleServerIsNotBehind) {
  LagClock clock(1000);
  clock.Note(At(50), At(50), 2000);
  EXPECT_EQ(clock.lag_us(2000), 0u);
  clock.Note(At(50), At(50), 9000);
  EXPECT_EQ(clock.lag_us(9000), 0u);
}

TEST(LagClockTest, LagIsTheAgeOfWhatWasReachedWhereTheEndNeverIs) {
  LagClock clock(1000);
  uint64_t now_us = 1000;
  // The server is always 10 ahead and moves on by 10 in each step of 100 us.
  for (uint64_t at = 10; at < 200; at += 10) clock.Note(At(at + 10), At(at), now_us += 100);
  EXPECT_GE(clock.lag_us(now_us), 100u);
  EXPECT_LE(clock.lag_us(now_us), 200u);
}

TEST(LagClockTest, LagGrowsWhileTheServerIsAwayOrTheJournalStandsStill) {
  LagClock clock(1000);
  clock.Note(At(10), At(10), 2000);
  clock.Note({}, At(10), 5000);
  EXPECT_EQ(clock.lag_us(5000), 3000u);
  clock.Note(At(30), At(10), 6000);
  EXPECT_EQ(clock.lag_us(6000), 4000u);
  clock.Note(At(40), At(20), 7000);
  EXPECT_EQ(clock.lag_us(7000), 5000u);
  // Now it has what the server had at 6000.
  clock.Note(At(50), At(30), 8000);
  EXPECT_EQ(clock.lag_us(8000), 2000u);
}

}  // namespace
}  // namespace tidemark::service
