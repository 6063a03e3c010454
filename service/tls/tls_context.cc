#include "service/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "service/tls/openssl_handles.h"

namespace tidemark::service {
namespace {

int TakeAny(X509_STORE_CTX* /*chain*/, void* /*data*/) { return 1; }

bool SetPair(SSL_CTX* context, const Certificates& certificates) {
  const CertificateList chain = ReadPemCertificates(certificates.chain_pem);
  const OpensslHandle<EVP_PKEY> key = ReadPemKey(certificates.key_pem);
  if (chain.empty() || key == nullptr) return false;
  if (SSL_CTX_use_certificate(context, chain[0].get()) != 1) return false;
  for (size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return false;
  }
  return SSL_CTX_use_PrivateKey(context, key.get()) == 1;
}

void AskClients(SSL_CTX* context, const std::string& client_ca_pem) {
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context, TakeAny, nullptr);
  for (const OpensslHandle<X509>& authority : ReadPemCertificates(client_ca_pem)) {
    SSL_CTX_add_client_CA(context, authority.get());
  }
}

void AppendPem(X509* certificate, std::string* pem) {
  const OpensslHandle<BIO> text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(text.get(), certificate);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  if (size > 0) pem->append(bytes, static_cast<size_t>(size));
}

}  // namespace

void TlsContextFree::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

absl::StatusOr<TlsContext> MakeTlsContext(const Certificates& certificates) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  const bool taken = context != nullptr &&
                     SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
                     SetPair(context.get(), certificates);
  if (!taken) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return absl::FailedPreconditionError(absl::StrCat(
        "OpenSSL does not take the certificate ", certificates.subject, " (",
        reason == nullptr ? "no reason given" : reason,
        "); use one with a key that it allows, such as RSA of 2048 bits or more, or P-256"));
  }
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  if (certificates.client_authority != nullptr) {
    AskClients(context.get(), certificates.client_ca_pem);
  }
  ERR_clear_error();
  return context;
}

std::string PeerChainPem(const ssl_st* connection) {
  std::string pem;
  const OpensslHandle<X509> own(SSL_get1_peer_certificate(connection));
  if (own == nullptr) return pem;
  AppendPem(own.get(), &pem);
  // On a server it has what was sent behind the client's own.
  STACK_OF(X509)* behind = SSL_get_peer_cert_chain(connection);
  for (int i = 0; i < sk_X509_num(behind); ++i) AppendPem(sk_X509_value(behind, i), &pem);
  return pem;
}

}  // namespace tidemark::service
