#ifndef TIDEMARK_SERVICE_ADMISSION_H_
#define TIDEMARK_SERVICE_ADMISSION_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include "service/refusal_log.h"
#include "service/tls/access.h"

namespace tidemark::service {

// Decides over each call of tidemark.v1, first thing in its method: the client's certificate, then
// its token. Health checking and reflection do not ask it: they tell nothing of any source.
// Thread-safe.
class Admission {
 public:
  // `access` must outlive it; nullptr: all may call.
  explicit Admission(const Access* access) : access_(access) {}

  // OK, or UNAUTHENTICATED with the reason and the remedy, which the log has too, with the peer.
  grpc::Status Admit(const grpc::ServerContextBase& context) const;

 private:
  const Access* const access_;
  mutable RefusalLog refusals_{"call"};
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_ADMISSION_H_
