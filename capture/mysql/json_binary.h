#ifndef TIDEMARK_CAPTURE_MYSQL_JSON_BINARY_H_
#define TIDEMARK_CAPTURE_MYSQL_JSON_BINARY_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/bytes.h"

namespace tidemark::capture::mysql {

// MySQL's binary JSON, as the binlog carries it, to the text that the server prints for it: the
// order of keys as stored (by length, then bytes), ", " and ": ", the shortest exact doubles, exact
// big integers and decimals, dates and times as strings, other SQL values as "base64:typeNN:...".
// Source: MySQL 8.4 sql-common/json_binary.h (format), sql-common/json_dom.cc (text),
// strings/dtoa.cc (doubles).
//
// Nothing is trusted: offsets are checked, the depth is bounded by the server's 100, and the text
// by JsonTextBound (values that share bytes could make it large without end).

// At most so many bytes of text come from a value of this size.
inline constexpr size_t JsonTextBound(size_t binary_size) { return 8 * binary_size + 64; }

// Appends the text. False: malformed; what was appended is then to be truncated away. An empty
// value is null, as on the server.
bool AppendJsonText(model::Bytes& out, std::string_view binary);

// The text of the document `before` (binary) after the diffs of a PARTIAL_UPDATE_ROWS event: a
// sequence of operation (0 replace, 1 insert, 2 remove), path and binary value (MySQL 8.4
// sql-common/json_diff.cc). False: malformed, or a path that the document does not have.
bool AppendPatchedJson(model::Bytes& out, std::string_view before, std::string_view diffs);

// The server's form of a double in JSON: "1.0", "1e16", "0.00001", "-0.0". Room for kJsonDoubleMax;
// returns the end.
inline constexpr size_t kJsonDoubleMax = 48;
char* WriteJsonDouble(char* out, double value);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_JSON_BINARY_H_
