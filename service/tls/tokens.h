#ifndef TIDEMARK_SERVICE_TLS_TOKENS_H_
#define TIDEMARK_SERVICE_TLS_TOKENS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "service/tls/certificates.h"

namespace tidemark::service {

// What follows "Bearer " in the value of an authorization header; nullopt: it is no such value.
std::optional<std::string_view> BearerToken(std::string_view header);

// The bearer tokens that are taken, as their hashes. Thread-safe.
//
// File: one token a line, 16 characters or more without blanks; empty lines and those that begin
// with # say nothing. Several: while one is replaced by the next.
class Tokens {
 public:
  // nullopt: at least one of `problems` is an error; none holds any of a token.
  static std::optional<Tokens> Load(const std::string& file, std::vector<FileProblem>* problems);

  // Takes as long whichever it is, and however much of it is right.
  bool Holds(std::string_view token) const;
  size_t size() const { return hashes_.size(); }

 private:
  using Hash = std::array<uint8_t, 32>;
  static Hash HashOf(std::string_view token);

  std::vector<Hash> hashes_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_TLS_TOKENS_H_
