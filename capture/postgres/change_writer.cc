#include "capture/postgres/change_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {
namespace {

using model::ChangeEncoder;
using model::Op;

// Tags and lengths of the rows of a change.
constexpr size_t kRowHeadersBound = 24;
// Protocol Buffers readers refuse longer messages.
constexpr size_t kFrameSizeMax = std::numeric_limits<int32_t>::max();

// Whether an 'O' tuple is the whole old row. The letter says what the published table's replica
// identity is, but the tuple has what the partition that was written to logged under its own: under
// a root of FULL, a partition of DEFAULT sends its key and NULL for all else. The log does not say
// which it was, so the tuple is a mere key if
//
//   - the new row left a column out (unchanged TOAST, so not NULL) that is NULL in the old one, or
//   - a column that cannot be NULL is NULL.
//
// The first is certain. The second may also be a row from before SET NOT NULL; then only `before`
// is lost. Where neither tells, a partition's key is taken for a row of NULLs.
bool LacksUnchanged(const RowMessage& row) {
  for (size_t i = 0; i < row.new_row.columns.size() && row.has_new_row; ++i) {
    if (row.new_row.columns[i].kind == ColumnView::Kind::kUnchanged &&
        row.old_row.columns[i].kind == ColumnView::Kind::kNull) {
      return true;
    }
  }
  return false;
}

bool LacksNotNull(const RowLayout& layout, const Tuple& row) {
  const std::vector<model::Column>& columns = layout.schema()->columns;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].nullable && row.columns[i].kind == ColumnView::Kind::kNull) return true;
  }
  return false;
}

absl::Status OtherIdentity(const RowLayout& layout) {
  return absl::DataLossError(absl::StrCat(
      "the log lacks the old row or key of a change of ", model::QualifiedName(*layout.schema()),
      ": a partition has another REPLICA IDENTITY than the table; give all partitions that of the "
      "table, then remove the source and capture it anew"));
}

// Takes an 'O' tuple that is a mere key for one. Without a key, such a tuple does not say which row
// it is; there, what is not certain is believed.
absl::Status CheckOldRow(const RowLayout& layout, RowMessage& row) {
  if (row.old_kind != 'O') return absl::OkStatus();
  bool lacks_unchanged = LacksUnchanged(row);
  if (!layout.has_key()) return lacks_unchanged ? OtherIdentity(layout) : absl::OkStatus();
  if (lacks_unchanged || LacksNotNull(layout, row.old_row)) row.old_kind = 'K';
  return absl::OkStatus();
}

// No column of a key can be NULL; where the log has one, it is the key of another index.
absl::Status CheckOldKey(const RowLayout& layout, const Tuple& row) {
  for (uint32_t column : layout.schema()->key_columns) {
    if (row.columns[column].kind == ColumnView::Kind::kNull) return OtherIdentity(layout);
  }
  return absl::OkStatus();
}

// Takes what the new row left out (unchanged TOAST) from the old one, as far as that has it.
void FillFromOldRow(const RowLayout& layout, RowMessage& row) {
  if (row.old_kind == 0) return;
  for (size_t i = 0; i < row.new_row.columns.size(); ++i) {
    ColumnView& column = row.new_row.columns[i];
    bool known = row.old_kind == 'O' || layout.is_key(i);
    if (column.kind == ColumnView::Kind::kUnchanged && known) column = row.old_row.columns[i];
  }
}

bool HasUnavailable(const Tuple& row) {
  return std::any_of(row.columns.begin(), row.columns.end(), [](const ColumnView& column) {
    return column.kind == ColumnView::Kind::kUnchanged;
  });
}

// Keys are equal when their texts are: a numeric that went from 1.0 to 1.00 has changed.
bool KeyChanged(const RowLayout& layout, const RowMessage& row) {
  const std::vector<uint32_t>& key = layout.schema()->key_columns;
  return row.old_kind != 0 && std::any_of(key.begin(), key.end(), [&](uint32_t column) {
           return row.old_row.columns[column] != row.new_row.columns[column];
         });
}

absl::Status CheckFits(const RowLayout& layout, const Tuple& row) {
  if (row.columns.size() == layout.column_count()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("a row of ", model::QualifiedName(*layout.schema()),
                                          " has ", row.columns.size(), " columns, but the table ",
                                          layout.column_count()));
}

absl::Status CheckKeyIsThere(const RowLayout& layout, const Tuple& row) {
  for (uint32_t column : layout.schema()->key_columns) {
    if (row.columns[column].kind != ColumnView::Kind::kUnchanged) continue;
    return absl::DataLossError(absl::StrCat("the log lacks the value of key column ",
                                            model::QualifiedName(*layout.schema()), ".",
                                            layout.schema()->columns[column].name));
  }
  return absl::OkStatus();
}

std::vector<std::string> KeyTexts(const RowLayout& layout, const Tuple& row) {
  std::vector<std::string> texts;
  for (uint32_t column : layout.schema()->key_columns) {
    texts.emplace_back(row.columns[column].bytes);
  }
  return texts;
}

}  // namespace

void ChangeWriter::SetTransaction(const model::TransactionHeader& header, uint32_t transaction) {
  header_ = header;
  transaction_ = transaction;
  encoder_.SetTransaction(header);
}

absl::Status ChangeWriter::WriteRow(MessageKind kind, const RowLayout& layout, RowMessage& row,
                                    uint64_t* index) {
  if (row.old_kind != 0) {
    absl::Status status = CheckFits(layout, row.old_row);
    if (!status.ok()) return status;
  }
  if (row.has_new_row) {
    absl::Status status = CheckFits(layout, row.new_row);
    if (!status.ok()) return status;
  }
  misfit_ = false;
  if (row.old_kind != 0) {
    absl::Status status = CheckOldRow(layout, row);
    if (status.ok()) status = CheckOldKey(layout, row.old_row);
    if (!status.ok()) return status;
  }
  if (kind == MessageKind::kInsert) return WriteInsert(layout, row, index);
  if (kind == MessageKind::kUpdate) return WriteUpdate(layout, row, index);
  return WriteDelete(layout, row, index);
}

absl::Status ChangeWriter::WriteInsert(const RowLayout& layout, RowMessage& row, uint64_t* index) {
  return WriteNewRow(Op::kCreate, /*moved=*/false, layout, row, index);
}

absl::Status ChangeWriter::WriteUpdate(const RowLayout& layout, RowMessage& row, uint64_t* index) {
  FillFromOldRow(layout, row);
  if (!KeyChanged(layout, row)) return WriteNewRow(Op::kUpdate, false, layout, row, index);
  absl::Status status = WriteDelete(layout, row, index);
  if (!status.ok()) return status;
  return WriteNewRow(Op::kCreate, /*moved=*/true, layout, row, index);
}

absl::Status ChangeWriter::WriteDelete(const RowLayout& layout, const RowMessage& row,
                                       uint64_t* index) {
  absl::Status status = CheckKeyIsThere(layout, row.old_row);
  if (!status.ok()) return status;
  size_t start = frames_.size();
  size_t bound = layout.Bound(row.old_row.columns);
  encoder_.Begin(layout.schema()->id, Op::kDelete, (*index)++, 2 * bound + kRowHeadersBound);
  status = layout.EncodeKey(row.old_row.columns, bound, encoder_, &misfit_);
  if (status.ok() && row.old_kind == 'O') {
    status =
        layout.EncodeRow(ChangeEncoder::kBefore, row.old_row.columns, bound, encoder_, &misfit_);
  }
  if (!status.ok()) return status;
  return FinishChange(Op::kDelete, layout, start);
}

absl::Status ChangeWriter::WriteNewRow(Op op, bool moved, const RowLayout& layout,
                                       const RowMessage& row, uint64_t* index) {
  absl::Status status = CheckKeyIsThere(layout, row.new_row);
  if (!status.ok()) return status;
  size_t start = frames_.size();
  bool with_before = op == Op::kUpdate && row.old_kind == 'O';
  size_t bound = layout.Bound(row.new_row.columns);
  size_t before_bound = with_before ? layout.Bound(row.old_row.columns) : 0;
  encoder_.Begin(layout.schema()->id, op, (*index)++, 2 * bound + before_bound + kRowHeadersBound);
  status = layout.EncodeKey(row.new_row.columns, bound, encoder_, &misfit_);
  if (status.ok() && with_before) {
    status = layout.EncodeRow(ChangeEncoder::kBefore, row.old_row.columns, before_bound, encoder_,
                              &misfit_);
  }
  if (status.ok()) {
    status =
        layout.EncodeRow(ChangeEncoder::kAfter, row.new_row.columns, bound, encoder_, &misfit_);
  }
  if (status.ok()) status = FinishChange(op, layout, start);
  if (!status.ok()) return status;
  LogEvent& event = events_.back();
  event.moved = moved;
  event.partial = HasUnavailable(row.new_row);
  if (moved && event.partial) {
    event.key = static_cast<uint32_t>(keys_.size());
    keys_.push_back(KeyTexts(layout, row.new_row));
  }
  return absl::OkStatus();
}

absl::Status ChangeWriter::FinishChange(Op op, const RowLayout& layout, size_t start) {
  model::FrameExtent extent = encoder_.End();
  if (frames_.size() - start > kFrameSizeMax ||
      frames_.size() > std::numeric_limits<uint32_t>::max()) {
    return absl::FailedPreconditionError(
        absl::StrCat("a change of ", model::QualifiedName(*layout.schema()),
                     " takes more than 2 GiB; leave its largest column out of the publication"));
  }
  LogEvent& event = AddEvent(model::EventKind::kChange, start);
  event.op = op;
  event.table = layout.schema()->table_id;
  event.schema = layout.schema()->id;
  event.frame = extent;
  return absl::OkStatus();
}

void ChangeWriter::WriteTruncate(const model::TableSchema& schema, uint64_t* index) {
  size_t start = frames_.size();
  encoder_.Begin(schema.id, Op::kTruncate, (*index)++, 0);
  model::FrameExtent extent = encoder_.End();
  LogEvent& event = AddEvent(model::EventKind::kChange, start);
  event.op = Op::kTruncate;
  event.table = schema.table_id;
  event.schema = schema.id;
  event.frame = extent;
}

void ChangeWriter::WriteSchema(const std::shared_ptr<const model::TableSchema>& schema) {
  size_t start = frames_.size();
  model::AppendSchemaFrame(frames_, *schema);
  LogEvent& event = AddEvent(model::EventKind::kSchema, start);
  event.table = schema->table_id;
  event.schema = schema->id;
  schemas_.push_back(schema);
}

void ChangeWriter::WriteMessage(const model::LogicalMessage& message) {
  size_t start = frames_.size();
  model::AppendMessageFrame(frames_, message);
  LogEvent& event = AddEvent(model::EventKind::kMessage, start);
  if (message.transaction_id == 0) event.transaction = kNoTransaction;
}

void ChangeWriter::WriteTransactionEnd(uint64_t change_count) {
  size_t start = frames_.size();
  model::AppendTransactionEndFrame(frames_, header_, change_count);
  AddEvent(model::EventKind::kTransactionEnd, start);
}

LogEvent& ChangeWriter::AddEvent(model::EventKind kind, size_t start) {
  LogEvent& event = events_.emplace_back();
  event.kind = kind;
  event.transaction = transaction_;
  event.frame.at = static_cast<uint32_t>(start);
  event.frame.size = static_cast<uint32_t>(frames_.size() - start);
  return event;
}

BatchMark ChangeWriter::mark() const {
  return {frames_.size(), events_.size(), schemas_.size(), keys_.size()};
}

void ChangeWriter::Truncate(const BatchMark& mark) {
  frames_.Truncate(mark.frames);
  events_.resize(mark.events);
  schemas_.resize(mark.schemas);
  keys_.resize(mark.keys);
}

void ChangeWriter::CutInto(const BatchMark& mark, LogBatch* batch) {
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

void ChangeWriter::RebaseTail(const BatchMark& mark) {
  uint32_t moved = static_cast<uint32_t>(mark.frames);
  for (LogEvent& event : events_) {
    event.frame.MoveDown(moved);
    if (event.transaction != kNoTransaction) event.transaction = 0;
    if (event.moved && event.partial) event.key -= static_cast<uint32_t>(mark.keys);
  }
  if (!events_.empty()) encoder_.MoveDown(moved);
  transaction_ = 0;
}

}  // namespace tidemark::capture::postgres
