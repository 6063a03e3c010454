#ifndef TIDEMARK_SERVICE_KAFKA_KEYED_HASH_H_
#define TIDEMARK_SERVICE_KAFKA_KEYED_HASH_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct evp_mac_ctx_st;

namespace tidemark::service::kafka {

// HMAC-SHA-256 (RFC 2104, FIPS 180-4) with one key. Not thread-safe.
class KeyedHash {
 public:
  // Digits of a hash in hexadecimal.
  static constexpr size_t kHexSize = 64;

  // InvalidArgument: the key is empty. Internal: OpenSSL lacks the algorithm.
  static absl::StatusOr<KeyedHash> Make(std::string_view key);

  // Appends kHexSize digits in lower case. Internal: OpenSSL failed.
  absl::Status AppendHex(std::string& out, std::string_view message);

 private:
  struct FreeContext {
    void operator()(evp_mac_ctx_st* context) const;
  };
  explicit KeyedHash(std::unique_ptr<evp_mac_ctx_st, FreeContext> context)
      : context_(std::move(context)) {}

  std::unique_ptr<evp_mac_ctx_st, FreeContext> context_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_KEYED_HASH_H_
