#include "service/kafka/avro_schema.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/kafka/connect_writer.h"

namespace tidemark::service::kafka {
namespace {

// Schemas of Connect come from connect_type.h and debezium_json.h, so they have what is read here.
using Json = nlohmann::ordered_json;

constexpr char kDecimal[] = "org.apache.kafka.connect.data.Decimal";
constexpr int kDefaultPrecision = 64;

// Of what is no ASCII, as many _ as Java has characters for it (UTF-16).
std::string AvroName(std::string_view name) {
  std::string made;
  for (char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) == 0x80) continue;  // continues a character
    if (byte >= 0xf0) made += '_';
    made += absl::ascii_isalnum(byte) ? c : '_';
  }
  if (made.empty() || absl::ascii_isdigit(static_cast<unsigned char>(made[0]))) {
    made.insert(0, 1, '_');
  }
  return made;
}

// Each name between the dots.
std::string AvroFullName(const std::string& name) {
  std::string made;
  for (absl::string_view part : absl::StrSplit(name, '.')) {
    if (!made.empty()) made += '.';
    made += AvroName(std::string_view(part.data(), part.size()));
  }
  return made;
}

bool IsOptional(const Json& schema) { return schema.value("optional", false); }
std::string TypeOf(const Json& schema) { return schema.at("type").get<std::string>(); }
std::string NameOf(const Json& schema) { return schema.value("name", ""); }

bool IsStringMap(const Json& schema) {
  return TypeOf(schema) == "map" && TypeOf(schema.at("keys")) == "string";
}

std::string FromBase64(const std::string& text) {
  std::string bytes;
  absl::Base64Unescape(text, &bytes);
  return bytes;
}

// Avro's JSON has bytes as text in which each character is a byte.
Json BytesAsText(const std::string& bytes) {
  std::string text;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

Json DefaultOf(const Json& schema) {
  const Json& value = schema.at("default");
  return TypeOf(schema) == "bytes" ? BytesAsText(FromBase64(value.get<std::string>())) : value;
}

// One schema with the records in it, each of which is written out once.
class Converter {
 public:
  absl::StatusOr<Json> Convert(const Json& schema) {
    Json made = IsOptional(schema) ? Union(schema) : Bare(schema);
    if (!status_.ok()) return status_;
    return made;
  }

 private:
  Json Union(const Json& schema) {
    if (schema.contains("default")) return Json::array({Bare(schema), "null"});
    return Json::array({"null", Bare(schema)});
  }

  Json Any(const Json& schema) { return IsOptional(schema) ? Union(schema) : Bare(schema); }

  Json Bare(const Json& schema) {
    const std::string type = TypeOf(schema);
    if (type == "struct") return Record(schema);
    Json made = Json::object();
    if (type == "array") {
      made = {{"type", "array"}, {"items", Any(schema.at("items"))}};
    } else if (IsStringMap(schema)) {
      made = {{"type", "map"}, {"values", Any(schema.at("values"))}};
    } else if (type == "map") {
      made = {{"type", "array"}, {"items", MapEntry(schema)}};
    } else {
      made["type"] = Primitive(type);
    }
    if (type == "int8" || type == "int16") made["connect.type"] = type;
    if (NameOf(schema) == kDecimal) AddDecimal(made, schema);
    AddTraits(made, schema);
    if (made.size() == 1) return made["type"];
    return made;
  }

  static std::string Primitive(const std::string& type) {
    if (type == "int8" || type == "int16" || type == "int32") return "int";
    return type == "int64" ? "long" : type;
  }

  static void AddDecimal(Json& made, const Json& schema) {
    const Json& parameters = schema.at("parameters");
    const int scale = std::stoi(parameters.at("scale").get<std::string>());
    const int precision =
        parameters.contains("connect.decimal.precision")
            ? std::stoi(parameters["connect.decimal.precision"].get<std::string>())
            : kDefaultPrecision;
    made["scale"] = scale;
    made["precision"] = precision;
    if (scale >= 0 && scale <= precision) made["logicalType"] = "decimal";
  }

  static void AddTraits(Json& made, const Json& schema) {
    if (schema.contains("version")) made["connect.version"] = schema["version"];
    if (schema.contains("parameters")) made["connect.parameters"] = schema["parameters"];
    if (schema.contains("doc")) made["connect.doc"] = schema["doc"];
    if (schema.contains("default")) made["connect.default"] = DefaultOf(schema);
    if (schema.contains("name")) made["connect.name"] = schema["name"];
  }

  Json MapEntry(const Json& schema) {
    return {{"type", "record"},
            {"name", "MapEntry"},
            {"namespace", "io.confluent.connect.avro"},
            {"fields", Json::array({{{"name", "key"}, {"type", Any(schema.at("keys"))}},
                                    {{"name", "value"}, {"type", Any(schema.at("values"))}}})}};
  }

  Json Record(const Json& schema) {
    const std::string name = AvroFullName(NameOf(schema));
    if (!written_.insert(name).second) return name;
    const size_t dot = name.rfind('.');
    Json made = {{"type", "record"}, {"name", name.substr(dot + 1)}};
    if (dot != std::string::npos) made["namespace"] = name.substr(0, dot);
    made["fields"] = Fields(schema);
    AddTraits(made, schema);
    return made;
  }

  Json Fields(const Json& schema) {
    Json fields = Json::array();
    std::map<std::string, std::string> columns;
    for (const Json& member : schema.at("fields")) {
      const std::string column = member.at("field").get<std::string>();
      const std::string name = AvroName(column);
      const auto [other, added] = columns.emplace(name, column);
      if (!added) Refuse(other->second, column, name);
      Json field = {{"name", name}, {"type", Any(member)}};
      if (member.contains("default")) {
        field["default"] = DefaultOf(member);
      } else if (IsOptional(member)) {
        field["default"] = nullptr;
      }
      fields.push_back(std::move(field));
    }
    return fields;
  }

  void Refuse(const std::string& first, const std::string& second, const std::string& name) {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("columns ", first, " and ", second, " have the same name in Avro, ", name));
  }

  std::set<std::string> written_;
  absl::Status status_;
};

void WriteLiteral(ConnectWriter& out, const Json& schema, const Json& value);

void WriteEntries(ConnectWriter& out, const Json& schema, const Json& value) {
  out.BeginMap(value.size());
  for (const auto& [key, member] : value.items()) {
    out.Key(key);
    WriteLiteral(out, schema.at("values"), member);
  }
  out.EndMap();
}

void WriteElements(ConnectWriter& out, const Json& schema, const Json& value) {
  out.BeginArray(value.size());
  for (const Json& element : value) WriteLiteral(out, schema, element);
  out.EndArray();
}

void WriteBareLiteral(ConnectWriter& out, const Json& schema, const Json& value) {
  const std::string type = TypeOf(schema);
  if (type == "struct") {
    for (const Json& field : schema.at("fields")) {
      WriteLiteral(out, field, value.at(field.at("field").get<std::string>()));
    }
  } else if (type == "array") {
    WriteElements(out, schema.at("items"), value);
  } else if (IsStringMap(schema)) {
    WriteEntries(out, schema, value);
  } else if (type == "map") {
    out.BeginArray(0);  // no literal has entries
    out.EndArray();
  } else if (type == "boolean") {
    out.Boolean(value.get<bool>());
  } else if (type == "float") {
    out.Real(value.get<float>());
  } else if (type == "double") {
    out.Real(value.get<double>());
  } else if (type == "string") {
    out.Name(value.get<std::string>());
  } else if (type == "bytes") {
    out.Bytes(FromBase64(value.get<std::string>()));
  } else {
    out.Integer(value.get<int64_t>());
  }
}

void WriteLiteral(ConnectWriter& out, const Json& schema, const Json& value) {
  if (!IsOptional(schema)) {
    WriteBareLiteral(out, schema, value);
  } else if (value.is_null()) {
    out.Null();
  } else {
    out.Present();
    WriteBareLiteral(out, schema, value);
  }
}

}  // namespace

absl::StatusOr<std::string> AvroSchema(std::string_view connect_schema) {
  absl::StatusOr<Json> made = Converter().Convert(Json::parse(connect_schema));
  if (!made.ok()) return made.status();
  return made->dump();
}

std::string AvroLiteral(std::string_view connect_schema, std::string_view json) {
  std::string literal;
  AvroWriter out(literal);
  WriteLiteral(out, Json::parse(connect_schema), Json::parse(json));
  return literal;
}

}  // namespace tidemark::service::kafka
