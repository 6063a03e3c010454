#include "service/kafka/producer.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "tests/service/kafka/publisher_fixture.h"

namespace tidemark::service::kafka {
namespace {

// So many answers of a broker may be under way.
constexpr int kPartitions = 5;
// Without the guard one time in five goes by unnoticed.
constexpr int kTimes = 2;

std::unique_ptr<Producer> Take(const ClusterOptions& cluster, const std::string& transactional_id) {
  auto producer = Producer::Open(cluster, transactional_id, UINT64_MAX);
  EXPECT_OK(producer);
  if (!producer.ok()) return nullptr;
  EXPECT_OK((*producer)->Init({}));
  return *std::move(producer);
}

void ProduceToEachPartition(Producer& producer, const std::string& topic) {
  Record record;
  record.value = "an order";
  for (int i = 0; i < kPartitions; ++i) {
    record.partition = i;
    ASSERT_OK(producer.Produce(topic, record, {}));
  }
}

// The first answer ends the producer, and the client has yet to handle the others: it must not free
// before what they free again, which ends the process or makes AddressSanitizer speak.
TEST_F(PublisherTest, ProducerThatWasReplacedIsClosedWhileAnswersSayThatItWas) {
  const std::string topic = source_ + ".orders";
  ASSERT_OK(tidemark::testing::CreateKafkaTopic(cluster_.brokers,
                                                {.name = topic, .partitions = kPartitions}));
  ClusterOptions slow = cluster_;
  slow.properties = {{"plugin.library.paths", TIDEMARK_SLOW_KAFKA_ANSWERS}};
  for (int i = 0; i < kTimes; ++i) {
    auto replaced = Take(slow, options_.transactional_id);
    ASSERT_NE(replaced, nullptr);
    ASSERT_OK(replaced->Begin());
    // So that the next records are not refused with their partitions, before they are sent.
    ProduceToEachPartition(*replaced, topic);
    ASSERT_EQ(rd_kafka_flush(replaced->client(), 60'000), RD_KAFKA_RESP_ERR_NO_ERROR);
    const auto newer = Take(cluster_, options_.transactional_id);
    ASSERT_NE(newer, nullptr);
    ProduceToEachPartition(*replaced, topic);
    EXPECT_TRUE(absl::IsFailedPrecondition(replaced->Commit({})));
    replaced.reset();
  }
}

}  // namespace
}  // namespace tidemark::service::kafka
