#ifndef TIDEMARK_SERVICE_TLS_TLS_CONTEXT_H_
#define TIDEMARK_SERVICE_TLS_TLS_CONTEXT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "service/tls/certificates.h"

struct ssl_ctx_st;
struct ssl_st;

namespace tidemark::service {

struct TlsContextFree {
  void operator()(ssl_ctx_st* context) const;
};
// OpenSSL's SSL_CTX.
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextFree>;

// For a server that speaks TLS 1.2 and 1.3 itself, with these certificates. Clients are asked for
// theirs where there is an authority for them, and prove that it is their own; whether it is good,
// ClientAuthority says, which can tell them why it is not. No session is resumed, so that each
// connection shows the whole chain. FailedPrecondition: OpenSSL does not take the pair.
absl::StatusOr<TlsContext> MakeTlsContext(const Certificates& certificates);

// The client's certificate and those that it sent behind it, as ClientAuthority takes them; "": it
// showed none. `connection`: OpenSSL's SSL, after its handshake.
std::string PeerChainPem(const ssl_st* connection);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_TLS_CONTEXT_H_
