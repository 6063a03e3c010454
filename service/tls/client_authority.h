#ifndef TIDEMARK_SERVICE_TLS_CLIENT_AUTHORITY_H_
#define TIDEMARK_SERVICE_TLS_CLIENT_AUTHORITY_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tidemark::service {

// The authorities whose certificates clients must show. Thread-safe.
class ClientAuthority {
 public:
  // nullptr: `pem` holds no certificate.
  static std::shared_ptr<const ClientAuthority> FromPem(std::string_view pem);
  virtual ~ClientAuthority() = default;

  // Whether a client with this certificate (PEM; those between it and the authority follow it) may
  // call. Unauthenticated: the message says why, and what to do.
  virtual absl::Status Check(std::string_view chain_pem, absl::Time now) const = 0;
};

// "CN=billing,O=Example" of the first certificate in `pem`, for logs; "" if there is none.
std::string CertificateSubject(std::string_view pem);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_CLIENT_AUTHORITY_H_
