#include "service/units.h"

#include <array>
#include <charconv>
#include <iterator>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tidemark::service {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kDurations[] = {{"ms", 1},        {"s", 1000},       {"m", 60'000},
                               {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}};
constexpr Unit kSizes[] = {{"B", 1},
                           {"KiB", 1ull << 10},
                           {"MiB", 1ull << 20},
                           {"GiB", 1ull << 30},
                           {"TiB", 1ull << 40},
                           {"KB", 1000},
                           {"MB", 1'000'000},
                           {"GB", 1'000'000'000},
                           {"TB", 1'000'000'000'000}};

std::optional<uint64_t> Parse(std::string_view text, std::span<const Unit> units) {
  uint64_t number = 0;
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view name = text.substr(rest - text.data());
  if (name.starts_with(' ')) name.remove_prefix(1);
  for (const Unit& unit : units) {
    uint64_t product;
    if (name != unit.name) continue;
    if (__builtin_mul_overflow(number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return std::nullopt;
}

}  // namespace

std::optional<uint64_t> ParseDurationMs(std::string_view text) { return Parse(text, kDurations); }

std::optional<uint64_t> ParseBytes(std::string_view text) { return Parse(text, kSizes); }

std::string FormatBytes(uint64_t bytes) {
  static constexpr const char* kNames[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kNames)) {
    value /= 1024;
    ++unit;
  }
  return absl::StrCat(absl::StrFormat("%.1f ", value), kNames[unit]);
}

std::string FormatSeconds(uint64_t seconds) {
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrCat(seconds / 60, "m ", seconds % 60, "s");
  if (seconds < 86400) return absl::StrCat(seconds / 3600, "h ", seconds / 60 % 60, "m");
  return absl::StrCat(seconds / 86400, "d ", seconds / 3600 % 24, "h");
}

std::string FormatCount(uint64_t count) {
  std::string digits = std::to_string(count);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string FormatCount(uint64_t count, const char* noun) {
  return absl::StrCat(FormatCount(count), " ", noun, count == 1 ? "" : "s");
}

}  // namespace tidemark::service
