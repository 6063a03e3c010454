#ifndef TIDEMARK_CAPTURE_POSTGRES_COPY_TEXT_H_
#define TIDEMARK_CAPTURE_POSTGRES_COPY_TEXT_H_

#include <string_view>

#include "absl/status/status.h"
#include "capture/postgres/pgoutput.h"
#include "model/bytes.h"

namespace tidemark::capture::postgres {

// Takes rows of COPY ... TO STDOUT in text format apart: columns between tabs, \N for NULL,
// backslash escapes (CopyAttributeOutText of src/backend/commands/copyto.c). Reuses its memory from
// row to row. Not thread-safe.
class CopyTextParser {
 public:
  // `line`: one CopyData payload, with or without its newline. `columns`: how many the row must
  // have. The views of `row` point into `line` or into the parser and are valid until the next
  // call. DataLoss: not such a row.
  absl::Status Parse(std::string_view line, size_t columns, Tuple* row);

 private:
  bool Unescape(std::string_view field, ColumnView* column);

  model::Bytes unescaped_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_COPY_TEXT_H_
