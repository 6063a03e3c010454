#ifndef TIDEMARK_CAPTURE_MYSQL_ROW_LAYOUT_H_
#define TIDEMARK_CAPTURE_MYSQL_ROW_LAYOUT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "capture/mysql/column_codec.h"
#include "capture/mysql/row_image.h"
#include "model/event.h"
#include "model/schema.h"

namespace tidemark::capture::mysql {

// A column of a SELECT's row: the server's bytes, unconverted (character_set_results is NULL), or
// NULL.
struct SqlField {
  bool null = true;
  std::string_view bytes;
};

// Encodes rows of one version of a table, from the binlog and from SELECT alike: the one place
// where columns become a tidemark.v1.Row. Equal values give equal bytes on both paths. Immutable;
// thread-safe.
class RowLayout {
 public:
  // `codecs`: one for each column of `schema`. `kept`: which columns of a logged row these are;
  // empty: all.
  RowLayout(std::shared_ptr<const model::TableSchema> schema, std::vector<ColumnCodec> codecs,
            std::vector<bool> kept = {});

  const std::shared_ptr<const model::TableSchema>& schema() const { return schema_; }
  size_t column_count() const { return codecs_.size(); }
  bool has_key() const { return !schema_->key_columns.empty(); }
  bool is_key(size_t column) const { return is_key_[column]; }

  // Drops the cells of a logged row that are not in the schema.
  void DropLeftOut(RowCells& row) const;

  // A bound of the bytes that the row, and so its key, take when encoded.
  size_t Bound(absl::Span<const Cell> row) const;
  size_t Bound(absl::Span<const SqlField> row) const;

  // Write one row of the change that `encoder` has open; `row` has column_count() columns, `bound`
  // is its Bound (with `before`, the sum of both). An absent column is unavailable. A key is left
  // out where the table has none. DataLoss: bytes that are none of the column's type; the message
  // names column and type.
  //
  // `before`: the old row of an update, column_count() columns or none. It gives what the new row
  // leaves out because it did not change (binlog_row_image MINIMAL, NOBLOB, FULL_NODUP), and the
  // documents that JSON diffs are applied to; without the document the column is unavailable.
  absl::Status EncodeKey(absl::Span<const Cell> row, size_t bound, model::ChangeEncoder& encoder,
                         absl::Span<const Cell> before = {}) const;
  absl::Status EncodeRow(model::ChangeEncoder::RowField field, absl::Span<const Cell> row,
                         size_t bound, model::ChangeEncoder& encoder,
                         absl::Span<const Cell> before = {}) const;
  absl::Status EncodeKey(absl::Span<const SqlField> row, size_t bound,
                         model::ChangeEncoder& encoder) const;
  absl::Status EncodeRow(model::ChangeEncoder::RowField field, absl::Span<const SqlField> row,
                         size_t bound, model::ChangeEncoder& encoder) const;

  // The text of each key column, in the form of key_text.h. REQUIRES: every key column is there and
  // was encoded without an error.
  std::vector<std::string> KeyTexts(absl::Span<const Cell> row) const;
  std::vector<std::string> KeyTexts(absl::Span<const SqlField> row) const;

  const std::vector<ColumnCodec>& codecs() const { return codecs_; }

 private:
  bool AppendCell(model::Bytes& out, size_t column, const Cell& cell,
                  absl::Span<const Cell> before) const;
  bool AppendField(model::Bytes& out, size_t column, const SqlField& field) const;
  absl::Status Unreadable(size_t column) const;

  std::shared_ptr<const model::TableSchema> schema_;
  std::vector<ColumnCodec> codecs_;
  std::vector<bool> is_key_;
  std::vector<bool> kept_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_ROW_LAYOUT_H_
