#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_CLIENT_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_CLIENT_H_

#include <librdkafka/rdkafka.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/kafka/handle.h"

namespace tidemark::testing {

template <typename T>
using KafkaHandle = service::kafka::Handle<T>;

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
