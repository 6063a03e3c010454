#include "snapshot/coordinator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"

#include "tests/snapshot/rows.h"

namespace tidemark::snapshot {
namespace {

using testing::ElementsAre;

// One table, and predicates and keys are always valid.
class TestSource : public capture::Source {
 public:
  capture::CheckResult Check(std::stop_token) override { return {}; }
  absl::StatusOr<std::unique_ptr<capture::LogReader>> OpenLog(const capture::LogResume&,
                                                              capture::SchemaRegistry*,
                                                              std::stop_token) override {
    return absl::UnimplementedError("no log");
  }
  absl::StatusOr<std::unique_ptr<capture::ChunkReader>> OpenChunkReader(capture::SchemaRegistry*,
                                                                        std::stop_token) override {
    return absl::UnimplementedError("no chunks");
  }
  absl::StatusOr<std::vector<capture::TableInfo>> ListTables(std::stop_token) override {
    return tables;
  }
  absl::Status Validate(const capture::ChunkRequest&, std::stop_token) override {
    return absl::OkStatus();
  }
  std::string Server() const override { return "test"; }
  capture::ServerNames Names() const override { return {}; }
  std::string CaptureRemedy() const override { return "say its name to the clerk"; }

  std::vector<capture::TableInfo> tables = {{kTestTable, "public", "t", 16, {}}};
};

class CoordinatorTest : public testing::Test {
 protected:
  CoordinatorTest()
      : registry_({}),
        schema_(registry_.Resolve(TestSchema())),
        merger_({}, &registry_, storage::Checkpoint{}),
        coordinator_("shop", &source_, Environment(), {}, {}) {
    EXPECT_TRUE(merger_.Merge({}).ok());
    EXPECT_TRUE(coordinator_.LoadRereads().ok());
  }

  CoordinatorEnvironment Environment() {
    CoordinatorEnvironment environment;
    environment.wall_us = environment.now_us = [this] { return now_us_; };
    environment.run_durably = [this](std::function<void(Merger&)> step) {
      step(merger_);
      return absl::OkStatus();
    };
    environment.next_id = [this]() -> absl::StatusOr<uint64_t> { return ++last_id_; };
    environment.wake_readers = [] {};
    environment.load_rereads = [this](size_t max, model::Sequence from) {
      std::vector<storage::PendingReread> page;
      for (const auto& [sequence, reread] : journal_) {
        if (sequence >= from && page.size() < max) page.push_back(reread);
      }
      return page;
    };
    environment.table_name = [](model::TableId table) -> std::string {
      return table == kTestTable ? "public.t" : "";
    };
    return environment;
  }

  uint64_t Create(std::vector<capture::KeyText> keys = {}) {
    JobRequest request;
    request.tables.push_back({"public", "t", "", std::move(keys)});
    auto job = coordinator_.Create(request);
    EXPECT_TRUE(job.ok()) << job.status();
    return job.ok() ? job->id : 0;
  }
  JobState StateOf(uint64_t id) { return coordinator_.Get(id)->state; }
  // The next task, much later.
  Task Next() {
    now_us_ += 10'000'000;
    auto task = coordinator_.NextTask();
    EXPECT_TRUE(task.has_value());
    return task.value_or(Task{});
  }
  // The next read, planned as two ranges if it must be.
  Task NextRead() {
    Task task = Next();
    if (task.kind != Task::Kind::kPlan) return task;
    coordinator_.Planned(task, task.ranges == 0
                                   ? std::vector<capture::KeyRange>{}
                                   : std::vector<capture::KeyRange>{{{}, {"50"}}, {{"50"}, {}}});
    return Next();
  }
  // What a read task's window closes with.
  void ReadAndClose(Task task, capture::RewriteMarks marks = {}, size_t keys_read = SIZE_MAX) {
    auto window = merger_.Open(kTestTable);
    capture::Chunk chunk = TestChunk({{static_cast<int64_t>(++row_), 1, 1}}, schema_, {}, 0);
    chunk.marks = std::move(marks);
    chunk.exhausted = keys_read == SIZE_MAX;
    chunk.keys_read = keys_read;
    coordinator_.ReadDone(task, chunk, 1);
    merger_.Submit(window.id, std::move(chunk));
    EXPECT_TRUE(coordinator_.Close(task, window.id, merger_).ok());
  }
  void Rewrite(model::TableId table) {
    capture::LogBatch log;
    log.rewritten = {table};
    EXPECT_TRUE(merger_.Merge(std::move(log)).ok());
    coordinator_.RestartRewritten(merger_);
  }
  void AddRereads(std::vector<std::string> keys, model::TableId table = kTestTable) {
    std::vector<storage::PendingReread> rereads;
    for (std::string& key : keys) {
      rereads.push_back({table, {std::move(key)}, ++reread_});
      journal_[reread_] = rereads.back();
    }
    coordinator_.AddRereads(std::move(rereads));
  }
  // What the merge thread does now and then, with all appended.
  void AppendAndLoad() {
    for (model::Sequence done : merger_.Take(1).rereads_done) journal_.erase(done);
    EXPECT_TRUE(coordinator_.LoadRereads().ok());
  }

  uint64_t now_us_ = 1'000'000;
  uint64_t last_id_ = 0;
  uint64_t row_ = 0;
  model::Sequence reread_ = 100;
  std::map<model::Sequence, storage::PendingReread> journal_;
  capture::SchemaRegistry registry_;
  std::shared_ptr<const model::TableSchema> schema_;
  Merger merger_;
  TestSource source_;
  Coordinator coordinator_;
};

TEST_F(CoordinatorTest, ATableThatIsNotCapturedIsRefusedWithTheRemedyOfTheSource) {
  JobRequest request;
  request.tables.push_back({"public", "nosuch", "", {}});
  absl::Status refused = coordinator_.Create(request).status();
  EXPECT_EQ(refused, absl::NotFoundError(
                         "table public.nosuch does not exist or is not captured; to capture it, "
                         "say its name to the clerk"));
  source_.tables.clear();
  refused = coordinator_.Create({}).status();
  EXPECT_EQ(refused, absl::FailedPreconditionError("the source captures no table; to capture one, "
                                                   "say its name to the clerk"));
}

TEST_F(CoordinatorTest, WithATableThatCannotBeReadExactlyTheOthersAreReadIfItIsExcepted) {
  source_.tables.push_back({kTestTable + 1, "public", "keyless", 1, {"public.keyless: no key"}});
  EXPECT_EQ(coordinator_.Create({}).status(),
            absl::FailedPreconditionError(
                "public.keyless: no key\nor read the other tables only (except_tables; on the "
                "command line --except)"));
  JobRequest request;
  request.except.push_back({"public", "keyless"});
  auto job = coordinator_.Create(request);
  ASSERT_TRUE(job.ok()) << job.status();
  ASSERT_EQ(job->tables.size(), 1u);
  EXPECT_EQ(job->tables[0].table, "public.t");
}

TEST_F(CoordinatorTest, AJobSaysWhatItWaitsForElseWhatHoldsAllJobsBack) {
  uint64_t id = Create();
  coordinator_.HoldBack("the log");
  EXPECT_EQ(coordinator_.Get(id)->waiting_for, "the log");
  EXPECT_EQ(coordinator_.List().front().waiting_for, "the log");
  coordinator_.Waiting(NextRead(), "a commit");
  EXPECT_EQ(coordinator_.Get(id)->waiting_for, "a commit");
  coordinator_.Waiting(NextRead(), "");
  coordinator_.HoldBack("");
  EXPECT_EQ(coordinator_.Get(id)->waiting_for, "");
}

TEST_F(CoordinatorTest, BoundsThatAreNoKeysAnyMoreStartTheTableAnew) {
  uint64_t id = Create();
  ReadAndClose(NextRead());
  coordinator_.Failed(NextRead(), absl::OutOfRangeError("no such label"));
  EXPECT_EQ(StateOf(id), JobState::kRunning);
  EXPECT_EQ(coordinator_.Get(id)->rows_done, 0);
  EXPECT_EQ(Next().kind, Task::Kind::kPlan);
}

TEST_F(CoordinatorTest, PlansThatCanNeverBeReadBackFailTheJob) {
  uint64_t id = Create();
  for (int i = 0; i < 3; ++i) {
    coordinator_.Failed(NextRead(), absl::OutOfRangeError("unreadable"));
    EXPECT_EQ(StateOf(id), JobState::kRunning);
  }
  coordinator_.Failed(NextRead(), absl::OutOfRangeError("unreadable"));
  EXPECT_EQ(StateOf(id), JobState::kFailed);
  EXPECT_EQ(coordinator_.Get(id)->error, "unreadable");
}

TEST_F(CoordinatorTest, AKeyOfAListThatIsNoKeyAnyMoreFailsTheJob) {
  uint64_t id = Create({{"1"}, {"2"}});
  coordinator_.Failed(NextRead(), absl::OutOfRangeError("no such label"));
  EXPECT_EQ(StateOf(id), JobState::kFailed);
}

TEST_F(CoordinatorTest, ATableThatTheLogRewritesStartsAnew) {
  const uint64_t id = Create();
  ReadAndClose(NextRead());
  const Task task = NextRead();
  const auto window = merger_.Open(kTestTable);
  Rewrite(kTestTable + 1);
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 0);
  Rewrite(kTestTable);
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 1);
  EXPECT_FALSE(merger_.Take(1).jobs.empty());
  // What is being read is not wanted either.
  merger_.Submit(window.id, TestChunk({{1, 1, 1}}, schema_, {}, 0));
  EXPECT_TRUE(coordinator_.Close(task, window.id, merger_).ok());
  EXPECT_EQ(coordinator_.Get(id)->rows_done, 0);
  Rewrite(kTestTable);
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 1);
  ReadAndClose(NextRead());
  ReadAndClose(NextRead());
  EXPECT_EQ(StateOf(id), JobState::kCompleted);
}

TEST_F(CoordinatorTest, AKeyToReadAgainThatIsGoneIsFoundAndForgotten) {
  AddRereads({"a", "gone", "c"});
  Task all = Next();
  EXPECT_EQ(all.request.keys.size(), 3);
  coordinator_.Failed(all, absl::OutOfRangeError("no such label"));
  ReadAndClose(Next());
  Task gone = Next();
  EXPECT_THAT(gone.request.keys, ElementsAre(capture::KeyText{"gone"}));
  coordinator_.Failed(gone, absl::OutOfRangeError("no such label"));
  EXPECT_THAT(Next().request.keys, ElementsAre(capture::KeyText{"c"}));
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(101, 102));
}

TEST_F(CoordinatorTest, KeysToReadAgainThatDidNotFitInAChunkComeNext) {
  AddRereads({"a", "b", "c"});
  Task all = Next();
  EXPECT_GT(all.request.bytes_max, 0);
  ReadAndClose(all, {}, 1);
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(101));
  Task rest = Next();
  EXPECT_THAT(rest.request.keys, ElementsAre(capture::KeyText{"b"}, capture::KeyText{"c"}));
  ReadAndClose(rest);
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(102, 103));
  EXPECT_FALSE(coordinator_.busy());
}

TEST_F(CoordinatorTest, AKeyIsReadAgainOnceHoweverOftenItWasNoted) {
  AddRereads({"a", "b", "a", "c", "a"});
  Task all = Next();
  EXPECT_THAT(all.request.keys, ElementsAre(capture::KeyText{"a"}, capture::KeyText{"b"},
                                            capture::KeyText{"c"}));
  ReadAndClose(all, {}, 1);
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(101, 103, 105));
  AddRereads({"c"});
  ReadAndClose(Next());
  EXPECT_THAT(merger_.Take(1).rereads_done, ElementsAre(102, 104, 106));
  EXPECT_FALSE(coordinator_.busy());
}

TEST_F(CoordinatorTest, KeysThatCannotBeReadAgainAreToldUntilTheyCan) {
  AddRereads({"a", "b"});
  AddRereads({"x"}, kTestTable + 1);
  coordinator_.Failed(Next(), absl::FailedPreconditionError("permission denied"));
  coordinator_.Failed(Next(), absl::AbortedError("another session holds a lock"));
  EXPECT_EQ(coordinator_.reread_failures().tables, 2u);
  EXPECT_EQ(coordinator_.reread_failures().reasons,
            absl::StrCat("public.t: permission denied; table ", kTestTable + 1,
                         ": another session holds a lock"));
  AddRereads({"c"});
  AppendAndLoad();
  const Task again = Next();
  EXPECT_THAT(again.request.keys, ElementsAre(capture::KeyText{"a"}, capture::KeyText{"b"},
                                              capture::KeyText{"c"}));
  ReadAndClose(again);
  AppendAndLoad();
  EXPECT_EQ(coordinator_.reread_failures().tables, 1u);
  const Task last = Next();
  EXPECT_EQ(last.request.table, kTestTable + 1);
  coordinator_.Failed(last, absl::NotFoundError("no such table"));
  AppendAndLoad();
  EXPECT_EQ(coordinator_.reread_failures().tables, 0u);
  EXPECT_EQ(coordinator_.reread_failures().reasons, "");
  EXPECT_FALSE(coordinator_.busy());
}

// More than the memory holds.
TEST_F(CoordinatorTest, KeysThatCannotBeReadAgainKeepThoseOfNoOtherTableWaiting) {
  std::vector<std::string> many;
  for (size_t i = 0; i < 2 * RereadQueue::kKeysMax + 5; ++i) many.push_back(std::to_string(i));
  AddRereads(std::move(many), kTestTable + 1);
  AddRereads({"a"});
  const absl::Status locked = absl::AbortedError("another session holds a lock");
  coordinator_.Failed(Next(), locked);
  for (int tries = 0; tries < 3; ++tries) {
    AppendAndLoad();
    auto task = coordinator_.NextTask();
    ASSERT_TRUE(task.has_value());
    EXPECT_THAT(task->request.keys, ElementsAre(capture::KeyText{tries == 0 ? "a" : "b"}));
    ReadAndClose(*task);
    AddRereads({"b"});
    // Of the other table a single task is tried, when its time has come.
    now_us_ += 10'000'000;
    AppendAndLoad();
    task = coordinator_.NextTask();
    ASSERT_TRUE(task.has_value());
    if (task->request.table == kTestTable) {
      ReadAndClose(*task);
      AppendAndLoad();
      AddRereads({"b"});
      task = coordinator_.NextTask();
      ASSERT_TRUE(task.has_value());
    }
    EXPECT_EQ(task->request.table, kTestTable + 1);
    EXPECT_LE(task->request.keys.size(), 16u);
    coordinator_.Failed(*task, locked);
  }
}

TEST_F(CoordinatorTest, ATableThatFailsIsTriedMoreAndMoreSeldom) {
  AddRereads({"a"});
  std::vector<uint64_t> tried_us;
  for (int i = 0; i < 1000 && tried_us.size() < 10; ++i) {
    AppendAndLoad();
    if (auto task = coordinator_.NextTask()) {
      tried_us.push_back(now_us_);
      coordinator_.Failed(*task, absl::AbortedError("a lock"));
    }
    now_us_ += 1'000'000;
  }
  ASSERT_EQ(tried_us.size(), 10u);
  std::vector<uint64_t> pauses_s;
  for (size_t i = 1; i < tried_us.size(); ++i) {
    pauses_s.push_back((tried_us[i] - tried_us[i - 1]) / 1'000'000);
  }
  EXPECT_THAT(pauses_s, ElementsAre(1, 2, 4, 8, 16, 32, 64, 64, 64));
}

// Rows that are changed all the time are noted faster than they are read.
TEST_F(CoordinatorTest, KeysToReadAgainThatNeverRunOutDoNotKeepASnapshotWaiting) {
  const uint64_t id = Create();
  AddRereads({"a"});
  for (int i = 0; i < 20 && StateOf(id) == JobState::kRunning; ++i) {
    AddRereads({"a"});
    ReadAndClose(NextRead());
  }
  EXPECT_EQ(StateOf(id), JobState::kCompleted);
}

TEST_F(CoordinatorTest, ASmallJobDoesNotWaitForALargeOne) {
  const uint64_t large = Create();
  const Task plan = Next();
  coordinator_.Planned(plan, {{{}, {"10"}}, {{"10"}, {"20"}}, {{"20"}, {"30"}}, {{"30"}, {}}});
  const uint64_t small = Create({{"1"}});
  std::vector<uint64_t> served;
  for (int i = 0; i < 3; ++i) served.push_back(Next().job);
  EXPECT_THAT(served, ElementsAre(small, large, large));
}

TEST_F(CoordinatorTest, WhyAReadWasPutOffIsToldUntilOneSucceeds) {
  const uint64_t id = Create();
  Task task = NextRead();
  coordinator_.Failed(task, absl::AbortedError("another session holds a lock on the table"));
  EXPECT_EQ(coordinator_.Get(id)->waiting_for,
            "another try: another session holds a lock on the table");
  ReadAndClose(NextRead());
  EXPECT_EQ(coordinator_.Get(id)->waiting_for, "");
}

TEST_F(CoordinatorTest, TheNewestHundredEndedJobsAreKept) {
  uint64_t running = Create();
  std::map<std::pair<uint64_t, std::string>, std::string> stored;
  for (int i = 0; i < 130; ++i) {
    uint64_t id = Create();
    ASSERT_TRUE(coordinator_.Cancel(id).ok());
    ++now_us_;
    for (storage::JobRecord& record : merger_.Take(1).jobs) {
      if (record.value) {
        stored[{record.id, record.part}] = *record.value;
      } else {
        stored.erase({record.id, record.part});
      }
    }
  }
  EXPECT_EQ(coordinator_.List().size(), 101);
  EXPECT_EQ(StateOf(running), JobState::kRunning);
  EXPECT_TRUE(absl::IsNotFound(coordinator_.Get(running + 30).status()));
  EXPECT_EQ(StateOf(running + 31), JobState::kCancelled);
  EXPECT_EQ(stored.size(), 101 * 3);
}

TEST_F(CoordinatorTest, OnlyChunksThatWereReadCountAsRedone) {
  uint64_t id = Create();
  coordinator_.Failed(Next(), absl::UnavailableError("no connection"));
  Task task = NextRead();
  coordinator_.Failed(task, absl::AbortedError("the log is not connected yet"));
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 0);
  task = NextRead();
  auto window = merger_.Open(kTestTable);
  merger_.VoidWindows();
  capture::Chunk chunk = TestChunk({{1, 1, 1}}, schema_, {}, 0);
  coordinator_.ReadDone(task, chunk, 1);
  merger_.Submit(window.id, std::move(chunk));
  ASSERT_TRUE(coordinator_.Close(task, window.id, merger_).ok());
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 1);
}

TEST_F(CoordinatorTest, CountsAreOfThisRunAndOutliveTheJobs) {
  Job older;
  older.id = 7;
  older.state = JobState::kFailed;
  older.chunks_redone = 5;
  Coordinator coordinator("db", &source_, Environment(), {}, {older});
  EXPECT_EQ(coordinator.counts().chunks_redone, 0u);

  uint64_t id = Create();
  Task task = NextRead();
  auto window = merger_.Open(kTestTable);
  merger_.VoidWindows();
  capture::Chunk chunk = TestChunk({{1, 1, 1}}, schema_, {}, 0);
  coordinator_.ReadDone(task, chunk, 1);
  merger_.Submit(window.id, std::move(chunk));
  ASSERT_TRUE(coordinator_.Close(task, window.id, merger_).ok());
  EXPECT_EQ(coordinator_.counts().chunks_redone, 1u);
  EXPECT_EQ(coordinator_.counts().chunks_done, 0u);
  ReadAndClose(NextRead());
  EXPECT_EQ(coordinator_.counts().chunks_done, 1u);
  ASSERT_TRUE(coordinator_.Cancel(id).ok());
  for (int i = 0; i < 100; ++i) {
    now_us_ += 1000;
    ASSERT_TRUE(coordinator_.Cancel(Create()).ok());
  }
  ASSERT_FALSE(coordinator_.Get(id).ok());
  EXPECT_EQ(coordinator_.counts().chunks_redone, 1u);
  EXPECT_EQ(coordinator_.counts().jobs_cancelled, 101u);
  EXPECT_EQ(coordinator_.counts().jobs_completed, 0u);
}

TEST_F(CoordinatorTest, ARewriteInPlaceStartsTheTableAnew) {
  uint64_t id = Create();
  Task first = NextRead(), second = NextRead();
  ReadAndClose(first, {{1, 2, 3}, 10, 20});
  EXPECT_EQ(coordinator_.Get(id)->rows_done, 1);
  ReadAndClose(second, {{1, 2, 3}, 11, 21});
  EXPECT_EQ(coordinator_.Get(id)->rows_done, 0);
  EXPECT_EQ(coordinator_.Get(id)->chunks_redone, 2);
  EXPECT_EQ(StateOf(id), JobState::kRunning);
  first = NextRead(), second = NextRead();
  ReadAndClose(first, {{1, 2, 3}, 11, 21});
  ReadAndClose(second, {{1, 2, 3}, 11, 22});
  EXPECT_EQ(StateOf(id), JobState::kCompleted);
}

}  // namespace
}  // namespace tidemark::snapshot
