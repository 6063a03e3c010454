#include "service/yaml_map.h"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, diagonal + 1, row[j] + 1});
    }
  }
  return row.back();
}

std::string Join(std::initializer_list<std::string_view> words) {
  std::string out;
  for (std::string_view word : words) out.append(out.empty() ? "" : ", ").append(word);
  return out;
}

std::string Describe(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Scalar:
      return absl::StrCat("\"", node.Scalar(), "\"");
    case YAML::NodeType::Sequence:
      return "a list";
    case YAML::NodeType::Map:
      return "a mapping";
    default:
      return "nothing";
  }
}

std::string Unknown(std::string_view key, std::initializer_list<std::string_view> known) {
  std::string_view nearest = Nearest(key, known);
  if (!nearest.empty())
    return absl::StrCat("unknown key; did you mean \"", std::string(nearest), "\"?");
  return absl::StrCat("unknown key; expected one of: ", Join(known));
}

}  // namespace

std::string_view Nearest(std::string_view word, std::initializer_list<std::string_view> choices) {
  std::string_view best;
  size_t best_distance = std::max<size_t>(2, word.size() / 3) + 1;
  for (std::string_view choice : choices) {
    size_t distance = EditDistance(word, choice);
    if (distance >= best_distance || distance >= choice.size()) continue;
    best = choice;
    best_distance = distance;
  }
  return best;
}

void YamlErrors::Add(const YAML::Mark& mark, const std::string& path, const std::string& message) {
  int line = std::max(mark.line, 0) + 1;
  int column = std::max(mark.column, 0) + 1;
  std::string text = absl::StrCat(file_, ":", line, ":", column, ": ");
  absl::StrAppend(&text, path, path.empty() ? "" : ": ", message);
  errors_.push_back({line, column, std::move(text)});
}

std::string YamlErrors::Text() const {
  std::vector<Error> sorted = errors_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Error& a, const Error& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  std::string text;
  for (const Error& error : sorted) absl::StrAppend(&text, text.empty() ? "" : "\n", error.text);
  return text;
}

YamlMap::YamlMap(const YAML::Node& node, std::string path,
                 std::initializer_list<std::string_view> known, YamlErrors* errors)
    : path_(std::move(path)), errors_(errors), mark_(node.Mark()) {
  if (node.IsMap()) {
    ReadEntries(node, known);
  } else {
    // A text in its place may be a secret.
    errors_->Add(mark_, path_,
                 absl::StrCat("expected a mapping with the keys ", Join(known), ", got ",
                              node.IsScalar() ? "a text" : Describe(node)));
  }
}

void YamlMap::ReadEntries(const YAML::Node& node, std::initializer_list<std::string_view> known) {
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) {
      errors_->Add(entry.first.Mark(), path_, "expected a plain key, got " + Describe(entry.first));
      continue;
    }
    const std::string& key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      errors_->Add(entry.first.Mark(), Path(key), Unknown(key, known));
    } else if (Has(key)) {
      errors_->Add(entry.first.Mark(), Path(key), "is given twice; expected it once");
    } else {
      entries_.emplace_back(key, entry.second);
    }
  }
}

std::optional<YAML::Node> YamlMap::Find(std::string_view key) const {
  for (const auto& [name, node] : entries_) {
    if (name == key) return node;
  }
  return std::nullopt;
}

std::string YamlMap::Path(std::string_view key) const {
  return absl::StrCat(path_, path_.empty() ? "" : ".", std::string(key));
}

void YamlMap::Error(std::string_view key, const std::string& message) const {
  std::optional<YAML::Node> node = Find(key);
  errors_->Add(node ? node->Mark() : mark_, Path(key), message);
}

void YamlMap::Require(std::string_view key, std::string_view expected) const {
  if (!Has(key)) Error(key, absl::StrCat("is missing; expected ", std::string(expected)));
}

std::optional<YamlScalar> YamlMap::Scalar(std::string_view key, std::string_view expected) const {
  std::optional<YAML::Node> node = Find(key);
  if (!node) return std::nullopt;
  if (!node->IsScalar() || node->Scalar().empty()) {
    Error(key, absl::StrCat("expected ", std::string(expected), ", got ", Describe(*node)));
    return std::nullopt;
  }
  return YamlScalar{node->Scalar(), node->Mark()};
}

std::optional<bool> YamlMap::Boolean(std::string_view key) const {
  std::optional<YamlScalar> scalar = Scalar(key, "true or false");
  if (!scalar) return std::nullopt;
  if (scalar->text == "true") return true;
  if (scalar->text == "false") return false;
  Error(key, absl::StrCat("expected true or false, got \"", scalar->text, "\""));
  return std::nullopt;
}

std::optional<uint64_t> YamlMap::Number(std::string_view key, uint64_t least, uint64_t most) const {
  std::string expected = absl::StrCat("a whole number from ", least, " to ", most);
  std::optional<YamlScalar> scalar = Scalar(key, expected);
  if (!scalar) return std::nullopt;
  uint64_t number = 0;
  const char* end = scalar->text.data() + scalar->text.size();
  auto [rest, error] = std::from_chars(scalar->text.data(), end, number);
  if (error == std::errc{} && rest == end && number >= least && number <= most) return number;
  Error(key, absl::StrCat("expected ", expected, ", got \"", scalar->text, "\""));
  return std::nullopt;
}

std::optional<uint64_t> YamlMap::DurationMs(std::string_view key) const {
  static constexpr char kExpected[] =
      "a duration with its unit (ms, s, m, h, d, w) such as 7d, or unlimited";
  std::optional<YamlScalar> scalar = Scalar(key, kExpected);
  if (!scalar) return std::nullopt;
  if (scalar->text == "unlimited") return 0;
  std::optional<uint64_t> value = ParseDurationMs(scalar->text);
  if (value && *value > 0) return value;
  Error(key, absl::StrCat("expected ", kExpected, ", got \"", scalar->text, "\""));
  return std::nullopt;
}

std::optional<uint64_t> YamlMap::Bytes(std::string_view key) const {
  static constexpr char kExpected[] =
      "a size with its unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB) such as 50GiB, or unlimited";
  std::optional<YamlScalar> scalar = Scalar(key, kExpected);
  if (!scalar) return std::nullopt;
  if (scalar->text == "unlimited") return 0;
  std::optional<uint64_t> value = ParseBytes(scalar->text);
  if (value && *value > 0) return value;
  Error(key, absl::StrCat("expected ", kExpected, ", got \"", scalar->text, "\""));
  return std::nullopt;
}

std::optional<size_t> YamlMap::Choice(std::string_view key,
                                      std::initializer_list<std::string_view> choices) const {
  std::string expected = absl::StrCat("one of ", Join(choices));
  std::optional<YamlScalar> scalar = Scalar(key, expected);
  if (!scalar) return std::nullopt;
  auto found = std::find(choices.begin(), choices.end(), scalar->text);
  if (found != choices.end()) return found - choices.begin();
  Error(key, absl::StrCat("expected ", expected, ", got \"", scalar->text, "\""));
  return std::nullopt;
}

std::vector<YamlScalar> YamlMap::Strings(std::string_view key, std::string_view expected) const {
  std::vector<YamlScalar> strings;
  std::optional<YAML::Node> list = Find(key);
  if (!list) return strings;
  if (!list->IsSequence()) {
    Error(key,
          absl::StrCat("expected a list of ", std::string(expected), ", got ", Describe(*list)));
    return strings;
  }
  for (const YAML::Node& item : *list) {
    if (item.IsScalar() && !item.Scalar().empty()) {
      strings.push_back({item.Scalar(), item.Mark()});
    } else {
      errors_->Add(item.Mark(), absl::StrCat(Path(key), "[]"),
                   absl::StrCat("expected ", std::string(expected), ", got ", Describe(item)));
    }
  }
  return strings;
}

}  // namespace tidemark::service
