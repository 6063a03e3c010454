#include "capture/mysql/json_binary.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "capture/mysql/json_container.h"

namespace tidemark::capture::mysql {
namespace {

// Digits of a double may stand before the point so far, and so many zeros behind it; beyond that
// the exponent is written (MAX_DECPT_FOR_F_FORMAT).
constexpr int kPlainDigits = 15;

class Printer {
 public:
  Printer(model::Bytes& out, size_t limit) : out_(out), end_(out.size() + limit) {}

  bool Print(const JsonView& view, int depth) {
    if (out_.size() > end_) return false;
    if (!view.is_object() && !view.is_array()) return AppendJsonScalar(out_, view);
    JsonContainer container;
    if (depth >= kJsonDepthMax || !container.Open(view)) return false;
    out_.Push(view.is_object() ? '{' : '[');
    for (size_t i = 0; i < container.count(); ++i) {
      if (i > 0) out_.Append(", ");
      if (view.is_object() && !PrintKey(container, i)) return false;
      JsonView item;
      if (!container.Item(i, &item) || !Print(item, depth + 1)) return false;
    }
    out_.Push(view.is_object() ? '}' : ']');
    return out_.size() <= end_;
  }

 private:
  bool PrintKey(const JsonContainer& container, size_t index) {
    std::string_view key;
    if (!container.Key(index, &key)) return false;
    AppendJsonString(out_, key);
    out_.Append(": ");
    return true;
  }

  model::Bytes& out_;
  const size_t end_;
};

// A document that can be changed. Scalars are kept as their text.
struct Item;

struct Node {
  enum class Kind : uint8_t { kScalar, kArray, kObject } kind = Kind::kScalar;
  std::string text;
  std::vector<Item> items;
};

struct Item {
  std::string key;  // empty in arrays
  Node value;
};

// *budget: bytes of text that may still come, as in JsonTextBound.
bool Build(const JsonView& view, int depth, size_t* budget, Node* node) {
  if (!view.is_object() && !view.is_array()) {
    model::Bytes text;
    if (!AppendJsonScalar(text, view) || text.size() > *budget) return false;
    node->text = std::string(text.view());
    *budget -= text.size();
    return true;
  }
  JsonContainer container;
  if (depth >= kJsonDepthMax || !container.Open(view)) return false;
  node->kind = view.is_object() ? Node::Kind::kObject : Node::Kind::kArray;
  for (size_t i = 0; i < container.count(); ++i) {
    auto& [key, child] = node->items.emplace_back();
    std::string_view name;
    JsonView item;
    if (view.is_object() && !container.Key(i, &name)) return false;
    key = std::string(name);
    if (*budget < name.size() + 2) return false;
    *budget -= name.size() + 2;
    if (!container.Item(i, &item) || !Build(item, depth + 1, budget, &child)) return false;
  }
  return true;
}

void Append(model::Bytes& out, const Node& node) {
  if (node.kind == Node::Kind::kScalar) return out.Append(node.text);
  const bool object = node.kind == Node::Kind::kObject;
  out.Push(object ? '{' : '[');
  for (size_t i = 0; i < node.items.size(); ++i) {
    if (i > 0) out.Append(", ");
    if (object) {
      AppendJsonString(out, node.items[i].key);
      out.Append(": ");
    }
    Append(out, node.items[i].value);
  }
  out.Push(object ? '}' : ']');
}

// The order in which the server stores keys.
bool KeyBefore(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// One step of a path: a key, or a place in an array.
struct PathLeg {
  bool is_key = false;
  std::string key;
  size_t index = 0;
  bool from_end = false;  // `index` counts backwards from the last element
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes a quoted key, escaped as the server escapes strings, off the path.
bool TakeQuoted(std::string_view* path, std::string* key) {
  path->remove_prefix(1);
  while (!path->empty() && path->front() != '"') {
    char c = path->front();
    path->remove_prefix(1);
    if (c == '\\') {
      if (path->empty()) return false;
      const char escaped = path->front();
      path->remove_prefix(1);
      constexpr std::string_view kLetters = "bfnrt";
      const size_t letter = kLetters.find(escaped);
      if (escaped == 'u') {  // the server escapes control characters only
        unsigned code;
        if (path->size() < 4) return false;
        auto [end, error] = std::from_chars(path->data(), path->data() + 4, code, 16);
        if (error != std::errc() || end != path->data() + 4 || code > 0x7f) return false;
        path->remove_prefix(4);
        c = static_cast<char>(code);
      } else {
        c = letter == kLetters.npos ? escaped : "\b\f\n\r\t"[letter];
      }
    }
    key->push_back(c);
  }
  if (path->empty()) return false;
  path->remove_prefix(1);
  return true;
}

bool TakeKey(std::string_view* path, PathLeg* leg) {
  leg->is_key = true;
  if (!path->empty() && path->front() == '"') return TakeQuoted(path, &leg->key);
  const size_t size = std::min(path->find_first_of(".["), path->size());
  leg->key = std::string(path->substr(0, size));
  path->remove_prefix(size);
  return size > 0;
}

// "3]", "last]" or "last-3]".
bool TakeIndex(std::string_view* path, PathLeg* leg) {
  constexpr std::string_view kLast = "last";
  leg->from_end = path->substr(0, kLast.size()) == kLast;
  if (leg->from_end) {
    path->remove_prefix(kLast.size());
    if (path->substr(0, 1) == "]") {
      path->remove_prefix(1);
      return true;
    }
    if (path->substr(0, 1) != "-") return false;
    path->remove_prefix(1);
  }
  auto [end, error] = std::from_chars(path->data(), path->data() + path->size(), leg->index);
  if (error != std::errc() || path->empty() || !IsDigit(path->front())) return false;
  path->remove_prefix(end - path->data());
  if (path->empty() || path->front() != ']') return false;
  path->remove_prefix(1);
  return true;
}

bool ParsePath(std::string_view path, std::vector<PathLeg>* legs) {
  if (path.empty() || path.front() != '$') return false;
  path.remove_prefix(1);
  while (!path.empty()) {
    const char kind = path.front();
    path.remove_prefix(1);
    PathLeg& leg = legs->emplace_back();
    if (kind == '.' ? !TakeKey(&path, &leg) : kind != '[' || !TakeIndex(&path, &leg)) return false;
  }
  return true;
}

using Items = std::vector<Item>;

// Where the leg points to among the node's items; where it would be put, if it is not there: what
// counts back past the first element comes before it (MySQL 8.4 sql-common/json_path.h,
// Json_array_index).
Items::iterator Place(Node& node, const PathLeg& leg) {
  const size_t size = node.items.size();
  if (leg.from_end) return node.items.begin() + (leg.index < size ? size - 1 - leg.index : 0);
  if (!leg.is_key) return node.items.begin() + std::min(leg.index, size);
  return std::lower_bound(
      node.items.begin(), node.items.end(), leg.key,
      [](const auto& item, const std::string& key) { return KeyBefore(item.key, key); });
}

bool Fits(const Node& node, const PathLeg& leg) {
  return node.kind == (leg.is_key ? Node::Kind::kObject : Node::Kind::kArray);
}

bool IsThere(const Node& node, const PathLeg& leg, Items::const_iterator place) {
  if (leg.from_end) return leg.index < node.items.size();
  return place != node.items.end() && (!leg.is_key || place->key == leg.key);
}

enum class Operation : uint8_t { kReplace = 0, kInsert = 1, kRemove = 2 };

bool Apply(Node* root, Operation operation, std::vector<PathLeg>& legs, Node&& value) {
  if (legs.empty()) {
    if (operation != Operation::kReplace) return false;
    *root = std::move(value);
    return true;
  }
  Node* node = root;
  for (size_t i = 0; i + 1 < legs.size(); ++i) {
    if (!Fits(*node, legs[i])) return false;
    auto place = Place(*node, legs[i]);
    if (!IsThere(*node, legs[i], place)) return false;
    node = &place->value;
  }
  PathLeg& last = legs.back();
  if (!Fits(*node, last)) return false;
  auto place = Place(*node, last);
  const bool there = IsThere(*node, last, place);
  if (operation == Operation::kInsert) {
    if (there && last.is_key) return false;
    node->items.insert(place, Item{std::move(last.key), std::move(value)});
    return true;
  }
  if (!there) return false;
  if (operation == Operation::kRemove) {
    node->items.erase(place);
  } else {
    place->value = std::move(value);
  }
  return true;
}

// An integer as the protocol packs lengths, and so many bytes.
bool TakePacked(std::string_view* bytes, std::string_view* value) {
  if (bytes->empty()) return false;
  uint64_t size = static_cast<unsigned char>(bytes->front());
  const size_t more = size <= 250 ? 0 : size == 252 ? 2 : size == 253 ? 3 : size == 254 ? 8 : 9;
  if (more == 9 || bytes->size() < 1 + more) return false;
  if (more > 0) {
    size = 0;
    std::memcpy(&size, bytes->data() + 1, more);
  }
  bytes->remove_prefix(1 + more);
  if (size > bytes->size()) return false;
  *value = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

bool ApplyNext(std::string_view* diffs, Node* root) {
  const auto operation = static_cast<Operation>(diffs->front());
  diffs->remove_prefix(1);
  if (operation > Operation::kRemove) return false;
  std::string_view path, binary;
  std::vector<PathLeg> legs;
  if (!TakePacked(diffs, &path) || !ParsePath(path, &legs)) return false;
  Node value;
  if (operation != Operation::kRemove) {
    JsonView view;
    if (!TakePacked(diffs, &binary) || !OpenJson(binary, &view)) return false;
    size_t budget = JsonTextBound(binary.size());
    if (!Build(view, static_cast<int>(legs.size()), &budget, &value)) return false;
  }
  return Apply(root, operation, legs, std::move(value));
}

}  // namespace

char* WriteJsonDouble(char* out, double value) {
  if (!std::isfinite(value)) return std::copy_n("null", 4, out);  // cannot be stored
  char text[kJsonDoubleMax];
  const char* end =
      std::to_chars(text, text + sizeof(text), value, std::chars_format::scientific).ptr;
  const char* at = text;
  if (*at == '-') *out++ = *at++;
  const char* mark = std::find(at, end, 'e');
  char digits[24];
  int count = 0, exponent = 0;
  for (; at < mark; ++at) {
    if (*at != '.') digits[count++] = *at;
  }
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), end, exponent);
  const int before = exponent + 1;  // digits before the point

  const bool plain = before > -kPlainDigits && (before <= kPlainDigits || count > before);
  int point = plain ? before : 1;
  if (point <= 0) {
    *out++ = '0';
    *out++ = '.';
    for (; point < 0; ++point) *out++ = '0';
    return std::copy_n(digits, count, out);
  }
  for (int i = 0; i < std::max(count, point); ++i) {
    if (i == point) *out++ = '.';
    *out++ = i < count ? digits[i] : '0';
  }
  if (plain) return count > point ? out : std::copy_n(".0", 2, out);
  *out++ = 'e';
  return std::to_chars(out, out + 5, exponent).ptr;
}

bool AppendJsonText(model::Bytes& out, std::string_view binary) {
  JsonView view;
  return OpenJson(binary, &view) && Printer(out, JsonTextBound(binary.size())).Print(view, 0);
}

bool AppendPatchedJson(model::Bytes& out, std::string_view before, std::string_view diffs) {
  JsonView view;
  Node root;
  size_t budget = JsonTextBound(before.size());
  if (!OpenJson(before, &view) || !Build(view, 0, &budget, &root)) return false;
  while (!diffs.empty()) {
    if (!ApplyNext(&diffs, &root)) return false;
  }
  Append(out, root);
  return true;
}

}  // namespace tidemark::capture::mysql
