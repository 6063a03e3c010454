#include "service/kafka/debezium_json.h"

#include "absl/strings/str_cat.h"
#include "service/kafka/connect_json.h"
#include "service/kafka/table_columns.h"

namespace tidemark::service::kafka {
namespace {

std::string_view OpCode(model::Op op) {
  switch (op) {
    case model::Op::kCreate:
      return "c";
    case model::Op::kUpdate:
      return "u";
    case model::Op::kDelete:
      return "d";
    case model::Op::kTruncate:
      return "t";
    case model::Op::kRead:
      return "r";
    case model::Op::kNone:
      break;
  }
  return "";
}

std::string SchemaPrefix(const v1::TableSchema& schema, const DebeziumOptions& options) {
  return absl::StrCat(options.name, ".", schema.namespace_(), ".", schema.name());
}

// ,"optional":...,"name":"<prefix><suffix>"
void AppendTraits(std::string& out, bool optional, const std::string& prefix, const char* suffix) {
  out += optional ? ",\"optional\":true,\"name\":" : ",\"optional\":false,\"name\":";
  AppendName(out, prefix + suffix);
}

void AppendRowSchema(std::string& out, const RowForm& rows, const std::string& prefix,
                     const char* field) {
  out += "{\"type\":\"struct\",\"fields\":[";
  rows.AppendFields(out);
  out += ']';
  AppendTraits(out, /*optional=*/true, prefix, ".Value");
  absl::StrAppend(&out, ",\"field\":\"", field, "\"}");
}

constexpr std::string_view kTransactionAndLater =
    ",{\"type\":\"struct\",\"fields\":[{\"type\":\"string\",\"optional\":false,\"field\":\"id\"},"
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"total_order\"},"
    "{\"type\":\"int64\",\"optional\":false,\"field\":\"data_collection_order\"}],"
    "\"optional\":true,\"name\":\"event.block\",\"version\":1,\"field\":\"transaction\"},"
    "{\"type\":\"string\",\"optional\":false,\"field\":\"op\"},"
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ms\"},"
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_us\"},"
    "{\"type\":\"int64\",\"optional\":true,\"field\":\"ts_ns\"}]";

absl::Status CheckKey(const v1::TableSchema& schema, const RowForm& keys) {
  if (keys.left_out().empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "key column ", keys.left_out().front(), " of ", schema.namespace_(), ".", schema.name(),
      " is of a type that Debezium's format leaves out; write the table's topic in the format "
      "protobuf, or leave the table out"));
}

}  // namespace

DebeziumTable::DebeziumTable(const v1::TableSchema& schema, const DebeziumOptions& options)
    : id_(schema.id()),
      form_(options.form),
      prefix_(SchemaPrefix(schema, options)),
      has_key_(!schema.key_columns().empty()),
      with_truncate_(options.with_truncate),
      keys_(schema, KeyColumns(schema), options.connector == DebeziumConnector::kPostgres, form_),
      rows_(schema, AllColumns(schema), options.connector == DebeziumConnector::kPostgres, form_),
      key_places_(static_cast<size_t>(schema.columns_size()), -1),
      source_(schema, options) {
  for (int place = 0; place < schema.key_columns_size(); ++place) {
    key_places_[schema.key_columns(place)] = place;
  }
  if (form_ == ConnectForm::kAvro || !options.with_schema) return;
  key_head_ = absl::StrCat("{\"schema\":", KeySchema(), ",\"payload\":");
  value_head_ = absl::StrCat("{\"schema\":", ValueSchema(), ",\"payload\":");
  tail_ = "}";
}

absl::StatusOr<DebeziumTable> DebeziumTable::Prepare(const v1::TableSchema& schema,
                                                     const DebeziumOptions& options) {
  absl::Status status = CheckKeyColumns(schema);
  if (!status.ok()) return status;
  DebeziumTable table(schema, options);
  status = CheckKey(schema, table.keys_);
  if (!status.ok()) return status;
  return table;
}

std::string DebeziumTable::KeySchema() const {
  std::string out = "{\"type\":\"struct\",\"fields\":[";
  keys_.AppendFields(out);
  out += ']';
  AppendTraits(out, /*optional=*/false, prefix_, ".Key");
  out += '}';
  return out;
}

std::string DebeziumTable::ValueSchema() const {
  std::string out = "{\"type\":\"struct\",\"fields\":[";
  AppendRowSchema(out, rows_, prefix_, "before");
  out += ',';
  AppendRowSchema(out, rows_, prefix_, "after");
  out += ',';
  source_.AppendSchema(out);
  out += kTransactionAndLater;
  AppendTraits(out, /*optional=*/false, prefix_, ".Envelope");
  out += ",\"version\":2}";
  return out;
}

absl::Status DebeziumTable::AppendKey(std::string& out, std::string_view bytes) const {
  ChangeView change;
  absl::Status status = ReadChangeOf(id_, bytes, &change);
  if (!status.ok()) return status;
  out += key_head_;
  status = keys_.Append(out, RowRole::kKey, change.key.value_or(std::string_view()));
  out += tail_;
  return status;
}

absl::Status DebeziumTable::AppendValue(std::string& out, std::string_view bytes) const {
  ChangeView change;
  absl::Status status = ReadChangeOf(id_, bytes, &change);
  if (!status.ok()) return status;
  out += value_head_;
  status = WithWriter(form_, out, [&](ConnectWriter& writer) { return Write(writer, change); });
  out += tail_;
  return status;
}

absl::Status DebeziumTable::Write(ConnectWriter& out, const ChangeView& change) const {
  out.BeginStruct();
  out.Member(",\"before\":");
  absl::Status status = WriteBefore(out, change);
  if (!status.ok()) return status;
  out.Member(",\"after\":");
  status = WriteAfter(out, change);
  if (!status.ok()) return status;
  out.Member(",\"source\":");
  source_.Write(out, change);
  out.Member(",\"transaction\":");
  out.Null();
  out.Member(",\"op\":");
  const size_t mark = out.BeginPlainText();
  out.Raw(OpCode(change.op));
  out.EndPlainText(mark);
  WriteTimes(out, change.capture_time_us);
  out.EndStruct();
  return absl::OkStatus();
}

// Of a deleted row Debezium has the key at least, and readers count on it.
absl::Status DebeziumTable::WriteBefore(ConnectWriter& out, const ChangeView& change) const {
  if (change.before.has_value()) {
    out.Present();
    return rows_.Append(out.out(), RowRole::kBefore, *change.before);
  }
  if (change.op == model::Op::kDelete && has_key_ && change.key.has_value()) {
    out.Present();
    return rows_.AppendOfKey(out.out(), *change.key, key_places_);
  }
  out.Null();
  return absl::OkStatus();
}

absl::Status DebeziumTable::WriteAfter(ConnectWriter& out, const ChangeView& change) const {
  if (change.after.has_value()) {
    out.Present();
    return rows_.Append(out.out(), RowRole::kAfter, *change.after);
  }
  out.Null();
  return absl::OkStatus();
}

}  // namespace tidemark::service::kafka
