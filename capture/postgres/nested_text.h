#ifndef TIDEMARK_CAPTURE_POSTGRES_NESTED_TEXT_H_
#define TIDEMARK_CAPTURE_POSTGRES_NESTED_TEXT_H_

#include <cstdint>
#include <string_view>

#include "model/bytes.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// The server's text of arrays, ranges, multiranges and composites (array_out, range_out,
// multirange_out and record_out of src/backend/utils/adt). `depth`: how many values this one lies
// in; past kNestingMax the text is refused. `misfit`: as in value_text.h. False: not such a text;
// what was appended is to be truncated away.

inline constexpr int kNestingMax = 32;

// As AppendTextValue of value_text.h, for a value that lies in `depth` others.
bool AppendTextValueAt(model::Bytes& out, uint32_t field, const model::Type& type,
                       std::string_view text, int depth, bool* misfit);

// `{1,2,NULL,"a b"}`, `[0:1][-1:1]={{1,2,3},{4,5,6}}`, `{}`.
bool AppendArray(model::Bytes& out, uint32_t field, const model::Type& type, std::string_view text,
                 int depth, bool* misfit);
// `[1,5)`, `(,"2024-01-01 00:00:00"]`, `empty`.
bool AppendRange(model::Bytes& out, uint32_t field, const model::Type& type, std::string_view text,
                 int depth, bool* misfit);
// `{[1,3),[5,9)}`.
bool AppendMultiRange(model::Bytes& out, uint32_t field, const model::Type& type,
                      std::string_view text, int depth, bool* misfit);
// `(1,"a ""b""",)`: nothing between commas is NULL. Text of a composite that does not fit the
// fields of `type` becomes server_text.
bool AppendComposite(model::Bytes& out, uint32_t field, const model::Type& type,
                     std::string_view text, int depth, bool* misfit);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_NESTED_TEXT_H_
