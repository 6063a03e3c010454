#include "service/kafka/proto_encoder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "service/kafka/change_view.h"
#include "service/kafka/proto_row.h"
#include "service/kafka/table_columns.h"

namespace tidemark::service::kafka {
namespace {

constexpr char kEventFile[] = "tidemark/v1/event.proto";

constexpr char kEnvelope[] = R"(
message Envelope {
  enum Op {
    OP_UNSPECIFIED = 0;
    OP_CREATE = 1;
    OP_UPDATE = 2;
    OP_DELETE = 3;
    OP_TRUNCATE = 4;
    OP_READ = 5;
  }
  Op op = 1;
  Row before = 2;
  Row after = 3;
  Source source = 4;
  fixed64 capture_time_us = 5;
}

message Source {
  string name = 1;
  string namespace = 2;
  string table = 3;
  fixed64 position_file = 4;
  fixed64 position_offset = 5;
  fixed64 transaction_id = 6;
  uint64 transaction_index = 7;
  fixed64 commit_time_us = 8;
}
)";

constexpr char kRowHead[] =
    "  repeated uint32 unavailable_fields = 1;\n"
    "  map<uint32, bytes> irregular_values = 2;\n";

// Protobuf looks for "tidemark.v1.Interval" in the package first, from its end.
std::string PackagePart(const std::string& name) {
  const std::string part = ProtoName(name);
  return part == "tidemark" ? "tidemark_" : part;
}

std::string PackageOf(const std::string& source, const v1::TableSchema& schema) {
  return absl::StrCat(PackagePart(source), ".", PackagePart(schema.namespace_()), ".",
                      PackagePart(schema.name()));
}

// Words that no package of Java may have as a part: "public" is the namespace of most tables of
// PostgreSQL. (JLS 3.9; names of ours begin with a letter.)
constexpr std::string_view kJavaWords[] = {
    "abstract",  "assert",       "boolean",  "break",      "byte",    "case",       "catch",
    "char",      "class",        "const",    "continue",   "default", "do",         "double",
    "else",      "enum",         "extends",  "false",      "final",   "finally",    "float",
    "for",       "goto",         "if",       "implements", "import",  "instanceof", "int",
    "interface", "long",         "native",   "new",        "null",    "package",    "private",
    "protected", "public",       "return",   "short",      "static",  "strictfp",   "super",
    "switch",    "synchronized", "this",     "throw",      "throws",  "transient",  "true",
    "try",       "void",         "volatile", "while"};

std::string JavaPackageOf(const std::string& package) {
  std::vector<std::string> parts = absl::StrSplit(package, '.');
  for (std::string& part : parts) {
    if (std::binary_search(std::begin(kJavaWords), std::end(kJavaWords), part)) part += '_';
  }
  return absl::StrJoin(parts, ".");
}

bool UsesEvents(const std::vector<ProtoField>& fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [](const ProtoField& field) { return IsImported(field.type); });
}

std::string SchemaText(const std::string& package, const std::string& message,
                       const std::vector<ProtoField>& fields) {
  std::string text = absl::StrCat("syntax = \"proto3\";\n\npackage ", package, ";\n");
  if (UsesEvents(fields)) absl::StrAppend(&text, "\nimport \"", kEventFile, "\";\n");
  const std::string java_package = JavaPackageOf(package);
  if (java_package != package) {
    absl::StrAppend(&text, "\noption java_package = \"", java_package, "\";\n");
  }
  if (message == "Row") text += kEnvelope;
  absl::StrAppend(&text, "\nmessage ", message, " {\n", kRowHead);
  AppendProtoFields(text, fields);
  text += "}\n";
  return text;
}

// Byte 0 to 5 of a record.
std::string HeadOf(int32_t id) {
  std::string head;
  AppendSchemaId(head, id);
  head += '\0';
  return head;
}

class ProtoTable final : public TableEncoder {
 public:
  ProtoTable(const std::string& source, const v1::TableSchema& schema, ProtoRow keys, ProtoRow rows,
             int32_t key_id, int32_t value_id)
      : id_(schema.id()),
        has_key_(!schema.key_columns().empty()),
        keys_(std::move(keys)),
        rows_(std::move(rows)),
        key_head_(HeadOf(key_id)),
        value_head_(HeadOf(value_id)) {
    AppendProtoBytes(source_, 1, source);
    AppendProtoBytes(source_, 2, schema.namespace_());
    AppendProtoBytes(source_, 3, schema.name());
  }

  bool Writes(model::Op) const override { return true; }
  bool HasKey(model::Op op) const override { return has_key_ && op != model::Op::kTruncate; }
  absl::Status AppendKey(std::string& out, std::string_view bytes) const override;
  absl::Status AppendValue(std::string& out, std::string_view bytes) const override;
  const std::vector<std::string>& left_out() const override { return left_out_; }

 private:
  absl::Status AppendRow(std::string& out, int field,
                         const std::optional<std::string_view>& row) const;
  void AppendSource(std::string& out, const ChangeView& change) const;

  model::SchemaId id_;
  bool has_key_;
  ProtoRow keys_;
  ProtoRow rows_;
  std::string key_head_;
  std::string value_head_;
  std::string source_;  // the fields that are the same in every event
  const std::vector<std::string> left_out_;
};

absl::Status ProtoTable::AppendKey(std::string& out, std::string_view bytes) const {
  ChangeView change;
  absl::Status status = ReadChangeOf(id_, bytes, &change);
  if (!status.ok()) return status;
  out += key_head_;
  return keys_.Append(out, change.key.value_or(std::string_view()));
}

absl::Status ProtoTable::AppendValue(std::string& out, std::string_view bytes) const {
  ChangeView change;
  absl::Status status = ReadChangeOf(id_, bytes, &change);
  if (!status.ok()) return status;
  out += value_head_;
  AppendProtoNumber(out, 1, static_cast<uint64_t>(change.op));
  status = AppendRow(out, 2, change.before);
  if (status.ok()) status = AppendRow(out, 3, change.after);
  if (!status.ok()) return status;
  AppendSource(out, change);
  AppendProtoFixed64(out, 5, change.capture_time_us);
  return absl::OkStatus();
}

absl::Status ProtoTable::AppendRow(std::string& out, int field,
                                   const std::optional<std::string_view>& row) const {
  if (!row.has_value()) return absl::OkStatus();
  std::string message;
  absl::Status status = rows_.Append(message, *row);
  AppendProtoBytes(out, field, message);
  return status;
}

void ProtoTable::AppendSource(std::string& out, const ChangeView& change) const {
  std::string message = source_;
  AppendProtoFixed64(message, 4, change.position_file);
  AppendProtoFixed64(message, 5, change.position_offset);
  AppendProtoFixed64(message, 6, change.transaction_id);
  AppendProtoNumber(message, 7, change.transaction_index);
  AppendProtoFixed64(message, 8, change.commit_time_us);
  AppendProtoBytes(out, 4, message);
}

}  // namespace

ProtoEncoders::ProtoEncoders(std::string source, SchemaRegistry* registry)
    : source_(std::move(source)), registry_(registry) {}

absl::StatusOr<std::unique_ptr<TableEncoder>> ProtoEncoders::Prepare(const v1::TableSchema& schema,
                                                                     const std::string& topic) {
  absl::Status status = CheckKeyColumns(schema);
  if (!status.ok()) return status;
  const std::string name = absl::StrCat(schema.namespace_(), ".", schema.name());
  const std::vector<uint32_t> key_columns = KeyColumns(schema);
  absl::StatusOr<Message> key = Message();  // none is written
  if (!key_columns.empty()) {
    key = Register(schema, {topic + "-key", name}, "Key", key_columns);
    if (!key.ok()) return key.status();
  }
  const std::vector<uint32_t> columns = AllColumns(schema);
  const absl::StatusOr<Message> row = Register(schema, {topic + "-value", name}, "Row", columns);
  if (!row.ok()) return row.status();
  return std::make_unique<ProtoTable>(source_, schema, ProtoRow(schema, key_columns, key->fields),
                                      ProtoRow(schema, columns, row->fields), key->id, row->id);
}

absl::StatusOr<ProtoEncoders::Message> ProtoEncoders::Register(
    const v1::TableSchema& schema, const SchemaSubject& subject, const std::string& message,
    const std::vector<uint32_t>& columns) {
  absl::StatusOr<std::vector<ProtoField>> earlier = EarlierFields(subject, message);
  if (!earlier.ok()) return earlier.status();
  Message made;
  made.fields = AssignProtoFields(*std::move(earlier), schema, columns);
  Schema registered{"PROTOBUF", SchemaText(PackageOf(source_, schema), message, made.fields)};
  if (UsesEvents(made.fields)) {
    const absl::StatusOr<SchemaReference> reference = EventReference(subject);
    if (!reference.ok()) return reference.status();
    registered.references.push_back(*reference);
  }
  const absl::StatusOr<int32_t> id = registry_->Register(subject, registered);
  if (!id.ok()) return id.status();
  made.id = *id;
  return made;
}

absl::StatusOr<std::vector<ProtoField>> ProtoEncoders::EarlierFields(const SchemaSubject& subject,
                                                                     const std::string& message) {
  const absl::StatusOr<std::optional<RegisteredSchema>> latest = registry_->Latest(subject);
  if (!latest.ok()) return latest.status();
  if (!latest->has_value()) return std::vector<ProtoField>();
  absl::StatusOr<std::vector<ProtoField>> fields = ReadProtoFields((*latest)->text, message);
  if (fields.ok()) return fields;
  return absl::FailedPreconditionError(absl::StrCat(
      "the latest schema of subject ", subject.name, " of table ", subject.table,
      " in the schema registry is none that Tidemark registered: ", fields.status().message(),
      "; delete the subject, or send the table to another topic"));
}

absl::StatusOr<SchemaReference> ProtoEncoders::EventReference(const SchemaSubject& subject) {
  const Schema events{"PROTOBUF", v1::Event::descriptor()->file()->DebugString()};
  const SchemaSubject place{kEventFile, subject.table};
  const absl::StatusOr<int32_t> id = registry_->Register(place, events);
  if (!id.ok()) return id.status();
  const absl::StatusOr<int> version = registry_->VersionOf(place, events);
  if (!version.ok()) return version.status();
  return SchemaReference{kEventFile, kEventFile, *version};
}

}  // namespace tidemark::service::kafka
