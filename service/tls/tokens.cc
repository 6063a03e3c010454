#include "service/tls/tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/config_files.h"

namespace tidemark::service {
namespace {

constexpr size_t kTokenBytesMin = 16;

bool IsToken(std::string_view text) {
  return text.size() >= kTokenBytesMin &&
         std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

}  // namespace

std::optional<std::string_view> BearerToken(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  const std::string scheme = absl::AsciiStrToLower(std::string(header.substr(0, kScheme.size())));
  if (scheme != kScheme) return std::nullopt;
  return header.substr(kScheme.size());
}

Tokens::Hash Tokens::HashOf(std::string_view token) {
  Hash hash;
  SHA256(reinterpret_cast<const uint8_t*>(token.data()), token.size(), hash.data());
  return hash;
}

std::optional<Tokens> Tokens::Load(const std::string& file, std::vector<FileProblem>* problems) {
  absl::StatusOr<std::string> content = ReadConfigFile(file);
  if (!content.ok()) {
    problems->push_back(
        {"file", absl::StrCat("expected a readable file: ", content.status().message())});
    return std::nullopt;
  }
  WarnIfOthersMayRead("file", file, problems);
  Tokens tokens;
  int number = 0;
  bool good = true;
  for (std::string line : std::vector<std::string>(absl::StrSplit(*content, '\n'))) {
    ++number;
    absl::StripAsciiWhitespace(&line);
    if (line.empty() || line.starts_with('#')) continue;
    if (IsToken(line)) {
      tokens.hashes_.push_back(HashOf(line));
      continue;
    }
    good = false;
    problems->push_back({"file", absl::StrCat("line ", number, " of ", file,
                                              " is no token: expected ", kTokenBytesMin,
                                              " characters or more without blanks, "
                                              "such as `openssl rand -hex 32` prints")});
  }
  if (good && tokens.hashes_.empty()) {
    problems->push_back({"file", absl::StrCat("expected one token a line, ", file, " holds none")});
    return std::nullopt;
  }
  if (!good) return std::nullopt;
  return tokens;
}

bool Tokens::Holds(std::string_view token) const {
  const Hash hash = HashOf(token);
  int equal = 0;
  for (const Hash& known : hashes_) {
    equal |= static_cast<int>(CRYPTO_memcmp(known.data(), hash.data(), hash.size()) == 0);
  }
  return equal != 0;
}

}  // namespace tidemark::service
