#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "service/failure_cause.h"
#include "tests/service/kafka/publisher_fixture.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using tidemark::testing::KafkaCluster;

constexpr int kStays = 0;
constexpr int kGoes = 1;

// Two brokers, of which the second can be missed. A partition is on one of them alone.
class LeaderTest : public PublisherTest {
 protected:
  static void SetUpTestSuite() {
    auto kafka = KafkaCluster::Start(
        {.brokers = 2, .controllers = 1, .settings = {{"default.replication.factor", "1"}}});
    ASSERT_OK(kafka);
    kafka_ = kafka->release();
  }

  // Of partition 0; negative: none.
  int LeaderOf(const std::string& topic) {
    auto client = MakeClient(RD_KAFKA_PRODUCER, *MakeConf(cluster_, {{"log_level", "0"}}));
    EXPECT_OK(client);
    const Handle<rd_kafka_topic_t> handle(
        rd_kafka_topic_new(client->get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* found = nullptr;
    rd_kafka_metadata(client->get(), 0, handle.get(), &found, 30'000);
    const Handle<const rd_kafka_metadata_t> metadata(found);
    if (metadata == nullptr || metadata->topics[0].partition_cnt == 0) return -1;
    return metadata->topics[0].partitions[0].leader - 1;
  }

  // The options name it from now on.
  std::string MakeCheckpointTopicOn(int broker) {
    std::string& topic = options_.checkpoint_topic;
    do {
      topic += "x";
      EXPECT_OK(tidemark::testing::CreateKafkaTopic(
          cluster_.brokers, {.name = topic, .settings = {{"cleanup.policy", "compact"}}}));
    } while (LeaderOf(topic) != broker);
    return topic;
  }

  // What it says of `topic` while it waits; what the client says of brokers may be behind that.
  std::string WaitingFor(Publisher* publisher, const std::string& topic) {
    const std::string wanted = absl::StrCat("topic ", topic, " waits for a leader of partition ");
    std::string error;
    WaitFor(publisher, [&] {
      error = publisher->status().error;
      return absl::StartsWith(error, wanted);
    });
    EXPECT_EQ(publisher->status().state, PublisherState::kConnecting);
    return error.substr(0, error.find(';'));
  }
  static uint64_t Failures(const Publisher& publisher) {
    return publisher.status().errors.by_cause[static_cast<size_t>(FailureCause::kUnavailable)];
  }
};

// The lines of a log that say it of `topic`.
size_t CountLines(const std::string& log, const std::string& event, const std::string& topic) {
  const std::vector<std::string> lines = absl::StrSplit(log, '\n');
  return static_cast<size_t>(std::count_if(lines.begin(), lines.end(), [&](const auto& line) {
    return absl::StrContains(line, event) && absl::StrContains(line, " topic=" + topic + " ");
  }));
}

TEST_F(LeaderTest, TopicWithoutALeaderIsSaidWithSinceWhenAndWaitedFor) {
  const std::string table = source_ + ".orders";
  const std::string other_checkpoints = MakeCheckpointTopicOn(kGoes);
  MakeCheckpointTopicOn(kStays);
  options_.partitions = 2;  // one on each
  data_->AppendSchema(1, "orders");
  data_->Append(1, {1, 2, 3, 4, 5, 6, 7, 8});
  WaitUntilPublished(Start(*data_), *data_);
  publishers_.clear();
  kafka_->Kill9(kGoes);
  WaitFor(nullptr, [&] { return LeaderOf(other_checkpoints) < 0; });

  ::testing::internal::CaptureStderr();
  data_->Append(1, {11, 12, 13, 14, 15, 16, 17, 18});
  Publisher* publisher = Start(*data_);
  const std::string said = WaitingFor(publisher, table);
  EXPECT_THAT(said, ContainsRegex(" since 20..-..-..T..:..:..Z$"));
  // The next attempt knows since when.
  const uint64_t failures = Failures(*publisher);
  WaitFor(publisher, [&] { return Failures(*publisher) > failures; });
  EXPECT_EQ(WaitingFor(publisher, table), said);
  DataFolder& other_data = NewFolder();
  other_data.AppendSchema(1, "orders");
  options_.transactional_id += "-other";
  options_.checkpoint_topic = other_checkpoints;
  Publisher* other = Start(other_data);
  WaitingFor(other, other_checkpoints);

  ASSERT_OK(kafka_->StartAgain(kGoes));
  WaitUntilPublished(publisher, *data_);
  WaitUntilPublished(other, other_data);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(CountLines(log, "a topic waits for a leader", table), 1u) << log;
  EXPECT_EQ(CountLines(log, "a topic waits for a leader", other_checkpoints), 1u) << log;
  EXPECT_THAT(log, HasSubstr("a topic has its leaders again"));
  EXPECT_EQ(Sequences("orders").size(), 16u);
}

}  // namespace
}  // namespace tidemark::service::kafka
