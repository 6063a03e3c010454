#ifndef TIDEMARK_CAPTURE_BATCH_WRITER_H_
#define TIDEMARK_CAPTURE_BATCH_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "capture/log_batch.h"
#include "model/bytes.h"
#include "model/event.h"
#include "model/schema.h"

namespace tidemark::capture {

// The sizes of a BatchWriter's parts at one moment.
struct BatchMark {
  size_t frames = 0;
  size_t events = 0;
  size_t schemas = 0;
  size_t keys = 0;
};

// Events that grow at the end and can be cut: the part of a LogBatch that is still being written.
// What all drivers share; a driver derives from it and adds how its rows are written. Not
// thread-safe.
class BatchWriter {
 public:
  BatchWriter() : encoder_(&frames_) {}
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  // What the changes that follow share; `transaction`: their LogEvent.transaction.
  void SetTransaction(const model::TransactionHeader& header, uint32_t transaction);

  void WriteTruncate(const model::TableSchema& schema, uint64_t* index);
  void WriteSchema(const std::shared_ptr<const model::TableSchema>& schema);
  void WriteMessage(const model::LogicalMessage& message);
  void WriteTransactionEnd(uint64_t change_count);
  // Marks the change that was written last. REQUIRES: it is still here.
  void MarkLast() { encoder_.MarkLast(); }

  size_t frame_bytes() const { return frames_.size(); }
  BatchMark mark() const;
  // The schemas that were written since.
  absl::Span<const std::shared_ptr<const model::TableSchema>> SchemasSince(
      const BatchMark& mark) const {
    return absl::MakeConstSpan(schemas_).subspan(mark.schemas);
  }
  // Forgets everything written since.
  void Truncate(const BatchMark& mark);
  // Moves everything before `mark` into `batch` (frames, events, schemas, keys) and keeps the rest,
  // as events of transaction 0.
  void CutInto(const BatchMark& mark, LogBatch* batch);

 protected:
  ~BatchWriter() = default;

  model::ChangeEncoder& encoder() { return encoder_; }
  // Ends the change that encoder() has open and that began at `start` of the frames.
  // FailedPrecondition: it is larger than a reader of Protocol Buffers takes; the caller forgets
  // it.
  absl::Status FinishChange(model::Op op, const model::TableSchema& schema, size_t start);
  // Of the change that was finished last: its new row lacks columns.
  void MarkPartial() { events_.back().partial = true; }
  // ... it is the second half of a key change.
  void MarkMoved() { events_.back().moved = true; }
  // ... both, so that nobody will ever send what its row lacks: the server's text of its key.
  void AddKey(std::vector<std::string> key);

 private:
  LogEvent& AddEvent(model::EventKind kind, size_t start);
  void RebaseTail(const BatchMark& mark);

  model::Bytes frames_;
  model::ChangeEncoder encoder_;
  model::TransactionHeader header_;
  uint32_t transaction_ = kNoTransaction;
  std::vector<LogEvent> events_;
  std::vector<std::shared_ptr<const model::TableSchema>> schemas_;
  std::vector<std::vector<std::string>> keys_;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_BATCH_WRITER_H_
