#include "service/grpc_status.h"

#include <string>

namespace tidemark::service {
namespace {

// A message is percent-encoded on the wire, which can treble it.
constexpr size_t kMessageBytesMax = 2400;

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message());
  if (message.size() > kMessageBytesMax) {
    message.resize(kMessageBytesMax);
    message += " ... (cut)";
  }
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), message);
}

}  // namespace tidemark::service
