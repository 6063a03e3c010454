#ifndef TIDEMARK_SERVICE_CLI_VALUE_FORMAT_H_
#define TIDEMARK_SERVICE_CLI_VALUE_FORMAT_H_

#include <cstdint>
#include <string>

#include "tidemark/v1/event.pb.h"

namespace tidemark::service {

// Values as JSON, lossless: every value of a column's type has a JSON of its own.
//
//   NULL null; boolean true; integers 42 (all 64 bits); real and double 0.1, "NaN", "Infinity",
//   "-Infinity"; decimal "-12.50"; text, uuid, bits, enum label and server's text as strings; JSON
//   as a string with its text; binary as base64; date "2026-11-22"; time "12:30:00.5"; time with
//   zone "12:30:00+02:00"; timestamp "2026-11-22T12:30:00.5", with zone "...Z"; infinite times
//   "infinity", "-infinity"; interval {"months":1,"days":2,"microseconds":3}; array [1,[2]], or
//   {"lower_bounds":[0],"elements":[1]}; range {"lower":1,"upper":5,"bounds":"[)"} or
//   {"empty":true}; multirange: a list of ranges; composite {"field":1}; not in the log
//   {"unavailable":true}.
//
// Years are those of ISO 8601: past 9999 with a sign and six digits, "+010000"; 1 BC is "0000", 2
// BC "-000001".
void AppendJsonValue(std::string& out, const v1::Value& value, const v1::Type& type);

// Values for people, on one line: text in single quotes, long ones cut after `length_max` bytes.
std::string HumanValue(const v1::Value& value, const v1::Type& type, size_t length_max = 60);

// "2026-11-22T12:30:00.5" of microseconds since 1970-01-01 00:00:00.
std::string FormatTimestamp(int64_t microseconds);
// "2026-11-22"
std::string FormatDate(int64_t days);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_VALUE_FORMAT_H_
