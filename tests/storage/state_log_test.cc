#include "storage/state_log.h"

#include <filesystem>
#include <map>

#include "gmock/gmock.h"
#include "tests/storage/journal_batches.h"
#include "tests/support/temp_folder.h"

namespace tidemark::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

using State = std::map<std::string, std::string>;

void Apply(const StateChange& change, State* state) {
  for (const StateRecord& record : change.records) {
    if (record.value) {
      (*state)[record.key] = *record.value;
    } else {
      state->erase(record.key);
    }
  }
}

class StateLogTest : public StoreTest {
 protected:
  StateLog& log() { return journal_->state_log(); }
  void Append(AppendBatch batch) {
    const absl::Status status = journal_->Append(std::move(batch));
    ASSERT_TRUE(status.ok()) << status;
  }
  AppendBatch NextBatch(uint32_t count = 1) {
    return MakeBatch(journal_->bounds().newest + 1, 1, count);
  }
  State Whole() {
    State state;
    Apply(*log().Whole(), &state);
    return state;
  }
  // Of the write-ahead log.
  uintmax_t LogBytes() const {
    uintmax_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.folder)) {
      if (entry.path().extension() == ".log") bytes += entry.file_size();
    }
    return bytes;
  }
  // All changes behind `append`.
  std::vector<StateChange> After(uint64_t append) {
    std::vector<StateChange> all;
    while (true) {
      auto some = log().After(append, 1 << 20);
      EXPECT_TRUE(some.ok()) << some.status();
      if (!some.ok() || some->empty()) return all;
      append = some->back().append;
      for (StateChange& change : *some) all.push_back(std::move(change));
    }
  }
};

// A batch with something of every kind.
AppendBatch FullBatch(model::Sequence next) {
  AppendBatch batch = MakeBatch(next, 1, 2);
  batch.checkpoint.resume = "token";
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = 7;
  schema->name = "orders";
  batch.schemas.emplace_back(next, schema);
  batch.rereads_added.push_back({7, {"1"}, next + 1});
  batch.driver_records.push_back({"names", "a"});
  return batch;
}

TEST_F(StateLogTest, NothingIsKeptUntilAsked) {
  Append(NextBatch());
  EXPECT_EQ(log().After(0, 1 << 20).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(*log().After(1, 1 << 20), IsEmpty());
}

TEST_F(StateLogTest, ChangesAddUpToTheWholeState) {
  ASSERT_TRUE(log().Keep(true).ok());
  Append(FullBatch(1));
  Append(NextBatch(3));
  AppendBatch erasing = NextBatch();
  erasing.rereads_done.push_back(2);
  erasing.driver_records.push_back({"names", std::nullopt});
  Append(std::move(erasing));
  State state;
  for (const StateChange& change : After(0)) Apply(change, &state);
  EXPECT_EQ(state, Whole());
  EXPECT_THAT(state, UnorderedElementsAre(Key("c"), Key(std::string("s\0\0\0\7", 5))));
}

TEST_F(StateLogTest, EachChangeSaysHowFarItsEventsReach) {
  ASSERT_TRUE(log().Keep(true).ok());
  Append(NextBatch(2));
  AppendBatch none = NextBatch();
  none.blocks.clear();
  none.checkpoint.next_sequence = 3;
  Append(std::move(none));
  Append(NextBatch(4));
  std::vector<std::pair<uint64_t, model::Sequence>> seen;
  for (const StateChange& change : After(0)) seen.emplace_back(change.append, change.next_sequence);
  EXPECT_THAT(seen, ElementsAre(std::pair(1, 3), std::pair(2, 3), std::pair(3, 7)));
}

TEST_F(StateLogTest, ChangesAndTheirNumbersSurviveARestart) {
  ASSERT_TRUE(log().Keep(true).ok());
  ASSERT_TRUE(log().SetPublishedAs({"a", "b", 7}).ok());
  Append(NextBatch());
  Append(NextBatch());
  ASSERT_TRUE(log().Forget(1, 2).ok());
  Reopen();
  EXPECT_EQ(log().published_as().id, "a");
  EXPECT_EQ(log().published_as().previous, "b");
  EXPECT_EQ(log().published_as().previous_append, 7u);
  EXPECT_EQ(log().published_as().reach, 2u);
  ASSERT_TRUE(log().Keep(true).ok());
  Append(NextBatch());
  std::vector<uint64_t> appends;
  for (const StateChange& change : After(1)) appends.push_back(change.append);
  EXPECT_THAT(appends, ElementsAre(2, 3));
  EXPECT_EQ(log().After(0, 1 << 20).status().code(), absl::StatusCode::kOutOfRange);
}

// What was published as this name is at most what it had when another process took over.
TEST_F(StateLogTest, ReachOfANameIsThatOfTheFirstOpeningAfterIt) {
  Append(NextBatch());
  ASSERT_TRUE(log().SetPublishedAs({"a", "b", 7}).ok());
  Append(NextBatch());
  Reopen();
  Append(NextBatch());
  Reopen();
  EXPECT_EQ(log().published_as().reach, 2u);
  ASSERT_TRUE(log().SetPublishedAs({"c", "a", 2}).ok());
  Reopen();
  EXPECT_EQ(log().published_as().reach, 3u);
}

TEST_F(StateLogTest, AppendsWithoutItLeaveAGapThatIsSeen) {
  ASSERT_TRUE(log().Keep(true).ok());
  Append(NextBatch());
  Reopen();
  Append(NextBatch());
  Reopen();
  ASSERT_TRUE(log().Keep(true).ok());
  Append(NextBatch());
  EXPECT_EQ(log().After(1, 1 << 20).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(After(2).size(), 1u);
  EXPECT_EQ(log().Whole()->append, 3u);
}

// A service that ran for long while Kafka was away may have millions.
TEST_F(StateLogTest, ErasingAllChangesIsASmallWrite) {
  constexpr int kChanges = 300;
  ASSERT_TRUE(log().Keep(true).ok());
  for (int i = 0; i < kChanges; ++i) Append(NextBatch());
  const uintmax_t before = LogBytes();
  ASSERT_TRUE(log().Keep(false).ok());
  const uintmax_t written = LogBytes() - before;
  EXPECT_GT(written, 0u);
  EXPECT_LT(written, 1000u);
  EXPECT_EQ(log().After(0, 1 << 20).status().code(), absl::StatusCode::kOutOfRange);
  Reopen();
  ASSERT_TRUE(log().Keep(true).ok());
  Append(NextBatch());
  EXPECT_EQ(After(kChanges).size(), 1u);
}

TEST_F(StateLogTest, RetentionWaitsForWhatIsNotStoredElsewhere) {
  ASSERT_TRUE(log().Keep(true).ok());
  for (int i = 0; i < 5; ++i) Append(NextBatch(2));
  const Retention none{.age_s_max = 0, .bytes_max = 1};
  ASSERT_TRUE(journal_->Trim(none, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 1u);
  ASSERT_TRUE(log().Forget(2, 5).ok());
  ASSERT_TRUE(journal_->Trim(none, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 5u);
  Reopen();
  ASSERT_TRUE(log().Keep(true).ok());
  ASSERT_TRUE(journal_->Trim(none, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 5u);
  ASSERT_TRUE(log().Keep(false).ok());
  ASSERT_TRUE(journal_->Trim(none, 0).ok());
  EXPECT_EQ(journal_->bounds().oldest, 9u);
}

class RestoreTest : public StateLogTest {
 protected:
  void SetUp() override {
    StateLogTest::SetUp();
    options_.folder = other_.path() + "/data";
    auto store = Store::Open(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    restored_ = *std::move(store);
  }
  Journal* Open() { return *restored_->OpenJournal("shop"); }

  tidemark::testing::TempFolder other_;
  std::unique_ptr<Store> restored_;
};

TEST_F(RestoreTest, GoesOnFromTheStateAndKnowsWhoPublishedIt) {
  Append(FullBatch(1));
  Append(NextBatch());
  StateChange whole = *log().Whole();
  ASSERT_TRUE(restored_->Restore("shop", whole.records, 100, "a").ok());
  Journal* journal = Open();
  EXPECT_EQ(journal->checkpoint().resume, journal_->checkpoint().resume);
  EXPECT_EQ(journal->checkpoint().append, 2u);
  EXPECT_EQ(journal->checkpoint().next_sequence, 100u);
  EXPECT_EQ(journal->bounds().oldest, 100u);
  EXPECT_EQ(journal->bounds().newest, 99u);
  EXPECT_EQ(journal->Schemas()->size(), 1u);
  EXPECT_EQ(journal->Rereads(9, 0)->size(), 1u);
  EXPECT_EQ(journal->DriverRecords()->size(), 1u);
  EXPECT_EQ(journal->state_log().published_as().id, "");
  EXPECT_EQ(journal->state_log().published_as().previous, "a");
  EXPECT_EQ(journal->state_log().published_as().previous_append, 2u);
}

// Those who have read further than what was restored must not take other events for the next ones.
TEST_F(RestoreTest, EventsBeforeItAreNotRetained) {
  Append(FullBatch(1));
  ASSERT_TRUE(restored_->Restore("shop", log().Whole()->records, 100, "x").ok());
  EXPECT_EQ(Open()->Read(50).status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(Open()->Append(MakeBatch(100, 1, 5)).ok());
  EXPECT_THAT(*ReadSequences(Open(), 100), ElementsAre(100, 101, 102, 103, 104));
  restored_.reset();
  restored_ = *Store::Open(options_);
  EXPECT_THAT(*ReadSequences(Open(), 103), ElementsAre(103, 104));
}

TEST_F(RestoreTest, RestoredJournalOpensAgainBeforeItsFirstEvent) {
  Append(FullBatch(1));
  ASSERT_TRUE(restored_->Restore("shop", log().Whole()->records, 100, "x").ok());
  restored_.reset();
  restored_ = *Store::Open(options_);
  EXPECT_EQ(Open()->checkpoint().next_sequence, 100u);
}

TEST_F(RestoreTest, JobIdsAreNotGivenAgain) {
  AppendBatch batch = MakeBatch(1, 1, 1);
  batch.jobs.push_back({41, "a", "x"});
  StateChange change;
  ASSERT_TRUE(log().Keep(true).ok());
  Append(std::move(batch));
  ASSERT_TRUE(restored_->Restore("shop", After(0).front().records, 100, "x").ok());
  EXPECT_EQ(*restored_->NextJobId(), 42u);
}

// Ids of jobs are those of a data folder, and this one may have another source's.
TEST_F(RestoreTest, JobOfAnotherSourceIsNotReplaced) {
  AppendBatch batch = MakeBatch(1, 1, 1);
  batch.jobs.push_back({41, "a", "of the shop"});
  ASSERT_TRUE(log().Keep(true).ok());
  Append(batch);
  batch.jobs.front().value = "of the bank";
  ASSERT_TRUE((*restored_->OpenJournal("bank"))->Append(std::move(batch)).ok());
  const absl::Status status = restored_->Restore("shop", After(0).front().records, 100, "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_EQ(restored_->Jobs()->front().value, "of the bank");
}

TEST_F(RestoreTest, JournalWithEventsIsNotReplaced) {
  Append(FullBatch(1));
  const absl::Status status = store_->Restore("shop", log().Whole()->records, 100, "x");
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
}

TEST_F(RestoreTest, RecordsOfAnotherVersionAreRefusedWhole) {
  Append(FullBatch(1));
  std::vector<StateRecord> records = log().Whole()->records;
  records.push_back({"?what", "x"});
  EXPECT_EQ(restored_->Restore("shop", records, 100, "x").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Open()->checkpoint().next_sequence, 1u);
}

}  // namespace
}  // namespace tidemark::storage
