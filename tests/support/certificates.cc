#include "tests/support/certificates.h"

#include <atomic>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/process.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

absl::Status Openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "/usr/bin/openssl");
  return RunProgram(arguments, kPatience).status();
}

// `extension`: what the certificate says of its use.
absl::Status Issue(const std::string& folder, const std::string& authority, const std::string& name,
                   const std::string& extension, const std::string& days) {
  static std::atomic<int> serial = 100;
  const std::string base = absl::StrCat(folder, "/", name);
  const std::string issuer = absl::StrCat(folder, "/", authority);
  absl::Status made = Openssl({"req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                               "-nodes", "-subj", "/CN=" + name, "-addext", extension, "-keyout",
                               base + ".key", "-out", base + ".request"});
  if (!made.ok()) return made;
  return Openssl({"x509", "-req", "-in", base + ".request", "-CA", issuer + ".pem", "-CAkey",
                  issuer + ".key", "-set_serial", absl::StrCat(++serial), "-days", days,
                  "-copy_extensions", "copy", "-out", base + ".pem"});
}

}  // namespace

absl::Status MakeAuthority(const std::string& folder, const std::string& name) {
  const std::string base = absl::StrCat(folder, "/", name);
  return Openssl({"req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                  "-nodes", "-days", "2", "-subj", "/CN=" + name, "-keyout", base + ".key", "-out",
                  base + ".pem"});
}

absl::Status IssueCertificate(const std::string& folder, const std::string& authority,
                              const std::string& name, bool expired) {
  return Issue(folder, authority, name, "subjectAltName=DNS:localhost,IP:127.0.0.1",
               expired ? "-1" : "2");
}

absl::Status IssueAuthority(const std::string& folder, const std::string& authority,
                            const std::string& name) {
  return Issue(folder, authority, name, "basicConstraints=critical,CA:TRUE", "2");
}

}  // namespace tidemark::testing
