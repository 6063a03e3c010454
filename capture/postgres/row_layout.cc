#include "capture/postgres/row_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/postgres/value_text.h"
#include "model/value_writer.h"

namespace tidemark::capture::postgres {
namespace {

// Row.values
constexpr uint32_t kRowValue = 1;

}  // namespace

RowLayout::RowLayout(std::shared_ptr<const model::TableSchema> schema)
    : schema_(std::move(schema)), is_key_(schema_->columns.size()) {
  for (const model::Column& column : schema_->columns) {
    types_.push_back(column.type.get());
    nested_ = nested_ || IsNested(column.type->kind);
  }
  for (uint32_t column : schema_->key_columns) is_key_[column] = true;
}

size_t RowLayout::Bound(absl::Span<const ColumnView> row) const {
  size_t text_size = 0;
  for (const ColumnView& column : row) text_size += column.bytes.size();
  return nested_ ? 16 * text_size + NestedValueBound(0) * row.size()
                 : text_size + ScalarValueBound(0) * row.size();
}

absl::Status RowLayout::EncodeKey(absl::Span<const ColumnView> row, size_t bound,
                                  model::ChangeEncoder& encoder, bool* misfit) const {
  if (!has_key()) return absl::OkStatus();
  encoder.OpenRow(model::ChangeEncoder::kKey, bound);
  for (uint32_t column : schema_->key_columns) {
    if (!AppendColumn(encoder.out(), column, row[column], misfit))
      return Unreadable(column, row[column]);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

absl::Status RowLayout::EncodeRow(model::ChangeEncoder::RowField field,
                                  absl::Span<const ColumnView> row, size_t bound,
                                  model::ChangeEncoder& encoder, bool* misfit) const {
  encoder.OpenRow(field, bound);
  for (size_t column = 0; column < row.size(); ++column) {
    if (!AppendColumn(encoder.out(), column, row[column], misfit))
      return Unreadable(column, row[column]);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

bool RowLayout::AppendColumn(model::Bytes& out, size_t column, const ColumnView& value,
                             bool* misfit) const {
  switch (value.kind) {
    case ColumnView::Kind::kNull:
      model::AppendNull(out, kRowValue);
      return true;
    case ColumnView::Kind::kUnchanged:
      model::AppendUnavailable(out, kRowValue);
      return true;
    case ColumnView::Kind::kText:
      return AppendTextValue(out, kRowValue, *types_[column], value.bytes, misfit);
    case ColumnView::Kind::kBinary:
      return false;
  }
  return false;
}

absl::Status RowLayout::Unreadable(size_t column, const ColumnView& value) const {
  const char* what = value.kind == ColumnView::Kind::kBinary
                         ? "the server sent a binary value, which was not asked for, in column "
                         : "the server's text is no value of the type of column ";
  return absl::DataLossError(absl::StrCat(what, model::QualifiedName(*schema_), ".",
                                          schema_->columns[column].name, " (", types_[column]->name,
                                          ")"));
}

}  // namespace tidemark::capture::postgres
