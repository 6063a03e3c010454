#ifndef TIDEMARK_SERVICE_TLS_OPENSSL_HANDLES_H_
#define TIDEMARK_SERVICE_TLS_OPENSSL_HANDLES_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>
#include <vector>

namespace tidemark::service {

// OpenSSL's objects, freed by their owners. Private to service/tls.
struct OpensslFree {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
};
template <typename T>
using OpensslHandle = std::unique_ptr<T, OpensslFree>;

using CertificateList = std::vector<OpensslHandle<X509>>;

// The certificates in PEM text, in its order; what is none ends the list.
CertificateList ReadPemCertificates(std::string_view pem);

// The private key in PEM text without passphrase; nullptr: there is none.
OpensslHandle<EVP_PKEY> ReadPemKey(std::string_view pem);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_OPENSSL_HANDLES_H_
