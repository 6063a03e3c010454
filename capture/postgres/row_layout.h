#ifndef TIDEMARK_CAPTURE_POSTGRES_ROW_LAYOUT_H_
#define TIDEMARK_CAPTURE_POSTGRES_ROW_LAYOUT_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "capture/postgres/pgoutput.h"
#include "model/bytes.h"
#include "model/event.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// Encodes rows of one version of a table, from the log and from COPY alike: the one place where
// columns become a tidemark.v1.Row. Immutable; thread-safe.
class RowLayout {
 public:
  explicit RowLayout(std::shared_ptr<const model::TableSchema> schema);

  const std::shared_ptr<const model::TableSchema>& schema() const { return schema_; }
  size_t column_count() const { return types_.size(); }
  bool has_key() const { return !schema_->key_columns.empty(); }
  bool is_key(size_t column) const { return is_key_[column]; }

  // A bound of the bytes that the row, and so its key, take when encoded.
  size_t Bound(absl::Span<const ColumnView> row) const;

  // Write one row of the change that `encoder` has open; `row` has column_count() columns, `bound`
  // is its Bound. A key is left out where the table has none. *misfit is set where a value shows
  // that its type has changed (see value_text.h). DataLoss: a column's text is none of its type, or
  // is binary; the message names column and type.
  absl::Status EncodeKey(absl::Span<const ColumnView> row, size_t bound,
                         model::ChangeEncoder& encoder, bool* misfit) const;
  absl::Status EncodeRow(model::ChangeEncoder::RowField field, absl::Span<const ColumnView> row,
                         size_t bound, model::ChangeEncoder& encoder, bool* misfit) const;

 private:
  bool AppendColumn(model::Bytes& out, size_t column, const ColumnView& value, bool* misfit) const;
  absl::Status Unreadable(size_t column, const ColumnView& value) const;

  std::shared_ptr<const model::TableSchema> schema_;
  std::vector<const model::Type*> types_;
  std::vector<bool> is_key_;
  bool nested_ = false;  // a column holds values of other types
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_ROW_LAYOUT_H_
