#include "capture/mysql/row_layout.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "capture/mysql/key_text.h"
#include "model/value_writer.h"

namespace tidemark::capture::mysql {
namespace {

// Row.values
constexpr uint32_t kRowValue = 1;
// Of a value that is null or unavailable.
constexpr size_t kEmptyBound = 16;

}  // namespace

RowLayout::RowLayout(std::shared_ptr<const model::TableSchema> schema,
                     std::vector<ColumnCodec> codecs, std::vector<bool> kept)
    : schema_(std::move(schema)),
      codecs_(std::move(codecs)),
      is_key_(codecs_.size()),
      kept_(std::move(kept)) {
  for (uint32_t column : schema_->key_columns) is_key_[column] = true;
}

void RowLayout::DropLeftOut(RowCells& row) const {
  if (kept_.empty()) return;
  size_t to = 0;
  for (size_t from = 0; from < kept_.size(); ++from) {
    if (kept_[from]) row[to++] = row[from];
  }
  row.resize(to);
}

size_t RowLayout::Bound(absl::Span<const Cell> row) const {
  size_t bound = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool value = row[i].kind == Cell::Kind::kValue || row[i].kind == Cell::Kind::kJsonDiffs;
    bound += value ? codecs_[i].BinlogBound(row[i].bytes) : kEmptyBound;
  }
  return bound;
}

size_t RowLayout::Bound(absl::Span<const SqlField> row) const {
  size_t bound = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    bound += row[i].null ? kEmptyBound : codecs_[i].SqlBound(row[i].bytes);
  }
  return bound;
}

bool RowLayout::AppendCell(model::Bytes& out, size_t column, const Cell& cell,
                           absl::Span<const Cell> before) const {
  const Cell* old = before.empty() ? nullptr : &before[column];
  switch (cell.kind) {
    case Cell::Kind::kNull:
      model::AppendNull(out, kRowValue);
      return true;
    case Cell::Kind::kValue:
      return codecs_[column].AppendBinlog(out, kRowValue, cell.bytes);
    case Cell::Kind::kAbsent:
      if (old != nullptr && old->kind != Cell::Kind::kAbsent) {
        return AppendCell(out, column, *old, {});
      }
      break;
    case Cell::Kind::kJsonDiffs:
      if (old != nullptr && old->kind == Cell::Kind::kValue) {
        return codecs_[column].AppendJsonDiffs(out, kRowValue, old->bytes, cell.bytes);
      }
      break;
  }
  model::AppendUnavailable(out, kRowValue);
  return true;
}

bool RowLayout::AppendField(model::Bytes& out, size_t column, const SqlField& field) const {
  if (!field.null) return codecs_[column].AppendSql(out, kRowValue, field.bytes);
  model::AppendNull(out, kRowValue);
  return true;
}

absl::Status RowLayout::EncodeKey(absl::Span<const Cell> row, size_t bound,
                                  model::ChangeEncoder& encoder,
                                  absl::Span<const Cell> before) const {
  if (!has_key()) return absl::OkStatus();
  encoder.OpenRow(model::ChangeEncoder::kKey, bound);
  for (uint32_t column : schema_->key_columns) {
    if (!AppendCell(encoder.out(), column, row[column], before)) return Unreadable(column);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

absl::Status RowLayout::EncodeRow(model::ChangeEncoder::RowField field, absl::Span<const Cell> row,
                                  size_t bound, model::ChangeEncoder& encoder,
                                  absl::Span<const Cell> before) const {
  encoder.OpenRow(field, bound);
  for (size_t column = 0; column < row.size(); ++column) {
    if (!AppendCell(encoder.out(), column, row[column], before)) return Unreadable(column);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

absl::Status RowLayout::EncodeKey(absl::Span<const SqlField> row, size_t bound,
                                  model::ChangeEncoder& encoder) const {
  if (!has_key()) return absl::OkStatus();
  encoder.OpenRow(model::ChangeEncoder::kKey, bound);
  for (uint32_t column : schema_->key_columns) {
    if (!AppendField(encoder.out(), column, row[column])) return Unreadable(column);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

absl::Status RowLayout::EncodeRow(model::ChangeEncoder::RowField field,
                                  absl::Span<const SqlField> row, size_t bound,
                                  model::ChangeEncoder& encoder) const {
  encoder.OpenRow(field, bound);
  for (size_t column = 0; column < row.size(); ++column) {
    if (!AppendField(encoder.out(), column, row[column])) return Unreadable(column);
  }
  encoder.CloseRow();
  return absl::OkStatus();
}

std::vector<std::string> RowLayout::KeyTexts(absl::Span<const Cell> row) const {
  std::vector<std::string> texts;
  for (uint32_t column : schema_->key_columns) {
    model::Bytes value;
    AppendCell(value, column, row[column], {});
    texts.push_back(KeyTextOf(codecs_[column], PayloadOf(value), row[column].bytes));
  }
  return texts;
}

std::vector<std::string> RowLayout::KeyTexts(absl::Span<const SqlField> row) const {
  std::vector<std::string> texts;
  for (uint32_t column : schema_->key_columns) {
    texts.push_back(KeyTextOfSql(codecs_[column], row[column].bytes));
  }
  return texts;
}

absl::Status RowLayout::Unreadable(size_t column) const {
  return absl::DataLossError(absl::StrCat(
      "the server's bytes are no value of the type of column ", model::QualifiedName(*schema_), ".",
      schema_->columns[column].name, " (", codecs_[column].model_type->name, ")"));
}

}  // namespace tidemark::capture::mysql
