#include "tests/support/kafka_client.h"

#include "absl/strings/str_cat.h"

namespace tidemark::testing {
namespace {

constexpr size_t kMessageBytes = 512;

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
      return absl::StatusCode::kOk;
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return absl::StatusCode::kDeadlineExceeded;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::StatusOr<KafkaHandle<rd_kafka_t>> OpenKafkaClient(rd_kafka_type_t type,
                                                        const std::string& bootstrap,
                                                        const KafkaSettings& settings) {
  KafkaSettings all = {{"bootstrap.servers", bootstrap},
                       {"socket.timeout.ms", "10000"},
                       {"reconnect.backoff.max.ms", "1000"}};
  all.insert(all.end(), settings.begin(), settings.end());
  KafkaHandle<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  char message[kMessageBytes];
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), message, sizeof(message)) !=
        RD_KAFKA_CONF_OK) {
      return absl::InvalidArgumentError(message);
    }
  }
  KafkaHandle<rd_kafka_t> client(rd_kafka_new(type, conf.get(), message, sizeof(message)));
  if (client == nullptr) return absl::InvalidArgumentError(message);
  // The settings belong to the client now.
  static_cast<void>(conf.release());
  return client;
}

absl::Status KafkaStatus(absl::string_view what, rd_kafka_resp_err_t error) {
  return absl::Status(CodeOf(error), absl::StrCat(what, ": ", rd_kafka_err2name(error), ": ",
                                                  rd_kafka_err2str(error)));
}

absl::Status KafkaStatus(absl::string_view what, rd_kafka_error_t* error) {
  const KafkaHandle<rd_kafka_error_t> owned(error);
  if (error == nullptr) return absl::OkStatus();
  return absl::Status(CodeOf(rd_kafka_error_code(error)),
                      absl::StrCat(what, ": ", rd_kafka_error_string(error)));
}

}  // namespace tidemark::testing
