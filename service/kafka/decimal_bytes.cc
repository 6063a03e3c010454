#include "service/kafka/decimal_bytes.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace tidemark::service::kafka {
namespace {

__extension__ using Wide = unsigned __int128;

// As many digits as always fit one limb.
constexpr size_t kLimbDigits = 18;

uint64_t NumberOf(std::string_view digits) {
  uint64_t number = 0;
  for (char digit : digits) number = number * 10 + static_cast<uint64_t>(digit - '0');
  return number;
}

uint64_t PowerOfTen(size_t exponent) {
  uint64_t power = 1;
  for (size_t i = 0; i < exponent; ++i) power *= 10;
  return power;
}

// Limbs of the number, the least significant first.
std::vector<uint64_t> LimbsOf(std::string_view digits) {
  std::vector<uint64_t> limbs;
  while (!digits.empty()) {
    const size_t count = std::min(digits.size(), kLimbDigits);
    const uint64_t factor = PowerOfTen(count);
    Wide carry = NumberOf(digits.substr(0, count));
    for (uint64_t& limb : limbs) {
      carry += static_cast<Wide>(limb) * factor;
      limb = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    if (carry != 0) limbs.push_back(static_cast<uint64_t>(carry));
    digits.remove_prefix(count);
  }
  return limbs;
}

// Little endian, with a zero on top for the sign.
std::string LittleEndian(const std::vector<uint64_t>& limbs) {
  std::string bytes;
  for (uint64_t limb : limbs) {
    for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(limb >> shift);
  }
  bytes += '\0';
  return bytes;
}

void Negate(std::string& little_endian) {
  unsigned carry = 1;
  for (char& byte : little_endian) {
    const unsigned sum = (~static_cast<unsigned>(byte) & 0xff) + carry;
    byte = static_cast<char>(sum);
    carry = sum >> 8;
  }
}

// Takes away the top bytes that the sign of the one below repeats.
void Shorten(std::string& little_endian) {
  while (little_endian.size() > 1) {
    const auto top = static_cast<uint8_t>(little_endian.back());
    const auto below = static_cast<uint8_t>(little_endian[little_endian.size() - 2]);
    if (top != (below >= 0x80 ? 0xff : 0)) return;
    little_endian.pop_back();
  }
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void DropLeadingZeros(std::string& digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

}  // namespace

bool ParseDecimal(std::string_view text, Decimal* decimal) {
  decimal->negative = !text.empty() && text[0] == '-';
  if (decimal->negative) text.remove_prefix(1);
  const size_t point = std::min(text.find('.'), text.size());
  const std::string_view whole = text.substr(0, point);
  const std::string_view fraction = point < text.size() ? text.substr(point + 1) : "";
  if (whole.empty() || !AllDigits(whole) || !AllDigits(fraction)) return false;
  decimal->digits.assign(whole);
  decimal->digits.append(fraction);
  decimal->scale = static_cast<int32_t>(fraction.size());
  DropLeadingZeros(decimal->digits);
  return true;
}

bool Rescale(Decimal* decimal, int32_t scale) {
  std::string& digits = decimal->digits;
  if (scale < decimal->scale) {
    const auto lost = std::min(static_cast<size_t>(decimal->scale - scale), digits.size());
    const auto kept = static_cast<std::ptrdiff_t>(digits.size() - lost);
    if (!std::all_of(digits.begin() + kept, digits.end(), [](char c) { return c == '0'; })) {
      return false;
    }
    digits.erase(static_cast<size_t>(kept));
  } else if (!digits.empty()) {
    digits.append(static_cast<size_t>(scale - decimal->scale), '0');
  }
  decimal->scale = scale;
  return true;
}

void Strip(Decimal* decimal) {
  while (decimal->scale > 0 && !decimal->digits.empty() && decimal->digits.back() == '0') {
    decimal->digits.pop_back();
    --decimal->scale;
  }
  if (decimal->digits.empty()) decimal->scale = 0;
}

std::string UnscaledBytes(const Decimal& decimal) {
  std::string bytes = LittleEndian(LimbsOf(decimal.digits));
  if (decimal.negative) Negate(bytes);
  Shorten(bytes);
  std::reverse(bytes.begin(), bytes.end());
  return bytes;
}

}  // namespace tidemark::service::kafka
