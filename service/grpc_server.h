#ifndef TIDEMARK_SERVICE_GRPC_SERVER_H_
#define TIDEMARK_SERVICE_GRPC_SERVER_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/sources.h"
#include "service/streams.h"
#include "service/tls/access.h"

namespace tidemark::service {

// Serves tidemark.v1 with health checking and reflection. Thread-safe.
class GrpcServer {
 public:
  // `listen`: see Config.listen. `access`: who may connect and call; nullptr: whoever reaches it,
  // without TLS. It and `sources` must outlive the server. FailedPrecondition: the address cannot
  // be had; the message has the remedy.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const std::string& listen,
                                                           const Sources* sources,
                                                           const Access* access = nullptr);

  // Shuts down with no grace if that was not done before.
  virtual ~GrpcServer() = default;

  // `listen` with the port that was really bound.
  virtual const std::string& address() const = 0;

  // Lives as long as the server.
  virtual const Streams& streams() const = 0;

  // Health turns to NOT_SERVING, streams end with UNAVAILABLE, no new call is taken; calls that
  // have not ended after `grace` are cut. Returns when all have ended. Never from a gRPC thread.
  virtual void Shutdown(std::chrono::milliseconds grace) = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_GRPC_SERVER_H_
