#ifndef TIDEMARK_SERVICE_KAFKA_RESTORE_H_
#define TIDEMARK_SERVICE_KAFKA_RESTORE_H_

#include <functional>
#include <stop_token>
#include <string>

#include "absl/status/status.h"
#include "service/kafka/publish_options.h"
#include "storage/journal.h"

namespace tidemark::service::kafka {

// Told why, each time that it has to be tried again. May be null.
using WaitsFor = std::function<void(const absl::Status& cause)>;

// Brings the state of a source back from its checkpoint topic into a data folder that has none of
// it; nothing to do if that has some, or the topic does not. Waits for brokers that are away or do
// not let the client in, and says so in the log. Before the journal is opened. FailedPrecondition,
// PermissionDenied: an operator must act; Cancelled: stopped.
absl::Status Restore(const std::string& source, const ClusterOptions& cluster,
                     const PublishOptions& options, storage::Store* store, const WaitsFor& waits,
                     std::stop_token stop);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_RESTORE_H_
