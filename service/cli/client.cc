#include "service/cli/client.h"

#include "absl/strings/str_cat.h"

namespace tidemark::service {
namespace {

// Transport failures that gRPC words itself.
bool IsTransportFailure(const grpc::Status& status) {
  const std::string& message = status.error_message();
  return status.error_code() == grpc::StatusCode::UNAVAILABLE &&
         (message.find("connections to all backends failing") != std::string::npos ||
          message.find("failed to connect") != std::string::npos ||
          message.find("DNS resolution failed") != std::string::npos ||
          message.find("Socket closed") != std::string::npos ||
          message.find("Connection reset") != std::string::npos);
}

}  // namespace

Client::Client(const ServerAddress& address, const std::shared_ptr<grpc::Channel>& channel)
    : server_(address.server), tls_(address.UsesTls()) {
  change_stream_ = v1::ChangeStream::NewStub(channel);
  consumers_ = v1::Consumers::NewStub(channel);
  snapshots_ = v1::Snapshots::NewStub(channel);
  sources_ = v1::Sources::NewStub(channel);
}

absl::StatusOr<std::string> Client::ResolveSource(const std::string& name) {
  if (!name.empty()) return name;
  v1::ListSourcesResponse response;
  grpc::Status listed =
      Call(*sources_, &v1::Sources::Stub::List, v1::ListSourcesRequest(), &response);
  if (!listed.ok()) return ToStatus(listed);
  if (response.sources_size() == 1) return response.sources(0).name();
  std::string names;
  for (const v1::Source& source : response.sources()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", source.name());
  }
  return absl::InvalidArgumentError("there are several sources; name one of: " + names);
}

absl::Status Client::ToStatus(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  if (IsTransportFailure(status)) {
    return absl::UnavailableError(absl::StrCat(
        "cannot reach tidemarkd at ", server_,
        ": start it, or name its address with --server or TIDEMARK_SERVER",
        tls_ ? absl::StrCat(" (", status.error_message(), ")") : "; if it has TLS, add --tls-ca"));
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

}  // namespace tidemark::service
