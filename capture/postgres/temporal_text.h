#ifndef TIDEMARK_CAPTURE_POSTGRES_TEMPORAL_TEXT_H_
#define TIDEMARK_CAPTURE_POSTGRES_TEMPORAL_TEXT_H_

#include <cstdint>
#include <string_view>

#include "model/bytes.h"

namespace tidemark::capture::postgres {

// The server's text of date and time values under DateStyle=ISO and IntervalStyle=iso_8601
// (src/backend/utils/adt/datetime.c). Each appends one tidemark.v1.Value as field `field`; false:
// not such a text, and nothing was appended.

// "2024-02-29", "10000-01-01", "0044-03-15 BC", "infinity", "-infinity".
bool AppendDate(model::Bytes& out, uint32_t field, std::string_view text);
// "12:34:56.789", "24:00:00".
bool AppendTime(model::Bytes& out, uint32_t field, std::string_view text);
// "12:34:56.789+05:30:15".
bool AppendTimeWithZoneText(model::Bytes& out, uint32_t field, std::string_view text);
// "2024-02-29 12:34:56.789", "0044-03-15 00:00:00 BC", "infinity".
bool AppendTimestamp(model::Bytes& out, uint32_t field, std::string_view text);
// "2024-02-29 12:34:56.789+00"; any offset is taken into account.
bool AppendTimestampWithZone(model::Bytes& out, uint32_t field, std::string_view text);
// "P1Y2M-3DT-4H5M6.789S", "PT0S", "infinity" (17 and later).
bool AppendIntervalText(model::Bytes& out, uint32_t field, std::string_view text);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_TEMPORAL_TEXT_H_
