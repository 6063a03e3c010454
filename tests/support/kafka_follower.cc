#include "tests/support/kafka_follower.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/kafka_client.h"

namespace tidemark::testing {
namespace {

constexpr int kFollowTimeoutMs = 10'000;

absl::StatusOr<int> CountPartitions(rd_kafka_t* client, rd_kafka_topic_t* topic) {
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(client, 0, topic, &metadata, kFollowTimeoutMs);
  const KafkaHandle<const rd_kafka_metadata_t> owned(metadata);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus("list of partitions", error);
  const rd_kafka_metadata_topic_t& about = metadata->topics[0];
  if (about.err != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(about.topic, about.err);
  return about.partition_cnt;
}

}  // namespace

struct KafkaFollower::Client {
  KafkaHandle<rd_kafka_t> client;
  KafkaHandle<rd_kafka_queue_t> queue;
  KafkaHandle<rd_kafka_topic_t> topic;
  // Those that were started.
  int partitions = 0;

  ~Client() {
    for (int32_t i = 0; i < partitions; ++i) rd_kafka_consume_stop(topic.get(), i);
  }

  absl::Status Start(int32_t partition) {
    int64_t first = 0, end = 0;
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        client.get(), rd_kafka_topic_name(topic.get()), partition, &first, &end, kFollowTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus("end of a partition", error);
    if (rd_kafka_consume_start_queue(topic.get(), partition, end, queue.get()) != 0) {
      return KafkaStatus("reading a partition", rd_kafka_last_error());
    }
    ++partitions;
    return absl::OkStatus();
  }
};

KafkaFollower::KafkaFollower(std::unique_ptr<Client> client) : client_(std::move(client)) {}

KafkaFollower::~KafkaFollower() = default;

absl::StatusOr<std::unique_ptr<KafkaFollower>> KafkaFollower::Open(const std::string& bootstrap,
                                                                   const std::string& topic) {
  auto opened =
      OpenKafkaClient(RD_KAFKA_CONSUMER, bootstrap,
                      {{"isolation.level", "read_committed"}, {"auto.offset.reset", "error"}});
  if (!opened.ok()) return opened.status();
  auto client = std::make_unique<Client>();
  client->client = *std::move(opened);
  client->queue.reset(rd_kafka_queue_new(client->client.get()));
  client->topic.reset(rd_kafka_topic_new(client->client.get(), topic.c_str(), nullptr));
  absl::StatusOr<int> partitions = CountPartitions(client->client.get(), client->topic.get());
  if (!partitions.ok()) return partitions.status();
  for (int32_t i = 0; i < *partitions; ++i) {
    if (absl::Status started = client->Start(i); !started.ok()) return started;
  }
  return std::unique_ptr<KafkaFollower>(new KafkaFollower(std::move(client)));
}

absl::StatusOr<std::optional<std::string>> KafkaFollower::NextKey(absl::Duration timeout) {
  const KafkaHandle<rd_kafka_message_t> message(rd_kafka_consume_queue(
      client_->queue.get(), static_cast<int>(absl::ToInt64Milliseconds(timeout))));
  const char* topic = rd_kafka_topic_name(client_->topic.get());
  if (message == nullptr) {
    return absl::DeadlineExceededError(
        absl::StrCat(topic, ": no record for ", absl::FormatDuration(timeout)));
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return KafkaStatus(topic, message->err);
  if (message->key == nullptr) return std::optional<std::string>();
  return std::optional<std::string>(std::in_place, static_cast<const char*>(message->key),
                                    message->key_len);
}

}  // namespace tidemark::testing
