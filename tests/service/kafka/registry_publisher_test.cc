// The formats with a schema registry where the publisher writes them: from a journal into topics.

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "service/kafka/publisher.h"
#include "tests/service/events.h"
#include "tests/service/kafka/registry_fixture.h"
#include "tests/service/kafka/registry_records.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tidemark::testing::KafkaCluster;
using tidemark::testing::KafkaRecord;
using tidemark::testing::ReadCommitted;
using tidemark::testing::SchemaRegistryServer;

constexpr absl::Duration kPatience = absl::Seconds(60);

class RegistryPublisherTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_OK_AND_ASSIGN(server_, SchemaRegistryServer::Start());
    ASSERT_OK_AND_ASSIGN(kafka_, KafkaCluster::Start({}));
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
    maker.End();
    storage::AppendBatch batch =
        maker.Batch(static_cast<uint64_t>(absl::GetCurrentTimeNanos() / 1000));
    batch.checkpoint.resume = "token";
    ASSERT_OK(journal_->Append(std::move(batch)));
  }

  void Publish(Format format, const std::string& url) {
    Publisher::Parts parts;
    parts.source = "shop";
    parts.cluster.brokers = kafka_->bootstrap();
    parts.options.format = format;
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
    const absl::Time deadline = absl::Now() + kPatience;
    while (!condition()) {
      ASSERT_LT(absl::Now(), deadline) << publisher_->status().error;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  void WaitUntilPublished() {
    WaitFor([&] { return publisher_->status().published == journal_->bounds().newest; });
  }

  // A commit is answered before a consumer is shown what it commits.
  KafkaRecord OnlyRecord(const std::string& topic) {
    std::vector<KafkaRecord> found;
    WaitFor([&] {
      auto records = ReadCommitted(kafka_->bootstrap(), topic);
      if (records.ok()) found = *std::move(records);
      return !found.empty();
    });
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? KafkaRecord() : found.front();
  }

  // That Confluent's consumer and deserializers get the row's record from its topic.
  void ExpectRead(const std::string& format, const std::string& topic, const std::string& value) {
    const KafkaRecord record = OnlyRecord(topic);
    EXPECT_OK(ReadWithConfluentsClient(format, server_->url(), topic,
                                       {{"key", record.key.value_or(""), R"({"id":7})"},
                                        {"value", record.value.value_or(""), value}},
                                       kafka_->bootstrap()));
  }

  static inline std::unique_ptr<SchemaRegistryServer> server_;
  static inline std::unique_ptr<KafkaCluster> kafka_;
  tidemark::testing::TempFolder folder_;
  std::unique_ptr<storage::Store> store_;
  storage::Journal* journal_ = nullptr;
  std::unique_ptr<Publisher> publisher_;
};

TEST_F(RegistryPublisherTest, AvroWaitsForARegistryThatIsDownAndThenIsReadByAConsumerOfConfluent) {
  AppendRow("avro");
  server_->Kill9();
  Publish(Format::kAvro, server_->url());
  WaitFor([&] { return !publisher_->status().error.empty(); });
  EXPECT_EQ(publisher_->status().state, PublisherState::kConnecting);
  EXPECT_THAT(publisher_->status().error,
              AllOf(HasSubstr(server_->url()), HasSubstr("public.avro")));
  ASSERT_OK(server_->StartAgain());
  WaitUntilPublished();
  ExpectRead("avro", "shop.avro",
             R"({"before":null,"after":{"id":7,"note":"note"},"source":{"version":")" +
                 std::string(TIDEMARK_VERSION) +
                 R"(","connector":"postgresql","name":"shop","ts_ms":0,"snapshot":"false",)"
                 R"("db":"orders","sequence":"[null,\"102\"]","ts_us":0,"ts_ns":0,)"
                 R"("schema":"public","table":"avro","txId":7,"lsn":102,"xmin":null,)"
                 R"("origin":null,"origin_lsn":null},"transaction":null,"op":"c",)"
                 R"("ts_ms":0,"ts_us":0,"ts_ns":0})");
}

// Each attempt connects to Kafka, and fails with the first event.
TEST_F(RegistryPublisherTest, RegistryThatStaysAwayIsLoggedOnceAndTheLagGrows) {
  AppendRow("away");
  ::testing::internal::CaptureStderr();
  Publish(Format::kAvro, "http://127.0.0.1:1");
  WaitFor([&] { return publisher_->status().lag_us > 0 && !publisher_->status().error.empty(); });
  const uint64_t lag_us = publisher_->status().lag_us;
  for (int look = 0; look < 40; ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_GE(publisher_->status().lag_us, lag_us);
  }
  EXPECT_GE(publisher_->status().lag_us, lag_us + 2'000'000);
  publisher_.reset();
  const std::string log = ::testing::internal::GetCapturedStderr();
  std::vector<std::string> lines = absl::StrSplit(log, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, ElementsAre(HasSubstr("publisher disconnected")));
}

TEST_F(RegistryPublisherTest, ProtobufIsReadByAConsumerOfConfluent) {
  AppendRow("proto");
  Publish(Format::kRegistryProtobuf, server_->url());
  WaitUntilPublished();
  ExpectRead("protobuf", "shop.proto",
             R"({"op":"OP_CREATE","after":{"id":7,"note":"note"},"source":{"name":"shop",)"
             R"("namespace":"public","table":"proto","positionOffset":102,)"
             R"("transactionId":7}})");
}

TEST_F(RegistryPublisherTest, WhatTheRegistryRefusesStopsThePublisherAndSaysSo) {
  RegistryOptions options;
  options.urls = {server_->url()};
  SchemaRegistry registry(options, std::stop_token());
  ASSERT_OK(registry.Register({"shop.taken-key", "public.taken"},
                              {"AVRO", R"({"type":"record","name":"r","fields":[]})"}));
  AppendRow("taken");
  Publish(Format::kAvro, server_->url());
  WaitFor([&] { return publisher_->status().state == PublisherState::kStopped; });
  EXPECT_THAT(publisher_->status().error,
              AllOf(HasSubstr("shop.taken-key"), HasSubstr("public.taken"),
                    HasSubstr("set the subject's compatibility")));
}

}  // namespace
}  // namespace tidemark::service::kafka
