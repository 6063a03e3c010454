#ifndef TIDEMARK_CAPTURE_MYSQL_KEY_CONDITION_H_
#define TIDEMARK_CAPTURE_MYSQL_KEY_CONDITION_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/column_codec.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// SQL conditions on a table's key, in forms that its index serves on MySQL and MariaDB: rows are
// not compared as rows (that scans the index from its start) but column by column, joined by OR.
// Literals are those of KeyLiteral. Columns of type SET are compared by their number, which no
// index serves.
class KeyCondition {
 public:
  // The columns of `table`'s key. FailedPrecondition: a column of a type that is not known.
  static absl::StatusOr<KeyCondition> Make(const CatalogTable& table);

  size_t size() const { return columns_.size(); }
  const ColumnCodec& codec(size_t column) const { return columns_[column].codec; }
  // Quoted.
  const std::string& name(size_t column) const { return columns_[column].name; }
  // "`a`, `b`"
  std::string Names() const;
  // The same in the form that ColumnCodec::AppendSql takes.
  std::string SelectList() const;

  // InvalidArgument: another number of values, or one that is none of its column's type.
  absl::Status Check(const KeyText& key) const;

  // REQUIRES: Check.
  std::string Above(const KeyText& lower) const;   // keys behind `lower`
  std::string AtMost(const KeyText& upper) const;  // keys up to and including `upper`
  std::string AnyOf(const std::vector<KeyText>& keys) const;
  // The first `count` columns equal those of `key`; "" for none.
  std::string Equal(const KeyText& key, size_t count) const;
  std::string ColumnIs(size_t column, const std::string& text) const;
  // One column behind (or, with `inclusive`, at) a value; before it.
  std::string ColumnAbove(size_t column, const std::string& text, bool inclusive) const;
  std::string ColumnBelow(size_t column, const std::string& text, bool inclusive) const;

 private:
  struct KeyColumn {
    std::string name;
    ColumnCodec codec;
  };

  std::string Literal(size_t column, const std::string& text) const;
  bool ByNumber(size_t column) const;
  std::string Labels(size_t column, size_t first, size_t last) const;
  size_t LabelIndex(size_t column, const std::string& text) const;
  // A column as what it is compared by.
  std::string Compared(size_t column) const;

  std::vector<KeyColumn> columns_;
};

// The column in the form that ColumnCodec::AppendSql takes. `name`: quoted.
std::string SelectForm(const ColumnCodec& codec, const std::string& name);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_KEY_CONDITION_H_
