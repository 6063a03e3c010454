#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "service/kafka/producer.h"
#include "tests/service/kafka/publisher_fixture.h"
#include "tests/support/free_port.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;

TEST_F(PublisherTest, StateThatTheCheckpointTopicDoesNotTakeStopsWithTheRemedy) {
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(
      cluster_.brokers,
      {.name = options_.checkpoint_topic,
       .settings = {{"cleanup.policy", "compact"}, {"max.message.bytes", "20000"}}}));
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  // Many small records do not make a batch that is too large.
  for (int i = 0; i < 50; ++i) {
    BlockMaker maker(data_->journal()->bounds().newest + 1);
    storage::AppendBatch batch = maker.Change(1, model::Op::kCreate, i, "n").End().Batch();
    batch.driver_records.push_back({absl::StrCat("part ", i), std::string(1000, 'x')});
    ASSERT_OK(data_->journal()->Append(std::move(batch)));
  }
  WaitUntilPublished(publisher, *data_);
  BlockMaker maker(data_->journal()->bounds().newest + 1);
  storage::AppendBatch batch = maker.Change(1, model::Op::kCreate, 50, "n").End().Batch();
  batch.driver_records.push_back({"whole", std::string(30'000, 'x')});
  ASSERT_OK(data_->journal()->Append(std::move(batch)));
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
  EXPECT_THAT(publisher->status().error, HasSubstr("a record of the driver"));
  EXPECT_THAT(publisher->status().error, HasSubstr(options_.checkpoint_topic));
  EXPECT_THAT(publisher->status().error, HasSubstr("the limit is 20000"));
  EXPECT_THAT(publisher->status().error, HasSubstr("max.message.bytes=6"));
}

TEST_F(PublisherTest, CheckpointTopicThatIsMadeAnewGetsTheWholeStateAgain) {
  cluster_.properties = {{"message.timeout.ms", "3000"}};
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1});
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  // A broker answers a commit before its consumers see it.
  WaitFor(publisher, [&] { return StateInKafka() == StateOf(*data_); });
  DeleteTopic(cluster_.brokers, options_.checkpoint_topic);
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(
      cluster_.brokers,
      {.name = options_.checkpoint_topic, .settings = {{"cleanup.policy", "compact"}}}));
  // Without an event.
  WaitFor(publisher, [&] { return StateInKafka() == StateOf(*data_); });
  data_->Append(1, {2});
  WaitUntilPublished(publisher, *data_);
  EXPECT_EQ(Sequences("orders").size(), 2u);
}

TEST_F(PublisherTest, CheckpointTopicThatIsNotCompactedIsRefused) {
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(
      cluster_.brokers,
      {.name = options_.checkpoint_topic, .settings = {{"cleanup.policy", "delete"}}}));
  Publisher* publisher = Start(*data_);
  WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
  EXPECT_THAT(publisher->status().error, HasSubstr("has cleanup.policy=delete"));
}

// A broker that has just started knows none of its topics: where one is, what was published would
// else be published again.
TEST_F(PublisherTest, CheckpointTopicThatIsNotKnownIsNotTakenForAnEmptyOne) {
  const CheckpointTopic topic(cluster_, options_.checkpoint_topic, options_.transactional_id);
  EXPECT_FALSE(*topic.Exists({}));
  EXPECT_EQ(topic.ReadPlace({}).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_OK(
      tidemark::testing::CreateKafkaTopic(cluster_.brokers, {.name = options_.checkpoint_topic}));
  auto place = topic.ReadPlace({});
  for (int look = 0; look < 100 && absl::IsUnavailable(place.status()); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    place = topic.ReadPlace({});
  }
  ASSERT_OK(place);
  EXPECT_FALSE(place->has_value());
  EXPECT_TRUE(*topic.Exists({}));
}

// A client tries one broker after the other, and says in between that all are away.
TEST_F(PublisherTest, CheckpointTopicIsReadThoughABrokerIsAway) {
  ASSERT_OK(
      tidemark::testing::CreateKafkaTopic(cluster_.brokers, {.name = options_.checkpoint_topic}));
  ClusterOptions cluster = cluster_;
  absl::StrAppend(&cluster.brokers, ",127.0.0.1:", tidemark::testing::FreePort());
  const CheckpointTopic topic(cluster, options_.checkpoint_topic, options_.transactional_id);
  for (int i = 0; i < 12; ++i) EXPECT_OK(topic.ReadPlace({}).status());
}

// The topic without its oldest record. Brokers drop those by age, and at once on no one's word
// where the policy is to compact: so it is written again.
void DropOldestRecord(const ClusterOptions& cluster, const std::string& topic) {
  ASSERT_OK_AND_ASSIGN(const std::vector<KafkaRecord> records,
                       tidemark::testing::ReadCommitted(
                           cluster.brokers, absl::StrReplaceAll(topic, {{".", "\\."}})));
  ASSERT_EQ(records.front().key, kStateMark);
  DeleteTopic(cluster.brokers, topic);
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(
      cluster.brokers, {.name = topic, .settings = {{"cleanup.policy", "compact"}}}));
  ASSERT_OK_AND_ASSIGN(auto producer, Producer::Open(cluster, "copies-" + topic, UINT64_MAX));
  ASSERT_OK(producer->Init({}));
  ASSERT_OK(producer->Begin());
  for (size_t i = 1; i < records.size(); ++i) {
    Record record;
    record.key = records[i].key;
    record.value = records[i].value;
    record.partition = 0;
    ASSERT_OK(producer->Produce(topic, record, {}));
  }
  ASSERT_OK(producer->Commit({}));
}

TEST_F(PublisherTest, CheckpointTopicWithoutItsBeginningIsNotRestoredButWrittenAnew) {
  data_->AppendSchema(1, "orders");
  Publisher* publisher = Start(*data_);
  WaitUntilPublished(publisher, *data_);
  data_->Append(1, {1});
  WaitUntilPublished(publisher, *data_);
  StopAll();
  DropOldestRecord(cluster_, options_.checkpoint_topic);
  DataFolder& fresh = NewFolder();
  const absl::Status refused = Restore(source_, cluster_, options_, fresh.store(), nullptr, {});
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("has no whole state of"));
  publisher = Start(*data_);
  WaitFor(publisher, [&] { return StateInKafka() == StateOf(*data_); });
}

}  // namespace
}  // namespace tidemark::service::kafka
