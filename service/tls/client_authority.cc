#include "service/tls/client_authority.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/tls/openssl_handles.h"

namespace tidemark::service {
namespace {

// Never asks at the terminal for what is encrypted.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return 0; }

std::string Subject(X509* certificate) {
  OpensslHandle<BIO> text(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0,
                     XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(text.get(), &bytes);
  return std::string(bytes, size > 0 ? size : 0);
}

std::string Remedy(int error) {
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "; use a certificate that is valid now (or set the clocks right)";
    case X509_V_ERR_INVALID_PURPOSE:
      return "; use a certificate that was issued for TLS clients (extended key usage clientAuth)";
    default:
      return "; use a certificate that one of the authorities in tls.client_ca has issued";
  }
}

class Authority final : public ClientAuthority {
 public:
  explicit Authority(OpensslHandle<X509_STORE> store) : store_(std::move(store)) {}
  absl::Status Check(std::string_view chain_pem, absl::Time now) const override;

 private:
  OpensslHandle<X509_STORE> store_;
};

absl::Status Authority::Check(std::string_view chain_pem, absl::Time now) const {
  const CertificateList chain = ReadPemCertificates(chain_pem);
  if (chain.empty()) {
    return absl::UnauthenticatedError(
        "the client shows no certificate; use one that one of the authorities in tls.client_ca has "
        "issued (tidemark: --tls-cert and --tls-key)");
  }
  STACK_OF(X509)* between = sk_X509_new_null();
  for (const OpensslHandle<X509>& certificate : chain) sk_X509_push(between, certificate.get());
  OpensslHandle<X509_STORE_CTX> context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store_.get(), chain[0].get(), between);
  X509_STORE_CTX_set_default(context.get(), "ssl_client");
  X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context.get()), absl::ToTimeT(now));
  const bool good = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  context.reset();
  sk_X509_free(between);
  ERR_clear_error();
  if (good) return absl::OkStatus();
  return absl::UnauthenticatedError(
      absl::StrCat("the client's certificate (", Subject(chain[0].get()),
                   ") is refused: ", X509_verify_cert_error_string(error), Remedy(error)));
}

}  // namespace

CertificateList ReadPemCertificates(std::string_view pem) {
  CertificateList list;
  OpensslHandle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* read = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    list.emplace_back(read);
  }
  ERR_clear_error();
  return list;
}

OpensslHandle<EVP_PKEY> ReadPemKey(std::string_view pem) {
  const OpensslHandle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  OpensslHandle<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::shared_ptr<const ClientAuthority> ClientAuthority::FromPem(std::string_view pem) {
  const CertificateList certificates = ReadPemCertificates(pem);
  if (certificates.empty()) return nullptr;
  OpensslHandle<X509_STORE> store(X509_STORE_new());
  for (const OpensslHandle<X509>& certificate : certificates) {
    X509_STORE_add_cert(store.get(), certificate.get());
  }
  return std::make_shared<Authority>(std::move(store));
}

std::string CertificateSubject(std::string_view pem) {
  const CertificateList certificates = ReadPemCertificates(pem);
  return certificates.empty() ? "" : Subject(certificates[0].get());
}

}  // namespace tidemark::service
