#include "capture/mysql/network_address.h"

#include <charconv>
#include <cstdint>

namespace tidemark::capture::mysql {
namespace {

constexpr int kWords = 8;
constexpr char kHex[] = "0123456789abcdef";

// The first longest run of zeros.
struct Gap {
  int at = 0;
  int size = 0;
};

Gap LongestGap(const uint16_t* words) {
  Gap longest;
  for (int i = 0; i < kWords; ++i) {
    int size = 0;
    while (i + size < kWords && words[i + size] == 0) ++size;
    if (size > longest.size) longest = {i, size};
    i += size;
  }
  return longest;
}

// "::1.2.3.4" and "::ffff:1.2.3.4".
bool EndsLikeInet4(const uint16_t* words, const Gap& gap) {
  return gap.at == 0 && (gap.size == 6 || (gap.size == 5 && words[5] == 0xffff));
}

}  // namespace

char* WriteInet4(char* out, std::string_view bytes) {
  for (int i = 0; i < 4; ++i) {
    if (i > 0) *out++ = '.';
    out = std::to_chars(out, out + 3, static_cast<unsigned char>(bytes[i])).ptr;
  }
  return out;
}

char* WriteInet6(char* out, std::string_view bytes) {
  uint16_t words[kWords];
  for (int i = 0; i < kWords; ++i) {
    words[i] = static_cast<uint16_t>(static_cast<unsigned char>(bytes[2 * i]) << 8 |
                                     static_cast<unsigned char>(bytes[2 * i + 1]));
  }
  const Gap gap = LongestGap(words);
  for (int i = 0; i < kWords;) {
    if (gap.size > 0 && i == gap.at) {
      if (i == 0) *out++ = ':';
      *out++ = ':';
      i += gap.size;
    } else if (i == 6 && EndsLikeInet4(words, gap)) {
      return WriteInet4(out, bytes.substr(12));
    } else {
      out = std::to_chars(out, out + 4, words[i], 16).ptr;
      if (++i < kWords) *out++ = ':';
    }
  }
  return out;
}

char* WriteUuid(char* out, std::string_view bytes) {
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kHex[static_cast<unsigned char>(bytes[i]) >> 4];
    *out++ = kHex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return out;
}

}  // namespace tidemark::capture::mysql
