#ifndef TIDEMARK_SERVICE_HTTP_HTTP_ADMISSION_H_
#define TIDEMARK_SERVICE_HTTP_HTTP_ADMISSION_H_

#include <optional>

#include "service/http/http_server.h"
#include "service/refusal_log.h"
#include "service/tls/access.h"

namespace tidemark::service {

// Decides who may read a page that is not for everybody: the client's certificate, then its token,
// as Admission does for gRPC. Thread-safe.
class HttpAdmission {
 public:
  // `access` must outlive it; nullptr: all may read.
  explicit HttpAdmission(const Access* access) : access_(access) {}

  // nullopt: it may. Else 403 (the certificate) or 401 (the token) with the reason and the remedy,
  // which the log has too, with the peer.
  std::optional<HttpReply> Refuse(const HttpRequest& request) const;

 private:
  const Access* const access_;
  mutable RefusalLog refusals_{"request"};
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_HTTP_HTTP_ADMISSION_H_
