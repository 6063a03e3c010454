#include "capture/mysql/row_writer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {
namespace {

using model::ChangeEncoder;
using model::Op;

// Tags and lengths of the rows of a change.
constexpr size_t kRowHeadersBound = 24;

bool IsWhole(const RowCells& row) {
  return std::all_of(row.begin(), row.end(), [](const Cell& cell) {
    return cell.kind == Cell::Kind::kNull || cell.kind == Cell::Kind::kValue;
  });
}

// JSON diffs without the document that they change: neither the log nor the row that a consumer
// holds has the new one.
bool LacksDocument(const RowCells& row, const RowCells* before) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i].kind != Cell::Kind::kJsonDiffs) continue;
    if (before == nullptr || (*before)[i].kind != Cell::Kind::kValue) return true;
  }
  return false;
}

bool LacksColumns(const RowCells& row) {
  return std::any_of(row.begin(), row.end(),
                     [](const Cell& cell) { return cell.kind == Cell::Kind::kAbsent; });
}

// Takes what the new image left out from the old one, as far as that has it.
void FillFrom(const RowCells& before, RowCells& after) {
  for (size_t i = 0; i < after.size(); ++i) {
    if (after[i].kind == Cell::Kind::kAbsent) after[i] = before[i];
  }
}

// Keys are equal when their stored bytes are.
bool KeyChanged(const RowLayout& layout, const RowCells& before, const RowCells& after) {
  const std::vector<uint32_t>& key = layout.schema()->key_columns;
  return std::any_of(key.begin(), key.end(), [&](uint32_t column) {
    return before[column].kind != after[column].kind || before[column].bytes != after[column].bytes;
  });
}

absl::Status CheckKeyIsThere(const RowLayout& layout, const RowCells& row) {
  for (uint32_t column : layout.schema()->key_columns) {
    if (row[column].kind == Cell::Kind::kValue) continue;
    return absl::DataLossError(absl::StrCat(
        "the binlog lacks the value of key column ", model::QualifiedName(*layout.schema()), ".",
        layout.schema()->columns[column].name, "; set binlog_row_image=FULL"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RowWriter::WriteInsert(const RowLayout& layout, const RowCells& after,
                                    uint64_t* index) {
  // Defaults that an image leaves out come with no later event.
  return WriteNewRow({.op = Op::kCreate, .before = nullptr, .final = true}, layout, after, index);
}

absl::Status RowWriter::WriteUpdate(const RowLayout& layout, const RowCells& before,
                                    RowCells& after, uint64_t* index) {
  FillFrom(before, after);
  if (!KeyChanged(layout, before, after)) {
    return WriteNewRow({.op = Op::kUpdate, .before = &before, .final = false}, layout, after,
                       index);
  }
  absl::Status status = WriteDelete(layout, before, index);
  if (!status.ok()) return status;
  return WriteNewRow({.op = Op::kCreate, .before = &before, .final = true}, layout, after, index);
}

absl::Status RowWriter::WriteDelete(const RowLayout& layout, const RowCells& before,
                                    uint64_t* index) {
  absl::Status status = CheckKeyIsThere(layout, before);
  if (!status.ok()) return status;
  const size_t start = frame_bytes();
  const size_t bound = layout.Bound(before);
  encoder().Begin(layout.schema()->id, Op::kDelete, (*index)++, 2 * bound + kRowHeadersBound);
  status = layout.EncodeKey(before, bound, encoder());
  if (status.ok() && IsWhole(before)) {
    status = layout.EncodeRow(ChangeEncoder::kBefore, before, bound, encoder());
  }
  return status.ok() ? FinishChange(Op::kDelete, *layout.schema(), start) : status;
}

absl::Status RowWriter::WriteNewRow(const NewRow& row, const RowLayout& layout,
                                    const RowCells& after, uint64_t* index) {
  absl::Status status = CheckKeyIsThere(layout, after);
  if (!status.ok()) return status;
  const size_t start = frame_bytes();
  const bool with_before = row.op == Op::kUpdate && IsWhole(*row.before);
  const absl::Span<const Cell> before =
      row.before == nullptr ? absl::Span<const Cell>() : absl::MakeConstSpan(*row.before);
  const size_t before_bound = layout.Bound(before);
  const size_t bound = layout.Bound(after) + before_bound;
  encoder().Begin(layout.schema()->id, row.op, (*index)++,
                  2 * bound + before_bound + kRowHeadersBound);
  status = layout.EncodeKey(after, bound, encoder(), before);
  if (status.ok() && with_before) {
    status = layout.EncodeRow(ChangeEncoder::kBefore, *row.before, before_bound, encoder());
  }
  if (status.ok()) {
    status = layout.EncodeRow(ChangeEncoder::kAfter, after, bound, encoder(), before);
  }
  if (status.ok()) status = FinishChange(row.op, *layout.schema(), start);
  if (!status.ok()) return status;
  const bool lacks_document = LacksDocument(after, row.before);
  const bool last_word = row.final || lacks_document;
  if (last_word) MarkMoved();
  if (!lacks_document && !LacksColumns(after)) return absl::OkStatus();
  MarkPartial();
  if (last_word && layout.has_key()) AddKey(layout.KeyTexts(after));
  return absl::OkStatus();
}

}  // namespace tidemark::capture::mysql
