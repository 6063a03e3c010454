#include "capture/postgres/change_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {
namespace {

using model::ChangeEncoder;
using model::Op;

// Tags and lengths of the rows of a change.
constexpr size_t kRowHeadersBound = 24;

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
  size_t start = frame_bytes();
  size_t bound = layout.Bound(row.old_row.columns);
  encoder().Begin(layout.schema()->id, Op::kDelete, (*index)++, 2 * bound + kRowHeadersBound);
  status = layout.EncodeKey(row.old_row.columns, bound, encoder(), &misfit_);
  if (status.ok() && row.old_kind == 'O') {
    status =
        layout.EncodeRow(ChangeEncoder::kBefore, row.old_row.columns, bound, encoder(), &misfit_);
  }
  if (!status.ok()) return status;
  return FinishChange(Op::kDelete, *layout.schema(), start);
}

absl::Status ChangeWriter::WriteNewRow(Op op, bool moved, const RowLayout& layout,
                                       const RowMessage& row, uint64_t* index) {
  absl::Status status = CheckKeyIsThere(layout, row.new_row);
  if (!status.ok()) return status;
  size_t start = frame_bytes();
  bool with_before = op == Op::kUpdate && row.old_kind == 'O';
  size_t bound = layout.Bound(row.new_row.columns);
  size_t before_bound = with_before ? layout.Bound(row.old_row.columns) : 0;
  encoder().Begin(layout.schema()->id, op, (*index)++, 2 * bound + before_bound + kRowHeadersBound);
  status = layout.EncodeKey(row.new_row.columns, bound, encoder(), &misfit_);
  if (status.ok() && with_before) {
    status = layout.EncodeRow(ChangeEncoder::kBefore, row.old_row.columns, before_bound, encoder(),
                              &misfit_);
  }
  if (status.ok()) {
    status =
        layout.EncodeRow(ChangeEncoder::kAfter, row.new_row.columns, bound, encoder(), &misfit_);
  }
  if (status.ok()) status = FinishChange(op, *layout.schema(), start);
  if (!status.ok()) return status;
  if (moved) MarkMoved();
  if (!HasUnavailable(row.new_row)) return absl::OkStatus();
  MarkPartial();
  if (moved) AddKey(KeyTexts(layout, row.new_row));
  return absl::OkStatus();
}

}  // namespace tidemark::capture::postgres
