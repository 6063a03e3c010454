#ifndef TIDEMARK_SERVICE_CLI_CHANNEL_H_
#define TIDEMARK_SERVICE_CLI_CHANNEL_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tidemark::service {

// How tidemarkd is reached. Files are PEM.
struct ServerAddress {
  std::string server = "127.0.0.1:7654";
  // TLS; any of the next four says so too.
  bool tls = false;
  // Authorities of the service's certificate; "": those of the system.
  std::string ca;
  // Our own certificate and its key, for a service that asks for one.
  std::string cert;
  std::string key;
  // The name in the service's certificate, where it is not that of `server`.
  std::string server_name;
  // Its first line is the token; "": none is sent.
  std::string token_file;

  bool UsesTls() const {
    return tls || !ca.empty() || !cert.empty() || !key.empty() || !server_name.empty();
  }
};

// A channel that sends the token with each call. Connects with the first one. InvalidArgument,
// NotFound, PermissionDenied: a file cannot be used, or the token would travel in clear text to
// another machine; the message says what to do.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ServerAddress& address);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_CHANNEL_H_
