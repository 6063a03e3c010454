#ifndef TIDEMARK_CAPTURE_MYSQL_ROW_WRITER_H_
#define TIDEMARK_CAPTURE_MYSQL_ROW_WRITER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "capture/batch_writer.h"
#include "capture/mysql/row_image.h"
#include "capture/mysql/row_layout.h"

namespace tidemark::capture::mysql {

// Writes the changes of a transaction's row events, each row once, straight into frames. What a row
// image means is decided here: keys, key changes, columns that the binlog left out. Each change
// takes the next *index. DataLoss as in RowLayout, or for a row that lacks its key. Not
// thread-safe.
class RowWriter : public BatchWriter {
 public:
  absl::Status WriteInsert(const RowLayout& layout, const RowCells& after, uint64_t* index);
  // Cells of `after` are filled from `before` where only that has them.
  absl::Status WriteUpdate(const RowLayout& layout, const RowCells& before, RowCells& after,
                           uint64_t* index);
  absl::Status WriteDelete(const RowLayout& layout, const RowCells& before, uint64_t* index);

 private:
  struct NewRow {
    model::Op op = model::Op::kNone;
    // The old row of an update; null for an insert.
    const RowCells* before = nullptr;
    // Nobody will ever send what the row lacks.
    bool final = false;
  };
  absl::Status WriteNewRow(const NewRow& row, const RowLayout& layout, const RowCells& after,
                           uint64_t* index);
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_ROW_WRITER_H_
