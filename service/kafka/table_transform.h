#ifndef TIDEMARK_SERVICE_KAFKA_TABLE_TRANSFORM_H_
#define TIDEMARK_SERVICE_KAFKA_TABLE_TRANSFORM_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/kafka/change_view.h"
#include "service/kafka/column_rules.h"
#include "service/kafka/keyed_hash.h"
#include "service/kafka/name_pattern.h"
#include "service/kafka/publish_options.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Says which transform a table has. Immutable, so thread-safe.
class TransformChoice {
 public:
  // InvalidArgument: `tables` of one is no regular expression.
  static absl::StatusOr<TransformChoice> Make(std::vector<TransformOptions> transforms);

  // The first that matches; null: none does. Lives as long as this.
  const TransformOptions* Of(const v1::TableSchema& schema) const;

 private:
  std::vector<std::pair<NamePattern, TransformOptions>> transforms_;
};

// Rewrites the changes of one version of one table before they are encoded, in their wire form: no
// message object is made of an event.
//
// Of the rules that match a column, the one that hides most holds: leave out, mask, hash, truncate.
// Null stays null and "unavailable" stays it under each. A masked and a hashed column is a text.
// Hashes are HMAC-SHA-256 of AppendValueText's text with the salt, so the same value has the same
// hash wherever the salt is the same. Only columns of text are truncated, to so many Unicode
// characters.
//
// What else tells of rows is the caller's to hide: the bounds of a SnapshotMark where hides_key().
//
// Not thread-safe.
class TableTransform {
 public:
  // FailedPrecondition: the rules leave out, mask or truncate a key column, or leave no column; the
  // message names it and the remedy. InvalidArgument: a pattern that is none, a hash without salt,
  // a schema whose key has columns that the table has not.
  static absl::StatusOr<TableTransform> Prepare(const v1::TableSchema& schema,
                                                const TransformOptions& options);

  // What the changes look like afterwards; has the id of the schema before.
  const v1::TableSchema& schema() const { return schema_; }
  // For an operator: patterns that match no column of this version, columns that truncate matches
  // and cannot cut.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // True: a value of the key is hashed.
  bool hides_key() const { return hides_key_; }
  // False: Apply copies.
  bool changes_rows() const { return changes_rows_; }

  // Appends the rewritten `change`, a serialized tidemark.v1.Change. InvalidArgument: of another
  // schema. DataLoss: malformed, or its rows do not have the table's columns. After an error `out`
  // is as it was before.
  absl::Status Apply(std::string_view change, std::string& out);

 private:
  using KeyColumns = google::protobuf::RepeatedField<uint32_t>;

  TableTransform() = default;

  absl::Status PrepareHash(const TransformOptions& options);
  absl::Status AddColumns(const v1::TableSchema& schema, ColumnRules* rules);
  void AddColumn(const v1::Column& column, const ColumnRule& rule);
  absl::Status CheckKeyColumn(const std::string& column, ColumnAction action) const;
  // `places`: of each column before, where it is afterwards.
  absl::Status AddKey(const KeyColumns& keys, const std::vector<uint32_t>& places);
  void AddWarnings(const ColumnRules& rules);

  // On errors these leave a part behind in `out`.
  absl::Status Rewrite(std::string_view change, std::string& out);
  absl::Status AppendRow(std::string& out, uint32_t field, std::string_view row);
  absl::Status AppendValue(std::string& out, std::string_view value, const ColumnRule& rule);
  absl::Status AppendHash(std::string& out, const ValueView& value);
  absl::Status Malformed() const;

  std::string table_;
  v1::TableSchema schema_;
  std::vector<std::string> warnings_;
  bool hides_key_ = false;
  bool changes_rows_ = false;
  // Of the columns before, and of those of the key.
  std::vector<ColumnRule> columns_;
  std::vector<ColumnRule> key_columns_;
  std::string masked_;  // as a field of a Row
  std::optional<KeyedHash> hash_;
  // Kept for their memory.
  std::string text_;
  std::string hex_;
};

// The first `length_max` characters of UTF-8 text; a byte that is no part of one counts as one.
std::string_view FirstCharacters(std::string_view text, uint32_t length_max);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_TABLE_TRANSFORM_H_
