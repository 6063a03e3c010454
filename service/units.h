#ifndef TIDEMARK_SERVICE_UNITS_H_
#define TIDEMARK_SERVICE_UNITS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::service {

// Milliseconds of "200ms", "45s", "30m", "12h", "7d", "2w". A number without unit is none.
std::optional<uint64_t> ParseDurationMs(std::string_view text);

// Bytes of "512B", "64KiB", "50GiB", "10MB" (KB, MB, GB, TB are powers of 1000). A number without
// unit is none.
std::optional<uint64_t> ParseBytes(std::string_view text);

// "1.5 GiB"
std::string FormatBytes(uint64_t bytes);
// "3m 12s": the two largest units.
std::string FormatSeconds(uint64_t seconds);
// "1,234,567"
std::string FormatCount(uint64_t count);
// "1 row", "1,234,567 rows"
std::string FormatCount(uint64_t count, const char* noun);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_UNITS_H_
