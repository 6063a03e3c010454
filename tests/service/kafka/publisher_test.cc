#include <algorithm>
#include <set>
#include <thread>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "service/kafka/topics.h"
#include "tests/service/kafka/publisher_fixture.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As org.apache.kafka.common.utils.Utils.murmur2, from which the Java client takes the partition.
int32_t Murmur2(const std::string& key) {
  constexpr uint32_t kFactor = 0x5bd1e995;
  uint32_t hash = 0x9747b28c ^ static_cast<uint32_t>(key.size());
  size_t at = 0;
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(key[at + i])); };
  for (; at + 4 <= key.size(); at += 4) {
    uint32_t word = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    word *= kFactor;
    word ^= word >> 24;
    word *= kFactor;
    hash = hash * kFactor ^ word;
  }
  const size_t rest = key.size() - at;
  if (rest >= 3) hash ^= byte(2) << 16;
  if (rest >= 2) hash ^= byte(1) << 8;
  if (rest >= 1) hash = (hash ^ byte(0)) * kFactor;
  hash ^= hash >> 13;
  hash *= kFactor;
  return static_cast<int32_t>(hash ^ hash >> 15);
}

TEST_F(PublisherTest, EachEventIsInTheTopicOfItsTableOnceAndInOrder) {
  data_->AppendSchema(1, "orders");
  data_->AppendSchema(2, "items");
  Publisher* publisher = Start(*data_);
  for (int i = 0; i < 50; ++i) {
    data_->Append(1, {i, i + 1000});
    data_->Append(2, {i});
  }
  WaitUntilPublished(publisher, *data_);
  // A broker answers a commit before its consumers see it.
  WaitFor(publisher, [&] { return Sequences("orders").size() >= 100; });
  std::vector<uint64_t> orders = Sequences("orders");
  EXPECT_EQ(orders.size(), 100u);
  EXPECT_TRUE(std::is_sorted(orders.begin(), orders.end()));
  EXPECT_EQ(Sequences("items").size(), 50u);
  const KafkaRecord first = Read("orders").front();
  EXPECT_EQ(HeaderOf(first, "source"), source_);
  EXPECT_EQ(HeaderOf(first, "table"), "public.orders");
  EXPECT_EQ(HeaderOf(first, "op"), "create");
  EXPECT_EQ(HeaderOf(first, "position"), "0/67");
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(*first.value));
  EXPECT_EQ(event.sequence(), 3u);
  EXPECT_EQ(event.change().after().values(1).text(), "n");
  v1::Row key;
  ASSERT_TRUE(key.ParseFromString(*first.key));
  EXPECT_EQ(key.values(0).integer(), 0);
}

TEST_F(PublisherTest, GoesOnFromWhatIsCommittedAfterARestart) {
  data_->AppendSchema(1, "orders");
  for (int run = 0; run < 4; ++run) {
    Publisher* publisher = Start(*data_);
    for (int i = 0; i < 20; ++i) data_->Append(1, {i});
    // Every other time it is stopped amid its work.
    if (run % 2 == 0) WaitUntilPublished(publisher, *data_);
    StopAll();
  }
  WaitUntilPublished(Start(*data_), *data_);
  std::vector<uint64_t> sequences = Sequences("orders");
  EXPECT_EQ(sequences.size(), 80u);
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end()));
  EXPECT_EQ(std::set<uint64_t>(sequences.begin(), sequences.end()).size(), 80u);
}

TEST_F(PublisherTest, AcknowledgesWhatIsCommitted) {
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  std::lock_guard lock(mutex_);
  EXPECT_EQ(published_, data_->journal()->checkpoint().frontier);
}

TEST_F(PublisherTest, StateWithoutEventsReachesKafkaToo) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  storage::AppendBatch idle;
  idle.checkpoint = data_->journal()->checkpoint();
  idle.checkpoint.frontier.offset += 1000;
  ASSERT_OK(data_->journal()->Append(idle));
  WaitFor(publisher, [&] {
    std::lock_guard lock(mutex_);
    return published_ == idle.checkpoint.frontier;
  });
}

// What the lost folder had and Kafka has not is captured again from the restored place.
TEST_F(PublisherTest, LostDataFolderComesBackFromKafka) {
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  StopAll();
  const storage::Checkpoint published = data_->journal()->checkpoint();
  data_->Append(1, {2});

  DataFolder& fresh = Restored();
  EXPECT_EQ(fresh.journal()->checkpoint().resume, published.resume);
  EXPECT_EQ(fresh.journal()->checkpoint().frontier, published.frontier);
  EXPECT_GT(fresh.journal()->checkpoint().next_sequence, data_->journal()->bounds().newest);
  ASSERT_EQ(fresh.journal()->Schemas()->size(), 1u);
  fresh.Append(1, {2});
  fresh.Append(1, {3});
  WaitUntilPublished(Start(fresh), fresh);
  std::vector<int64_t> ids;
  for (const KafkaRecord& record : Read("orders")) {
    v1::Row key;
    ASSERT_TRUE(key.ParseFromString(*record.key));
    ids.push_back(key.values(0).integer());
  }
  EXPECT_THAT(ids, ElementsAre(1, 2, 3));
}

TEST_F(PublisherTest, NoRestoreGivesSequencesToOthersThatOneBeforeItGave) {
  data_->AppendSchema(1, "orders");
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  model::Sequence newest = data_->journal()->bounds().newest;
  for (int i = 0; i < 2; ++i) {
    DataFolder& fresh = Restored();
    EXPECT_GT(fresh.journal()->checkpoint().next_sequence, newest);
    // Served over gRPC, and lost before it is published.
    fresh.Append(1, {1});
    newest = fresh.journal()->bounds().newest;
  }
}

TEST_F(PublisherTest, FolderWithStateIsNotRestored) {
  data_->AppendSchema(1, "orders");
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  data_->Append(1, {1});
  data_->Close();
  ASSERT_OK(Restore(source_, cluster_, options_, data_->store(), nullptr, {}));
  EXPECT_EQ(data_->journal()->bounds().newest, 3u);
}

TEST_F(PublisherTest, NothingIsRestoredWhereNothingWasPublished) {
  ASSERT_OK(Restore(source_, cluster_, options_, data_->store(), nullptr, {}));
  EXPECT_EQ(data_->journal()->checkpoint().next_sequence, 1u);
}

TEST_F(PublisherTest, RestoreEndsWhenItIsStopped) {
  cluster_.brokers = "127.0.0.1:1";
  std::stop_source stop;
  std::jthread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    stop.request_stop();
  });
  const absl::Time begun = absl::Now();
  const absl::Status status =
      Restore(source_, cluster_, options_, data_->store(), nullptr, stop.get_token());
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_LT(absl::Now() - begun, absl::Seconds(3));
}

// Nobody listens there, or nobody answers.
TEST_F(PublisherTest, StopDoesNotWaitForBrokersThatAreAway) {
  tidemark::testing::KafkaCluster& kafka = *kafka_;
  for (const bool frozen : {false, true}) {
    cluster_.brokers = frozen ? kafka.bootstrap() : "127.0.0.1:1";
    if (frozen) kafka.Freeze(0);
    Publisher* publisher = Start(*data_);
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    const absl::Time begun = absl::Now();
    publisher->BeginStop();
    publishers_.clear();
    EXPECT_LT(absl::Now() - begun, absl::Seconds(2)) << frozen;
    if (frozen) kafka.Thaw(0);
  }
}

TEST_F(PublisherTest, BrokerThatIsAwayIsSaidWhileItWaits) {
  cluster_.brokers = "127.0.0.1:1";
  Publisher* publisher = Start(*data_);
  WaitFor(publisher, [&] { return !publisher->status().error.empty(); });
  EXPECT_THAT(publisher->status().error, HasSubstr("Connect to"));
  EXPECT_EQ(publisher->status().state, PublisherState::kConnecting);
}

std::jthread AppendAllTheTime(DataFolder& data) {
  return std::jthread([&](std::stop_token stop) {
    for (int i = 100; !stop.stop_requested(); ++i) {
      data.Append(1, {i});
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
}

// The one that was replaced must neither write nor take the place of the one that publishes now.
TEST_F(PublisherTest, ReplacedServiceStopsForGood) {
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* old = Start(*data_);
  WaitUntilPublished(old, *data_);
  DataFolder& fresh = Restored();
  fresh.Append(1, {2});
  WaitUntilPublished(Start(fresh), fresh);
  data_->Append(1, {99});
  WaitUntilReplaced(old);
  {
    std::lock_guard lock(mutex_);
    EXPECT_FALSE(superseded_.ok());
  }
  fresh.Append(1, {3});
  WaitUntilPublished(publishers_.back().get(), fresh);
  EXPECT_EQ(Sequences("orders").size(), 3u);
  // Nor after it was started again.
  publishers_.erase(publishers_.begin());
  data_->Close();
  Publisher* again = Start(*data_);
  WaitFor(again, [&] { return again->status().state == PublisherState::kStopped; });
  fresh.Append(1, {4});
  WaitUntilPublished(publishers_.front().get(), fresh);
  EXPECT_EQ(Sequences("orders").size(), 4u);
}

TEST_F(PublisherTest, ReplacedServiceThatHasNothingToPublishStopsSoon) {
  data_->AppendSchema(1, "orders");
  Publisher* old = Start(*data_);
  WaitUntilPublished(old, *data_);
  DataFolder& fresh = Restored();
  fresh.Append(1, {2});
  WaitUntilPublished(Start(fresh), fresh);
  WaitUntilReplaced(old);
}

// Then no moment comes in which the checkpoint topic has nothing new.
TEST_F(PublisherTest, ReplacedServiceStopsWhileTheOtherOneWritesAllTheTime) {
  data_->AppendSchema(1, "orders");
  Publisher* old = Start(*data_);
  WaitUntilPublished(old, *data_);
  DataFolder& fresh = Restored();
  Publisher* other = Start(fresh);
  fresh.Append(1, {1});
  WaitUntilPublished(other, fresh);
  const std::jthread writer = AppendAllTheTime(fresh);
  data_->Append(1, {99});
  const absl::Time begun = absl::Now();
  WaitUntilReplaced(old);
  EXPECT_LT(absl::Now() - begun, kPatience / 2);
}

// It loses its transactional id, as it may by a timeout; then it must not take it back.
TEST_F(PublisherTest, RestoreReplacesAServiceThatPublishesAllTheTime) {
  data_->AppendSchema(1, "orders");
  Publisher* old = Start(*data_);
  WaitUntilPublished(old, *data_);
  const std::jthread writer = AppendAllTheTime(*data_);
  DataFolder& fresh = Restored();
  WaitUntilReplaced(old);
  // Not the loss of the id before, after which it tries again.
  EXPECT_EQ(old->status().errors.by_cause[static_cast<size_t>(FailureCause::kOperator)], 1u);
  fresh.Append(1, {1});
  Publisher* other = Start(fresh);
  WaitUntilPublished(other, fresh);
  EXPECT_EQ(other->status().state, PublisherState::kPublishing);
}

TEST_F(PublisherTest, OlderCopyOfTheDataFolderIsRefused) {
  data_->AppendSchema(1, "orders");
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  // The copy knows who published; it captures on, over a restart, before it reaches Kafka.
  DataFolder& copy = NewFolder();
  copy.AppendSchema(1, "orders");
  for (int i = 0; i < 5; ++i) data_->Append(1, {i});
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  storage::PublishedAs name = data_->journal()->state_log().published_as();
  name.reach.reset();  // the folder was copied while its service ran
  ASSERT_OK(copy.journal()->state_log().SetPublishedAs(name));
  copy.Close();
  for (int i = 0; i < 9; ++i) copy.Append(1, {i + 100});
  copy.Close();
  Publisher* publisher = Start(copy);
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
  EXPECT_THAT(publisher->status().error, HasSubstr("further than this data folder reaches"));
  EXPECT_EQ(Sequences("orders").size(), 5u);
}

TEST_F(PublisherTest, JournalFromBeforeIsPublishedFromItsOldestEventAndThenRestorable) {
  options_.partitions = 1;
  // As a service without Kafka wrote it.
  ASSERT_OK(data_->journal()->state_log().Keep(false));
  data_->AppendSchema(1, "orders");
  for (int i = 0; i < 20; ++i) data_->Append(1, {i});
  data_->Close();
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  EXPECT_EQ(Sequences("orders").size(), 20u);
  DataFolder& fresh = Restored();
  EXPECT_EQ(fresh.journal()->checkpoint().resume, data_->journal()->checkpoint().resume);
  EXPECT_EQ(fresh.journal()->Schemas()->size(), 1u);
}

// Nothing is published any more: the second topic cannot be made.
TEST_F(PublisherTest, LagIsKnownBeforeTheFirstTransactionOfAStart) {
  data_->AppendSchema(1, "orders");
  data_->AppendSchema(2, "customers");
  for (int i = 0; i < 20; ++i) data_->Append(1, {i}, true, std::string(10'000, 'x'));
  WaitUntilPublished(Start(*data_), *data_);
  StopAll();
  data_->Append(2, {1});
  options_.topic_settings = {{"retention.ms", "none"}};
  Publisher* publisher = Start(*data_);
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
  EXPECT_EQ(publisher->status().lag_events, 2u);
  EXPECT_GT(publisher->status().lag_bytes, 0u);
  EXPECT_LT(publisher->status().lag_bytes, 100'000u);
}

TEST_F(PublisherTest, LagOfAJournalFromBeforeIsAsLongAsItsOldestEventWaits) {
  ASSERT_OK(data_->journal()->state_log().Keep(false));
  data_->AppendSchema(1, "orders");
  for (int i = 0; i < 20; ++i) data_->Append(1, {i});
  data_->Close();
  options_.topic_settings = {{"retention.ms", "none"}};
  Publisher* publisher = Start(*data_);
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
  const PublisherStatus status = publisher->status();
  EXPECT_EQ(status.lag_events, data_->journal()->bounds().newest - status.published);
  EXPECT_GT(status.lag_bytes, 0u);
  EXPECT_GT(status.lag_us, 0u);
}

TEST_F(PublisherTest, StateThatWasErasedIsErasedInKafka) {
  data_->AppendSchema(1, "orders");
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kUpdate, 1, "x");
  storage::AppendBatch batch = maker.Batch();
  batch.rereads_added.push_back({1, {"1"}, 2});
  batch.driver_records.push_back({"names", "a"});
  ASSERT_OK(data_->journal()->Append(std::move(batch)));
  WaitUntilPublished(Start(*data_), *data_);
  BlockMaker later(data_->journal()->bounds().newest + 1);
  later.End();
  batch = later.Batch();
  batch.rereads_done.push_back(2);
  batch.driver_records.push_back({"names", std::nullopt});
  ASSERT_OK(data_->journal()->Append(std::move(batch)));
  WaitUntilPublished(publishers_.back().get(), *data_);
  StopAll();
  DataFolder& fresh = Restored();
  EXPECT_THAT(*fresh.journal()->Rereads(9, 0), IsEmpty());
  EXPECT_THAT(*fresh.journal()->DriverRecords(), IsEmpty());
}

TEST_F(PublisherTest, SourceTransactionsStayWholeInOneKafkaTransaction) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  data_->Append(1, {1, 2}, /*end=*/false);
  const uint64_t before = publisher->status().transactions;
  data_->Append(1, {3});
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(publisher->status().transactions, before + 1);
  for (const KafkaRecord& record : Read("orders")) EXPECT_EQ(HeaderOf(record, "piece"), "");
}

// Until its parts came soon enough after each other: on a busy machine one may be late.
TEST_F(PublisherTest, SourceTransactionThatComesSlowlyStaysWhole) {
  constexpr int kParts = 8;
  constexpr auto kGap = absl::Milliseconds(80), kGapMost = absl::Milliseconds(150);
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  uint64_t before = 0;
  absl::Duration longest = absl::InfiniteDuration();
  for (int64_t id = 1; longest > kGapMost; ++id) {
    ASSERT_LT(id, 100) << "no even flow of appends";
    WaitUntilPublished(publisher, *data_);
    before = publisher->status().transactions;
    longest = absl::ZeroDuration();
    for (int part = 1; part <= kParts; ++part) {
      const absl::Time start = absl::Now();
      data_->Append(1, {id}, /*end=*/part == kParts);
      absl::SleepFor(kGap);
      longest = std::max(longest, absl::Now() - start);
    }
  }
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(publisher->status().transactions, before + 1);
}

TEST_F(PublisherTest, PiecesOfOneThatDoesNotFitAreMarked) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {1, 2}, /*end=*/false);
  WaitUntilPublished(publisher, *data_);
  data_->Append(1, {3}, /*end=*/false);
  WaitUntilPublished(publisher, *data_);
  // The number is not lost by a restart.
  StopAll();
  data_->Append(1, {4});
  data_->Append(1, {5});
  WaitUntilPublished(Start(*data_), *data_);
  std::vector<std::string> pieces;
  for (const KafkaRecord& record : Read("orders")) pieces.push_back(HeaderOf(record, "piece"));
  EXPECT_THAT(pieces, ElementsAre("", "", "2", "3", ""));
}

// One record at a time, each waited for, is too slow for all of them in a transaction's time; how
// many are not is left to the machine.
TEST_F(PublisherTest, SourceTransactionTooLargeForItsTimeGoesInSmallerPieces) {
  constexpr int kAppends = 240;
  constexpr int kRowsOfAppend = 50;
  constexpr size_t kRows = kAppends * kRowsOfAppend;
  cluster_.properties = {{"transaction.timeout.ms", "1000"},
                         {"batch.num.messages", "1"},
                         {"max.in.flight.requests.per.connection", "1"}};
  options_.partitions = 1;
  data_->AppendSchema(1, "orders");
  for (int append = 0; append < kAppends; ++append) {
    BlockMaker maker(data_->journal()->bounds().newest + 1);
    for (int row = 0; row < kRowsOfAppend; ++row) {
      maker.Change(1, model::Op::kCreate, append * kRowsOfAppend + row, std::string(400, 'x'));
    }
    if (append == kAppends - 1) maker.End();
    data_->Append(maker);
  }
  Publisher* publisher = Start(*data_);
  WaitFor(publisher, [&] { return publisher->status().published > 1; });
  WaitUntilPublished(publisher, *data_);
  WaitFor(publisher, [&] { return Sequences("orders").size() >= kRows; });
  const std::vector<uint64_t> sequences = Sequences("orders");
  ASSERT_EQ(sequences.size(), kRows);
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end()));
  EXPECT_NE(HeaderOf(Read("orders").back(), "piece"), "");
}

TEST_F(PublisherTest, KeysArePartitionedAsTheJavaClientDoes) {
  // Of Kafka's own tests.
  ASSERT_EQ(Murmur2("21"), -973932308);
  ASSERT_EQ(Murmur2("foobar"), -790332482);
  ASSERT_EQ(Murmur2("a-little-bit-long-string"), -985981536);
  options_.partitions = 7;
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  for (int i = 0; i < 40; ++i) data_->Append(1, {i});
  WaitUntilPublished(publisher, *data_);
  std::set<int32_t> seen;
  for (const KafkaRecord& record : Read("orders")) {
    EXPECT_EQ(record.partition, (Murmur2(*record.key) & 0x7fffffff) % 7);
    seen.insert(record.partition);
  }
  EXPECT_GT(seen.size(), 3u);
}

TEST_F(PublisherTest, TruncateGoesToEveryPartitionAndKeylessRowsToOne) {
  options_.partitions = 3;
  data_->AppendSchema(1, "orders");
  data_->AppendSchema(2, "lines", /*with_key=*/false);
  Publisher* publisher = Start(*data_);
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "");
  data_->Append(maker);
  for (int i = 0; i < 5; ++i) data_->Append(2, {i});
  WaitUntilPublished(publisher, *data_);
  std::set<int32_t> partitions;
  for (const KafkaRecord& record : Read("orders")) {
    EXPECT_EQ(record.key, std::nullopt);
    EXPECT_EQ(HeaderOf(record, "op"), "truncate");
    partitions.insert(record.partition);
  }
  EXPECT_EQ(partitions.size(), 3u);
  for (const KafkaRecord& record : Read("lines")) {
    EXPECT_EQ(record.key, std::nullopt);
    EXPECT_EQ(record.partition, 0);
  }
}

void AddPartitions(const std::string& brokers, const std::string& name, size_t count) {
  auto client = MakeClient(RD_KAFKA_PRODUCER, *MakeConf({brokers, {}}, {}));
  ASSERT_OK(client);
  char error[512];
  rd_kafka_NewPartitions_t* wanted =
      rd_kafka_NewPartitions_new(name.c_str(), count, error, sizeof(error));
  const Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client->get()));
  rd_kafka_CreatePartitions(client->get(), &wanted, 1, nullptr, queue.get());
  const Handle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 30'000));
  rd_kafka_NewPartitions_destroy(wanted);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
}

TEST_F(PublisherTest, TruncateGoesToPartitionsThatWereAddedToo) {
  options_.partitions = 2;
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  AddPartitions(cluster_.brokers, source_ + ".orders", 5);
  // The broker knows of them a moment later.
  auto client = MakeClient(RD_KAFKA_PRODUCER, *MakeConf(cluster_, {}));
  ASSERT_OK(client);
  LeaderWaits waits(source_);
  Topics topics(client->get(), &waits);
  WaitFor(publisher, [&] { return topics.Partitions(source_ + ".orders", {}).value_or(0) == 5; });
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kTruncate, 0, "");
  data_->Append(maker);
  WaitUntilPublished(publisher, *data_);
  std::set<int32_t> partitions;
  for (const KafkaRecord& record : Read("orders")) {
    if (HeaderOf(record, "op") == "truncate") partitions.insert(record.partition);
  }
  EXPECT_EQ(partitions.size(), 5u);
}

TEST_F(PublisherTest, DeleteIsFollowedByATombstoneByChoice) {
  options_.tombstones = true;
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Change(1, model::Op::kDelete, 5, "").End();
  data_->Append(maker);
  WaitUntilPublished(publisher, *data_);
  std::vector<KafkaRecord> records = Read("orders");
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].key, records[1].key);
  EXPECT_NE(records[0].value, std::nullopt);
  EXPECT_EQ(records[1].value, std::nullopt);
}

TEST_F(PublisherTest, WhatIsNoChangeHasTopicsOfItsOwnByChoice) {
  options_.transaction_topic = source_ + ".transactions";
  options_.schema_topic = source_ + ".schemas";
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {1});
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  maker.Mark(1);
  data_->Append(maker);
  WaitUntilPublished(publisher, *data_);
  std::vector<KafkaRecord> schemas = Read("schemas");
  ASSERT_EQ(schemas.size(), 1u);
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(*schemas[0].value));
  EXPECT_EQ(event.schema().name(), "orders");
  EXPECT_EQ(schemas[0].key, "1");
  std::vector<KafkaRecord> marks = Read("transactions");
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(HeaderOf(marks[0], "op"), "transaction_end");
  EXPECT_EQ(HeaderOf(marks[1], "op"), "snapshot");
}

// The client would take it, the topic does not; nor a batch of records that are small each.
TEST_F(PublisherTest, RecordThatTheTopicDoesNotTakeGoesToTheDeadLetterTopicAlone) {
  options_.oversize = Oversize::kDeadLetter;
  options_.dead_letter_topic = source_ + ".dead";
  options_.topic_settings = {{"max.message.bytes", "20000"}};
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {41});
  data_->Append(1, {42}, true, std::string(50'000, 'x'));
  for (int i = 0; i < 50; ++i) data_->Append(1, {i + 43}, true, std::string(1000, 'y'));
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(Sequences("orders").size(), 51u);
  std::vector<KafkaRecord> dead = Read("dead");
  ASSERT_EQ(dead.size(), 1u);
  EXPECT_THAT(*dead[0].value, HasSubstr("\"table\":\"public.orders\""));
  EXPECT_EQ(HeaderOf(dead[0], "op"), "create");
}

TEST_F(PublisherTest, TransformsHideWhatTheySayInRowsKeysAndSchemas) {
  TransformOptions transform;
  transform.tables = "public\\.orders";
  transform.hash = {"id"};
  transform.hash_salt = "salt";
  transform.mask = {"note"};
  options_.transforms = {transform};
  options_.schema_topic = source_ + ".schemas";
  options_.transaction_topic = source_ + ".transactions";
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {41}, true, "secret");
  WaitUntilPublished(publisher, *data_);
  const KafkaRecord record = Read("orders").front();
  v1::Event event;
  ASSERT_TRUE(event.ParseFromString(*record.value));
  EXPECT_EQ(event.change().after().values(1).text(), "********");
  EXPECT_EQ(event.change().after().values(0).text().size(), 64u);
  v1::Row key;
  ASSERT_TRUE(key.ParseFromString(*record.key));
  EXPECT_EQ(key.values(0).text(), event.change().after().values(0).text());
  ASSERT_TRUE(event.ParseFromString(*Read("schemas").front().value));
  EXPECT_EQ(event.schema().columns(0).type().kind(), v1::TYPE_KIND_TEXT);
}

TEST_F(PublisherTest, TableInAnotherSourcesTopicStopsWithBothNames) {
  const std::string first = source_;
  topic_owners_->Reserve(source_, options_);
  options_.topic = first + ".{table}";
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  WaitUntilPublished(Start(*data_), *data_);
  SetUp();
  topic_owners_->Reserve(source_, options_);
  options_.routes = {{"public\\.orders", first + ".orders"}};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {2});
  Publisher* second = Start(*data_);
  WaitFor(second, [&] { return second->status().state == PublisherState::kStopped; });
  EXPECT_THAT(second->status().error,
              AllOf(HasSubstr(absl::StrCat("table public.orders of source \"", source_, "\"")),
                    HasSubstr(absl::StrCat("of source \"", first, "\""))));
  source_ = first;
  EXPECT_EQ(Sequences("orders").size(), 1u);
}

TEST_F(PublisherTest, DebeziumJsonIsWritten) {
  options_.format = Format::kDebeziumJsonBare;
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {41});
  WaitUntilPublished(publisher, *data_);
  const KafkaRecord record = Read("orders").front();
  EXPECT_THAT(*record.value, HasSubstr("\"after\":{\"id\":41,\"note\":\"n\"}"));
  EXPECT_THAT(*record.value, HasSubstr("\"db\":\"shop\""));
}

TEST_F(PublisherTest, TopicsAreMadeAsTheyAreSaidToBeWhereBrokersMakeThemTheirOwnWay) {
  options_.partitions = 3;
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  WaitUntilPublished(Start(*data_), *data_);
  auto client = MakeClient(RD_KAFKA_PRODUCER, *MakeConf(cluster_, {}));
  ASSERT_OK(client);
  LeaderWaits waits(source_);
  Topics topics(client->get(), &waits);
  EXPECT_EQ(*topics.Partitions(source_ + ".orders", {}), 3);
  EXPECT_EQ(topics.Ensure(options_.checkpoint_topic, {}, {})->cleanup_policy, "compact");
}

TEST_F(PublisherTest, TopicThatIsDeletedIsMadeAgain) {
  // Records wait so long for a topic that was there.
  cluster_.properties = {{"message.timeout.ms", "3000"}};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  DeleteTopic(cluster_.brokers, source_ + ".orders");
  data_->Append(1, {2});
  WaitUntilPublished(publisher, *data_);
  WaitFor(publisher, [&] { return Sequences("orders").size() == 1; });
}

TEST_F(PublisherTest, BrokerThatIsAwayDelaysAndLosesNothing) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {1});
  WaitUntilPublished(publisher, *data_);
  kafka_->Kill9(0);
  for (int i = 2; i < 30; ++i) data_->Append(1, {i});
  WaitFor(publisher, [&] { return !publisher->status().error.empty(); });
  EXPECT_EQ(publisher->status().lag_events, 56u);
  EXPECT_GT(publisher->status().lag_bytes, 1000u);
  ASSERT_OK(kafka_->StartAgain());
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(Sequences("orders").size(), 29u);
  EXPECT_EQ(publisher->status().lag_events, 0u);
}

// Its connections stay, so that the client sees no error either.
TEST_F(PublisherTest, OutageAmidATransactionIsNotTakenForPublishing) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  data_->Append(1, {1});
  WaitUntilPublished(publisher, *data_);
  kafka_->Freeze(0);
  data_->Append(1, {2});
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kConnecting; });
  EXPECT_THAT(publisher->status().error, HasSubstr("cannot commit a transaction"));
  kafka_->Thaw(0);
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(publisher->status().state, PublisherState::kPublishing);
  EXPECT_EQ(Sequences("orders").size(), 2u);
}

}  // namespace
}  // namespace tidemark::service::kafka
