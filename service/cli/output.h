#ifndef TIDEMARK_SERVICE_CLI_OUTPUT_H_
#define TIDEMARK_SERVICE_CLI_OUTPUT_H_

#include "absl/status/status.h"

namespace tidemark::service {

// Hands all that was printed so far to the system. Unavailable: some of it could not be written to
// standard output (a full disk, a reader that is gone).
absl::Status FlushOutput();

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_OUTPUT_H_
