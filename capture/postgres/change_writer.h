#ifndef TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_
#define TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "capture/log_batch.h"
#include "capture/postgres/pgoutput.h"
#include "capture/postgres/row_layout.h"
#include "model/bytes.h"
#include "model/event.h"

namespace tidemark::capture::postgres {

// Events that grow at the end and can be cut: the part of a LogBatch that is still being written.
// The sizes of its parts at one moment.
struct BatchMark {
  size_t frames = 0;
  size_t events = 0;
  size_t schemas = 0;
  size_t keys = 0;
};

// Writes the events of a transaction's messages, each row once, straight into frames. What a row
// message means is decided here: keys, key changes, columns that the log left out. Not thread-safe.
class ChangeWriter {
 public:
  ChangeWriter() : encoder_(&frames_) {}
  ChangeWriter(const ChangeWriter&) = delete;
  ChangeWriter& operator=(const ChangeWriter&) = delete;

  // What the changes that follow share; `transaction`: their LogEvent.transaction.
  void SetTransaction(const model::TransactionHeader& header, uint32_t transaction);

  // Each change takes the next *index. The row's columns and old_kind may be overwritten. DataLoss
  // as in RowLayout, or for a row that does not fit the table or lacks its key.
  absl::Status WriteRow(MessageKind kind, const RowLayout& layout, RowMessage& row,
                        uint64_t* index);
  // True if the row that was written last had a value that the table's types, as given, do not fit
  // (see value_text.h): the types have changed meanwhile.
  bool misfit() const { return misfit_; }
  void WriteTruncate(const model::TableSchema& schema, uint64_t* index);
  void WriteSchema(const std::shared_ptr<const model::TableSchema>& schema);
  void WriteMessage(const model::LogicalMessage& message);
  void WriteTransactionEnd(uint64_t change_count);
  // Marks the change that was written last. REQUIRES: it is still here.
  void MarkLast() { encoder_.MarkLast(); }

  size_t frame_bytes() const { return frames_.size(); }
  BatchMark mark() const;
  // Forgets everything written since.
  void Truncate(const BatchMark& mark);
  // Moves everything before `mark` into `batch` (frames, events, schemas, keys) and keeps the rest,
  // as events of transaction 0.
  void CutInto(const BatchMark& mark, LogBatch* batch);

 private:
  absl::Status WriteInsert(const RowLayout& layout, RowMessage& row, uint64_t* index);
  absl::Status WriteUpdate(const RowLayout& layout, RowMessage& row, uint64_t* index);
  absl::Status WriteDelete(const RowLayout& layout, const RowMessage& row, uint64_t* index);
  // CREATE or UPDATE with the message's new row.
  absl::Status WriteNewRow(model::Op op, bool moved, const RowLayout& layout, const RowMessage& row,
                           uint64_t* index);
  absl::Status FinishChange(model::Op op, const RowLayout& layout, size_t start);
  LogEvent& AddEvent(model::EventKind kind, size_t start);
  void RebaseTail(const BatchMark& mark);

  model::Bytes frames_;
  model::ChangeEncoder encoder_;
  model::TransactionHeader header_;
  uint32_t transaction_ = kNoTransaction;
  bool misfit_ = false;
  std::vector<LogEvent> events_;
  std::vector<std::shared_ptr<const model::TableSchema>> schemas_;
  std::vector<std::vector<std::string>> keys_;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CHANGE_WRITER_H_
