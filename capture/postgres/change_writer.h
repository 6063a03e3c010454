#ifndef TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_
#define TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "capture/batch_writer.h"
#include "capture/postgres/pgoutput.h"
#include "capture/postgres/row_layout.h"
#include "model/event.h"

namespace tidemark::capture::postgres {

// Writes the events of a transaction's messages, each row once, straight into frames. What a row
// message means is decided here: keys, key changes, columns that the log left out. Not thread-safe.
class ChangeWriter : public BatchWriter {
 public:
  // Each change takes the next *index. The row's columns and old_kind may be overwritten. DataLoss
  // as in RowLayout, or for a row that does not fit the table or lacks its key.
  absl::Status WriteRow(MessageKind kind, const RowLayout& layout, RowMessage& row,
                        uint64_t* index);
  // True if the row that was written last had a value that the table's types, as given, do not fit
  // (see value_text.h): the types have changed meanwhile.
  bool misfit() const { return misfit_; }

 private:
  absl::Status WriteInsert(const RowLayout& layout, RowMessage& row, uint64_t* index);
  absl::Status WriteUpdate(const RowLayout& layout, RowMessage& row, uint64_t* index);
  absl::Status WriteDelete(const RowLayout& layout, const RowMessage& row, uint64_t* index);
  // CREATE or UPDATE with the message's new row.
  absl::Status WriteNewRow(model::Op op, bool moved, const RowLayout& layout, const RowMessage& row,
                           uint64_t* index);

  bool misfit_ = false;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_
