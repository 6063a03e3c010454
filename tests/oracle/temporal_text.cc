#include "tests/oracle/temporal_text.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tidemark::oracle {
namespace {

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;
constexpr int64_t kMicrosecondsPerDay = 86'400 * kMicrosecondsPerSecond;

struct CivilDay {
  int64_t year;
  unsigned month;
  unsigned day;
};

// Days since 1970-01-01 to the proleptic Gregorian calendar, by eras of 400 years: std::chrono's
// years end at 32767, PostgreSQL's at 5874897.
CivilDay ToCivil(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), static_cast<unsigned>(month),
          static_cast<unsigned>(day_of_year - (153 * month_from_march + 2) / 5 + 1)};
}

// Year 0 is 1 BC.
std::string DayText(const CivilDay& day) {
  const int64_t year = day.year > 0 ? day.year : 1 - day.year;
  return absl::StrFormat("%04d-%02d-%02d", year, day.month, day.day);
}

const char* Era(const CivilDay& day) { return day.year > 0 ? "" : " BC"; }

// ".25", without trailing zeros; nothing for a whole second.
std::string Fraction(int64_t microseconds) {
  if (microseconds == 0) return "";
  std::string text = absl::StrFormat(".%06d", microseconds);
  while (text.back() == '0') text.pop_back();
  return text;
}

std::string ZoneText(int32_t seconds_east) {
  const int32_t size = std::abs(seconds_east);
  std::string text = absl::StrFormat("%c%02d", seconds_east < 0 ? '-' : '+', size / 3600);
  if (size % 3600 != 0) absl::StrAppendFormat(&text, ":%02d", size / 60 % 60);
  if (size % 60 != 0) absl::StrAppendFormat(&text, ":%02d", size % 60);
  return text;
}

std::string IsoPart(int64_t value, char unit) {
  return value == 0 ? "" : absl::StrCat(value, std::string(1, unit));
}

}  // namespace

std::string DateText(int64_t days) {
  const CivilDay day = ToCivil(days);
  return DayText(day) + Era(day);
}

std::string TimeText(int64_t microseconds) {
  const int64_t seconds = microseconds / kMicrosecondsPerSecond;
  return absl::StrFormat("%02d:%02d:%02d%s", seconds / 3600, seconds / 60 % 60, seconds % 60,
                         Fraction(microseconds % kMicrosecondsPerSecond));
}

std::string TimeWithZoneText(const v1::TimeWithZone& value) {
  return TimeText(value.time()) + ZoneText(value.zone_offset());
}

std::string TimestampText(int64_t microseconds, const std::string& zone) {
  int64_t days = microseconds / kMicrosecondsPerDay;
  int64_t rest = microseconds % kMicrosecondsPerDay;
  if (rest < 0) {
    rest += kMicrosecondsPerDay;
    --days;
  }
  const CivilDay day = ToCivil(days);
  return absl::StrCat(DayText(day), " ", TimeText(rest), zone, Era(day));
}

std::string IntervalText(const v1::Interval& interval) {
  const int64_t hours = interval.microseconds() / (3600 * kMicrosecondsPerSecond);
  const int64_t minutes = interval.microseconds() / (60 * kMicrosecondsPerSecond) % 60;
  const int64_t rest = interval.microseconds() % (60 * kMicrosecondsPerSecond);
  std::string out =
      absl::StrCat("P", IsoPart(interval.months() / 12, 'Y'), IsoPart(interval.months() % 12, 'M'),
                   IsoPart(interval.days(), 'D'));
  if (interval.microseconds() != 0) {
    absl::StrAppend(&out, "T", IsoPart(hours, 'H'), IsoPart(minutes, 'M'));
  }
  if (rest != 0) {
    const int64_t size = std::llabs(rest);
    absl::StrAppend(&out, rest < 0 ? "-" : "", size / kMicrosecondsPerSecond,
                    Fraction(size % kMicrosecondsPerSecond), "S");
  }
  return out == "P" ? "PT0S" : out;
}

}  // namespace tidemark::oracle
