#include "tests/debezium/json_value.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::debezium {
namespace {

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool Whole(JsonValue* value) {
    if (!Value(value)) return false;
    Blanks();
    return at_ == text_.size();
  }
  size_t at() const { return at_; }

 private:
  bool Value(JsonValue* value) {
    Blanks();
    if (Take('{')) return Object(value);
    if (Take('[')) return Array(value);
    return Scalar(&value->scalar);
  }

  bool Object(JsonValue* value) {
    value->kind = JsonValue::Kind::kObject;
    Blanks();
    if (Take('}')) return true;
    do {
      std::string name;
      Blanks();
      if (!Scalar(&name) || name.size() < 2 || name[0] != '"') return false;
      Blanks();
      if (!Take(':')) return false;
      auto& member = value->members.emplace_back(name.substr(1, name.size() - 2), JsonValue());
      if (!Value(&member.second)) return false;
      Blanks();
    } while (Take(','));
    return Take('}');
  }

  bool Array(JsonValue* value) {
    value->kind = JsonValue::Kind::kArray;
    Blanks();
    if (Take(']')) return true;
    do {
      if (!Value(&value->elements.emplace_back())) return false;
      Blanks();
    } while (Take(','));
    return Take(']');
  }

  bool Scalar(std::string* scalar) {
    const size_t begin = at_;
    if (Take('"')) {
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      if (!Take('"')) return false;
    } else {
      while (at_ < text_.size() && kEnds.find(text_[at_]) == std::string_view::npos) ++at_;
    }
    *scalar = text_.substr(begin, at_ - begin);
    return !scalar->empty();
  }

  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void Blanks() {
    while (at_ < text_.size() && kBlanks.find(text_[at_]) != std::string_view::npos) ++at_;
  }

  static constexpr std::string_view kBlanks = " \t\r\n";
  static constexpr std::string_view kEnds = " \t\r\n,:[]{}\"";

  std::string_view text_;
  size_t at_ = 0;
};

void Append(std::string& out, const JsonValue& value) {
  if (value.kind == JsonValue::Kind::kScalar) {
    out += value.scalar;
    return;
  }
  const bool object = value.kind == JsonValue::Kind::kObject;
  out += object ? '{' : '[';
  const size_t before = out.size();
  for (const auto& [name, member] : value.members) {
    absl::StrAppend(&out, out.size() == before ? "\"" : ",\"", name, "\":");
    Append(out, member);
  }
  for (const JsonValue& element : value.elements) {
    if (out.size() != before) out += ',';
    Append(out, element);
  }
  out += object ? '}' : ']';
}

}  // namespace

const JsonValue* JsonValue::Find(std::string_view name) const {
  for (const auto& [member, value] : members) {
    if (member == name) return &value;
  }
  return nullptr;
}

absl::StatusOr<JsonValue> ParseJson(std::string_view text) {
  Parser parser(text);
  JsonValue value;
  if (parser.Whole(&value)) return value;
  return absl::InvalidArgumentError(
      absl::StrCat("no JSON from byte ", parser.at(), " on: ", std::string(text.substr(0, 200))));
}

std::string ToText(const JsonValue& value) {
  std::string text;
  Append(text, value);
  return text;
}

}  // namespace tidemark::debezium
