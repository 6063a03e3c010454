#ifndef TIDEMARK_TESTS_ORACLE_VALUE_TEXT_H_
#define TIDEMARK_TESTS_ORACLE_VALUE_TEXT_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::oracle {

// The text that PostgreSQL's output function gives for a value of the stream, under TimeZone UTC,
// DateStyle ISO, IntervalStyle iso_8601, extra_float_digits 3 and bytea_output hex; nullopt: NULL.
// Written from the server's documentation and source (src/backend/utils/adt), not from Tidemark's
// own code. InvalidArgument: the value's kind does not fit its type, or it is marked unavailable.
absl::StatusOr<std::optional<std::string>> ValueText(const v1::Value& value, const v1::Type& type);

// The same for the shortest text of a float that reads back as itself.
std::string FloatText(float number);
std::string DoubleText(double number);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_VALUE_TEXT_H_
