#include "service/kafka/debezium_row.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/avro_schema.h"
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

RowForm::RowForm(const v1::TableSchema& schema, const std::vector<uint32_t>& columns, bool postgres,
                 ConnectForm form)
    : form_(form), table_(absl::StrCat(schema.namespace_(), ".", schema.name())) {
  for (uint32_t index : columns) {
    const v1::Column& source = schema.columns(static_cast<int>(index));
    Column& column = columns_.emplace_back();
    column.name = source.name();
    column.type_name = source.type().name();
    column.member = ',';
    AppendName(column.member, source.name());
    column.member += ':';
    column.type = postgres ? PostgresConnectType(source.type()) : MysqlConnectType(source.type());
    if (!column.type.has_value()) {
      left_out_.push_back(column.name);
      continue;
    }
    column.nullable = !IsRequired(schema, source);
    column.optional = column.nullable || column.type->always_optional;
    // A reader puts the default where it sees null, which is no default in a column with nulls.
    if (!column.nullable) column.default_json = DefaultOf(*column.type, source, postgres);
    PrepareStandIns(column);
  }
}

void RowForm::PrepareStandIns(Column& column) const {
  const std::string least = column.nullable ? "null" : column.type->fallback;
  column.zero_date = StandIn(column, least);
  column.absent =
      column.default_json.empty() ? column.zero_date : StandIn(column, column.default_json);
  if (!column.type->unavailable.empty()) {
    column.unavailable = StandIn(column, column.type->unavailable);
  }
}

// A value that is known as JSON text, in the form of the rows.
std::string RowForm::StandIn(const Column& column, const std::string& json) const {
  if (form_ == ConnectForm::kJson) return json;
  std::string schema;
  AppendSchema(schema, *column.type, column.nullable, "", "");
  return AvroLiteral(schema, json);
}

void RowForm::AppendFields(std::string& out) const {
  bool first = true;
  for (const Column& column : columns_) {
    if (!column.type.has_value()) continue;
    if (!std::exchange(first, false)) out += ',';
    const std::string_view name =
        std::string_view(column.member).substr(1, column.member.size() - 2);
    AppendSchema(out, *column.type, column.nullable, column.default_json, name);
  }
}

absl::Status RowForm::Append(std::string& out, RowRole role, std::string_view row) const {
  return WithWriter(form_, out, [&](ConnectWriter& writer) { return Write(writer, role, row); });
}

absl::Status RowForm::Write(ConnectWriter& out, RowRole role, std::string_view row) const {
  ValuesReader values(row);
  ValueView value;
  out.BeginStruct();
  for (const Column& column : columns_) {
    if (!values.Next(&value)) return Malformed();
    if (!column.type.has_value()) continue;
    absl::Status status = WriteMember(out, role, column, value);
    if (!status.ok()) return status;
  }
  if (values.Next(&value) || values.malformed()) return Malformed();
  out.EndStruct();
  return absl::OkStatus();
}

absl::Status RowForm::AppendOfKey(std::string& out, std::string_view key,
                                  const std::vector<int>& key_places) const {
  std::vector<ValueView> values;
  ValuesReader reader(key);
  for (ValueView value; reader.Next(&value);) values.push_back(value);
  if (reader.malformed()) return Malformed();
  return WithWriter(form_, out,
                    [&](ConnectWriter& writer) { return WriteOfKey(writer, values, key_places); });
}

absl::Status RowForm::WriteOfKey(ConnectWriter& out, const std::vector<ValueView>& key,
                                 const std::vector<int>& key_places) const {
  out.BeginStruct();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (!column.type.has_value()) continue;
    if (key_places[i] < 0) {
      out.Member(column.member);
      out.Raw(column.absent);
      continue;
    }
    const auto place = static_cast<size_t>(key_places[i]);
    if (place >= key.size()) return Malformed();
    absl::Status status = WriteMember(out, RowRole::kBefore, column, key[place]);
    if (!status.ok()) return status;
  }
  out.EndStruct();
  return absl::OkStatus();
}

absl::Status RowForm::WriteMember(ConnectWriter& out, RowRole role, const Column& column,
                                  const ValueView& value) const {
  out.Member(column.member);
  if (value.null) return WriteNull(out, role, column);
  if (value.kind == ValueKind::kUnavailable) return WriteUnavailable(out, role, column);
  if (value.kind == ValueKind::kServerText && column.type->zero_dates) {
    out.Raw(column.zero_date);
    return absl::OkStatus();
  }
  if (column.optional) out.Present();
  if (WriteConnectValue(out, *column.type, value)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("column ", column.name, " of ", table_, " (",
                                          column.type_name, ") has a value that its type in ",
                                          FormName(),
                                          " cannot hold; leave the column out of the "
                                          "topic, or write the topic in the format protobuf"));
}

absl::Status RowForm::WriteUnavailable(ConnectWriter& out, RowRole role,
                                       const Column& column) const {
  if (!column.unavailable.empty()) {
    out.Raw(column.unavailable);
    return absl::OkStatus();
  }
  if (role == RowRole::kBefore) {
    out.Raw(column.absent);
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrCat(
      "the log did not carry column ", column.name, " of ", table_, " (", column.type_name,
      "), and ", FormName(),
      " has no mark for that in this type; set REPLICA IDENTITY FULL for the "
      "table (PostgreSQL) or binlog_row_image = FULL (MySQL, MariaDB), leave the column out of the "
      "topic, or write the topic in the format protobuf"));
}

absl::Status RowForm::WriteNull(ConnectWriter& out, RowRole role, const Column& column) const {
  if (column.nullable) {
    out.Null();
    return absl::OkStatus();
  }
  if (role == RowRole::kBefore) {
    out.Raw(column.absent);
    return absl::OkStatus();
  }
  return absl::DataLossError(
      absl::StrCat("column ", column.name, " of ", table_,
                   " is NULL in the log, and NOT NULL in the schema of its version; take a new "
                   "snapshot of the table"));
}

const char* RowForm::FormName() const {
  return form_ == ConnectForm::kAvro ? "Debezium's Avro" : "Debezium's JSON";
}

absl::Status RowForm::Malformed() const {
  return absl::DataLossError(
      absl::StrCat("a row of ", table_,
                   " in the journal does not have the columns of its schema; restore the data "
                   "folder, or capture the source anew"));
}

}  // namespace tidemark::service::kafka
