#ifndef TIDEMARK_CAPTURE_MYSQL_KEY_TEXT_H_
#define TIDEMARK_CAPTURE_MYSQL_KEY_TEXT_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "capture/mysql/column_codec.h"
#include "model/bytes.h"

namespace tidemark::capture::mysql {

// The text of a key's value (capture::KeyText), always valid UTF-8, and the SQL literal that the
// server reads back as the same value:
//
//   numbers               as the server prints them; FLOAT and DOUBLE as the shortest exact text of
//                         the double
//   BIT                   a number
//   dates and times       as the server prints them
//   text, ENUM, SET       in UTF-8; where the server might convert that back to other bytes (two
//                         codes of one character, bytes that are no text): a zero byte and the
//                         column's own bytes in hexadecimal
//   BINARY, VARBINARY     "0x" and hexadecimal
//   UUID, INET4, INET6    as the server prints them
//
// `value` is a tidemark.v1.Value, as a ColumnCodec appended it (the payload alone, without field
// and length); `bytes` the column's own bytes that it came from.
std::string KeyTextOf(const ColumnCodec& codec, std::string_view value, std::string_view bytes);

// The payload of the one field that `value` holds.
std::string_view PayloadOf(const model::Bytes& value);

// Of a column's bytes in a SELECT's row, in the form that ColumnCodec::AppendSql takes.
std::string KeyTextOfSql(const ColumnCodec& codec, std::string_view bytes);

// "5", "'it''s'", "x'00ff'". InvalidArgument: the text is none of the column's type.
absl::StatusOr<std::string> KeyLiteral(const ColumnCodec& codec, std::string_view text);

// 'it''s': of UTF-8, under the session's settings (connection.h).
std::string QuoteText(std::string_view text);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_KEY_TEXT_H_
