#ifndef TIDEMARK_TESTS_SUPPORT_CERTIFICATES_H_
#define TIDEMARK_TESTS_SUPPORT_CERTIFICATES_H_

#include <string>

#include "absl/status/status.h"

namespace tidemark::testing {

// Certificates that openssl makes: NAME.pem is that of NAME in a folder, NAME.key its key, which
// its owner alone may read.

absl::Status MakeAuthority(const std::string& folder, const std::string& name);

// By an authority in the same folder, for servers at localhost and 127.0.0.1 and for clients. Valid
// for two days from now; `expired`: until yesterday.
absl::Status IssueCertificate(const std::string& folder, const std::string& authority,
                              const std::string& name, bool expired = false);

// An authority that another one in the same folder has signed.
absl::Status IssueAuthority(const std::string& folder, const std::string& authority,
                            const std::string& name);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_CERTIFICATES_H_
