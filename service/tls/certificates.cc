#include "service/tls/certificates.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/config_files.h"
#include "service/tls/openssl_handles.h"

namespace tidemark::service {
namespace {

constexpr absl::Duration kExpiryWarning = absl::Hours(14 * 24);

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return absl::InfinitePast();
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string Show(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// One reading of all files.
class Loader {
 public:
  Loader(const CertificateFiles& files, absl::Time now, std::vector<FileProblem>* problems)
      : files_(files), now_(now), problems_(problems) {}

  std::optional<Certificates> Load() {
    LoadCertificate();
    LoadKey();
    LoadClientCa();
    if (failed_) return std::nullopt;
    return std::move(loaded_);
  }

 private:
  void LoadCertificate();
  void CheckTimes(X509* certificate);
  void LoadKey();
  void LoadClientCa();
  bool ReadFile(const char* key, const std::string& file, std::string* content);
  void Fail(const char* key, const std::string& message);

  const CertificateFiles& files_;
  const absl::Time now_;
  std::vector<FileProblem>* const problems_;
  Certificates loaded_;
  OpensslHandle<X509> certificate_;
  bool failed_ = false;
};

void Loader::Fail(const char* key, const std::string& message) {
  failed_ = true;
  problems_->push_back({key, message});
}

bool Loader::ReadFile(const char* key, const std::string& file, std::string* content) {
  absl::StatusOr<std::string> read = ReadConfigFile(file);
  if (read.ok()) {
    *content = *std::move(read);
    return true;
  }
  Fail(key, absl::StrCat("expected a readable PEM file: ", read.status().message()));
  return false;
}

void Loader::LoadCertificate() {
  if (!ReadFile("cert", files_.cert, &loaded_.chain_pem)) return;
  CertificateList chain = ReadPemCertificates(loaded_.chain_pem);
  if (chain.empty()) {
    Fail("cert",
         absl::StrCat("expected the server's certificate in PEM, ", files_.cert, " holds none"));
    return;
  }
  certificate_ = std::move(chain[0]);
  loaded_.subject = CertificateSubject(loaded_.chain_pem);
  CheckTimes(certificate_.get());
}

void Loader::CheckTimes(X509* certificate) {
  const absl::Time start = ToTime(X509_get0_notBefore(certificate));
  loaded_.expiry = ToTime(X509_get0_notAfter(certificate));
  if (now_ >= loaded_.expiry) {
    Fail("cert", absl::StrCat("the certificate in ", files_.cert, " expired at ",
                              Show(loaded_.expiry), "; put a valid one there"));
  } else if (now_ < start) {
    Fail("cert", absl::StrCat("the certificate in ", files_.cert, " is valid from ", Show(start),
                              "; put a valid one there, or set this machine's clock right"));
  } else if (loaded_.expiry - now_ < kExpiryWarning) {
    problems_->push_back({"cert",
                          absl::StrCat("the certificate in ", files_.cert, " expires at ",
                                       Show(loaded_.expiry), "; put a new one there before"),
                          false});
  }
}

void Loader::LoadKey() {
  if (!ReadFile("key", files_.key, &loaded_.key_pem)) return;
  WarnIfOthersMayRead("key", files_.key, problems_);
  const OpensslHandle<EVP_PKEY> key = ReadPemKey(loaded_.key_pem);
  if (key == nullptr) {
    Fail("key", absl::StrCat("expected a private key in PEM without passphrase, ", files_.key,
                             " holds none"));
  } else if (certificate_ != nullptr &&
             X509_check_private_key(certificate_.get(), key.get()) != 1) {
    Fail("key", absl::StrCat(files_.key, " is not the key of the certificate in ", files_.cert,
                             "; put the two files of one pair there"));
  }
  ERR_clear_error();
}

void Loader::LoadClientCa() {
  if (files_.client_ca.empty()) return;
  if (!ReadFile("client_ca", files_.client_ca, &loaded_.client_ca_pem)) return;
  loaded_.client_authority = ClientAuthority::FromPem(loaded_.client_ca_pem);
  if (loaded_.client_authority == nullptr) {
    Fail("client_ca", absl::StrCat("expected the certificates of authorities in PEM, ",
                                   files_.client_ca, " holds none"));
    return;
  }
  for (const OpensslHandle<X509>& authority : ReadPemCertificates(loaded_.client_ca_pem)) {
    const absl::Time expiry = ToTime(X509_get0_notAfter(authority.get()));
    if (now_ < expiry) continue;
    problems_->push_back(
        {"client_ca",
         absl::StrCat("an authority in ", files_.client_ca, " expired at ", Show(expiry),
                      ": its clients are refused; put a new one "
                      "there"),
         false});
  }
}

}  // namespace

std::optional<Certificates> LoadCertificates(const CertificateFiles& files, absl::Time now,
                                             std::vector<FileProblem>* problems) {
  return Loader(files, now, problems).Load();
}

std::optional<absl::Time> CertificateExpiry(const std::string& file) {
  const absl::StatusOr<std::string> pem = ReadConfigFile(file);
  if (!pem.ok()) return std::nullopt;
  const CertificateList chain = ReadPemCertificates(*pem);
  if (chain.empty()) return std::nullopt;
  return ToTime(X509_get0_notAfter(chain[0].get()));
}

void WarnIfOthersMayRead(const std::string& key, const std::string& file,
                         std::vector<FileProblem>* problems) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0 || (found.st_mode & S_IROTH) == 0) return;
  problems->push_back(
      {key, absl::StrCat("every user of this machine may read ", file, "; chmod o-rwx it"), false});
}

}  // namespace tidemark::service
