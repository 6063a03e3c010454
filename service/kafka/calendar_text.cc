#include "service/kafka/calendar_text.h"

#include <utility>

#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

struct CivilDate {
  int64_t year = 0;
  int64_t month = 0;
  int64_t day = 0;
};

// Quotient and remainder, rounded down.
std::pair<int64_t, int64_t> Split(int64_t value, int64_t unit) {
  const int64_t whole = value / unit, rest = value % unit;
  return rest < 0 ? std::pair(whole - 1, rest + unit) : std::pair(whole, rest);
}

// Howard Hinnant's civil_from_days: eras of 400 years that start on 1 March.
CivilDate CivilOf(int64_t days) {
  const auto [era, day_of_era] = Split(days + 719'468, 146'097);
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  CivilDate date;
  date.day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  date.month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  date.year = year_of_era + era * 400 + (date.month <= 2 ? 1 : 0);
  return date;
}

// With zeros in front, at least `width` digits.
void AppendPadded(std::string& out, int64_t value, size_t width) {
  const size_t start = out.size();
  AppendNumber(out, value);
  const size_t digits = out.size() - start;
  if (digits < width) out.insert(start, width - digits, '0');
}

void AppendMonthAndDay(std::string& out, const CivilDate& date) {
  out += '-';
  AppendPadded(out, date.month, 2);
  out += '-';
  AppendPadded(out, date.day, 2);
}

void AppendIsoDate(std::string& out, int64_t days) {
  const CivilDate date = CivilOf(days);
  if (date.year < 0) out += '-';
  if (date.year > 9999) out += '+';
  AppendPadded(out, date.year < 0 ? -date.year : date.year, 4);
  AppendMonthAndDay(out, date);
}

// The date without its era; true: it is before Christ, where the year 0 is 1 BC.
bool AppendDateOfEra(std::string& out, int64_t days) {
  const CivilDate date = CivilOf(days);
  AppendPadded(out, date.year > 0 ? date.year : 1 - date.year, 4);
  AppendMonthAndDay(out, date);
  return date.year <= 0;
}

void AppendFraction(std::string& out, int64_t fraction_us, int digits) {
  if (digits == 0 || (digits == kFractionAsNeeded && fraction_us == 0)) return;
  out += '.';
  const size_t start = out.size();
  AppendPadded(out, fraction_us, 6);
  if (digits != kFractionAsNeeded) {
    out.resize(start + static_cast<size_t>(digits), '0');
    return;
  }
  while (out.back() == '0') out.pop_back();
}

}  // namespace

void AppendClock(std::string& out, int64_t time_us, int fraction_digits) {
  const auto [seconds, fraction] = Split(time_us, 1'000'000);
  AppendPadded(out, seconds / 3600, 2);
  out += ':';
  AppendPadded(out, seconds / 60 % 60, 2);
  out += ':';
  AppendPadded(out, seconds % 60, 2);
  AppendFraction(out, fraction, fraction_digits);
}

void AppendIsoTimestamp(std::string& out, int64_t timestamp_us, int fraction_digits) {
  const auto [days, time] = Split(timestamp_us, kDayUs);
  AppendIsoDate(out, days);
  out += 'T';
  AppendClock(out, time, fraction_digits);
  out += 'Z';
}

void AppendPostgresDate(std::string& out, int64_t days) {
  if (AppendDateOfEra(out, days)) out += " BC";
}

void AppendPostgresTimestamp(std::string& out, int64_t timestamp_us, bool zone) {
  const auto [days, time] = Split(timestamp_us, kDayUs);
  const bool before_christ = AppendDateOfEra(out, days);
  out += ' ';
  AppendClock(out, time, kFractionAsNeeded);
  if (zone) out += "+00";
  if (before_christ) out += " BC";
}

}  // namespace tidemark::service::kafka
