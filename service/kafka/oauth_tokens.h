#ifndef TIDEMARK_SERVICE_KAFKA_OAUTH_TOKENS_H_
#define TIDEMARK_SERVICE_KAFKA_OAUTH_TOKENS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "service/kafka/client.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

// Tokens of SASL OAUTHBEARER by OpenID Connect's client credentials. librdkafka can fetch them
// itself only where it was built with libcurl, which Debian 12's was not; so we do, under the names
// of its own properties (sasl.oauthbearer.*). The issuer's certificate is looked at with
// https.ca.location, else with the system's authorities. Thread-safe.
class OauthTokens {
 public:
  // Takes its properties out of `properties`.
  explicit OauthTokens(Settings* properties);

  // Has the client of this conf call `callback` for tokens, on a thread of its own; Start when it
  // is made. Nothing where they do not ask for it.
  using Callback = void (*)(rd_kafka_t* client, const char* config, void* opaque);
  void Prepare(rd_kafka_conf_t* conf, Callback callback) const;
  absl::Status Start(rd_kafka_t* client) const;
  // From the callback: fetches a token and gives it to the client, or the reason why there is none.
  void Refresh(rd_kafka_t* client) const;

  struct Token {
    std::string text;
    int64_t lifetime_s = 0;
  };
  // Of the issuer's answer. Its words are in no error: they may hold the secret.
  static absl::StatusOr<Token> Parse(int code, const std::string& body);

 private:
  absl::StatusOr<Token> Fetch() const;

  bool wanted_ = false;
  std::string url_;
  std::string client_id_;
  std::string client_secret_;
  std::string scope_;
  std::string ca_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_OAUTH_TOKENS_H_
