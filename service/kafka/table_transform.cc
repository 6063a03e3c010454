#include "service/kafka/table_transform.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "model/value_writer.h"
#include "model/wire.h"
#include "service/kafka/value_text.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;
using model::WireReader;
using model::WireType;

// Fields of tidemark.v1.Change and tidemark.v1.Row.
constexpr uint32_t kKeyField = 9;
constexpr uint32_t kAfterField = 11;
constexpr uint32_t kValuesField = 1;
// A tidemark.v1.Value: its tag takes two bytes.
constexpr std::string_view kUnavailableValue("\xc8\x01\x01", 3);

void AppendLength(std::string& out, uint64_t length) {
  char bytes[10];
  out.append(bytes, model::WriteVarint(bytes, length) - bytes);
}

// Puts the length of what follows `start` before it.
void CloseField(std::string& out, size_t start) {
  char bytes[10];
  const size_t size = model::WriteVarint(bytes, out.size() - start) - bytes;
  out.insert(start, bytes, size);
}

void AppendValueField(std::string& out, std::string_view value) {
  out += static_cast<char>(model::Tag(kValuesField, WireType::kLength));
  AppendLength(out, value.size());
  out += value;
}

void AppendTextField(std::string& out, std::string_view text) {
  out += static_cast<char>(model::Tag(kValuesField, WireType::kLength));
  AppendLength(out, 1 + model::VarintSize(text.size()) + text.size());
  out += static_cast<char>(model::Tag(static_cast<uint32_t>(ValueKind::kText), WireType::kLength));
  AppendLength(out, text.size());
  out += text;
}

// How long the character that starts with `lead` should be, in bytes.
size_t CharacterSize(uint8_t lead) {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

// A column whose values are other texts than the table's. The number of the type is neither
// server's.
v1::Column AsText(const v1::Column& column) {
  v1::Column text = column;
  text.clear_default_expression();
  text.mutable_type()->Clear();
  text.mutable_type()->set_kind(v1::TYPE_KIND_TEXT);
  text.mutable_type()->set_name("text");
  text.mutable_type()->set_modifier(-1);
  return text;
}

}  // namespace

std::string_view FirstCharacters(std::string_view text, uint32_t length_max) {
  size_t at = 0;
  for (uint32_t count = 0; count < length_max && at < text.size(); ++count) {
    const size_t end = std::min(at + CharacterSize(static_cast<uint8_t>(text[at])), text.size());
    ++at;
    while (at < end && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return text.substr(0, at);
}

absl::StatusOr<TransformChoice> TransformChoice::Make(std::vector<TransformOptions> transforms) {
  TransformChoice choice;
  for (TransformOptions& transform : transforms) {
    absl::StatusOr<NamePattern> tables = NamePattern::Make(transform.tables);
    if (!tables.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("transforms[", choice.transforms_.size(),
                                                     "].tables: ", tables.status().message()));
    }
    choice.transforms_.emplace_back(*std::move(tables), std::move(transform));
  }
  return choice;
}

const TransformOptions* TransformChoice::Of(const v1::TableSchema& schema) const {
  const std::string table = QualifiedName(schema);
  for (const auto& [tables, transform] : transforms_) {
    if (tables.Matches(table)) return &transform;
  }
  return nullptr;
}

absl::StatusOr<TableTransform> TableTransform::Prepare(const v1::TableSchema& schema,
                                                       const TransformOptions& options) {
  absl::StatusOr<ColumnRules> rules = ColumnRules::Make(options);
  if (!rules.ok()) return rules.status();
  TableTransform transform;
  transform.table_ = QualifiedName(schema);
  transform.schema_ = schema;
  transform.schema_.clear_columns();
  AppendTextField(transform.masked_, std::string(options.mask_length, '*'));
  absl::Status status = transform.PrepareHash(options);
  if (!status.ok()) return status;
  status = transform.AddColumns(schema, &*rules);
  if (!status.ok()) return status;
  transform.AddWarnings(*rules);
  return transform;
}

absl::Status TableTransform::PrepareHash(const TransformOptions& options) {
  if (options.hash.empty()) return absl::OkStatus();
  absl::StatusOr<KeyedHash> hash = KeyedHash::Make(options.hash_salt);
  if (!hash.ok()) return hash.status();
  hash_ = *std::move(hash);
  return absl::OkStatus();
}

absl::Status TableTransform::AddColumns(const v1::TableSchema& schema, ColumnRules* rules) {
  const auto& keys = schema.key_columns();
  std::vector<uint32_t> places;  // of each column afterwards
  for (int i = 0; i < schema.columns_size(); ++i) {
    const bool is_key = std::count(keys.begin(), keys.end(), static_cast<uint32_t>(i)) > 0;
    columns_.push_back(rules->RuleOf(schema.columns(i), is_key));
    places.push_back(static_cast<uint32_t>(schema_.columns_size()));
    AddColumn(schema.columns(i), columns_.back());
    absl::Status status = is_key ? CheckKeyColumn(schema.columns(i).name(), columns_.back().action)
                                 : absl::OkStatus();
    if (!status.ok()) return status;
  }
  if (schema_.columns().empty() && !schema.columns().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the transform of ", table_,
                     " leaves out every column; let it keep one, or leave the table out of the "
                     "source's tables"));
  }
  return AddKey(keys, places);
}

void TableTransform::AddColumn(const v1::Column& column, const ColumnRule& rule) {
  changes_rows_ = changes_rows_ || rule.action != ColumnAction::kKeep;
  if (rule.action == ColumnAction::kLeaveOut) return;
  const bool replaced = rule.action == ColumnAction::kMask || rule.action == ColumnAction::kHash;
  *schema_.add_columns() = replaced ? AsText(column) : column;
}

absl::Status TableTransform::CheckKeyColumn(const std::string& column, ColumnAction action) const {
  const char* wrong = nullptr;
  if (action == ColumnAction::kLeaveOut) wrong = "leaves out";
  if (action == ColumnAction::kMask) wrong = "masks";
  if (action == ColumnAction::kTruncate) wrong = "truncates";
  if (wrong == nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the transform of ", table_, " ", wrong, " column ", column,
                   ", which is of the key, so that different rows would have one key; hash it "
                   "instead, or let the pattern not match it"));
}

absl::Status TableTransform::AddKey(const KeyColumns& keys, const std::vector<uint32_t>& places) {
  schema_.clear_key_columns();
  for (const uint32_t column : keys) {
    if (column >= columns_.size()) {
      return absl::InvalidArgumentError(absl::StrCat("the key of ", table_, " has a column ",
                                                     column, ", which the table has not"));
    }
    schema_.add_key_columns(places[column]);
    key_columns_.push_back(columns_[column]);
    hides_key_ = hides_key_ || columns_[column].action == ColumnAction::kHash;
  }
  return absl::OkStatus();
}

void TableTransform::AddWarnings(const ColumnRules& rules) {
  for (const std::string& pattern : rules.Unmatched()) {
    warnings_.push_back(absl::StrCat("the transform's ", pattern, " matches no column of ", table_,
                                     "; correct the pattern if it should"));
  }
  for (const std::string& column : rules.uncut()) {
    warnings_.push_back(absl::StrCat("the transform's truncate matches column ", column, " of ",
                                     table_,
                                     ", which is no text and stays as it is; mask it, hash "
                                     "it or leave it out if it must not be whole"));
  }
}

absl::Status TableTransform::Apply(std::string_view change, std::string& out) {
  const size_t start = out.size();
  absl::Status status = Rewrite(change, out);
  if (!status.ok()) out.resize(start);
  return status;
}

absl::Status TableTransform::Rewrite(std::string_view change, std::string& out) {
  ChangeView view;
  if (!ReadChange(change, &view)) return Malformed();
  if (view.schema != schema_.id()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a change of schema ", view.schema, " was given to schema ", schema_.id()));
  }
  WireReader reader(change);
  while (!reader.done()) {
    const char* start = reader.at();
    uint32_t field;
    WireType type;
    if (!reader.ReadTag(&field, &type)) return Malformed();
    const bool is_row = field >= kKeyField && field <= kAfterField;
    std::string_view row;
    if (is_row && type != WireType::kLength) return Malformed();
    if (is_row ? !reader.ReadLength(&row) : !reader.Skip(type)) return Malformed();
    if (!is_row) {
      out.append(start, reader.at());
      continue;
    }
    absl::Status status = AppendRow(out, field, row);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status TableTransform::AppendRow(std::string& out, uint32_t field, std::string_view row) {
  const std::vector<ColumnRule>& rules = field == kKeyField ? key_columns_ : columns_;
  out += static_cast<char>(model::Tag(field, WireType::kLength));
  const size_t start = out.size();
  size_t count = 0;
  WireReader reader(row);
  while (!reader.done()) {
    uint32_t value_field;
    WireType type;
    std::string_view value;
    if (!reader.ReadTag(&value_field, &type) || value_field != kValuesField ||
        type != WireType::kLength || !reader.ReadLength(&value) || count == rules.size()) {
      return Malformed();
    }
    absl::Status status = AppendValue(out, value, rules[count++]);
    if (!status.ok()) return status;
  }
  if (count != rules.size()) return Malformed();
  CloseField(out, start);
  return absl::OkStatus();
}

absl::Status TableTransform::AppendValue(std::string& out, std::string_view value,
                                         const ColumnRule& rule) {
  ValueView view;
  if (!ReadValue(value, &view)) return Malformed();
  if (rule.action == ColumnAction::kLeaveOut) return absl::OkStatus();
  if (rule.action == ColumnAction::kKeep) {
    AppendValueField(out, value);
  } else if (view.null) {
    AppendValueField(out, "");
  } else if (view.kind == ValueKind::kUnavailable) {
    AppendValueField(out, kUnavailableValue);
  } else if (rule.action == ColumnAction::kMask) {
    out += masked_;
  } else if (rule.action == ColumnAction::kHash) {
    return AppendHash(out, view);
  } else if (view.kind == ValueKind::kText) {
    AppendTextField(out, FirstCharacters(view.bytes, rule.length_max));
  } else {
    return Malformed();
  }
  return absl::OkStatus();
}

absl::Status TableTransform::AppendHash(std::string& out, const ValueView& value) {
  text_.clear();
  if (!AppendValueText(text_, value)) return Malformed();
  hex_.clear();
  absl::Status status = hash_->AppendHex(hex_, text_);
  AppendTextField(out, hex_);
  return status;
}

absl::Status TableTransform::Malformed() const {
  return absl::DataLossError(
      absl::StrCat("an event of ", table_,
                   " in the journal is malformed, or has not the columns of its schema; restore "
                   "the data folder, or capture the source anew"));
}

}  // namespace tidemark::service::kafka
