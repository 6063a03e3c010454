#ifndef TIDEMARK_SERVICE_SERVER_CREDENTIALS_H_
#define TIDEMARK_SERVICE_SERVER_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/tls/access.h"

namespace tidemark::service {

// TLS with the certificates of `access`: each new connection is shown the newest, and those there
// are stay. Clients are asked for a certificate where there is an authority for them, and prove
// that it is theirs; whether it is good, Admission says, which can tell them why it is not.
//
// Both `access` and what is returned must outlive the server: gRPC keeps neither.
std::shared_ptr<grpc::ServerCredentials> MakeServerCredentials(const Access* access);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SERVER_CREDENTIALS_H_
