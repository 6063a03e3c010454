#include "service/kafka/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/oauth_tokens.h"

namespace tidemark::service::kafka {
namespace {

constexpr int kMomentMs = 500;

absl::StatusCode CodeOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__WAIT_CACHE:
    case RD_KAFKA_RESP_ERR__RETRY:
    case RD_KAFKA_RESP_ERR__NOENT:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    case RD_KAFKA_RESP_ERR_NOT_CONTROLLER:
    case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR:
    case RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED:
      return absl::StatusCode::kUnavailable;
    case RD_KAFKA_RESP_ERR__DESTROY:
      return absl::StatusCode::kCancelled;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

const char* RemedyOf(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
      return "; check kafka.sasl in the configuration";
    case RD_KAFKA_RESP_ERR__SSL:
      return "; check kafka.tls in the configuration";
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return "; allow the user to describe, create and write the topics, and to read the "
             "checkpoint topic";
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
      return "; allow the user the group that is named like the transactional id";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      return "; allow the user to create topics and to write idempotently, or create the topics";
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
      return "; allow the user to describe and write the transactional id";
    case RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT:
      return "; set transaction.timeout.ms in kafka.properties to at most the broker's "
             "transaction.max.timeout.ms";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return "; it takes less than this service knows: allow the user to describe the "
             "configuration of topics, or set batch.size in kafka.properties to the least "
             "max.message.bytes";
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return "; a compacted topic takes no record without a key: set its cleanup.policy to delete, "
             "or send tables without a key to another topic (publish.routes) and leave TRUNCATE "
             "out (publish.truncates: false)";
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
      return "; check the clocks of the brokers and of this machine, or raise the topic's "
             "message.timestamp.before.max.ms";
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
      return "; set publish.replication to at most the number of brokers";
    default:
      return "";
  }
}

absl::Status Set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char error[512];
  const rd_kafka_conf_res_t result =
      rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof(error));
  if (result == RD_KAFKA_CONF_OK) return absl::OkStatus();
  if (result == RD_KAFKA_CONF_UNKNOWN) {
    return absl::InvalidArgumentError(absl::StrCat("librdkafka ", rd_kafka_version_str(),
                                                   " has no property ", name,
                                                   "; correct or remove it from kafka.properties"));
  }
  // Its own words may hold the value, which may be a secret.
  return absl::InvalidArgumentError(absl::StrCat("librdkafka does not take the value of ", name,
                                                 "; correct it in the configuration"));
}

}  // namespace

absl::StatusOr<Handle<rd_kafka_conf_t>> MakeConf(const ClusterOptions& cluster,
                                                 const Settings& ours) {
  Handle<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  Settings all = {{"client.id", "tidemark"}, {"log_level", "4"}};
  all.insert(all.end(), cluster.properties.begin(), cluster.properties.end());
  OauthTokens takes_its_own(&all);
  all.emplace_back("bootstrap.servers", cluster.brokers);
  all.insert(all.end(), ours.begin(), ours.end());
  for (const auto& [name, value] : all) {
    if (absl::Status set = Set(conf.get(), name, value); !set.ok()) return set;
  }
  return conf;
}

absl::StatusOr<Handle<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Handle<rd_kafka_conf_t> conf) {
  char error[512];
  Handle<rd_kafka_t> client(rd_kafka_new(type, conf.get(), error, sizeof(error)));
  if (client == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("cannot set up a Kafka client: ", error,
                                                   "; correct kafka: in the configuration"));
  }
  // It belongs to the client now.
  conf.release();
  return client;
}

absl::Status ToStatus(std::string_view what, rd_kafka_resp_err_t error, std::string_view reason) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  const std::string cause(reason.empty() ? std::string_view(rd_kafka_err2str(error)) : reason);
  return absl::Status(CodeOf(error), absl::StrCat(std::string(what), ": ", cause, " (",
                                                  rd_kafka_err2name(error), ")", RemedyOf(error)));
}

rd_kafka_resp_err_t AskUnlessStopped(int wait_ms, const std::stop_token& stop,
                                     const std::function<rd_kafka_resp_err_t(int ms)>& ask) {
  while (!stop.stop_requested()) {
    const int ms = std::min(wait_ms, kMomentMs);
    wait_ms -= ms;
    const rd_kafka_resp_err_t error = ask(ms);
    // A client that has no broker yet, as where the first one that it tried is away, says so at the
    // end of a moment: it is about to try the next.
    const bool silent = error == RD_KAFKA_RESP_ERR__TRANSPORT ||
                        error == RD_KAFKA_RESP_ERR__TIMED_OUT ||
                        error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    if (!silent || wait_ms <= 0) return error;
  }
  return RD_KAFKA_RESP_ERR__DESTROY;
}

Handle<rd_kafka_event_t> PollUnlessStopped(rd_kafka_queue_t* queue, int wait_ms,
                                           const std::stop_token& stop) {
  Handle<rd_kafka_event_t> event;
  for (; event == nullptr && wait_ms > 0 && !stop.stop_requested(); wait_ms -= kMomentMs) {
    event.reset(rd_kafka_queue_poll(queue, std::min(wait_ms, kMomentMs)));
  }
  return event;
}

absl::Status ForOperator(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status)
             ? absl::PermissionDeniedError(status.message())
             : status;
}

}  // namespace tidemark::service::kafka
