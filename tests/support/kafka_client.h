#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_CLIENT_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_CLIENT_H_

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tidemark::testing {

// Handles of librdkafka, for the files of this folder.
struct KafkaDeleter {
  void operator()(rd_kafka_t* client) const { rd_kafka_destroy(client); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_conf_t* settings) const { rd_kafka_conf_destroy(settings); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
};

template <typename T>
using KafkaHandle = std::unique_ptr<T, KafkaDeleter>;

using KafkaSettings = std::vector<std::pair<std::string, std::string>>;

// A client of the brokers in `bootstrap`. It logs nothing, and is quicker than by default to give
// up a broker that does not answer and to come back to one. Errors: InvalidArgument.
absl::StatusOr<KafkaHandle<rd_kafka_t>> OpenKafkaClient(rd_kafka_type_t type,
                                                        const std::string& bootstrap,
                                                        const KafkaSettings& settings = {});

// DeadlineExceeded: no answer in time; Unavailable: no connection; else Internal.
absl::Status KafkaStatus(absl::string_view what, rd_kafka_resp_err_t error);
// The same for an error object, which is released; null: no error.
absl::Status KafkaStatus(absl::string_view what, rd_kafka_error_t* error);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_KAFKA_CLIENT_H_
