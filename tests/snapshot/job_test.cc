#include "snapshot/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "snapshot/job_state.h"

namespace tidemark::snapshot {
namespace {

using capture::KeyRange;
using capture::KeyText;

Job TwoTables() {
  Job job;
  job.id = 3;
  job.create_time_us = 1000;
  job.tables.resize(2);
  job.tables[0].id = 10;
  job.tables[0].name_space = "public";
  job.tables[0].name = "a";
  job.tables[0].rows_estimated = 100000;
  job.tables[1].id = 11;
  job.tables[1].name_space = "public";
  job.tables[1].name = "b";
  job.tables[1].keys = {{"1"}, {"2"}};
  return job;
}

// A read of a range without a predicate.
Job::ReadResult Read(uint64_t rows, size_t bytes, bool exhausted, KeyText last_key,
                     uint64_t elapsed_us) {
  return {.rows = rows,
          .rows_scanned = rows,
          .bytes = bytes,
          .exhausted = exhausted,
          .last_key = std::move(last_key),
          .keys_read = 0,
          .elapsed_us = elapsed_us};
}

Task Next(Job& job, uint64_t now_us = 1) {
  auto task = job.NextTask(now_us, {});
  EXPECT_TRUE(task.has_value());
  return task.value_or(Task{});
}

TEST(JobTest, ReadsEveryRangeOnceAndSplitsAtTheLastKey) {
  Job job = TwoTables();
  job.tables.pop_back();
  Task plan = Next(job);
  ASSERT_EQ(plan.kind, Task::Kind::kPlan);
  EXPECT_GT(plan.ranges, 1);
  EXPECT_FALSE(job.NextTask(1, {}).has_value());
  job.Planned(plan, {KeyRange{{}, {"50"}}, KeyRange{{"50"}, {}}}, 500);

  Task first = Next(job), second = Next(job);
  EXPECT_EQ(first.request.range.upper, KeyText{"50"});
  EXPECT_EQ(second.request.range.lower, KeyText{"50"});
  EXPECT_FALSE(job.NextTask(1, {}).has_value());
  job.ReadDone(first, Read(10, 1000, false, {"20"}, 1), 1, {});
  // The next read starts while the first window is still open.
  Task rest = Next(job);
  EXPECT_EQ(rest.request.range.lower, KeyText{"20"});
  EXPECT_EQ(rest.request.range.upper, KeyText{"50"});
  EXPECT_EQ(job.Finish(first, 2).upper, KeyText{"20"});
  job.ReadDone(rest, Read(5, 1000, true, {}, 1), 1, {});
  job.ReadDone(second, Read(5, 1000, true, {}, 1), 1, {});
  job.Finish(rest, 2);
  EXPECT_FALSE(job.FinishTable(0));
  job.Finish(second, 2);
  EXPECT_TRUE(job.FinishTable(0));
  EXPECT_FALSE(job.FinishTable(0));
  EXPECT_TRUE(job.AllTablesDone());
  EXPECT_EQ(job.tables[0].rows_done, 20);
}

TEST(JobTest, SurvivesBeingStoredWithWhatIsLeft) {
  Job job = TwoTables();
  job.Planned(Next(job), {KeyRange{{}, {"50"}}, KeyRange{{"50"}, {}}}, 500);
  Task first = Next(job);
  job.ReadDone(first, Read(10, 1000, false, {"20"}, 1), 1, {});
  job.Finish(first, 2);
  job.limits.rows_per_second_max = 77;
  job.state = JobState::kPaused;

  auto stored = TakeChanges("shop", job);
  std::erase_if(stored, [](const storage::JobRecord& record) { return !record.value; });
  auto others = DecodeJobs("other", stored);
  ASSERT_TRUE(others.ok());
  EXPECT_TRUE(others->empty());
  auto jobs = DecodeJobs("shop", stored);
  ASSERT_TRUE(jobs.ok()) << jobs.status();
  ASSERT_EQ(jobs->size(), 1);
  const Job* again = &jobs->front();
  EXPECT_EQ(again->state, JobState::kPaused);
  EXPECT_EQ(again->limits.rows_per_second_max, 77);
  EXPECT_EQ(again->tables[0].rows_done, 10);
  ASSERT_EQ(again->tables[0].pieces.size(), 2);
  std::set<std::pair<KeyText, KeyText>> left;
  for (const auto& [id, piece] : again->tables[0].pieces) {
    EXPECT_EQ(piece.state, Piece::State::kIdle);
    left.insert({piece.range.lower, piece.range.upper});
  }
  EXPECT_EQ(left, (std::set<std::pair<KeyText, KeyText>>{{{"20"}, {"50"}}, {{"50"}, {}}}));
  EXPECT_EQ(again->tables[1].keys.size(), 2);
  stored[0].value = "\xff\xff";
  EXPECT_FALSE(DecodeJobs("shop", stored).ok());
  stored.erase(stored.begin());
  EXPECT_FALSE(DecodeJobs("shop", stored).ok());
}

TEST(JobTest, AFinishedChunkChangesFewRecordsOfALargeJob) {
  Job job = TwoTables();
  std::swap(job.tables[0], job.tables[1]);
  job.tables.resize(1000, job.tables[1]);
  for (int i = 0; i < 20000; ++i) job.tables[0].keys.push_back({std::to_string(i)});
  job.Planned(Next(job), {}, 10);
  EXPECT_GT(TakeChanges("shop", job).size(), 4000);
  for (int chunk = 1; chunk < 100; ++chunk) {
    Task task = Next(job);
    ASSERT_EQ(task.table, 0);
    job.ReadDone(task, Read(10, 1000, true, {}, 1), 1, {});
    job.Finish(task, 2);
    size_t bytes = 0;
    for (const storage::JobRecord& record : TakeChanges("shop", job)) {
      bytes += record.part.size() + record.value.value_or("").size();
    }
    ASSERT_LT(bytes, 300);
  }
}

TEST(JobTest, KeysAreReadInBatches) {
  Job job = TwoTables();
  job.tables.erase(job.tables.begin());
  Task plan = Next(job);
  EXPECT_EQ(plan.ranges, 0);
  job.Planned(plan, {}, 1);
  EXPECT_EQ(Next(job).request.keys, std::vector<KeyText>{{"1"}});
  EXPECT_EQ(Next(job).request.keys, std::vector<KeyText>{{"2"}});
  EXPECT_FALSE(job.NextTask(1, {}).has_value());
}

TEST(JobTest, AListOfKeysThatHitsTheBoundOfBytesGoesOnWithTheRest) {
  Job job = TwoTables();
  job.tables.erase(job.tables.begin());
  job.tables[0].keys = {{"1"}, {"2"}, {"3"}};
  job.Planned(Next(job), {}, 500);
  Task first = Next(job);
  EXPECT_EQ(first.request.keys.size(), 3);
  EXPECT_GT(first.request.bytes_max, 0);
  Job::ReadResult read = Read(1, 1000, false, {}, 1);
  read.keys_read = 2;
  job.ReadDone(first, read, 1, {});
  Task rest = Next(job);
  EXPECT_EQ(rest.request.keys, std::vector<KeyText>{{"3"}});
  job.Finish(first, 2);
  EXPECT_FALSE(job.FinishTable(0));
  job.ReadDone(rest, Read(1, 1000, true, {}, 1), 1, {});
  job.Finish(rest, 2);
  EXPECT_TRUE(job.FinishTable(0));
  EXPECT_EQ(job.tables[0].rows_done, 2);
}

TEST(JobTest, AChunkWithoutRowsAdvancesAndIsSizedByWhatWasLookedAt) {
  Job job = TwoTables();
  job.tables.pop_back();
  job.tables[0].predicate = "rare";
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task first = Next(job);
  Job::ReadResult read = Read(0, 0, false, {"20"}, 1000);
  read.rows_scanned = first.request.rows_max;
  job.ReadDone(first, read, 1, {});
  Task second = Next(job);
  EXPECT_EQ(second.request.range.lower, KeyText{"20"});
  EXPECT_EQ(second.request.rows_max, 2 * first.request.rows_max);
  EXPECT_EQ(job.Finish(first, 2).upper, KeyText{"20"});
}

TEST(JobTest, PausedReadsNothing) {
  Job job = TwoTables();
  job.state = JobState::kPaused;
  EXPECT_FALSE(job.NextTask(1, {}).has_value());
}

TEST(JobTest, TheReadersLimitHolds) {
  Job job = TwoTables();
  job.limits.readers_max = 1;
  Next(job);
  EXPECT_FALSE(job.NextTask(1, {}).has_value());
}

TEST(JobTest, TheRowsLimitSpacesReads) {
  Job job = TwoTables();
  job.limits.rows_per_second_max = 100;
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task task = Next(job);
  EXPECT_EQ(task.request.rows_max, 25);
  job.ReadDone(task, Read(25, 1000, false, {"5"}, 1), 1'000'000, {});
  EXPECT_FALSE(job.NextTask(1'249'000, {}).has_value());
  EXPECT_TRUE(job.NextTask(1'250'000, {}).has_value());
}

TEST(JobTest, EachTableHasItsRateAndWhatIsLeftAtThat) {
  Job job = TwoTables();
  job.tables[0].rows_estimated = 1000;
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task task = Next(job);
  job.ReadDone(task, Read(100, 1000, false, {"5"}, 1), 1'000'000, {});
  job.Finish(task, 1'000'000);
  const JobStatus status = job.Status(2'000'000);
  EXPECT_EQ(status.tables[0].rows_per_second, 100);
  EXPECT_EQ(status.tables[0].eta_s, 9u);
  EXPECT_EQ(status.tables[1].rows_per_second, 0);
  EXPECT_EQ(status.tables[1].eta_s, 0u);
  EXPECT_EQ(status.rows_per_second, 100);
  EXPECT_EQ(job.Status(20'000'000).tables[0].rows_per_second, 0);
  job.state = JobState::kPaused;
  EXPECT_EQ(job.Status(2'000'000).tables[0].rows_per_second, 0);
}

TEST(JobTest, TooManyTouchesHalveTheChunk) {
  Job job = TwoTables();
  job.tables.pop_back();
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task task = Next(job);
  job.ReadDone(task, Read(4000, 1000, true, {}, 1), 1, {});
  job.Redo(task, true, 1, {});
  EXPECT_FALSE(job.NextTask(2, {}).has_value());
  EXPECT_EQ(Next(job, 1'000'000).request.rows_max, 2000);
}

TEST(JobTest, ChunkSizeFollowsTheTimeOfReads) {
  Job job = TwoTables();
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task task = Next(job);
  uint64_t rows = task.request.rows_max;
  job.ReadDone(task, Read(rows, 1000, false, {"5"}, 1000), 1, {});
  Task larger = Next(job);
  EXPECT_EQ(larger.request.rows_max, rows * 2);
  job.ReadDone(larger, Read(rows * 2, 1000, false, {"9"}, 800'000), 1, {});
  EXPECT_EQ(Next(job).request.rows_max, rows);
}

TEST(JobTest, AReadThatHitsTheBoundOfBytesMakesTheNextOneSmaller) {
  Job job = TwoTables();
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task task = Next(job);
  ChunkTuning tuning;
  job.ReadDone(task, Read(6000, tuning.chunk_bytes_max, false, {"5"}, 1000), 1, tuning);
  EXPECT_EQ(Next(job).request.rows_max, 5400);
}

TEST(JobTest, AnEndedJobTakesNoPlan) {
  Job job = TwoTables();
  Task plan = Next(job);
  job.state = JobState::kCancelled;
  job.DropWork();
  job.Planned(plan, {KeyRange{}}, 500);
  EXPECT_TRUE(job.tables[0].pieces.empty());
}

TEST(JobTest, ATableThatStartsAnewForgetsOldReads) {
  Job job = TwoTables();
  job.Planned(Next(job), {KeyRange{}}, 500);
  Task old = Next(job);
  job.RestartTable(0);
  EXPECT_FALSE(job.Wanted(old));
  job.ReadDone(old, Read(5, 1000, true, {}, 1), 1, {});
  EXPECT_EQ(Next(job).kind, Task::Kind::kPlan);
}

}  // namespace
}  // namespace tidemark::snapshot
