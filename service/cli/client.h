#ifndef TIDEMARK_SERVICE_CLI_CLIENT_H_
#define TIDEMARK_SERVICE_CLI_CLIENT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/cli/channel.h"
#include "tidemark/v1/change_stream.grpc.pb.h"
#include "tidemark/v1/consumers.grpc.pb.h"
#include "tidemark/v1/snapshots.grpc.pb.h"
#include "tidemark/v1/sources.grpc.pb.h"

namespace tidemark::service {

// The command line's side of a connection to tidemarkd. Connects with the first call. Thread-safe.
class Client {
 public:
  // `channel`: to `address`.
  Client(const ServerAddress& address, const std::shared_ptr<grpc::Channel>& channel);

  v1::ChangeStream::Stub& change_stream() { return *change_stream_; }
  v1::Consumers::Stub& consumers() { return *consumers_; }
  v1::Snapshots::Stub& snapshots() { return *snapshots_; }
  v1::Sources::Stub& sources() { return *sources_; }

  // `name`, or where it is empty the only source there is. InvalidArgument: there are several.
  absl::StatusOr<std::string> ResolveSource(const std::string& name);

  // For people: what the server says, or where it is not reached, that and what to do.
  absl::Status ToStatus(const grpc::Status& status) const;

 private:
  const std::string server_;
  const bool tls_;
  std::unique_ptr<v1::ChangeStream::Stub> change_stream_;
  std::unique_ptr<v1::Consumers::Stub> consumers_;
  std::unique_ptr<v1::Snapshots::Stub> snapshots_;
  std::unique_ptr<v1::Sources::Stub> sources_;
};

// Makes a unary call: Call(stub, &Stub::Method, request, &response).
template <typename Stub, typename Request, typename Response>
grpc::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response* response) {
  grpc::ClientContext context;
  return (stub.*method)(&context, request, response);
}

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_CLIENT_H_
