#include "tests/support/kafka_topic.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/kafka_client.h"

namespace tidemark::testing {
namespace {

constexpr size_t kTopicMessageBytes = 512;
// The number of replicas is left to the cluster.
constexpr int kReplicasOfCluster = -1;

absl::Status ResultOf(rd_kafka_event_t* event, const std::string& what) {
  if (event == nullptr) return absl::DeadlineExceededError(absl::StrCat(what, ": no answer"));
  if (rd_kafka_event_error(event) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return KafkaStatus(what, rd_kafka_event_error(event));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* why = rd_kafka_topic_result_error_string(results[i]);
    return KafkaStatus(absl::StrCat(what, ": ", why == nullptr ? "" : why), error);
  }
  return absl::OkStatus();
}

absl::Status Create(rd_kafka_t* client, const KafkaTopic& topic, absl::Duration timeout) {
  const std::string what = absl::StrCat("creating topic ", topic.name);
  char message[kTopicMessageBytes];
  const KafkaHandle<rd_kafka_NewTopic_t> made(rd_kafka_NewTopic_new(
      topic.name.c_str(), topic.partitions, kReplicasOfCluster, message, sizeof(message)));
  if (made == nullptr) return absl::InternalError(absl::StrCat(what, ": ", message));
  for (const auto& [name, value] : topic.settings) {
    rd_kafka_NewTopic_set_config(made.get(), name.c_str(), value.c_str());
  }
  const int timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(timeout));
  const KafkaHandle<rd_kafka_AdminOptions_t> options(
      rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, nullptr, 0);
  const KafkaHandle<rd_kafka_queue_t> queue(rd_kafka_queue_new(client));
  rd_kafka_NewTopic_t* topics[] = {made.get()};
  rd_kafka_CreateTopics(client, topics, 1, options.get(), queue.get());
  const KafkaHandle<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), timeout_ms));
  return ResultOf(event.get(), what);
}

bool EveryPartitionHasALeader(const rd_kafka_metadata_t& metadata, int partitions) {
  if (metadata.topic_cnt != 1 || metadata.topics[0].partition_cnt != partitions) return false;
  for (int i = 0; i < partitions; ++i) {
    if (metadata.topics[0].partitions[i].leader < 0) return false;
  }
  return true;
}

absl::Status WaitForLeaders(rd_kafka_t* client, const KafkaTopic& topic, absl::Time deadline) {
  const KafkaHandle<rd_kafka_topic_t> handle(
      rd_kafka_topic_new(client, topic.name.c_str(), nullptr));
  while (absl::Now() < deadline) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const int timeout_ms = static_cast<int>(absl::ToInt64Milliseconds(deadline - absl::Now()));
    rd_kafka_metadata(client, 0, handle.get(), &metadata, timeout_ms);
    const KafkaHandle<const rd_kafka_metadata_t> owned(metadata);
    if (metadata != nullptr && EveryPartitionHasALeader(*metadata, topic.partitions)) {
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return absl::DeadlineExceededError(absl::StrCat("topic ", topic.name, " has no leaders"));
}

}  // namespace

absl::Status CreateKafkaTopic(const std::string& bootstrap, const KafkaTopic& topic,
                              absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  absl::StatusOr<KafkaHandle<rd_kafka_t>> client = OpenKafkaClient(RD_KAFKA_PRODUCER, bootstrap);
  if (!client.ok()) return client.status();
  if (absl::Status made = Create(client->get(), topic, timeout); !made.ok()) return made;
  return WaitForLeaders(client->get(), topic, deadline);
}

}  // namespace tidemark::testing
