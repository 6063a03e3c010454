#ifndef TIDEMARK_SERVICE_TLS_ACCESS_H_
#define TIDEMARK_SERVICE_TLS_ACCESS_H_

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "service/tls/certificates.h"
#include "service/tls/file_changes.h"
#include "service/tls/tokens.h"

namespace tidemark::service {

// Who may connect and call, by files.
struct AccessOptions {
  // What asks for them, for the log: "grpc".
  std::string listener = "grpc";
  // Left out: no TLS.
  std::optional<CertificateFiles> tls;
  // "": no token is asked for.
  std::string token_file;
};

// The certificates and tokens of the service as they are now: its thread reads the files again when
// they have changed (also by a link's new target) and then stood still for half a second. What is
// not whole and valid is not taken: the log names the file, and what was there before stays.
// Thread-safe; knows no protocol: any server may take certificates and tokens from it.
class Access {
 public:
  // FailedPrecondition: a file is missing or wrong; the message names each, with the remedy. (The
  // configuration has examined them before, and has told of what is only doubtful.)
  static absl::StatusOr<std::unique_ptr<Access>> Start(const AccessOptions& options);

  // nullptr: no TLS. Another pointer once they were reloaded.
  std::shared_ptr<const Certificates> certificates() const;
  // nullptr: no token is asked for.
  std::shared_ptr<const Tokens> tokens() const;

 private:
  explicit Access(const AccessOptions& options) : options_(options) {}

  // Both take what is whole and valid, and return false else.
  bool LoadCertificatesNow(std::vector<FileProblem>* problems);
  bool LoadTokensNow(std::vector<FileProblem>* problems);
  void Watch(FileChanges tls, FileChanges token_file, std::stop_token stop);
  void ReloadCertificates();
  void ReloadTokens();

  const AccessOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Certificates> certificates_;
  std::shared_ptr<const Tokens> tokens_;
  // Last, so that it ends first.
  std::jthread watch_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_ACCESS_H_
