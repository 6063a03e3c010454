#include "capture/batch_writer.h"

#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture {
namespace {

// Protocol Buffers readers refuse longer messages.
constexpr size_t kFrameSizeMax = std::numeric_limits<int32_t>::max();

}  // namespace

void BatchWriter::SetTransaction(const model::TransactionHeader& header, uint32_t transaction) {
  header_ = header;
  transaction_ = transaction;
  encoder_.SetTransaction(header);
}

absl::Status BatchWriter::FinishChange(model::Op op, const model::TableSchema& schema,
                                       size_t start) {
  model::FrameExtent extent = encoder_.End();
  if (frames_.size() - start > kFrameSizeMax ||
      frames_.size() > std::numeric_limits<uint32_t>::max()) {
    return absl::FailedPreconditionError(
        absl::StrCat("a change of ", model::QualifiedName(schema),
                     " takes more than 2 GiB; leave its largest column out of the capture"));
  }
  LogEvent& event = AddEvent(model::EventKind::kChange, start);
  event.op = op;
  event.table = schema.table_id;
  event.schema = schema.id;
  event.frame = extent;
  return absl::OkStatus();
}

void BatchWriter::WriteTruncate(const model::TableSchema& schema, uint64_t* index) {
  size_t start = frames_.size();
  encoder_.Begin(schema.id, model::Op::kTruncate, (*index)++, 0);
  model::FrameExtent extent = encoder_.End();
  LogEvent& event = AddEvent(model::EventKind::kChange, start);
  event.op = model::Op::kTruncate;
  event.table = schema.table_id;
  event.schema = schema.id;
  event.frame = extent;
}

void BatchWriter::WriteSchema(const std::shared_ptr<const model::TableSchema>& schema) {
  size_t start = frames_.size();
  model::AppendSchemaFrame(frames_, *schema);
  LogEvent& event = AddEvent(model::EventKind::kSchema, start);
  event.table = schema->table_id;
  event.schema = schema->id;
  schemas_.push_back(schema);
}

void BatchWriter::WriteMessage(const model::LogicalMessage& message) {
  size_t start = frames_.size();
  model::AppendMessageFrame(frames_, message);
  LogEvent& event = AddEvent(model::EventKind::kMessage, start);
  if (message.transaction_id == 0) event.transaction = kNoTransaction;
}

void BatchWriter::WriteTransactionEnd(uint64_t change_count) {
  size_t start = frames_.size();
  model::AppendTransactionEndFrame(frames_, header_, change_count);
  AddEvent(model::EventKind::kTransactionEnd, start);
}

LogEvent& BatchWriter::AddEvent(model::EventKind kind, size_t start) {
  LogEvent& event = events_.emplace_back();
  event.kind = kind;
  event.transaction = transaction_;
  event.frame.at = static_cast<uint32_t>(start);
  event.frame.size = static_cast<uint32_t>(frames_.size() - start);
  return event;
}

void BatchWriter::AddKey(std::vector<std::string> key) {
  events_.back().key = static_cast<uint32_t>(keys_.size());
  keys_.push_back(std::move(key));
}

BatchMark BatchWriter::mark() const {
  return {frames_.size(), events_.size(), schemas_.size(), keys_.size()};
}

void BatchWriter::Truncate(const BatchMark& mark) {
  frames_.Truncate(mark.frames);
  events_.resize(mark.events);
  schemas_.resize(mark.schemas);
  keys_.resize(mark.keys);
}

void BatchWriter::CutInto(const BatchMark& mark, LogBatch* batch) {
  model::Bytes frames = std::exchange(frames_, {});
  frames_.Append(frames.view().substr(mark.frames));
  frames.Truncate(mark.frames);
  batch->frames = std::move(frames);
  auto cut = [](auto& from, size_t at, auto* into) {
    into->swap(from);
    from.assign(std::make_move_iterator(into->begin() + at), std::make_move_iterator(into->end()));
    into->resize(at);
  };
  cut(events_, mark.events, &batch->events);
  cut(schemas_, mark.schemas, &batch->schemas);
  cut(keys_, mark.keys, &batch->keys);
  RebaseTail(mark);
}

void BatchWriter::RebaseTail(const BatchMark& mark) {
  uint32_t moved = static_cast<uint32_t>(mark.frames);
  for (LogEvent& event : events_) {
    event.frame.MoveDown(moved);
    if (event.transaction != kNoTransaction) event.transaction = 0;
    if (event.moved && event.partial) event.key -= static_cast<uint32_t>(mark.keys);
  }
  if (!events_.empty()) encoder_.MoveDown(moved);
  transaction_ = 0;
}

}  // namespace tidemark::capture
