#ifndef TIDEMARK_SERVICE_KAFKA_CLIENT_H_
#define TIDEMARK_SERVICE_KAFKA_CLIENT_H_

#include <librdkafka/rdkafka.h>

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/handle.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// The properties of a client of this cluster: the operator's, then `ours`, which win.
// InvalidArgument: librdkafka does not know one, or not its value; the message names it, without
// the value. Properties of OAUTHBEARER that OauthTokens understands are left to that.
absl::StatusOr<Handle<rd_kafka_conf_t>> MakeConf(const ClusterOptions& cluster,
                                                 const Settings& ours);

// Takes the conf. InvalidArgument: the properties do not fit each other.
absl::StatusOr<Handle<rd_kafka_t>> MakeClient(rd_kafka_type_t type, Handle<rd_kafka_conf_t> conf);

// What librdkafka says, in our codes, with the remedy where there is one that it does not name.
//
//   Unavailable         a broker does not answer (yet): try again
//   FailedPrecondition  an operator must act: rights, names, sizes, settings
//   Cancelled           the service is shutting down
//   Internal            else
//
// `what`: "cannot ...".
absl::Status ToStatus(std::string_view what, rd_kafka_resp_err_t error,
                      std::string_view reason = "");

// Requests wait for brokers that are away, but not through a stop of the service: librdkafka is
// called for a moment at a time.

// `ask` is told how long it may take; again while brokers do not answer, but not longer than
// `wait_ms`. ERR__DESTROY: the stop token was triggered.
rd_kafka_resp_err_t AskUnlessStopped(int wait_ms, const std::stop_token& stop,
                                     const std::function<rd_kafka_resp_err_t(int ms)>& ask);
// Null: no answer came, or the stop token was triggered.
Handle<rd_kafka_event_t> PollUnlessStopped(rd_kafka_queue_t* queue, int wait_ms,
                                           const std::stop_token& stop);

// The status of a request that failed while the producer is well: what is for an operator becomes
// PermissionDenied, since FailedPrecondition is the producer's end.
absl::Status ForOperator(const absl::Status& status);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CLIENT_H_
