#ifndef TIDEMARK_TESTS_ORACLE_TEMPORAL_TEXT_H_
#define TIDEMARK_TESTS_ORACLE_TEMPORAL_TEXT_H_

#include <cstdint>
#include <string>

#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// PostgreSQL's text of dates and times under DateStyle ISO and IntervalStyle iso_8601. Units and
// epochs are those of v1::Value.
std::string DateText(int64_t days);
std::string TimeText(int64_t microseconds);
std::string TimeWithZoneText(const v1::TimeWithZone& value);
// `zone` follows the time, before " BC".
std::string TimestampText(int64_t microseconds, const std::string& zone);
std::string IntervalText(const v1::Interval& interval);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_TEMPORAL_TEXT_H_
