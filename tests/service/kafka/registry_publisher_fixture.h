#ifndef TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_PUBLISHER_FIXTURE_H_
#define TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_PUBLISHER_FIXTURE_H_

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/kafka/publisher.h"
#include "storage/journal.h"
#include "tests/service/events.h"
#include "tests/service/kafka/registry_records.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/schema_registry_server.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {

// A publisher, which writes what is in a journal, a broker and a registry. The tests of the suite
// share the last two.
class RegistryPublisherTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_OK_AND_ASSIGN(server_, tidemark::testing::SchemaRegistryServer::Start());
    ASSERT_OK_AND_ASSIGN(kafka_, tidemark::testing::KafkaCluster::Start({}));
  }
  static void TearDownTestSuite() {
    kafka_.reset();
    server_.reset();
  }

  void SetUp() override {
    storage::StoreOptions options;
    options.folder = folder_.path() + "/data";
    ASSERT_OK_AND_ASSIGN(store_, storage::Store::Open(options));
    ASSERT_OK_AND_ASSIGN(journal_, store_->OpenJournal("shop"));
    ASSERT_OK(journal_->state_log().Keep(true));
  }
  void TearDown() override { publisher_.reset(); }

  // A table public.<table>, and a row of it that is created.
  void AppendRow(const std::string& table) {
    BlockMaker maker(journal_->bounds().newest + 1);
    maker.Schema(MakeSchema(3, 3, "public", table));
    maker.Change(3, model::Op::kCreate, 7, "note");
    Append(maker.End());
  }
  void Append(BlockMaker& maker) {
    storage::AppendBatch batch =
        maker.Batch(static_cast<uint64_t>(absl::GetCurrentTimeNanos() / 1000));
    batch.checkpoint.resume = "token";
    ASSERT_OK(journal_->Append(std::move(batch)));
  }

  void Publish(Format format, const std::string& url, bool tombstones = false) {
    Publisher::Parts parts;
    parts.source = "shop";
    parts.cluster.brokers = kafka_->bootstrap();
    parts.options.format = format;
    parts.options.tombstones = tombstones;
    parts.options.topic = "shop.{table}";
    static int number = 0;
    const std::string name = absl::StrCat("publisher-", ++number);
    parts.options.transactional_id = name;
    parts.options.checkpoint_topic = "checkpoint." + name;
    parts.registry.urls = {url};
    parts.journal = journal_;
    parts.names = [] { return capture::ServerNames{"PostgreSQL", "orders"}; };
    parts.published = [](const model::Position&) {};
    parts.superseded = [](const absl::Status& status) { ADD_FAILURE() << status; };
    publisher_ = Publisher::Start(std::move(parts));
  }

  template <typename Condition>
  void WaitFor(Condition condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (!condition()) {
      ASSERT_LT(absl::Now(), deadline) << publisher_->status().error;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void WaitUntilPublished() {
    WaitFor([&] { return publisher_->status().published == journal_->bounds().newest; });
  }

  // A commit is answered before a consumer is shown what it commits.
  tidemark::testing::KafkaRecord OnlyRecord(const std::string& topic) {
    std::vector<tidemark::testing::KafkaRecord> found;
    WaitFor([&] {
      auto records = tidemark::testing::ReadCommitted(kafka_->bootstrap(), topic);
      if (records.ok()) found = *std::move(records);
      return !found.empty();
    });
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? tidemark::testing::KafkaRecord() : found.front();
  }

  // That Confluent's consumer and deserializers get the row's record from its topic.
  void ExpectRead(const std::string& format, const std::string& topic, const std::string& value) {
    const tidemark::testing::KafkaRecord record = OnlyRecord(topic);
    EXPECT_OK(ReadWithConfluentsClient(format, server_->url(), topic,
                                       {{"key", record.key.value_or(""), R"({"id":7})"},
                                        {"value", record.value.value_or(""), value}},
                                       kafka_->bootstrap()));
  }

  static inline std::unique_ptr<tidemark::testing::SchemaRegistryServer> server_;
  static inline std::unique_ptr<tidemark::testing::KafkaCluster> kafka_;
  tidemark::testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
  std::unique_ptr<Publisher> publisher_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_TESTS_SERVICE_KAFKA_REGISTRY_PUBLISHER_FIXTURE_H_
