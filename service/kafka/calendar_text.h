#ifndef TIDEMARK_SERVICE_KAFKA_CALENDAR_TEXT_H_
#define TIDEMARK_SERVICE_KAFKA_CALENDAR_TEXT_H_

#include <cstdint>
#include <string>

namespace tidemark::service::kafka {

// Append texts of dates and times, in the proleptic Gregorian calendar. Days and microseconds are
// since 1970-01-01. Pure and thread-safe.

inline constexpr int64_t kDayUs = 86'400'000'000;

// How many digits a fraction of a second has: that many, or no trailing zeros.
inline constexpr int kFractionAsNeeded = -1;

// ISO 8601 as Java writes it, in UTC: "2024-05-06T07:08:09.100Z"; years above 9999 and below 0 have
// a sign: "+10000-01-01T...", "-0043-03-15T...".
void AppendIsoTimestamp(std::string& out, int64_t timestamp_us, int fraction_digits);
// "07:08:09.1"; 24:00:00 of a whole day. REQUIRES: 0 <= time_us.
void AppendClock(std::string& out, int64_t time_us, int fraction_digits);

// As PostgreSQL writes them under DateStyle ISO: "2024-05-06", "0044-03-15 BC",
// "2024-05-06 07:08:09.1", and with `zone` "2024-05-06 07:08:09.1+00".
void AppendPostgresDate(std::string& out, int64_t days);
void AppendPostgresTimestamp(std::string& out, int64_t timestamp_us, bool zone);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CALENDAR_TEXT_H_
