#ifndef TIDEMARK_CAPTURE_POSTGRES_VALUE_TEXT_H_
#define TIDEMARK_CAPTURE_POSTGRES_VALUE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/bytes.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// The canonical encoding: the server's text of a value becomes one tidemark.v1.Value, and equal
// texts become equal bytes, whether they came through the log or through COPY. So both sessions
// must have the same settings: TimeZone=UTC, DateStyle=ISO, IntervalStyle=iso_8601,
// extra_float_digits=3, bytea_output=hex, lc_monetary=C, client_encoding=UTF8.
//
// A timestamp that does not fit 64-bit microseconds since 1970 (after 294247-01-10) is lossless as
// server_text.
//
// Composites and enums may change without the log saying so (ALTER TYPE sends nothing). A composite
// whose text has another number of fields than its type, or a field that is none of its type, is
// lossless as server_text; a label that the enum lacks is an enum_label as any other. Both set
// *misfit: the type as given is probably not the one that the text was written under.
//
// Pure and thread-safe.

// Appends `text` as field `field` (below 16) of the enclosing message. False: the text is none of
// the type's; then what was appended is to be truncated away. *misfit is set or left as it is.
bool AppendTextValue(model::Bytes& out, uint32_t field, const model::Type& type,
                     std::string_view text, bool* misfit);

// True if the kind holds values of other types.
bool IsNested(model::TypeKind kind);

// At most so many bytes does AppendTextValue append for a text of this size.
inline constexpr size_t ScalarValueBound(size_t text_size) { return text_size + 16; }
inline constexpr size_t NestedValueBound(size_t text_size) { return 16 * text_size + 64; }

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_VALUE_TEXT_H_
