#ifndef TIDEMARK_CAPTURE_MYSQL_KEY_POINTS_H_
#define TIDEMARK_CAPTURE_MYSQL_KEY_POINTS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "capture/mysql/column_codec.h"

namespace tidemark::capture::mysql {

// Up to `count` values of a key column from about `low` to `high` (key texts, key_text.h), spread
// evenly as far as that can be told without the server's order: numbers, dates and times by value,
// bytes and UUIDs by their first bytes, text by the letter or digit after what both have in common,
// enums by their labels. Each can be given to KeyLiteral; there need be no such row, and they need
// not be in the server's order. Empty where none can be named. Pure.
std::vector<std::string> PointsBetween(const ColumnCodec& codec, const std::string& low,
                                       const std::string& high, size_t count);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_KEY_POINTS_H_
