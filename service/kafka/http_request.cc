#include "service/kafka/http_request.h"

#include <curl/curl.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace tidemark::service::kafka {
namespace {

constexpr size_t kAnswerBytesMax = 16 << 20;

struct CurlClose {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlClose>;
using CurlList = std::unique_ptr<curl_slist, CurlClose>;

size_t TakeBody(const char* bytes, size_t one, size_t count, void* body) {
  auto* text = static_cast<std::string*>(body);
  if (text->size() + count > kAnswerBytesMax) return 0;  // ends the transfer
  text->append(bytes, count);
  return one * count;
}

// Called about once a second while nothing happens.
int EndIfStopped(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

void SetFile(CURL* curl, CURLoption option, const std::string& file) {
  if (!file.empty()) curl_easy_setopt(curl, option, file.c_str());
}

void SetIdentity(CURL* curl, const RegistryOptions& options) {
  SetFile(curl, CURLOPT_CAINFO, options.ca);
  SetFile(curl, CURLOPT_SSLCERT, options.cert);
  SetFile(curl, CURLOPT_SSLKEY, options.key);
  if (options.user.empty()) return;
  curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
  curl_easy_setopt(curl, CURLOPT_USERNAME, options.user.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.c_str());
}

void SetWaits(CURL* curl, const HttpRequest& request, const std::stop_token& stop) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(request.connect_timeout)));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(absl::ToInt64Milliseconds(request.timeout)));
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, EndIfStopped);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &stop);
}

absl::Status StatusOf(CURLcode code) {
  const std::string cause = curl_easy_strerror(code);
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return absl::CancelledError("stopped while a schema registry was asked");
    case CURLE_PEER_FAILED_VERIFICATION:
      return absl::FailedPreconditionError(
          absl::StrCat(cause, "; name the authority that signed its certificate in `ca`"));
    case CURLE_SSL_CACERT_BADFILE:
      return absl::FailedPreconditionError(
          absl::StrCat(cause, "; `ca` must be a PEM file that can be read"));
    case CURLE_SSL_CERTPROBLEM:
      return absl::FailedPreconditionError(
          absl::StrCat(cause, "; `cert` and `key` must be PEM files that belong together"));
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return absl::FailedPreconditionError(
          absl::StrCat(cause, "; a registry's URL is like http://host:8081"));
    default:
      return absl::UnavailableError(cause);
  }
}

// libcurl wants to be set up once, before any other use.
bool SetUpOnce() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

}  // namespace

absl::StatusOr<HttpAnswer> SendHttp(const HttpRequest& request, const RegistryOptions& options,
                                    const std::stop_token& stop) {
  const CurlHandle curl(SetUpOnce() ? curl_easy_init() : nullptr);
  if (curl == nullptr) return absl::UnavailableError("libcurl cannot be set up");
  const CurlList headers(curl_slist_append(
      curl_slist_append(nullptr, "Accept: application/vnd.schemaregistry.v1+json, application/json"),
      absl::StrCat("Content-Type: ", request.content_type).c_str()));
  HttpAnswer answer;
  curl_easy_setopt(curl.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, TakeBody);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  if (!request.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(request.body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, request.body.c_str());
  }
  SetIdentity(curl.get(), options);
  SetWaits(curl.get(), request, stop);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) return StatusOf(code);
  long http_code = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &http_code);
  answer.code = static_cast<int>(http_code);
  return answer;
}

std::string PathPart(const std::string& text) {
  constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~";
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string part;
  for (char c : text) {
    if (std::string(kPlain).find(c) != std::string::npos) {
      part += c;
      continue;
    }
    part += '%';
    part += kHex[static_cast<unsigned char>(c) >> 4];
    part += kHex[static_cast<unsigned char>(c) & 15];
  }
  return part;
}

std::string ShownUrl(const std::string& url) {
  const size_t scheme = url.find("://");
  const size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const size_t path = url.find('/', host);
  const size_t at = url.rfind('@', path);
  if (at == std::string::npos || at < host) return url;
  return absl::StrCat(url.substr(0, host), url.substr(at + 1));
}

}  // namespace tidemark::service::kafka
