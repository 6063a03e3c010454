#include "service/kafka/keyed_hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdint>

namespace tidemark::service::kafka {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

const unsigned char* Unsigned(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

absl::Status Failed() {
  return absl::InternalError(
      "OpenSSL cannot compute HMAC-SHA-256; examine its configuration and the machine's memory");
}

}  // namespace

void KeyedHash::FreeContext::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

absl::StatusOr<KeyedHash> KeyedHash::Make(std::string_view key) {
  if (key.empty()) return absl::InvalidArgumentError("a hash needs a salt, which is empty");
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  // The context keeps what it needs of `mac`.
  KeyedHash hash(std::unique_ptr<evp_mac_ctx_st, FreeContext>(
      mac == nullptr ? nullptr : EVP_MAC_CTX_new(mac)));
  EVP_MAC_free(mac);
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end()};
  if (hash.context_ == nullptr ||
      EVP_MAC_init(hash.context_.get(), Unsigned(key), key.size(), parameters) != 1) {
    return Failed();
  }
  return hash;
}

absl::Status KeyedHash::AppendHex(std::string& out, std::string_view message) {
  unsigned char bytes[kHexSize / 2];
  size_t size = 0;
  // Without a key: with the one of before.
  if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
      EVP_MAC_update(context_.get(), Unsigned(message), message.size()) != 1 ||
      EVP_MAC_final(context_.get(), bytes, &size, sizeof(bytes)) != 1 || size != sizeof(bytes)) {
    return Failed();
  }
  for (const uint8_t byte : bytes) {
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
  return absl::OkStatus();
}

}  // namespace tidemark::service::kafka
