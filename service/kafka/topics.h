#ifndef TIDEMARK_SERVICE_KAFKA_TOPICS_H_
#define TIDEMARK_SERVICE_KAFKA_TOPICS_H_

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/client.h"
#include "service/kafka/leader_waits.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// A topic as it is made where it is missing. Values of 0: the broker's default.
struct TopicOptions {
  int32_t partitions = 0;
  int16_t replication = 0;
  Settings settings = {};
};

struct Topic {
  int32_t partitions = 0;
  // The topic's max.message.bytes: what the broker takes of a batch of records, compressed. Where
  // it may not be asked for, the largest number.
  uint64_t batch_bytes_max = UINT64_MAX;
  // Empty: it may not be asked for.
  std::string cleanup_policy = {};
};

// Whether a broker knows it, with leaders or without. Unavailable: none answers.
absl::StatusOr<bool> TopicExists(rd_kafka_t* client, const std::string& name,
                                 const std::stop_token& stop);

// The topics of a cluster. One thread.
class Topics {
 public:
  // `client`, a producer or consumer, and `waits` must outlive it.
  Topics(rd_kafka_t* client, LeaderWaits* waits) : client_(client), waits_(waits) {}

  // Made if it is missing. Asks the cluster once for each name. Waits until all partitions have
  // leaders, but only for seconds: then, and where brokers do not answer, Unavailable: try again
  // later. FailedPrecondition: an operator must act, the message names the topic; Cancelled.
  absl::StatusOr<Topic> Ensure(const std::string& name, const TopicOptions& options,
                               std::stop_token stop);
  // As they are now: some may have been added. Waits for leaders too. NotFound: it is gone.
  absl::StatusOr<int32_t> Partitions(const std::string& name, const std::stop_token& stop);

 private:
  // Null `options`: it is not made.
  absl::StatusOr<int32_t> AwaitLeaders(const std::string& name, const TopicOptions* options,
                                       const std::stop_token& stop);
  void Describe(const std::string& name, const std::stop_token& stop, Topic* topic);
  absl::Status Create(const std::string& name, const TopicOptions& options,
                      const std::stop_token& stop);

  rd_kafka_t* const client_;
  LeaderWaits* const waits_;
  std::map<std::string, Topic> known_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TOPICS_H_
