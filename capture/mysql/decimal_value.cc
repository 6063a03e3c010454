#include "capture/mysql/decimal_value.h"

#include <array>

namespace tidemark::capture::mysql {
namespace {

constexpr uint32_t kGroupDigits = 9;
constexpr std::array<uint8_t, 10> kBytesOfDigits = {0, 1, 1, 2, 2, 3, 3, 4, 4, 4};
constexpr std::array<uint32_t, 10> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

// Takes groups of digits off packed bytes.
struct GroupReader {
  std::string_view packed;
  unsigned char mask = 0;   // 0xff: negative
  unsigned char first = 0;  // what to change in the next byte: the sign's bit
  bool ok = true;
  bool nonzero = false;

  // The next group, of `digits` digits, as text at `out`.
  char* Take(char* out, uint32_t digits) {
    uint32_t value = 0;
    for (uint8_t i = 0; i < kBytesOfDigits[digits]; ++i) {
      const auto byte = static_cast<unsigned char>(packed[i]);
      value = value << 8 | static_cast<unsigned char>(byte ^ mask ^ first);
      first = 0;
    }
    packed.remove_prefix(kBytesOfDigits[digits]);
    ok = ok && value < kPowers[digits];
    nonzero = nonzero || value != 0;
    for (uint32_t i = digits; i-- > 0;) {
      out[i] = static_cast<char>('0' + value % 10);
      value /= 10;
    }
    return out + digits;
  }
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

size_t PackedDecimalSize(uint32_t precision, uint32_t scale) {
  if (precision == 0 || precision > 81 || scale > precision) return 0;
  const uint32_t whole = precision - scale;
  return size_t{whole / kGroupDigits + scale / kGroupDigits} * 4 +
         kBytesOfDigits[whole % kGroupDigits] + kBytesOfDigits[scale % kGroupDigits];
}

size_t WritePackedDecimal(char* out, std::string_view packed, uint32_t precision, uint32_t scale) {
  const size_t size = PackedDecimalSize(precision, scale);
  if (size == 0 || packed.size() != size) return 0;
  const bool negative = (static_cast<unsigned char>(packed[0]) & 0x80) == 0;
  GroupReader groups{
      .packed = packed, .mask = static_cast<unsigned char>(negative ? 0xff : 0), .first = 0x80};
  char digits[kDecimalTextMax];
  const uint32_t whole = precision - scale;
  char* at = groups.Take(digits, whole % kGroupDigits);
  for (uint32_t i = 0; i < whole / kGroupDigits; ++i) at = groups.Take(at, kGroupDigits);
  for (uint32_t i = 0; i < scale / kGroupDigits; ++i) at = groups.Take(at, kGroupDigits);
  groups.Take(at, scale % kGroupDigits);
  if (!groups.ok) return 0;

  char* to = out;
  if (negative && groups.nonzero) *to++ = '-';
  uint32_t skip = 0;
  while (skip < whole && digits[skip] == '0') ++skip;
  if (skip == whole) *to++ = '0';
  for (; skip < whole; ++skip) *to++ = digits[skip];
  if (scale > 0) *to++ = '.';
  for (uint32_t i = 0; i < scale; ++i) *to++ = digits[whole + i];
  return to - out;
}

std::string_view TrimDecimalText(std::string_view text) {
  if (!text.empty() && IsDigit(text[0])) {
    while (text.size() > 1 && text[0] == '0' && IsDigit(text[1])) text.remove_prefix(1);
  }
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t digits = 0, points = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (++points > 1 || digits == 0) return {};
    } else if (IsDigit(text[at])) {
      ++digits;
    } else {
      return {};
    }
  }
  return digits > 0 && text.back() != '.' ? text : std::string_view();
}

}  // namespace tidemark::capture::mysql
