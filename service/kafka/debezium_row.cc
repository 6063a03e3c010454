#include "service/kafka/debezium_row.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/connect_default.h"
#include "service/kafka/connect_json.h"
#include "service/kafka/connect_value.h"

namespace tidemark::service::kafka {
namespace {

using model::ValueKind;

// What nullability and defaults are worth: those of another version say nothing.
bool IsRequired(const v1::TableSchema& schema, const v1::Column& column) {
  return !column.nullable() && schema.catalog_current();
}

std::string DefaultOf(const ConnectType& type, const v1::Column& column, bool postgres) {
  if (column.default_expression().empty() || column.generated()) return "";
  return postgres ? PostgresDefault(type, column.default_expression())
                  : MysqlDefault(type, column.default_expression());
}

}  // namespace

RowForm::RowForm(const v1::TableSchema& schema, const std::vector<uint32_t>& columns, bool postgres)
    : table_(absl::StrCat(schema.namespace_(), ".", schema.name())) {
  for (uint32_t index : columns) {
    const v1::Column& source = schema.columns(static_cast<int>(index));
    Column& column = columns_.emplace_back();
    column.name = source.name();
    column.type_name = source.type().name();
    AppendName(column.member, source.name());
    column.member += ':';
    column.type = postgres ? PostgresConnectType(source.type()) : MysqlConnectType(source.type());
    if (!column.type.has_value()) {
      left_out_.push_back(column.name);
      continue;
    }
    column.nullable = !IsRequired(schema, source);
    // A reader puts the default where it sees null, which is no default in a column with nulls.
    if (!column.nullable) column.default_json = DefaultOf(*column.type, source, postgres);
    column.absent = column.nullable               ? "null"
                    : column.default_json.empty() ? column.type->fallback
                                                  : column.default_json;
  }
}

void RowForm::AppendFields(std::string& out) const {
  bool first = true;
  for (const Column& column : columns_) {
    if (!column.type.has_value()) continue;
    if (!std::exchange(first, false)) out += ',';
    const std::string_view name(column.member.data(), column.member.size() - 1);
    AppendSchema(out, *column.type, column.nullable, column.default_json, name);
  }
}

absl::Status RowForm::Append(std::string& out, RowRole role, std::string_view row) const {
  ValuesReader values(row);
  ValueView value;
  out += '{';
  bool first = true;
  for (const Column& column : columns_) {
    if (!values.Next(&value)) return Malformed();
    if (!column.type.has_value()) continue;
    if (!std::exchange(first, false)) out += ',';
    absl::Status status = AppendMember(out, role, column, value);
    if (!status.ok()) return status;
  }
  if (values.Next(&value) || values.malformed()) return Malformed();
  out += '}';
  return absl::OkStatus();
}

absl::Status RowForm::AppendOfKey(std::string& out, std::string_view key,
                                  const std::vector<int>& key_places) const {
  std::vector<ValueView> values;
  ValuesReader reader(key);
  for (ValueView value; reader.Next(&value);) values.push_back(value);
  if (reader.malformed()) return Malformed();
  out += '{';
  bool first = true;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (!column.type.has_value()) continue;
    if (!std::exchange(first, false)) out += ',';
    if (key_places[i] < 0) {
      out.append(column.member).append(column.absent);
      continue;
    }
    const auto place = static_cast<size_t>(key_places[i]);
    if (place >= values.size()) return Malformed();
    absl::Status status = AppendMember(out, RowRole::kBefore, column, values[place]);
    if (!status.ok()) return status;
  }
  out += '}';
  return absl::OkStatus();
}

absl::Status RowForm::AppendMember(std::string& out, RowRole role, const Column& column,
                                   const ValueView& value) const {
  out += column.member;
  if (value.null) return AppendNull(out, role, column);
  if (value.kind == ValueKind::kUnavailable) return AppendUnavailable(out, role, column);
  if (value.kind == ValueKind::kServerText && column.type->zero_dates) {
    out += column.nullable ? "null" : column.type->fallback;
    return absl::OkStatus();
  }
  if (AppendConnectValue(out, *column.type, value)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "column ", column.name, " of ", table_, " (", column.type_name,
      ") has a value that its type in Debezium's JSON cannot hold; leave the column out of the "
      "topic, or write the topic in the format protobuf"));
}

absl::Status RowForm::AppendUnavailable(std::string& out, RowRole role,
                                        const Column& column) const {
  if (!column.type->unavailable.empty()) {
    out += column.type->unavailable;
    return absl::OkStatus();
  }
  if (role == RowRole::kBefore) {
    out += column.absent;
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the log did not carry column ", column.name, " of ", table_, " (", column.type_name,
      "), and Debezium's JSON has no mark for that in this type; set REPLICA IDENTITY FULL for the "
      "table (PostgreSQL) or binlog_row_image = FULL (MySQL, MariaDB), leave the column out of the "
      "topic, or write the topic in the format protobuf"));
}

absl::Status RowForm::AppendNull(std::string& out, RowRole role, const Column& column) const {
  if (column.nullable) {
    out += "null";
    return absl::OkStatus();
  }
  if (role == RowRole::kBefore) {
    out += column.absent;
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("column ", column.name, " of ", table_,
                   " is NULL in the log, and NOT NULL in the schema of its version; take a new "
                   "snapshot of the table"));
}

absl::Status RowForm::Malformed() const {
  return absl::DataLossError(
      absl::StrCat("a row of ", table_,
                   " in the journal does not have the columns of its schema; restore the data "
                   "folder, or capture the source anew"));
}

}  // namespace tidemark::service::kafka
