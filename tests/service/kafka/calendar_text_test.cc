#include "service/kafka/calendar_text.h"

#include <gtest/gtest.h>

#include <string>

namespace tidemark::service::kafka {
namespace {

constexpr int64_t kMoment = 1'714'979'289'000'000;  // 2024-05-06 07:08:09 UTC

std::string Iso(int64_t timestamp_us, int digits) {
  std::string out;
  AppendIsoTimestamp(out, timestamp_us, digits);
  return out;
}

std::string Postgres(int64_t timestamp_us, bool zone) {
  std::string out;
  AppendPostgresTimestamp(out, timestamp_us, zone);
  return out;
}

TEST(CalendarTextTest, TheFractionHasTheWantedDigits) {
  EXPECT_EQ(Iso(kMoment, kFractionAsNeeded), "2024-05-06T07:08:09Z");
  EXPECT_EQ(Iso(kMoment + 120'000, kFractionAsNeeded), "2024-05-06T07:08:09.12Z");
  EXPECT_EQ(Iso(kMoment, 6), "2024-05-06T07:08:09.000000Z");
  EXPECT_EQ(Iso(kMoment + 120'000, 3), "2024-05-06T07:08:09.120Z");
  EXPECT_EQ(Iso(kMoment + 1, 0), "2024-05-06T07:08:09Z");
}

TEST(CalendarTextTest, YearsOutsideFourDigitsHaveASign) {
  EXPECT_EQ(Iso(-1, kFractionAsNeeded), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(Iso(2'932'897 * kDayUs, kFractionAsNeeded), "+10000-01-01T00:00:00Z");
  EXPECT_EQ(Iso(-719'528 * kDayUs, kFractionAsNeeded), "0000-01-01T00:00:00Z");
  EXPECT_EQ(Iso(-735'160 * kDayUs, kFractionAsNeeded), "-0043-03-15T00:00:00Z");
}

TEST(CalendarTextTest, PostgresCountsErasWithoutAYearZero) {
  EXPECT_EQ(Postgres(kMoment + 500'000, false), "2024-05-06 07:08:09.5");
  EXPECT_EQ(Postgres(kMoment, true), "2024-05-06 07:08:09+00");
  EXPECT_EQ(Postgres(-735'160 * kDayUs, true), "0044-03-15 00:00:00+00 BC");
  EXPECT_EQ(Postgres(2'932'897 * kDayUs, false), "10000-01-01 00:00:00");
  std::string date;
  AppendPostgresDate(date, -719'528);
  EXPECT_EQ(date, "0001-01-01 BC");
}

TEST(CalendarTextTest, TheEndOfADayIsTwentyFourHours) {
  std::string out;
  AppendClock(out, kDayUs, kFractionAsNeeded);
  EXPECT_EQ(out, "24:00:00");
}

}  // namespace
}  // namespace tidemark::service::kafka
