#ifndef TIDEMARK_CAPTURE_MYSQL_TEMPORAL_VALUE_H_
#define TIDEMARK_CAPTURE_MYSQL_TEMPORAL_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/bytes.h"
#include "model/value_writer.h"

namespace tidemark::capture::mysql {

// Dates and times of the servers, from the binlog's packed forms and from their text. Source: MySQL
// 8.4 mysys/my_time.cc (my_datetime_packed_from_binary and others), sql/field.cc for the types
// before 5.6.

// A date on the clock; parts may be zero, and the day need not be one of the calendar.
struct DateTime {
  uint32_t year = 0, month = 0, day = 0;
  uint32_t hour = 0, minute = 0, second = 0;
  uint32_t microsecond = 0;
};

// A span: up to 838:59:59.
struct TimeSpan {
  bool negative = false;
  uint32_t hour = 0, minute = 0, second = 0;
  uint32_t microsecond = 0;
};

// The packed forms. False: not one, or a part that no server writes (month 13, minute 60).
// `digits`: of the fraction, 0 to 6.
bool UnpackDate(std::string_view packed, DateTime* value);                        // 3 bytes
bool UnpackDateTime2(std::string_view packed, uint32_t digits, DateTime* value);  // 5 to 8 bytes
bool UnpackTime2(std::string_view packed, uint32_t digits, TimeSpan* value);      // 3 to 6 bytes
bool UnpackDateTimeOld(std::string_view packed, DateTime* value);                 // 8 bytes
bool UnpackTimeOld(std::string_view packed, TimeSpan* value);                     // 3 bytes
// Seconds since 1970 and microseconds: 4 bytes and the fraction.
bool UnpackTimestamp2(std::string_view packed, uint32_t digits, int64_t* timestamp_us);
// The 64-bit integers of binary JSON: datetimes (of dates too) and times.
bool UnpackLongDateTime(int64_t packed, DateTime* value);
bool UnpackLongTime(int64_t packed, TimeSpan* value);

// The servers' text: "2024-02-30", "2024-02-30 12:34:56.789", "-838:59:59.000001". *digits: of its
// fraction.
bool ParseDate(std::string_view text, DateTime* value);
bool ParseDateTime(std::string_view text, DateTime* value, uint32_t* digits);
bool ParseTime(std::string_view text, TimeSpan* value);

// The text again; returns its end. Room for kTemporalTextMax.
inline constexpr size_t kTemporalTextMax = 32;
char* WriteDate(char* out, const DateTime& value);
char* WriteDateTime(char* out, const DateTime& value, uint32_t digits);
char* WriteTime(char* out, const TimeSpan& value, uint32_t digits);

// Append a tidemark.v1.Value: date, timestamp, or server_text where it is no day of the calendar
// (the proleptic Gregorian one, from year 0 on).
void AppendDate(model::Bytes& out, uint32_t field, const DateTime& value);
void AppendDateTime(model::Bytes& out, uint32_t field, const DateTime& value, uint32_t digits);
// time
void AppendTimeSpan(model::Bytes& out, uint32_t field, const TimeSpan& value);
// timestamp_with_zone; server_text for 0, which is 0000-00-00 00:00:00.
void AppendTimestamp(model::Bytes& out, uint32_t field, int64_t timestamp_us, uint32_t digits);

// Of a DateTime that is UTC. False: no day of the calendar.
bool TimestampOf(const DateTime& value, int64_t* timestamp_us);
bool IsZero(const DateTime& value);
// The day and the clock, and the span, of so many microseconds; the ways back.
inline constexpr int64_t kMicrosecondsOfDay = 86'400'000'000;
DateTime DateTimeOf(int64_t timestamp_us);
TimeSpan TimeSpanOf(int64_t time_us);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_TEMPORAL_VALUE_H_
