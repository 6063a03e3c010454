#ifndef TIDEMARK_SERVICE_KAFKA_HTTP_REQUEST_H_
#define TIDEMARK_SERVICE_KAFKA_HTTP_REQUEST_H_

#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/kafka/publish_options.h"

namespace tidemark::service::kafka {

struct HttpRequest {
  std::string url;
  // Empty: GET; else POST of it.
  std::string body = "";
  std::string content_type = "application/vnd.schemaregistry.v1+json";
  absl::Duration connect_timeout = absl::Seconds(5);
  absl::Duration timeout = absl::Seconds(20);
};

struct HttpAnswer {
  int code = 0;
  std::string body;  // 16 MiB at most
};

// One request to a schema registry, with the credentials and certificates of `options`. Waits;
// `stop` ends the wait within a second. Redirects are not followed. Thread-safe.
//
// Errors: Unavailable (no answer), Cancelled (stopped), FailedPrecondition (a certificate is not
// trusted or not readable, or the URL is none). Messages hold no credentials, and not the URL.
absl::StatusOr<HttpAnswer> SendHttp(const HttpRequest& request, const RegistryOptions& options,
                                    const std::stop_token& stop);

// "a%2Fb" of "a/b": what stands as one part of a URL's path.
std::string PathPart(const std::string& text);
// A URL without user and password.
std::string ShownUrl(const std::string& url);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_HTTP_REQUEST_H_
