#include "service/kafka/proto_fields.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::FieldDescriptorProto;

constexpr char kImported[] = "tidemark.v1.";
// Reserved by Protobuf for itself.
constexpr int kReservedFirst = 19000, kReservedLast = 19999;

// What it finds wrong is told by its result.
class NoErrors : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

// What the json_name of a field has behind the column's name.
std::string Suffix(const char* word, int number) {
  return absl::StrCat(" (", word, " ", number, ")");
}

bool IsDeprecated(const FieldDescriptorProto& field) {
  const auto& options = field.options().uninterpreted_option();
  return std::any_of(options.begin(), options.end(), [](const auto& option) {
    return option.name_size() == 1 && option.name(0).name_part() == "deprecated" &&
           option.identifier_value() == "true";
  });
}

std::string TypeOf(const FieldDescriptorProto& field) {
  if (!field.has_type()) return field.type_name();
  const std::string name = FieldDescriptorProto::Type_Name(field.type());  // "TYPE_SINT64"
  return absl::AsciiStrToLower(absl::StripPrefix(name, "TYPE_"));
}

ProtoField ReadField(const FieldDescriptorProto& field) {
  ProtoField read{field.json_name(), field.name(), TypeOf(field), field.number(),
                  IsDeprecated(field)};
  const std::string suffix = Suffix(read.dropped ? "dropped" : "field", read.number);
  read.column = std::string(absl::StripSuffix(read.column, suffix));
  return read;
}

// What Protobuf makes of a field's name in JSON, and several languages in their classes: names must
// differ in it too.
std::string Folded(const std::string& name) {
  std::string folded;
  for (char c : name) {
    if (c != '_') folded += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return folded;
}

// Of the fields that are no columns, in both forms.
bool IsOurs(const std::string& folded) {
  return folded == "unavailablefields" || folded == "irregularvalues";
}

bool IsTaken(const std::vector<ProtoField>& fields, const std::string& name) {
  const std::string folded = Folded(name);
  return IsOurs(folded) || std::any_of(fields.begin(), fields.end(), [&](const ProtoField& field) {
           return Folded(field.name) == folded;
         });
}

// The column's name, unless it is the identifier of another field: readers mix those up (upb).
std::string JsonName(const std::vector<ProtoField>& fields, const ProtoField& field) {
  if (field.dropped) return field.column + Suffix("dropped", field.number);
  const bool taken = IsOurs(Folded(field.column)) ||
                     std::any_of(fields.begin(), fields.end(), [&](const ProtoField& other) {
                       return other.number != field.number && other.name == field.column;
                     });
  return taken ? field.column + Suffix("field", field.number) : field.column;
}

std::string FreeName(const std::vector<ProtoField>& fields, const std::string& column) {
  const std::string base = ProtoName(column);
  std::string name = base;
  for (int next = 2; IsTaken(fields, name); ++next) name = absl::StrCat(base, "_v", next);
  return name;
}

int FreeNumber(const std::vector<ProtoField>& fields) {
  int last = kIrregularField;
  for (const ProtoField& field : fields) last = std::max(last, field.number);
  return last + 1 == kReservedFirst ? kReservedLast + 1 : last + 1;
}

void Assign(std::vector<ProtoField>& fields, const v1::Column& column) {
  const std::string type = ProtoType(column.type().kind());
  const std::string name = WithoutInvalid(column.name());
  for (ProtoField& field : fields) {
    if (field.column != name || field.type != type) continue;
    field.dropped = false;
    return;
  }
  const std::string free_name = FreeName(fields, name);
  fields.push_back({name, free_name, type, FreeNumber(fields), false});
}

}  // namespace

std::string ProtoType(v1::TypeKind kind) {
  switch (kind) {
    case v1::TYPE_KIND_BOOLEAN:
      return "bool";
    case v1::TYPE_KIND_INTEGER:
    case v1::TYPE_KIND_DATE:
    case v1::TYPE_KIND_TIME:
    case v1::TYPE_KIND_TIMESTAMP:
    case v1::TYPE_KIND_TIMESTAMP_WITH_ZONE:
      return "sint64";
    case v1::TYPE_KIND_UNSIGNED_INTEGER:
      return "uint64";
    case v1::TYPE_KIND_REAL:
      return "float";
    case v1::TYPE_KIND_DOUBLE_PRECISION:
      return "double";
    case v1::TYPE_KIND_BINARY:
      return "bytes";
    case v1::TYPE_KIND_TIME_WITH_ZONE:
      return "tidemark.v1.TimeWithZone";
    case v1::TYPE_KIND_INTERVAL:
      return "tidemark.v1.Interval";
    case v1::TYPE_KIND_ARRAY:
      return "tidemark.v1.Array";
    case v1::TYPE_KIND_RANGE:
      return "tidemark.v1.Range";
    case v1::TYPE_KIND_MULTI_RANGE:
      return "tidemark.v1.MultiRange";
    case v1::TYPE_KIND_COMPOSITE:
      return "tidemark.v1.Composite";
    case v1::TYPE_KIND_GEOMETRY:
      return "tidemark.v1.Geometry";
    case v1::TYPE_KIND_VECTOR:
      return "tidemark.v1.Vector";
    default:  // decimals and all that is a text
      return "string";
  }
}

bool IsImported(const std::string& type) { return absl::StartsWith(type, kImported); }

absl::StatusOr<std::vector<ProtoField>> ReadProtoFields(const std::string& schema,
                                                        const std::string& message) {
  google::protobuf::io::ArrayInputStream input(schema.data(), static_cast<int>(schema.size()));
  NoErrors errors;
  google::protobuf::io::Tokenizer tokens(&input, &errors);
  google::protobuf::FileDescriptorProto file;
  google::protobuf::compiler::Parser parser;
  parser.SetRequireSyntaxIdentifier(true);
  parser.RecordErrorsTo(&errors);
  if (!parser.Parse(&tokens, &file)) {
    return absl::InvalidArgumentError("it is no schema of Protobuf");
  }
  std::vector<ProtoField> fields;
  for (const DescriptorProto& candidate : file.message_type()) {
    if (candidate.name() != message) continue;
    for (const FieldDescriptorProto& field : candidate.field()) {
      if (field.number() > kIrregularField) fields.push_back(ReadField(field));
    }
  }
  return fields;
}

std::vector<ProtoField> AssignProtoFields(std::vector<ProtoField> earlier,
                                          const v1::TableSchema& table,
                                          const std::vector<uint32_t>& columns) {
  for (ProtoField& field : earlier) field.dropped = true;
  for (uint32_t column : columns) Assign(earlier, table.columns(static_cast<int>(column)));
  std::sort(earlier.begin(), earlier.end(),
            [](const ProtoField& a, const ProtoField& b) { return a.number < b.number; });
  return earlier;
}

void AppendProtoFields(std::string& out, const std::vector<ProtoField>& fields) {
  for (const ProtoField& field : fields) {
    const std::string json_name = JsonName(fields, field);
    absl::StrAppend(&out, "  optional ", field.type, " ", field.name, " = ", field.number, " [",
                    field.dropped ? "deprecated = true, " : "", "json_name = \"",
                    absl::Utf8SafeCEscape(json_name), "\"];\n");
  }
}

std::string ProtoName(const std::string& name) {
  std::string made;
  for (char c : name) made += absl::ascii_isalnum(static_cast<unsigned char>(c)) ? c : '_';
  // An identifier begins with a letter, and so does its name in camel case.
  if (made.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(made[0])))
    made.insert(0, "c");
  return made;
}

}  // namespace tidemark::service::kafka
