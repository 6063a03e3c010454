#include "service/kafka/connect_json.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace tidemark::service::kafka {
namespace {

// Java prints a number plainly from 10^-3 up to below 10^7.
constexpr int kPlainExponentMin = -3;
constexpr int kPlainExponentEnd = 7;

// Digits without a point; the first one is worth 10^exponent.
struct Digits {
  char text[24];
  int count = 0;
  int exponent = 0;
};

// "1.25e+02" taken apart.
Digits TakeApart(const char* at, const char* end) {
  Digits digits;
  for (; *at != 'e'; ++at) {
    if (*at != '.') digits.text[digits.count++] = *at;
  }
  ++at;
  std::from_chars(*at == '+' ? at + 1 : at, end, digits.exponent);
  return digits;
}

// REQUIRES: value is positive and finite.
template <typename Real>
Digits DigitsOf(Real value) {
  constexpr auto kForm = std::chars_format::scientific;
  char text[40];
  const char* end = std::to_chars(text, text + sizeof(text), value, kForm).ptr;
  const Digits shortest = TakeApart(text, end);
  if (shortest.count > 1) return shortest;
  // Java always prints two digits: the nearest ones, as in 4.9E-324.
  end = std::to_chars(text, text + sizeof(text), value, kForm, 1).ptr;
  const Digits nearest = TakeApart(text, end);
  return nearest.text[1] == '0' ? shortest : nearest;
}

void AppendPlain(std::string& out, const Digits& digits) {
  if (digits.exponent < 0) {
    out += "0.";
    out.append(static_cast<size_t>(-digits.exponent - 1), '0');
    out.append(digits.text, digits.count);
    return;
  }
  const int whole = digits.exponent + 1;
  if (digits.count <= whole) {
    out.append(digits.text, digits.count);
    out.append(static_cast<size_t>(whole - digits.count), '0');
    out += ".0";
    return;
  }
  out.append(digits.text, whole);
  out += '.';
  out.append(digits.text + whole, digits.count - whole);
}

void AppendScientific(std::string& out, const Digits& digits) {
  out += digits.text[0];
  out += '.';
  if (digits.count == 1) out += '0';
  out.append(digits.text + 1, digits.count - 1);
  out += 'E';
  AppendNumber(out, digits.exponent);
}

template <typename Real>
void AppendAnyReal(std::string& out, Real value) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    return;
  }
  if (std::signbit(value)) out += '-';
  if (value == 0) {
    out += "0.0";
    return;
  }
  const Digits digits = DigitsOf(std::fabs(value));
  if (digits.exponent >= kPlainExponentMin && digits.exponent < kPlainExponentEnd) {
    AppendPlain(out, digits);
  } else {
    AppendScientific(out, digits);
  }
}

// What a byte is within a string.
enum class ByteClass : uint8_t { kPlain, kEscaped, kControl, kMultiByte };

constexpr std::array<ByteClass, 256> kByteClasses = [] {
  std::array<ByteClass, 256> classes{};
  for (int i = 0; i < 0x20; ++i) classes[i] = ByteClass::kControl;
  for (int i = 0x80; i < 0x100; ++i) classes[i] = ByteClass::kMultiByte;
  for (char c : {'"', '\\', '\b', '\t', '\n', '\f', '\r'}) {
    classes[static_cast<uint8_t>(c)] = ByteClass::kEscaped;
  }
  return classes;
}();

ByteClass ClassOf(char c) { return kByteClasses[static_cast<uint8_t>(c)]; }

void AppendEscaped(std::string& out, char c) {
  out += '\\';
  switch (c) {
    case '\b':
      out += 'b';
      return;
    case '\t':
      out += 't';
      return;
    case '\n':
      out += 'n';
      return;
    case '\f':
      out += 'f';
      return;
    case '\r':
      out += 'r';
      return;
    default:
      out += c;
  }
}

// "\\u001F"
void AppendUnit(std::string& out, uint32_t unit) {
  constexpr char kHex[] = "0123456789ABCDEF";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[unit >> shift & 0xf];
}

// A character beyond 16 bits, as the two units of its UTF-16.
void AppendSurrogates(std::string& out, std::string_view sequence) {
  uint32_t code = static_cast<uint8_t>(sequence[0]) & 0x07u;
  for (char c : sequence.substr(1, 3)) code = code << 6 | (static_cast<uint8_t>(c) & 0x3fu);
  code -= 0x10000;
  AppendUnit(out, 0xd800 + (code >> 10));
  AppendUnit(out, 0xdc00 + (code & 0x3ff));
}

// Bytes of the UTF-8 sequence that `text` starts with (RFC 3629, so no surrogates); 0: it is none.
size_t SequenceSize(std::string_view text) {
  constexpr uint32_t kLeast[5] = {0, 0, 0x80, 0x800, 0x10000};
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  uint32_t code = lead & (0x7fu >> size);
  for (size_t i = 1; i < size; ++i) {
    const auto next = static_cast<uint8_t>(text[i]);
    if ((next & 0xc0) != 0x80) return 0;
    code = code << 6 | (next & 0x3fu);
  }
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < kLeast[size] || code > 0x10ffff || surrogate ? 0 : size;
}

// Appends what starts `text` and does not stand as it is; returns its size. 0: it is no UTF-8.
size_t AppendSpecial(std::string& out, std::string_view text) {
  switch (ClassOf(text[0])) {
    case ByteClass::kEscaped:
      AppendEscaped(out, text[0]);
      return 1;
    case ByteClass::kControl:
      AppendUnit(out, static_cast<uint8_t>(text[0]));
      return 1;
    default:
      break;
  }
  const size_t size = SequenceSize(text);
  if (size == 4) {
    AppendSurrogates(out, text);
  } else {
    out.append(text.substr(0, size));
  }
  return size;
}

// Appends the text between the quotes; false: it is no UTF-8 and `replace` is not set.
bool AppendInner(std::string& out, std::string_view text, bool replace) {
  while (!text.empty()) {
    const auto* special = std::find_if(text.begin(), text.end(),
                                       [](char c) { return ClassOf(c) != ByteClass::kPlain; });
    const auto plain = static_cast<size_t>(special - text.begin());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) break;
    const size_t size = AppendSpecial(out, text);
    if (size == 0 && !replace) return false;
    if (size == 0) out += "\xEF\xBF\xBD";
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return true;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// Writes 4 characters for 1 to 3 bytes.
void WriteGroup(char* out, const char* in, size_t count) {
  uint32_t bits = 0;
  for (size_t i = 0; i < 3; ++i) {
    bits = bits << 8 | (i < count ? static_cast<uint8_t>(in[i]) : 0);
  }
  for (size_t i = 0; i < 4; ++i) {
    out[i] = i <= count ? kBase64[bits >> (18 - 6 * i) & 63] : '=';
  }
}

}  // namespace

void AppendReal(std::string& out, float value) { AppendAnyReal(out, value); }
void AppendReal(std::string& out, double value) { AppendAnyReal(out, value); }

bool AppendString(std::string& out, std::string_view text) {
  out += '"';
  const bool valid = AppendInner(out, text, /*replace=*/false);
  out += '"';
  return valid;
}

void AppendName(std::string& out, std::string_view text) {
  out += '"';
  AppendInner(out, text, /*replace=*/true);
  out += '"';
}

bool IsUtf8(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  while (!text.empty()) {
    uint64_t eight;
    while (text.size() >= sizeof(eight)) {  // most texts have nothing but ASCII
      std::memcpy(&eight, text.data(), sizeof(eight));
      if ((eight & kHighBits) != 0) break;
      text.remove_prefix(sizeof(eight));
    }
    if (text.empty()) return true;
    const bool ascii = static_cast<uint8_t>(text[0]) < 0x80;
    const size_t size = ascii ? 1 : SequenceSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string WithoutInvalid(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const bool ascii = static_cast<uint8_t>(text[0]) < 0x80;
    const size_t size = ascii ? 1 : SequenceSize(text);
    size == 0 ? valid += "\xEF\xBF\xBD" : valid += text.substr(0, size);
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return valid;
}

void AppendBase64(std::string& out, std::string_view bytes) {
  const size_t start = out.size();
  out.resize(start + 2 + (bytes.size() + 2) / 3 * 4, '"');
  char* at = out.data() + start + 1;
  for (size_t done = 0; done < bytes.size(); done += 3, at += 4) {
    WriteGroup(at, bytes.data() + done, std::min<size_t>(3, bytes.size() - done));
  }
}

}  // namespace tidemark::service::kafka
