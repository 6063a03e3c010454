#include "capture/postgres/temporal_text.h"

#include <limits>

#include "model/value_writer.h"

namespace tidemark::capture::postgres {
namespace {

using model::Bytes;
using model::ValueKind;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

// Takes a text apart from the left. A method that returns false leaves the text as it was, or the
// text is malformed.
struct Scanner {
  std::string_view text;

  bool done() const { return text.empty(); }
  bool Take(char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
  }
  bool Take(std::string_view word) {
    if (text.substr(0, word.size()) != word) return false;
    text.remove_prefix(word.size());
    return true;
  }
  // Exactly two digits.
  bool TakeTwo(int64_t* value) {
    if (text.size() < 2 || !IsDigit(text[0]) || !IsDigit(text[1])) return false;
    *value = (text[0] - '0') * 10 + (text[1] - '0');
    text.remove_prefix(2);
    return true;
  }
  // One to 18 digits.
  bool TakeNumber(int64_t* value) {
    size_t size = 0;
    int64_t number = 0;
    while (size < text.size() && size < 18 && IsDigit(text[size])) {
      number = number * 10 + (text[size++] - '0');
    }
    if (size == 0 || (size < text.size() && IsDigit(text[size]))) return false;
    *value = number;
    text.remove_prefix(size);
    return true;
  }
  // "" or "." and one to six digits, as microseconds.
  bool TakeFraction(int64_t* microseconds) {
    *microseconds = 0;
    if (!Take('.')) return true;
    size_t size = 0;
    int64_t unit = kSecond;
    while (size < text.size() && IsDigit(text[size])) {
      unit /= 10;
      *microseconds += (text[size++] - '0') * unit;
    }
    text.remove_prefix(size);
    return size >= 1 && size <= 6;
  }
};

// Days since 1970-01-01 of a day of the proleptic Gregorian calendar; year 0 is 1 BC. (Howard
// Hinnant's days_from_civil.)
int64_t DaysFromCivil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

// Takes the days off the text; the year is as written, before " BC" is seen.
bool TakeDate(Scanner& in, int64_t* year, int64_t* month, int64_t* day) {
  return in.TakeNumber(year) && in.Take('-') && in.TakeTwo(month) && in.Take('-') &&
         in.TakeTwo(day) && *year >= 1 && *year <= 9'999'999 && *month >= 1 && *month <= 12 &&
         *day >= 1 && *day <= 31;
}

bool TakeTime(Scanner& in, int64_t* time_us) {
  int64_t hours, minutes, seconds, fraction;
  if (!in.TakeTwo(&hours) || !in.Take(':') || !in.TakeTwo(&minutes) || !in.Take(':') ||
      !in.TakeTwo(&seconds) || !in.TakeFraction(&fraction) || minutes > 59 || seconds > 59) {
    return false;
  }
  *time_us = (hours * 3600 + minutes * 60 + seconds) * kSecond + fraction;
  return *time_us <= kDay;
}

// "+05", "-05:30", "+05:30:15", as seconds east of UTC.
bool TakeZone(Scanner& in, int64_t* offset_s) {
  bool west = in.Take('-');
  if (!west && !in.Take('+')) return false;
  int64_t hours, minutes = 0, seconds = 0;
  if (!in.TakeTwo(&hours)) return false;
  if (in.Take(':') && !in.TakeTwo(&minutes)) return false;
  if (in.Take(':') && !in.TakeTwo(&seconds)) return false;
  *offset_s = hours * 3600 + minutes * 60 + seconds;
  if (west) *offset_s = -*offset_s;
  return minutes <= 59 && seconds <= 59;
}

// Handles the words that stand for no finite value.
bool AppendIfInfinity(Bytes& out, uint32_t field, std::string_view text) {
  if (text != "infinity" && text != "-infinity") return false;
  model::AppendInfinity(out, field, text[0] == 'i');
  return true;
}

// "date time[zone][ BC]", with the zone if `with_zone`. *fits: within 64-bit microseconds since
// 1970.
bool ParseTimestamp(std::string_view text, bool with_zone, int64_t* timestamp_us, bool* fits) {
  Scanner in{text};
  int64_t year, month, day, time_us, offset_s = 0;
  if (!TakeDate(in, &year, &month, &day) || !in.Take(' ') || !TakeTime(in, &time_us) ||
      (with_zone && !TakeZone(in, &offset_s))) {
    return false;
  }
  if (in.Take(" BC")) year = 1 - year;
  if (!in.done()) return false;
  int64_t days_us;
  *fits = !__builtin_mul_overflow(DaysFromCivil(year, month, day), kDay, &days_us) &&
          !__builtin_add_overflow(days_us, time_us - offset_s * kSecond, timestamp_us);
  return true;
}

bool AppendTimestampValue(Bytes& out, uint32_t field, ValueKind kind, std::string_view text) {
  int64_t timestamp_us;
  bool fits;
  if (!ParseTimestamp(text, kind == ValueKind::kTimestampWithZone, &timestamp_us, &fits)) {
    return AppendIfInfinity(out, field, text);
  }
  if (fits) {
    model::AppendSigned(out, field, kind, timestamp_us);
  } else {
    model::AppendBytesValue(out, field, ValueKind::kServerText, text);
  }
  return true;
}

// One part of an interval: a signed number and its unit.
struct IntervalPart {
  int64_t number = 0;
  int64_t fraction_us = 0;  // with the number's sign
  char unit = 0;
};

bool TakePart(Scanner& in, IntervalPart* part) {
  bool negative = in.Take('-');
  if (!in.TakeNumber(&part->number) || !in.TakeFraction(&part->fraction_us) || in.done()) {
    return false;
  }
  if (negative) {
    part->number = -part->number;
    part->fraction_us = -part->fraction_us;
  }
  part->unit = in.text[0];
  in.text.remove_prefix(1);
  return part->fraction_us == 0 || part->unit == 'S';
}

// Adds number * scale to *sum; false on overflow.
bool AddScaled(int64_t number, int64_t scale, int64_t* sum) {
  int64_t product;
  return !__builtin_mul_overflow(number, scale, &product) &&
         !__builtin_add_overflow(*sum, product, sum);
}

struct IntervalFields {
  int64_t months = 0;
  int64_t days = 0;
  int64_t microseconds = 0;
};

bool AddDatePart(const IntervalPart& part, IntervalFields* sum) {
  switch (part.unit) {
    case 'Y':
      return AddScaled(part.number, 12, &sum->months);
    case 'M':
      return AddScaled(part.number, 1, &sum->months);
    case 'D':
      return AddScaled(part.number, 1, &sum->days);
    default:
      return false;
  }
}

bool AddTimePart(const IntervalPart& part, IntervalFields* sum) {
  switch (part.unit) {
    case 'H':
      return AddScaled(part.number, 3600 * kSecond, &sum->microseconds);
    case 'M':
      return AddScaled(part.number, 60 * kSecond, &sum->microseconds);
    case 'S':
      return AddScaled(part.number, kSecond, &sum->microseconds) &&
             AddScaled(part.fraction_us, 1, &sum->microseconds);
    default:
      return false;
  }
}

bool FitsInt32(int64_t value) {
  return value >= std::numeric_limits<int32_t>::min() &&
         value <= std::numeric_limits<int32_t>::max();
}

bool ParseInterval(std::string_view text, IntervalFields* sum) {
  Scanner in{text};
  if (!in.Take('P') || in.done()) return false;
  bool in_time = false;
  while (!in.done()) {
    if (!in_time && in.Take('T')) {
      in_time = true;
      if (in.done()) return false;
    }
    IntervalPart part;
    if (!TakePart(in, &part)) return false;
    if (!(in_time ? AddTimePart(part, sum) : AddDatePart(part, sum))) return false;
  }
  return FitsInt32(sum->months) && FitsInt32(sum->days);
}

}  // namespace

bool AppendDate(Bytes& out, uint32_t field, std::string_view text) {
  Scanner in{text};
  int64_t year, month, day;
  if (!TakeDate(in, &year, &month, &day)) return AppendIfInfinity(out, field, text);
  if (in.Take(" BC")) year = 1 - year;
  if (!in.done()) return false;
  model::AppendSigned(out, field, ValueKind::kDate, DaysFromCivil(year, month, day));
  return true;
}

bool AppendTime(Bytes& out, uint32_t field, std::string_view text) {
  Scanner in{text};
  int64_t time_us;
  if (!TakeTime(in, &time_us) || !in.done()) return false;
  model::AppendSigned(out, field, ValueKind::kTime, time_us);
  return true;
}

bool AppendTimeWithZoneText(Bytes& out, uint32_t field, std::string_view text) {
  Scanner in{text};
  int64_t time_us, offset_s;
  if (!TakeTime(in, &time_us) || !TakeZone(in, &offset_s) || !in.done()) return false;
  model::AppendTimeWithZone(out, field, time_us, static_cast<int32_t>(offset_s));
  return true;
}

bool AppendTimestamp(Bytes& out, uint32_t field, std::string_view text) {
  return AppendTimestampValue(out, field, ValueKind::kTimestamp, text);
}

bool AppendTimestampWithZone(Bytes& out, uint32_t field, std::string_view text) {
  return AppendTimestampValue(out, field, ValueKind::kTimestampWithZone, text);
}

bool AppendIntervalText(Bytes& out, uint32_t field, std::string_view text) {
  IntervalFields fields;
  if (!ParseInterval(text, &fields)) return AppendIfInfinity(out, field, text);
  model::AppendInterval(out, field, static_cast<int32_t>(fields.months),
                        static_cast<int32_t>(fields.days), fields.microseconds);
  return true;
}

}  // namespace tidemark::capture::postgres
