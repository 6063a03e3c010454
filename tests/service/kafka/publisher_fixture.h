#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_PUBLISHER_FIXTURE_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_PUBLISHER_FIXTURE_H_

#include <chrono>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "service/kafka/checkpoint_topic.h"
#include "service/kafka/client.h"
#include "service/kafka/publisher.h"
#include "service/kafka/restore.h"
#include "tests/service/events.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kafka_topic.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {

using tidemark::testing::KafkaRecord;

constexpr auto kPatience = absl::Seconds(240);

inline std::string HeaderOf(const KafkaRecord& record, const std::string& name) {
  for (const auto& [key, value] : record.headers) {
    if (key == name) return value.value_or("null");
  }
  return "";
}

// One source's journal in a data folder of its own.
class DataFolder {
 public:
  explicit DataFolder(std::string source) : source_(std::move(source)) {}

  storage::Store* store() {
    if (store_ == nullptr) {
      storage::StoreOptions options;
      options.folder = folder_.path() + "/data";
      store_ = *storage::Store::Open(options);
    }
    return store_.get();
  }
  storage::Journal* journal() {
    if (journal_ == nullptr) {
      journal_ = *store()->OpenJournal(source_);
      EXPECT_OK(journal_->state_log().Keep(true));
    }
    return journal_;
  }
  void Close() {
    journal_ = nullptr;
    store_.reset();
  }

  // One append: a source transaction of these ids' creation in table `schema`.
  void Append(model::SchemaId schema, std::initializer_list<int64_t> ids, bool end = true,
              const std::string& note = "n") {
    BlockMaker maker(journal()->bounds().newest + 1);
    for (int64_t id : ids) maker.Change(schema, model::Op::kCreate, id, note);
    if (end) maker.End();
    Append(maker);
  }
  void AppendSchema(model::SchemaId id, const std::string& name, bool with_key = true) {
    BlockMaker maker(journal()->bounds().newest + 1);
    auto schema = std::make_shared<model::TableSchema>(*MakeSchema(id, id, "public", name));
    if (!with_key) schema->key_columns.clear();
    maker.Schema(schema);
    Append(maker);
  }
  void Append(BlockMaker& maker) {
    storage::AppendBatch batch = maker.Batch(NowUs());
    batch.checkpoint.resume = absl::StrCat("token ", batch.checkpoint.next_sequence);
    ASSERT_OK(journal()->Append(std::move(batch)));
  }

 private:
  static uint64_t NowUs() { return static_cast<uint64_t>(absl::GetCurrentTimeNanos() / 1000); }

  const std::string source_;
  tidemark::testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
};

inline void DeleteTopic(const std::string& brokers, const std::string& name) {
  auto client = MakeClient(RD_KAFKA_PRODUCER, *MakeConf({brokers, {}}, {}));
  ASSERT_OK(client);
  const Handle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client->get()));
  rd_kafka_DeleteTopic_t* topic = rd_kafka_DeleteTopic_new(name.c_str());
  rd_kafka_DeleteTopics(client->get(), &topic, 1, nullptr, queue.get());
  const Handle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 30'000));
  rd_kafka_DeleteTopic_destroy(topic);
  ASSERT_NE(event, nullptr);
  ASSERT_EQ(rd_kafka_event_error(event.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
}

// Publishers of one broker, each test with a source of its own. As brokers do unless they are told
// otherwise, it makes topics that a client lets it make.
class PublisherTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto kafka = tidemark::testing::KafkaCluster::Start(
        {.settings = {{"auto.create.topics.enable", "true"}}});
    ASSERT_OK(kafka);
    kafka_ = kafka->release();
  }
  static void TearDownTestSuite() {
    delete kafka_;
    kafka_ = nullptr;
  }

  void SetUp() override {
    static int number = 0;
    source_ = absl::StrCat("s", ++number);
    cluster_.brokers = kafka_->bootstrap();
    options_.topic = "{source}.{table}";
    options_.transactional_id = "tidemark-" + source_;
    options_.checkpoint_topic = "tidemark.checkpoint." + source_;
    data_ = &NewFolder();
  }
  void TearDown() override { publishers_.clear(); }

  DataFolder& NewFolder() { return *folders_.emplace_back(std::make_unique<DataFolder>(source_)); }
  Publisher* Start(DataFolder& data) {
    Publisher::Parts parts;
    parts.source = source_;
    parts.cluster = cluster_;
    parts.options = options_;
    parts.journal = data.journal();
    parts.topic_owners = topic_owners_;
    parts.names = [] { return capture::ServerNames{"PostgreSQL", "shop"}; };
    parts.published = [this](const model::Position& position) {
      std::lock_guard lock(mutex_);
      published_ = position;
    };
    parts.superseded = [this](const absl::Status& status) {
      std::lock_guard lock(mutex_);
      superseded_ = status;
    };
    publishers_.push_back(Publisher::Start(std::move(parts)));
    return publishers_.back().get();
  }
  // In a new folder, the state that Kafka has.
  DataFolder& Restored() {
    DataFolder& fresh = NewFolder();
    EXPECT_OK(Restore(source_, cluster_, options_, fresh.store(), nullptr, {}));
    return fresh;
  }
  // As a service that ends.
  void StopAll() {
    publishers_.clear();
    for (std::unique_ptr<DataFolder>& folder : folders_) folder->Close();
  }

  void WaitUntilPublished(Publisher* publisher, DataFolder& data) {
    WaitFor(publisher,
            [&] { return publisher->status().published == data.journal()->bounds().newest; });
  }
  // `publisher`: whose error is told if it does not come true; may be null.
  template <typename Condition>
  void WaitFor(Publisher* publisher, Condition condition) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (!condition()) {
      ASSERT_LT(absl::Now(), deadline) << (publisher == nullptr ? "" : publisher->status().error);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  std::string WhyStopped(Publisher* publisher) {
    WaitFor(publisher, [&] { return publisher->status().state == PublisherState::kStopped; });
    return publisher->status().error;
  }
  // By another service.
  void WaitUntilReplaced(Publisher* publisher) {
    EXPECT_THAT(WhyStopped(publisher), ::testing::HasSubstr("published by another service"));
  }

  std::vector<KafkaRecord> Read(const std::string& table) {
    auto records = tidemark::testing::ReadCommitted(kafka_->bootstrap(), source_ + "\\." + table);
    EXPECT_OK(records);
    return records.ok() ? *records : std::vector<KafkaRecord>();
  }
  // The sequences of the changes in a topic, in the order of its offsets.
  std::vector<uint64_t> Sequences(const std::string& table) {
    std::vector<uint64_t> sequences;
    for (const KafkaRecord& record : Read(table)) {
      uint64_t sequence = 0;
      EXPECT_TRUE(absl::SimpleAtoi(HeaderOf(record, "sequence"), &sequence));
      sequences.push_back(sequence);
    }
    return sequences;
  }

  // Keys of the records of its state in Kafka; empty: it cannot be restored from there.
  std::set<std::string> StateInKafka() {
    auto state =
        CheckpointTopic(cluster_, options_.checkpoint_topic, options_.transactional_id + "-test")
            .ReadState({});
    std::set<std::string> keys;
    if (!state.ok() || !*state || !(*state)->place.restorable) return keys;
    for (const storage::StateRecord& record : (*state)->records) keys.insert(record.key);
    return keys;
  }
  static std::set<std::string> StateOf(DataFolder& data) {
    std::set<std::string> keys;
    const storage::StateChange whole = *data.journal()->state_log().Whole();
    for (const storage::StateRecord& record : whole.records) keys.insert(record.key);
    return keys;
  }

  inline static tidemark::testing::KafkaCluster* kafka_ = nullptr;
  std::string source_;
  ClusterOptions cluster_;
  PublishOptions options_;
  const std::shared_ptr<TopicOwners> topic_owners_ = std::make_shared<TopicOwners>();
  std::vector<std::unique_ptr<DataFolder>> folders_;
  DataFolder* data_ = nullptr;
  std::vector<std::unique_ptr<Publisher>> publishers_;
  std::mutex mutex_;
  model::Position published_;
  absl::Status superseded_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_PUBLISHER_FIXTURE_H_
