#include "capture/mysql/key_condition.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "capture/mysql/connection.h"
#include "capture/mysql/key_text.h"
#include "capture/mysql/schema_builder.h"

namespace tidemark::capture::mysql {

std::string SelectForm(const ColumnCodec& codec, const std::string& name) {
  return NeedsDoubleForm(codec) ? absl::StrCat(name, " * 1e0") : name;
}

absl::StatusOr<KeyCondition> KeyCondition::Make(const CatalogTable& table) {
  absl::StatusOr<BuiltTable> built = BuildFromCatalog(table);
  if (!built.ok()) return built.status();
  KeyCondition key;
  for (uint32_t column : table.key) {
    key.columns_.push_back({Connection::QuoteIdentifier(table.columns[column].name),
                            std::move(built->codecs[column])});
  }
  return key;
}

std::string KeyCondition::Names() const {
  return absl::StrJoin(columns_, ", ", [](std::string* out, const KeyColumn& column) {
    absl::StrAppend(out, column.name);
  });
}

std::string KeyCondition::SelectList() const {
  return absl::StrJoin(columns_, ", ", [](std::string* out, const KeyColumn& column) {
    absl::StrAppend(out, SelectForm(column.codec, column.name));
  });
}

absl::Status KeyCondition::Check(const KeyText& key) const {
  if (key.size() != columns_.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the key has ", columns_.size(), " columns (",
                                                   Names(), "), but ", key.size(),
                                                   " values were given"));
  }
  for (size_t i = 0; i < key.size(); ++i) {
    absl::StatusOr<std::string> literal = KeyLiteral(columns_[i].codec, key[i]);
    if (!literal.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("key column ", columns_[i].name, ": ",
                                                     std::string(literal.status().message())));
    }
  }
  return absl::OkStatus();
}

std::string KeyCondition::Literal(size_t column, const std::string& text) const {
  return KeyLiteral(columns_[column].codec, text).value_or("NULL");
}

std::string KeyCondition::Compared(size_t column) const {
  const KeyColumn& key = columns_[column];
  return key.codec.type == ColumnType::kSet ? absl::StrCat(key.name, " + 0") : key.name;
}

// An enum is ordered by its labels' numbers, but compared by its labels' text: only a list of
// labels is a range of its index. 0: the error value.
size_t KeyCondition::LabelIndex(size_t column, const std::string& text) const {
  const std::vector<std::string>& labels = columns_[column].codec.model_type->labels;
  const size_t index = std::find(labels.begin(), labels.end(), text) - labels.begin();
  return index == labels.size() ? 0 : index + 1;
}

// An enum of which the server would convert a label to another one of the same character. Its index
// is not used then.
bool KeyCondition::ByNumber(size_t column) const {
  const ColumnCodec& codec = columns_[column].codec;
  if (codec.type != ColumnType::kEnum || codec.charset == nullptr) return false;
  const std::vector<std::string>& labels = codec.model_type->labels;
  return !std::all_of(labels.begin(), labels.end(), [&](const std::string& label) {
    return IsValidUtf8(label) && codec.charset->ConvertsBack(label);
  });
}

std::string KeyCondition::Labels(size_t column, size_t first, size_t last) const {
  if (first > last) return "FALSE";
  const KeyColumn& key = columns_[column];
  if (ByNumber(column)) return absl::StrCat(key.name, " + 0 BETWEEN ", first, " AND ", last);
  std::vector<std::string> literals;
  for (size_t i = first; i <= last; ++i) {
    literals.push_back(
        i == 0 ? "''" : absl::StrCat("_utf8mb4", QuoteText(key.codec.model_type->labels[i - 1])));
  }
  return absl::StrCat(key.name, " IN (", absl::StrJoin(literals, ", "), ")");
}

std::string KeyCondition::ColumnAbove(size_t column, const std::string& text,
                                      bool inclusive) const {
  if (columns_[column].codec.type == ColumnType::kEnum) {
    const size_t index = LabelIndex(column, text);
    return Labels(column, inclusive ? index : index + 1,
                  columns_[column].codec.model_type->labels.size());
  }
  return absl::StrCat(Compared(column), inclusive ? " >= " : " > ", Literal(column, text));
}

std::string KeyCondition::ColumnBelow(size_t column, const std::string& text,
                                      bool inclusive) const {
  if (columns_[column].codec.type == ColumnType::kEnum) {
    const size_t index = LabelIndex(column, text);
    if (index == 0 && !inclusive) return "FALSE";
    return Labels(column, 0, inclusive ? index : index - 1);
  }
  return absl::StrCat(Compared(column), inclusive ? " <= " : " < ", Literal(column, text));
}

std::string KeyCondition::ColumnIs(size_t column, const std::string& text) const {
  if (ByNumber(column)) {
    return absl::StrCat(columns_[column].name, " + 0 = ", LabelIndex(column, text));
  }
  return absl::StrCat(Compared(column), " = ", Literal(column, text));
}

std::string KeyCondition::Equal(const KeyText& key, size_t count) const {
  std::vector<std::string> terms;
  for (size_t i = 0; i < count; ++i) terms.push_back(ColumnIs(i, key[i]));
  return absl::StrJoin(terms, " AND ");
}

std::string KeyCondition::Above(const KeyText& lower) const {
  std::vector<std::string> terms;
  for (size_t i = 0; i < columns_.size(); ++i) {
    terms.push_back(
        absl::StrCat(Equal(lower, i), i == 0 ? "" : " AND ", ColumnAbove(i, lower[i], false)));
  }
  return absl::StrCat("(", absl::StrJoin(terms, " OR "), ")");
}

std::string KeyCondition::AtMost(const KeyText& upper) const {
  std::vector<std::string> terms;
  for (size_t i = 0; i < columns_.size(); ++i) {
    terms.push_back(absl::StrCat(Equal(upper, i), i == 0 ? "" : " AND ",
                                 ColumnBelow(i, upper[i], i + 1 == columns_.size())));
  }
  return absl::StrCat("(", absl::StrJoin(terms, " OR "), ")");
}

std::string KeyCondition::AnyOf(const std::vector<KeyText>& keys) const {
  return absl::StrCat("(",
                      absl::StrJoin(keys, " OR ",
                                    [this](std::string* out, const KeyText& key) {
                                      absl::StrAppend(out, Equal(key, key.size()));
                                    }),
                      ")");
}

}  // namespace tidemark::capture::mysql
