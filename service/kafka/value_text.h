#ifndef TIDEMARK_SERVICE_KAFKA_VALUE_TEXT_H_
#define TIDEMARK_SERVICE_KAFKA_VALUE_TEXT_H_

#include <string>

#include "service/kafka/change_view.h"

namespace tidemark::service::kafka {

// Appends the text that stands for a value where it is hashed. Equal values have equal texts, in a
// key and in a row and in every table, and of one kind different values have different ones. Hashes
// are compared for years, so these texts never change:
//
//   boolean                  true, false
//   integer, unsigned        -42
//   real, double             the shortest that reads back as the same 32 or 64 bits, in C++'s
//                            std::to_chars: 0.1, 1e+20, -0, nan, inf, -inf (every NaN is nan)
//   decimal, text, json, uuid, bits, enum label, server's text: as the stream has it
//   binary                   its bytes
//   date                     2026-11-22, 0044-03-15 BC
//   time                     12:30:00.5, -838:59:59
//   time with zone           12:30:00.5+02:00, 12:30:00-00:00:30 (hours, minutes, and seconds where
//                            there are any)
//   timestamp                2026-11-22 12:30:00.5; with zone in UTC, 2026-11-22 12:30:00.5+00
//   infinity                 infinity, -infinity
//   interval                 months, days and microseconds: 14 3 -500000
//   geometry                 SRID=4326; and then the bytes of its well-known binary
//   vector                   [1,2.5]
//   array                    [lower bound,length] of each dimension, then its elements
//   composite                ( and its fields and )
//   range                    empty; or [ or (, the lower and the upper bound, ] or )
//   multirange               { and its ranges and }
//
// What stands in another value is - if it is null (a bound: none), else the length of its text in
// bytes, a colon and the text: an array of 7 and NULL is [1,2]1:7-.
//
// REQUIRES: `value` is neither null nor unavailable. False: it is malformed or none that a server
// has; then `out` has a part of the text. Pure and thread-safe.
bool AppendValueText(std::string& out, const ValueView& value);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_VALUE_TEXT_H_
