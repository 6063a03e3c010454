#ifndef TIDEMARK_SERVICE_KAFKA_RANGE_TEXT_H_
#define TIDEMARK_SERVICE_KAFKA_RANGE_TEXT_H_

#include <string>
#include <string_view>

namespace tidemark::service::kafka {

// Appends PostgreSQL's text of a range of one of its own types, from a serialized
// tidemark.v1.Range: "[1,10)", "empty", "[\"2024-01-01 00:00:00\",)". TimeZone is UTC, DateStyle
// ISO. False: malformed, or a bound of another type.
bool AppendRangeText(std::string& out, std::string_view range);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_RANGE_TEXT_H_
