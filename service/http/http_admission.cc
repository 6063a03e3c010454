#include "service/http/http_admission.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace tidemark::service {
namespace {

absl::Status CheckToken(const HttpRequest& request, const Tokens& tokens) {
  const std::optional<std::string_view> token = BearerToken(request.authorization);
  if (!token) {
    return absl::UnauthenticatedError(
        "the request has no token; send the header `Authorization: Bearer TOKEN`");
  }
  if (tokens.Holds(*token)) return absl::OkStatus();
  return absl::UnauthenticatedError(
      "the request's token is none of those in the service's http.tokens.file; use one that is "
      "there");
}

HttpReply ReplyOf(unsigned status, const absl::Status& refused) {
  return {.status = status, .body = absl::StrCat(refused.message(), "\n")};
}

}  // namespace

std::optional<HttpReply> HttpAdmission::Refuse(const HttpRequest& request) const {
  if (access_ == nullptr) return std::nullopt;
  std::optional<HttpReply> refusal;
  absl::Status good;
  const auto certificates = access_->certificates();
  if (certificates != nullptr && certificates->client_authority != nullptr) {
    good = certificates->client_authority->Check(request.certificate_chain, absl::Now());
    if (!good.ok()) refusal = ReplyOf(403, good);
  }
  const auto tokens = access_->tokens();
  if (good.ok() && tokens != nullptr) {
    good = CheckToken(request, *tokens);
    if (!good.ok()) refusal = ReplyOf(401, good);
  }
  if (refusal) refusals_.Write(request.peer, std::string(good.message()));
  return refusal;
}

}  // namespace tidemark::service
