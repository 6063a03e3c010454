#ifndef TIDEMARK_SERVICE_SUBSCRIBE_OPTIONS_H_
#define TIDEMARK_SERVICE_SUBSCRIBE_OPTIONS_H_

#include <chrono>
#include <string>

#include "absl/status/statusor.h"
#include "model/event.h"
#include "service/event_filter.h"
#include "storage/journal.h"
#include "tidemark/v1/change_stream.pb.h"

namespace tidemark::service {

// A SubscribeRequest that has been found well-formed.
struct SubscribeOptions {
  std::string source;
  v1::SubscribeRequest::StartCase start = v1::SubscribeRequest::START_NOT_SET;
  model::Sequence sequence = 0;
  uint64_t time_us = 0;
  // Empty: the stream has no name.
  std::string consumer;
  FilterOptions filter;
  size_t batch_bytes_max = 1 << 20;
  std::chrono::milliseconds heartbeat_interval{5000};
};

// InvalidArgument: the message names the field and what was expected.
absl::StatusOr<SubscribeOptions> ReadSubscribeRequest(const v1::SubscribeRequest& request);

// A consumer's name: 1 to 100 characters of A-Z, a-z, 0-9, '.', '_', '-' and '/'. InvalidArgument:
// names `field`.
absl::Status ValidateConsumerName(const std::string& name, const std::string& field);

// The first sequence that a stream with these options sends.
absl::StatusOr<model::Sequence> ResolveStart(const SubscribeOptions& options,
                                             const storage::Journal& journal);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SUBSCRIBE_OPTIONS_H_
