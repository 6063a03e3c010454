#include "tests/support/kafka_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "tests/support/kafka_client.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kafka_follower.h"
#include "tests/support/kafka_topic.h"
#include "tests/support/status_matchers.h"

namespace tidemark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// A transactional producer.
class Producer {
 public:
  static absl::StatusOr<Producer> Open(const KafkaCluster& kafka, const std::string& id) {
    absl::StatusOr<KafkaHandle<rd_kafka_t>> client = OpenKafkaClient(
        RD_KAFKA_PRODUCER, kafka.bootstrap(), {{"transactional.id", id}, {"linger.ms", "0"}});
    if (!client.ok()) return client.status();
    const absl::Status ready =
        KafkaStatus("init", rd_kafka_init_transactions(client->get(), kForever));
    if (!ready.ok()) return ready;
    return Producer(*std::move(client));
  }

  absl::Status Begin() { return KafkaStatus("begin", rd_kafka_begin_transaction(client_.get())); }
  absl::Status Commit() {
    return KafkaStatus("commit", rd_kafka_commit_transaction(client_.get(), kForever));
  }
  absl::Status Abort() {
    return KafkaStatus("abort", rd_kafka_abort_transaction(client_.get(), kForever));
  }
  // Until the broker has all that was sent.
  absl::Status Flush() { return KafkaStatus("flush", rd_kafka_flush(client_.get(), 60'000)); }

  absl::Status Send(const std::string& topic, const std::string& key, const std::string& value) {
    return KafkaStatus(
        "send", rd_kafka_producev(client_.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                                  RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_KEY(key.data(), key.size()),
                                  RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                  RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END));
  }

  absl::Status SendInOneTransaction(const std::string& topic, const std::string& key,
                                    const std::string& value) {
    absl::Status status = Begin();
    if (status.ok()) status = Send(topic, key, value);
    if (status.ok()) status = Commit();
    return status;
  }

  rd_kafka_t* client() { return client_.get(); }

 private:
  static constexpr int kForever = -1;

  explicit Producer(KafkaHandle<rd_kafka_t> client) : client_(std::move(client)) {}

  KafkaHandle<rd_kafka_t> client_;
};

std::vector<std::pair<std::string, std::string>> KeysAndValues(
    const std::vector<KafkaRecord>& records) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const KafkaRecord& record : records) {
    pairs.emplace_back(record.key.value_or("null"), record.value.value_or("null"));
  }
  return pairs;
}

// The broker (from 0) that leads partition 0 of a topic; -1: none.
int LeaderOf(rd_kafka_t* client, const std::string& topic) {
  const KafkaHandle<rd_kafka_topic_t> handle(rd_kafka_topic_new(client, topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  rd_kafka_metadata(client, 0, handle.get(), &metadata, 10'000);
  const KafkaHandle<const rd_kafka_metadata_t> owned(metadata);
  if (metadata == nullptr || metadata->topics[0].partition_cnt == 0) return -1;
  return metadata->topics[0].partitions[0].leader - 1;
}

// One broker for tests that do it no harm.
class OneBrokerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = KafkaCluster::Start({});
    ASSERT_OK(started);
    kafka_ = started->release();
  }
  static void TearDownTestSuite() {
    delete kafka_;
    kafka_ = nullptr;
  }

  static const std::string& bootstrap() { return kafka_->bootstrap(); }

  static KafkaCluster* kafka_;
};

KafkaCluster* OneBrokerTest::kafka_ = nullptr;

TEST_F(OneBrokerTest, OnlyCommittedTransactionsAreRead) {
  ASSERT_OK(CreateKafkaTopic(bootstrap(), {.name = "committed"}));
  ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka_, "committed"));
  ASSERT_OK(producer.SendInOneTransaction("committed", "a", "1"));
  ASSERT_OK(producer.Begin());
  ASSERT_OK(producer.Send("committed", "a", "aborted"));
  // The broker has it: the consumer, not the producer, keeps it from being seen.
  ASSERT_OK(producer.Flush());
  ASSERT_OK(producer.Abort());
  ASSERT_OK(producer.SendInOneTransaction("committed", "b", "2"));
  ASSERT_OK(producer.Begin());
  ASSERT_OK(producer.Send("committed", "c", "3"));
  ASSERT_OK(producer.Flush());

  ASSERT_OK_AND_ASSIGN(auto consumer, KafkaConsumer::Open(bootstrap(), "committed"));
  ASSERT_OK_AND_ASSIGN(auto records, consumer->ReadToEnds());
  EXPECT_THAT(KeysAndValues(records), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  ASSERT_OK(producer.Commit());
  ASSERT_OK_AND_ASSIGN(records, consumer->ReadToEnds());
  EXPECT_THAT(KeysAndValues(records), ElementsAre(Pair("c", "3")));
  ASSERT_OK_AND_ASSIGN(records, consumer->ReadToEnds());
  EXPECT_THAT(records, IsEmpty());
}

TEST_F(OneBrokerTest, RecordsAreReadWhole) {
  ASSERT_OK(CreateKafkaTopic(bootstrap(), {.name = "whole", .partitions = 3}));
  ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka_, "whole"));
  ASSERT_OK(producer.Begin());
  const std::string key("k\0y", 3);
  ASSERT_EQ(rd_kafka_producev(producer.client(), RD_KAFKA_V_TOPIC("whole"), RD_KAFKA_V_PARTITION(2),
                              RD_KAFKA_V_KEY(key.data(), key.size()),
                              RD_KAFKA_V_HEADER("op", "c", 1), RD_KAFKA_V_HEADER("op", nullptr, 0),
                              RD_KAFKA_V_TIMESTAMP(1234567890123), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  char empty[] = "";
  ASSERT_EQ(rd_kafka_producev(producer.client(), RD_KAFKA_V_TOPIC("whole"), RD_KAFKA_V_PARTITION(2),
                              RD_KAFKA_V_VALUE(empty, 0), RD_KAFKA_V_END),
            RD_KAFKA_RESP_ERR_NO_ERROR);
  ASSERT_OK(producer.Commit());

  ASSERT_OK_AND_ASSIGN(const auto records, ReadCommitted(bootstrap(), "whole"));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].topic, "whole");
  EXPECT_EQ(records[0].partition, 2);
  EXPECT_EQ(records[0].offset, 0);
  EXPECT_EQ(records[0].key, key);
  EXPECT_EQ(records[0].value, std::nullopt);
  EXPECT_THAT(records[0].headers,
              ElementsAre(Pair("op", std::optional<std::string>("c")), Pair("op", std::nullopt)));
  EXPECT_EQ(records[0].timestamp_ms, 1234567890123);
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(records[1].value, "");
}

TEST_F(OneBrokerTest, FollowerGetsWhatIsCommittedFromNowOn) {
  ASSERT_OK(CreateKafkaTopic(bootstrap(), {.name = "followed"}));
  ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka_, "followed"));
  ASSERT_OK(producer.SendInOneTransaction("followed", "before", "v"));
  ASSERT_OK_AND_ASSIGN(auto follower, KafkaFollower::Open(bootstrap(), "followed"));
  ASSERT_OK(producer.Begin());
  ASSERT_OK(producer.Send("followed", "aborted", "v"));
  ASSERT_OK(producer.Flush());
  ASSERT_OK(producer.Abort());
  ASSERT_OK(producer.Begin());
  ASSERT_OK(producer.Send("followed", "behind", "v"));
  ASSERT_OK(producer.Flush());
  const auto open = follower->NextKey(absl::Milliseconds(300));
  EXPECT_TRUE(absl::IsDeadlineExceeded(open.status())) << open.status();
  ASSERT_OK(producer.Commit());
  ASSERT_OK_AND_ASSIGN(const std::optional<std::string> key, follower->NextKey(absl::Seconds(60)));
  EXPECT_EQ(key, "behind");
}

TEST_F(OneBrokerTest, TopicsAreReadWhoseWholeNameMatches) {
  ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka_, "names"));
  for (const char* name : {"shop.orders", "shop.items", "workshop.orders"}) {
    ASSERT_OK(CreateKafkaTopic(bootstrap(), {.name = name}));
    ASSERT_OK(producer.SendInOneTransaction(name, "name", name));
  }
  ASSERT_OK_AND_ASSIGN(const auto records, ReadCommitted(bootstrap(), "shop\\..*|__.*"));
  EXPECT_THAT(KeysAndValues(records), ::testing::UnorderedElementsAre(Pair("name", "shop.orders"),
                                                                      Pair("name", "shop.items")));
  EXPECT_TRUE(absl::IsInvalidArgument(KafkaConsumer::Open(bootstrap(), "(").status()));
}

TEST_F(OneBrokerTest, TopicsAreMadeByRequestOnly) {
  const KafkaTopic topic{.name = "once", .settings = {{"cleanup.policy", "compact"}}};
  ASSERT_OK(CreateKafkaTopic(bootstrap(), topic));
  EXPECT_THAT(CreateKafkaTopic(bootstrap(), topic).message(), HasSubstr("TOPIC_ALREADY_EXISTS"));
  ASSERT_OK_AND_ASSIGN(auto client, OpenKafkaClient(RD_KAFKA_PRODUCER, bootstrap()));
  EXPECT_EQ(LeaderOf(client.get(), "never"), -1);
  EXPECT_EQ(LeaderOf(client.get(), "once"), 0);
}

TEST_F(OneBrokerTest, FrozenBrokerAnswersNothingUntilItIsThawed) {
  kafka_->Freeze(0);
  const absl::Status frozen =
      CreateKafkaTopic(bootstrap(), {.name = "frozen"}, absl::Milliseconds(500));
  kafka_->Thaw(0);
  EXPECT_TRUE(absl::IsDeadlineExceeded(frozen)) << frozen;
  EXPECT_OK(CreateKafkaTopic(bootstrap(), {.name = "thawed"}));
}

TEST(KafkaClusterTest, KilledBrokerKeepsWhatWasCommitted) {
  ASSERT_OK_AND_ASSIGN(auto kafka, KafkaCluster::Start({}));
  ASSERT_OK(CreateKafkaTopic(kafka->bootstrap(), {.name = "t"}));
  ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka, "t"));
  ASSERT_OK(producer.SendInOneTransaction("t", "a", "1"));
  ASSERT_OK(producer.Begin());
  ASSERT_OK(producer.Send("t", "a", "open"));
  ASSERT_OK(producer.Flush());
  kafka->Kill9(0);
  ASSERT_OK(kafka->StartAgain(0));
  // The next of the same id ends the transaction that was open.
  ASSERT_OK_AND_ASSIGN(Producer successor, Producer::Open(*kafka, "t"));
  ASSERT_OK(successor.SendInOneTransaction("t", "b", "2"));
  ASSERT_OK(kafka->Stop(0));
  ASSERT_OK(kafka->StartAgain(0));
  ASSERT_OK_AND_ASSIGN(const auto records, ReadCommitted(kafka->bootstrap(), "t"));
  EXPECT_THAT(KeysAndValues(records), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(KafkaClusterTest, ThreeBrokersOutliveTheLossOfAnyOne) {
  ASSERT_OK_AND_ASSIGN(auto kafka, KafkaCluster::Start({.brokers = 3}));
  ASSERT_OK(CreateKafkaTopic(kafka->bootstrap(), {.name = "t"}));
  ASSERT_OK_AND_ASSIGN(auto client, OpenKafkaClient(RD_KAFKA_PRODUCER, kafka->bootstrap()));
  std::vector<std::pair<std::string, std::string>> sent;
  for (int round = 0; round < 3; ++round) {
    SCOPED_TRACE(round);
    ASSERT_OK_AND_ASSIGN(Producer producer, Producer::Open(*kafka, "t"));
    sent.emplace_back(absl::StrCat(round), "before");
    ASSERT_OK(producer.SendInOneTransaction("t", sent.back().first, sent.back().second));
    const int leader = LeaderOf(client.get(), "t");
    ASSERT_GE(leader, 0);
    kafka->Kill9(leader);
    ASSERT_OK_AND_ASSIGN(Producer successor, Producer::Open(*kafka, "t"));
    sent.emplace_back(absl::StrCat(round), "after");
    ASSERT_OK(successor.SendInOneTransaction("t", sent.back().first, sent.back().second));
    ASSERT_OK_AND_ASSIGN(const auto records, ReadCommitted(kafka->bootstrap(), "t"));
    EXPECT_EQ(KeysAndValues(records), sent);
    EXPECT_NE(LeaderOf(client.get(), "t"), leader);
    ASSERT_OK(kafka->StartAgain(leader));
  }
  for (int i = 0; i < kafka->brokers(); ++i) kafka->Kill9(i);
  ASSERT_OK(kafka->StartAgain());
  ASSERT_OK_AND_ASSIGN(const auto records, ReadCommitted(kafka->bootstrap(), "t"));
  EXPECT_EQ(KeysAndValues(records), sent);
}

TEST(KafkaClusterTest, BrokerThatDoesNotStartSaysWhy) {
  const absl::Status refused =
      KafkaCluster::Start({.settings = {{"num.io.threads", "many"}}}).status();
  EXPECT_TRUE(absl::IsAborted(refused)) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("num.io.threads"));
}

TEST(KafkaClusterTest, NoKafkaNamesTheRemedy) {
  const char* before = getenv("TIDEMARK_CACHE");
  const std::string kept = before == nullptr ? "" : before;
  TempFolder empty;
  setenv("TIDEMARK_CACHE", empty.path().c_str(), 1);
  const absl::Status missing = KafkaCluster::Start({}).status();
  setenv("TIDEMARK_CACHE", kept.c_str(), 1);
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  EXPECT_THAT(std::string(missing.message()), HasSubstr("dev/kafka4"));
}

}  // namespace
}  // namespace tidemark::testing
