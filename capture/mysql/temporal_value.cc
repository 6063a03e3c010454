#include "capture/mysql/temporal_value.h"

#include <array>

namespace tidemark::capture::mysql {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr std::array<uint32_t, 7> kFractionUnits = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

constexpr size_t FractionSize(uint32_t digits) { return (digits + 1) / 2; }
// What one step of a packed fraction of so many bytes is worth.
constexpr uint32_t FractionUnit(size_t size) {
  return size == 1 ? 10'000 : size == 2 ? 100 : size == 3 ? 1 : 0;
}

// Parts of a clock's time packed as hours, 6 bits of minutes and 6 of seconds.
void UnpackClock(uint64_t packed, uint32_t* hour, uint32_t* minute, uint32_t* second) {
  *second = packed & 63;
  *minute = packed >> 6 & 63;
  *hour = static_cast<uint32_t>(packed >> 12);
}

bool IsClock(uint32_t minute, uint32_t second, uint32_t microsecond) {
  return minute < 60 && second < 60 && microsecond < kSecond;
}

bool IsPlausible(const DateTime& value) {
  return value.year <= 9999 && value.month <= 12 && value.day <= 31 && value.hour < 24 &&
         IsClock(value.minute, value.second, value.microsecond);
}

bool IsPlausible(const TimeSpan& value) {
  return value.hour <= 838 && IsClock(value.minute, value.second, value.microsecond);
}

// year * 13 + month, 5 bits of day, and 17 of the clock.
void UnpackYearToSecond(uint64_t packed, DateTime* value) {
  UnpackClock(packed & 0x1ffff, &value->hour, &value->minute, &value->second);
  value->day = packed >> 17 & 31;
  const auto months = static_cast<uint32_t>(packed >> 22);
  value->year = months / 13;
  value->month = months % 13;
}

// Days since 1970-01-01 (Howard Hinnant's days_from_civil, for years from 0 on).
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

bool IsCalendarDay(const DateTime& value) {
  constexpr std::array<uint8_t, 13> kDays = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (value.month < 1 || value.month > 12 || value.day < 1 || value.day > kDays[value.month]) {
    return false;
  }
  if (value.month != 2 || value.day != 29) return true;
  return value.year % 4 == 0 && (value.year % 100 != 0 || value.year % 400 == 0);
}

// Takes a text apart from the left.
struct Scanner {
  std::string_view text;

  bool Take(char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  }
  // `least` to `most` digits.
  bool TakeNumber(size_t least, size_t most, uint32_t* value) {
    size_t size = 0;
    *value = 0;
    while (size < most && size < text.size() && IsDigit(text[size])) {
      *value = *value * 10 + static_cast<uint32_t>(text[size++] - '0');
    }
    text.remove_prefix(size);
    return size >= least;
  }
  // "" or "." and one to six digits; then the end.
  bool TakeFraction(uint32_t* microsecond, uint32_t* digits) {
    *microsecond = *digits = 0;
    if (text.empty()) return true;
    if (!Take('.') || text.empty() || text.size() > 6) return false;
    *digits = static_cast<uint32_t>(text.size());
    if (!TakeNumber(*digits, 6, microsecond)) return false;
    *microsecond *= kFractionUnits[*digits];
    return true;
  }
  bool TakeDate(DateTime* value) {
    return TakeNumber(4, 4, &value->year) && Take('-') && TakeNumber(2, 2, &value->month) &&
           Take('-') && TakeNumber(2, 2, &value->day);
  }
};

char* WriteNumber(char* out, uint32_t value, int width) {
  for (int i = width; i-- > 0;) {
    out[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return out + width;
}

char* WriteClock(char* out, uint32_t minute, uint32_t second, uint32_t microsecond,
                 uint32_t digits) {
  *out++ = ':';
  out = WriteNumber(out, minute, 2);
  *out++ = ':';
  out = WriteNumber(out, second, 2);
  if (digits == 0) return out;
  *out++ = '.';
  return WriteNumber(out, microsecond / kFractionUnits[digits], static_cast<int>(digits));
}

void AppendText(model::Bytes& out, uint32_t field, const char* text, const char* end) {
  model::AppendBytesValue(out, field, model::ValueKind::kServerText,
                          {text, static_cast<size_t>(end - text)});
}

}  // namespace

bool UnpackDate(std::string_view packed, DateTime* value) {
  if (packed.size() != 3) return false;
  const uint64_t number = LittleEndian(packed);
  *value = {};
  value->day = number & 31;
  value->month = number >> 5 & 15;
  value->year = static_cast<uint32_t>(number >> 9);
  return IsPlausible(*value);
}

bool UnpackDateTime2(std::string_view packed, uint32_t digits, DateTime* value) {
  const size_t fraction = FractionSize(digits);
  if (digits > 6 || packed.size() != 5 + fraction) return false;
  const uint64_t number = BigEndian(packed.substr(0, 5));
  if (number < 0x8000000000) return false;
  *value = {};
  UnpackYearToSecond(number - 0x8000000000, value);
  value->microsecond = static_cast<uint32_t>(BigEndian(packed.substr(5)) * FractionUnit(fraction));
  return IsPlausible(*value);
}

bool UnpackTime2(std::string_view packed, uint32_t digits, TimeSpan* value) {
  const size_t fraction = FractionSize(digits);
  if (digits > 6 || packed.size() != 3 + fraction) return false;
  // One number with a bias, its fraction included.
  const auto bias = static_cast<int64_t>(uint64_t{1} << (8 * packed.size() - 1));
  int64_t number = static_cast<int64_t>(BigEndian(packed)) - bias;
  *value = {};
  value->negative = number < 0;
  if (value->negative) number = -number;
  UnpackClock(static_cast<uint64_t>(number) >> (8 * fraction), &value->hour, &value->minute,
              &value->second);
  const uint64_t steps = static_cast<uint64_t>(number) & ((uint64_t{1} << (8 * fraction)) - 1);
  value->microsecond = static_cast<uint32_t>(steps * FractionUnit(fraction));
  return IsPlausible(*value);
}

bool UnpackDateTimeOld(std::string_view packed, DateTime* value) {
  if (packed.size() != 8) return false;
  uint64_t number = LittleEndian(packed);
  if (number > 99991231235959) return false;
  *value = {};
  for (uint32_t* part :
       {&value->second, &value->minute, &value->hour, &value->day, &value->month}) {
    *part = number % 100;
    number /= 100;
  }
  value->year = static_cast<uint32_t>(number);
  return IsPlausible(*value);
}

bool UnpackTimeOld(std::string_view packed, TimeSpan* value) {
  if (packed.size() != 3) return false;
  auto number = static_cast<int32_t>(LittleEndian(packed) << 8) >> 8;
  *value = {};
  value->negative = number < 0;
  if (value->negative) number = -number;
  value->second = static_cast<uint32_t>(number % 100);
  value->minute = static_cast<uint32_t>(number / 100 % 100);
  value->hour = static_cast<uint32_t>(number / 10'000);
  return IsPlausible(*value);
}

bool UnpackTimestamp2(std::string_view packed, uint32_t digits, int64_t* timestamp_us) {
  const size_t fraction = FractionSize(digits);
  if (digits > 6 || packed.size() != 4 + fraction) return false;
  const auto steps = static_cast<int64_t>(BigEndian(packed.substr(4)));
  const int64_t microsecond = steps * FractionUnit(fraction);
  *timestamp_us = static_cast<int64_t>(BigEndian(packed.substr(0, 4))) * kSecond + microsecond;
  return microsecond < kSecond;
}

bool UnpackLongDateTime(int64_t packed, DateTime* value) {
  if (packed < 0) return false;
  *value = {};
  UnpackYearToSecond(static_cast<uint64_t>(packed) >> 24, value);
  value->microsecond = packed & 0xffffff;
  return IsPlausible(*value);
}

bool UnpackLongTime(int64_t packed, TimeSpan* value) {
  *value = {};
  value->negative = packed < 0;
  const uint64_t number = value->negative ? -static_cast<uint64_t>(packed) : packed;
  UnpackClock(number >> 24, &value->hour, &value->minute, &value->second);
  value->microsecond = number & 0xffffff;
  return IsPlausible(*value);
}

bool ParseDate(std::string_view text, DateTime* value) {
  Scanner in{text};
  *value = {};
  return in.TakeDate(value) && in.text.empty() && IsPlausible(*value);
}

bool ParseDateTime(std::string_view text, DateTime* value, uint32_t* digits) {
  Scanner in{text};
  *value = {};
  return in.TakeDate(value) && in.Take(' ') && in.TakeNumber(2, 2, &value->hour) && in.Take(':') &&
         in.TakeNumber(2, 2, &value->minute) && in.Take(':') &&
         in.TakeNumber(2, 2, &value->second) && in.TakeFraction(&value->microsecond, digits) &&
         IsPlausible(*value);
}

bool ParseTime(std::string_view text, TimeSpan* value) {
  Scanner in{text};
  uint32_t digits;
  *value = {};
  value->negative = in.Take('-');
  return in.TakeNumber(2, 3, &value->hour) && in.Take(':') && in.TakeNumber(2, 2, &value->minute) &&
         in.Take(':') && in.TakeNumber(2, 2, &value->second) &&
         in.TakeFraction(&value->microsecond, &digits) && IsPlausible(*value);
}

char* WriteDate(char* out, const DateTime& value) {
  out = WriteNumber(out, value.year, 4);
  *out++ = '-';
  out = WriteNumber(out, value.month, 2);
  *out++ = '-';
  return WriteNumber(out, value.day, 2);
}

char* WriteDateTime(char* out, const DateTime& value, uint32_t digits) {
  out = WriteDate(out, value);
  *out++ = ' ';
  out = WriteNumber(out, value.hour, 2);
  return WriteClock(out, value.minute, value.second, value.microsecond, digits);
}

char* WriteTime(char* out, const TimeSpan& value, uint32_t digits) {
  if (value.negative) *out++ = '-';
  out = WriteNumber(out, value.hour, value.hour >= 100 ? 3 : 2);
  return WriteClock(out, value.minute, value.second, value.microsecond, digits);
}

bool TimestampOf(const DateTime& value, int64_t* timestamp_us) {
  if (!IsCalendarDay(value)) return false;
  const int64_t seconds = (value.hour * int64_t{60} + value.minute) * 60 + value.second;
  *timestamp_us = DaysFromCivil(value.year, value.month, value.day) * kMicrosecondsOfDay +
                  seconds * kSecond + value.microsecond;
  return true;
}

TimeSpan TimeSpanOf(int64_t time_us) {
  TimeSpan span;
  span.negative = time_us < 0;
  const auto number = static_cast<uint64_t>(span.negative ? -time_us : time_us);
  const uint64_t seconds = number / kSecond;
  span.microsecond = static_cast<uint32_t>(number % kSecond);
  span.second = static_cast<uint32_t>(seconds % 60);
  span.minute = static_cast<uint32_t>(seconds / 60 % 60);
  span.hour = static_cast<uint32_t>(seconds / 3600);
  return span;
}

// The day by Howard Hinnant's civil_from_days.
DateTime DateTimeOf(int64_t timestamp_us) {
  int64_t days = timestamp_us / kMicrosecondsOfDay;
  if (timestamp_us % kMicrosecondsOfDay < 0) --days;
  const TimeSpan clock = TimeSpanOf(timestamp_us - days * kMicrosecondsOfDay);
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;
  DateTime value{.hour = clock.hour,
                 .minute = clock.minute,
                 .second = clock.second,
                 .microsecond = clock.microsecond};
  value.day = static_cast<uint32_t>(day_of_year - (153 * month + 2) / 5 + 1);
  value.month = static_cast<uint32_t>(month < 10 ? month + 3 : month - 9);
  value.year = static_cast<uint32_t>(year_of_era + era * 400 + (value.month <= 2));
  return value;
}

bool IsZero(const DateTime& value) {
  return (value.year | value.month | value.day | value.hour | value.minute | value.second |
          value.microsecond) == 0;
}

void AppendDate(model::Bytes& out, uint32_t field, const DateTime& value) {
  if (IsCalendarDay(value)) {
    model::AppendSigned(out, field, model::ValueKind::kDate,
                        DaysFromCivil(value.year, value.month, value.day));
    return;
  }
  char text[kTemporalTextMax];
  AppendText(out, field, text, WriteDate(text, value));
}

void AppendDateTime(model::Bytes& out, uint32_t field, const DateTime& value, uint32_t digits) {
  int64_t timestamp_us;
  if (TimestampOf(value, &timestamp_us)) {
    model::AppendSigned(out, field, model::ValueKind::kTimestamp, timestamp_us);
    return;
  }
  char text[kTemporalTextMax];
  AppendText(out, field, text, WriteDateTime(text, value, digits));
}

void AppendTimeSpan(model::Bytes& out, uint32_t field, const TimeSpan& value) {
  const int64_t seconds = (value.hour * int64_t{60} + value.minute) * 60 + value.second;
  const int64_t time_us = seconds * kSecond + value.microsecond;
  model::AppendSigned(out, field, model::ValueKind::kTime, value.negative ? -time_us : time_us);
}

void AppendTimestamp(model::Bytes& out, uint32_t field, int64_t timestamp_us, uint32_t digits) {
  if (timestamp_us != 0) {
    model::AppendSigned(out, field, model::ValueKind::kTimestampWithZone, timestamp_us);
    return;
  }
  char text[kTemporalTextMax];
  AppendText(out, field, text, WriteDateTime(text, DateTime{}, digits));
}

}  // namespace tidemark::capture::mysql
