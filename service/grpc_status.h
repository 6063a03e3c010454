#ifndef TIDEMARK_SERVICE_GRPC_STATUS_H_
#define TIDEMARK_SERVICE_GRPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace tidemark::service {

// The same code (both number them alike) and message. Messages are cut to what fits into gRPC's 8
// KiB of metadata.
grpc::Status ToGrpc(const absl::Status& status);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_GRPC_STATUS_H_
