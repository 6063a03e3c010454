#include "service/kafka/oauth_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "service/kafka/http_request.h"

namespace tidemark::service::kafka {
namespace {

using Json = nlohmann::json;

constexpr char kRemedy[] = "; check kafka.sasl.oidc in the configuration";
// RFC 6749, section 5.1: what a token without a lifetime has is the issuer's affair.
constexpr int64_t kLifetimeUnknown = 300;

}  // namespace

OauthTokens::OauthTokens(Settings* properties) {
  for (const auto& [name, value] : *properties) {
    wanted_ = wanted_ || (name == "sasl.oauthbearer.method" && value == "oidc");
  }
  if (!wanted_) return;
  const std::pair<std::string_view, std::string*> places[] = {
      {"sasl.oauthbearer.method", nullptr},
      {"sasl.oauthbearer.token.endpoint.url", &url_},
      {"sasl.oauthbearer.client.id", &client_id_},
      {"sasl.oauthbearer.client.secret", &client_secret_},
      {"sasl.oauthbearer.scope", &scope_},
      {"https.ca.location", &ca_}};
  std::erase_if(*properties, [&](const std::pair<std::string, std::string>& property) {
    for (const auto& [name, place] : places) {
      if (property.first != name) continue;
      if (place != nullptr) *place = property.second;
      return true;
    }
    return false;
  });
}

void OauthTokens::Prepare(rd_kafka_conf_t* conf, Callback callback) const {
  if (!wanted_) return;
  rd_kafka_conf_set_oauthbearer_token_refresh_cb(conf, callback);
  rd_kafka_conf_enable_sasl_queue(conf, 1);
}

absl::Status OauthTokens::Start(rd_kafka_t* client) const {
  if (!wanted_) return absl::OkStatus();
  const Handle<rd_kafka_error_t> error(rd_kafka_sasl_background_callbacks_enable(client));
  return error == nullptr ? absl::OkStatus()
                          : ToStatus("cannot set up OAUTHBEARER", rd_kafka_error_code(error.get()));
}

absl::StatusOr<OauthTokens::Token> OauthTokens::Fetch() const {
  HttpRequest request;
  request.url = url_;
  request.content_type = "application/x-www-form-urlencoded";
  request.body = "grant_type=client_credentials";
  if (!scope_.empty()) absl::StrAppend(&request.body, "&scope=", PathPart(scope_));
  RegistryOptions identity;
  identity.user = client_id_;
  identity.password = client_secret_;
  identity.ca = ca_;
  absl::StatusOr<HttpAnswer> answer = SendHttp(request, identity, {});
  if (!answer.ok()) return answer.status();
  return Parse(answer->code, answer->body);
}

absl::StatusOr<OauthTokens::Token> OauthTokens::Parse(int code, const std::string& body) {
  if (code == 400 || code == 401 || code == 403) {
    return absl::PermissionDeniedError(
        absl::StrCat("it refuses the client (HTTP ", code, ")", kRemedy));
  }
  if (code != 200) return absl::UnavailableError(absl::StrCat("it answers HTTP ", code));
  const Json answer = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!answer.is_object() || !answer.contains("access_token") ||
      !answer["access_token"].is_string()) {
    return absl::FailedPreconditionError(
        absl::StrCat("its answer is no token of OAuth 2", kRemedy));
  }
  Token token;
  token.text = answer["access_token"].get<std::string>();
  token.lifetime_s = answer.contains("expires_in") && answer["expires_in"].is_number_integer()
                         ? answer["expires_in"].get<int64_t>()
                         : kLifetimeUnknown;
  return token;
}

void OauthTokens::Refresh(rd_kafka_t* client) const {
  const absl::StatusOr<Token> token = Fetch();
  std::string error;
  if (token.ok()) {
    char reason[256] = "";
    const int64_t until_ms = static_cast<int64_t>(model::NowUs() / 1000) + token->lifetime_s * 1000;
    const rd_kafka_resp_err_t set =
        rd_kafka_oauthbearer_set_token(client, token->text.c_str(), until_ms, client_id_.c_str(),
                                       nullptr, 0, reason, sizeof(reason));
    if (set == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    error = absl::StrCat("the client does not take its token (", rd_kafka_err2name(set), ")");
  } else {
    error = std::string(token.status().message());
  }
  rd_kafka_oauthbearer_set_token_failure(
      client, absl::StrCat("no token from ", ShownUrl(url_), ": ", error).c_str());
}

}  // namespace tidemark::service::kafka
