#include "service/admission.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "service/grpc_status.h"

namespace tidemark::service {
namespace {

std::string Property(const grpc::AuthContext& context, const char* name) {
  const auto values = context.FindPropertyValues(name);
  return values.empty() ? "" : std::string(values[0].data(), values[0].size());
}

// Its certificate, which it has proven to be its own, and behind it those that it sent; "": it
// showed none. What gRPC calls the chain is without its certificate on a server: never the first.
std::string ChainOf(const grpc::ServerContextBase& context) {
  const auto peer = context.auth_context();
  return Property(*peer, GRPC_X509_PEM_CERT_PROPERTY_NAME) +
         Property(*peer, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME);
}

absl::Status CheckToken(const grpc::ServerContextBase& context, const Tokens& tokens) {
  const auto& metadata = context.client_metadata();
  const auto found = metadata.find("authorization");
  std::string_view header;
  if (found != metadata.end()) header = {found->second.data(), found->second.size()};
  const std::optional<std::string_view> token = BearerToken(header);
  if (!token) {
    return absl::UnauthenticatedError(
        "the call has no token; send the header `authorization: Bearer TOKEN` (tidemark: "
        "--token-file)");
  }
  if (tokens.Holds(*token)) return absl::OkStatus();
  return absl::UnauthenticatedError(
      "the call's token is none of those in the service's tokens.file; use one that is there");
}

}  // namespace

grpc::Status Admission::Admit(const grpc::ServerContextBase& context) const {
  if (access_ == nullptr) return grpc::Status::OK;
  absl::Status good;
  const auto certificates = access_->certificates();
  if (certificates != nullptr && certificates->client_authority != nullptr) {
    good = certificates->client_authority->Check(ChainOf(context), absl::Now());
  }
  const auto tokens = access_->tokens();
  if (good.ok() && tokens != nullptr) good = CheckToken(context, *tokens);
  if (!good.ok()) refusals_.Write(context.peer(), std::string(good.message()));
  return ToGrpc(good);
}

}  // namespace tidemark::service
