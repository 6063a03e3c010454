#ifndef TIDEMARK_SERVICE_TLS_CERTIFICATES_H_
#define TIDEMARK_SERVICE_TLS_CERTIFICATES_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "service/tls/client_authority.h"

namespace tidemark::service {

// PEM files of a server. `cert`: its certificate, then those between it and its authority.
// `client_ca`: authorities of clients; "": clients need no certificate.
struct CertificateFiles {
  std::string cert;
  std::string key;
  std::string client_ca;
};

// A certificate and its key, proven to belong together, as they were read at one time.
struct Certificates {
  std::string chain_pem;
  std::string key_pem;
  std::string client_ca_pem;
  // nullptr: clients need no certificate.
  std::shared_ptr<const ClientAuthority> client_authority;
  std::string subject;
  absl::Time expiry;
};

// What is wrong with a file, and the remedy. Holds nothing of a key.
struct FileProblem {
  // Of the configuration: "cert", "key", "client_ca", "file".
  std::string key;
  std::string message;
  // Else a warning.
  bool is_error = true;
};

// Reads and examines all files. nullopt: at least one of `problems` is an error.
std::optional<Certificates> LoadCertificates(const CertificateFiles& files, absl::Time now,
                                             std::vector<FileProblem>* problems);

// When the first certificate in a PEM file expires; nullopt: none can be read there.
std::optional<absl::Time> CertificateExpiry(const std::string& file);

// Warns where others than the owner and its group may read a file that holds a secret.
void WarnIfOthersMayRead(const std::string& key, const std::string& file,
                         std::vector<FileProblem>* problems);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_CERTIFICATES_H_
