// How PostgreSQL 12 and later print floats: the shortest digits that lie strictly between the
// midpoints to the neighbours (src/common/d2s.c and f2s.c with STRICTLY_SHORTEST off), as a plain
// number while the exponent is within -4..14 (double precision) or -4..5 (real), else with an
// exponent of two or more digits.

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/oracle/value_text.h"

namespace tidemark::oracle {
namespace {

template <typename T>
bool IsMidpoint(const std::string& text, T number) {
  const long double exact = std::strtold(text.c_str(), nullptr);
  const long double below = std::nextafter(number, T{0});
  const long double above = std::nextafter(number, std::numeric_limits<T>::infinity());
  return exact == (below + number) / 2 || exact == (above + number) / 2;
}

template <typename T>
T Parse(const std::string& text) {
  if constexpr (std::is_same_v<T, float>) return std::strtof(text.c_str(), nullptr);
  return static_cast<T>(std::strtod(text.c_str(), nullptr));
}

// "d.ddde±xx" of a positive number.
template <typename T>
std::string Shortest(T number) {
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific).ptr;
  std::string text(buffer, end);
  if (!IsMidpoint(text, number)) return text;
  const size_t digits = text.find('e') - (text.find('.') == std::string::npos ? 0 : 1);
  for (int more = static_cast<int>(digits); more < std::numeric_limits<T>::max_digits10; ++more) {
    text = absl::StrFormat("%.*e", more, number);
    if (Parse<T>(text) == number && !IsMidpoint(text, number)) break;
  }
  return text;
}

std::string Plain(const std::string& digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  if (exponent < 0) return absl::StrCat("0.", std::string(-exponent - 1, '0'), digits);
  if (count <= exponent + 1) return digits + std::string(exponent + 1 - count, '0');
  return absl::StrCat(digits.substr(0, exponent + 1), ".", digits.substr(exponent + 1));
}

std::string WithExponent(const std::string& digits, int exponent) {
  std::string out = digits.substr(0, 1);
  if (digits.size() > 1) absl::StrAppend(&out, ".", digits.substr(1));
  return absl::StrCat(out,
                      absl::StrFormat("e%c%02d", exponent < 0 ? '-' : '+', std::abs(exponent)));
}

template <typename T>
std::string Print(T number, int plain_exponent_end) {
  if (std::isnan(number)) return "NaN";
  const std::string sign = std::signbit(number) ? "-" : "";
  if (std::isinf(number)) return sign + "Infinity";
  if (number == 0) return sign + "0";
  const std::string text = Shortest(std::abs(number));
  const size_t mark = text.find('e');
  const int exponent = std::atoi(text.c_str() + mark + 1);
  std::string digits;
  for (char c : text.substr(0, mark)) {
    if (c != '.') digits += c;
  }
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  const bool plain = exponent >= -4 && exponent < plain_exponent_end;
  return sign + (plain ? Plain(digits, exponent) : WithExponent(digits, exponent));
}

}  // namespace

std::string FloatText(float number) { return Print(number, 6); }
std::string DoubleText(double number) { return Print(number, 15); }

}  // namespace tidemark::oracle
