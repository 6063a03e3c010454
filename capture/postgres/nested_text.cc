#include "capture/postgres/nested_text.h"

#include <array>
#include <charconv>
#include <string>

#include "capture/postgres/value_text.h"
#include "model/value_writer.h"

namespace tidemark::capture::postgres {
namespace {

using model::Bytes;
using model::LengthMark;
using model::NestedValue;
using model::Type;
using model::ValueKind;

// Takes a nested text apart from the left.
class NestedScanner {
 public:
  explicit NestedScanner(std::string_view text) : at_(text.data()), end_(at_ + text.size()) {}

  bool done() const { return at_ == end_; }
  // 0 at the end.
  char peek() const { return done() ? '\0' : *at_; }
  bool Take(char c) {
    if (done() || *at_ != c) return false;
    ++at_;
    return true;
  }
  bool TakeInteger(int64_t* value) {
    auto [stop, error] = std::from_chars(at_, end_, *value);
    if (error != std::errc()) return false;
    at_ = stop;
    return true;
  }

  // A member's text, up to but without one of `stops`, which must follow. In quotes a backslash and
  // a doubled quote stand for the character after them. The text is valid until the next call.
  bool TakeMember(std::string_view stops, std::string_view* text, bool* quoted) {
    *quoted = Take('"');
    bool taken = *quoted ? TakeQuoted(text) : TakePlain(stops, text);
    return taken && !done() && stops.find(*at_) != std::string_view::npos;
  }

 private:
  bool TakePlain(std::string_view stops, std::string_view* text) {
    const char* start = at_;
    while (at_ < end_ && stops.find(*at_) == std::string_view::npos) {
      if (*at_ == '"' || *at_ == '\\') return false;
      ++at_;
    }
    *text = std::string_view(start, at_ - start);
    return true;
  }

  bool TakeQuoted(std::string_view* text) {
    const char* start = at_;
    while (at_ < end_ && *at_ != '"' && *at_ != '\\') ++at_;
    *text = std::string_view(start, at_ - start);
    if (at_ + 1 < end_ && (*at_ == '\\' || at_[1] == '"')) return TakeEscaped(start, text);
    return Take('"');
  }

  // As TakeQuoted, from the first escape on.
  bool TakeEscaped(const char* start, std::string_view* text) {
    unescaped_.assign(start, at_ - start);
    while (at_ < end_) {
      bool escape = *at_ == '\\' || (*at_ == '"' && at_ + 1 < end_ && at_[1] == '"');
      if (escape) {
        if (++at_ == end_) return false;
      } else if (*at_ == '"') {
        break;
      }
      unescaped_.push_back(*at_++);
    }
    *text = unescaped_;
    return Take('"');
  }

  const char* at_;
  const char* end_;
  std::string unescaped_;
};

// Field numbers of tidemark/v1/event.proto.
constexpr uint32_t kArrayDimension = 1;
constexpr uint32_t kArrayElement = 2;
constexpr uint32_t kMultiRangeRange = 1;
constexpr uint32_t kCompositeField = 1;

// MAXDIM of src/include/utils/array.h.
constexpr int kDimensionsMax = 6;

// Reads one array. Dimensions are known only after the elements, so they are appended after them.
class ArrayParser {
 public:
  ArrayParser(Bytes& out, const Type& type, std::string_view text, int depth, bool* misfit)
      : out_(out),
        type_(type),
        in_(text),
        depth_(depth),
        misfit_(misfit),
        stops_{type.delimiter, '}'} {
    lengths_.fill(kUnknown);
    lower_bounds_.fill(1);
  }

  bool Parse() {
    if (!TakeBounds() || !in_.Take('{')) return false;
    if (in_.Take('}')) return in_.done() && bounds_ == 0;
    if (!TakeLevel(0) || !in_.done()) return false;
    if (bounds_ != 0 && bounds_ != dimensions_) return false;
    AppendDimensions();
    return true;
  }

 private:
  static constexpr int64_t kUnknown = -1;

  // "[0:2][1:3]=" or nothing.
  bool TakeBounds() {
    while (in_.Take('[')) {
      int64_t lower, upper;
      if (bounds_ == kDimensionsMax || !in_.TakeInteger(&lower) || !in_.Take(':') ||
          !in_.TakeInteger(&upper) || !in_.Take(']') || lower != static_cast<int32_t>(lower)) {
        return false;
      }
      lower_bounds_[bounds_++] = static_cast<int32_t>(lower);
    }
    return bounds_ == 0 || in_.Take('=');
  }

  // The members of one level after its '{', and its '}'.
  bool TakeLevel(int level) {
    if (level == kDimensionsMax) return false;
    int64_t length = 0;
    do {
      bool nested = in_.Take('{');
      if (nested ? !TakeLevel(level + 1) : !TakeElement(level)) return false;
      ++length;
    } while (in_.Take(type_.delimiter));
    if (lengths_[level] == kUnknown) lengths_[level] = length;
    return in_.Take('}') && lengths_[level] == length;
  }

  bool TakeElement(int level) {
    if (dimensions_ == 0) dimensions_ = level + 1;
    std::string_view text;
    bool quoted;
    if (dimensions_ != level + 1 || !in_.TakeMember({stops_, 2}, &text, &quoted)) return false;
    if (quoted)
      return AppendTextValueAt(out_, kArrayElement, *type_.element, text, depth_ + 1, misfit_);
    if (text.empty() || text.find('{') != std::string_view::npos) return false;
    if (text == "NULL") {
      model::AppendNull(out_, kArrayElement);
      return true;
    }
    return AppendTextValueAt(out_, kArrayElement, *type_.element, text, depth_ + 1, misfit_);
  }

  void AppendDimensions() {
    for (int i = 0; i < dimensions_; ++i) {
      LengthMark mark = LengthMark::Open(out_, kArrayDimension, 16);
      model::AppendVarintField(out_, 1, static_cast<uint64_t>(lengths_[i]));
      model::AppendVarintField(out_, 2, model::ZigZag(lower_bounds_[i]));
      mark.Close(out_);
    }
  }

  Bytes& out_;
  const Type& type_;
  NestedScanner in_;
  int depth_;
  bool* misfit_;
  char stops_[2];
  int bounds_ = 0;      // how many dimensions "[l:u]=" named
  int dimensions_ = 0;  // how deep the elements lie; 0: none seen
  std::array<int64_t, kDimensionsMax> lengths_;
  std::array<int32_t, kDimensionsMax> lower_bounds_;
};

// One bound of a range as field `field`; nothing for an unbounded side.
bool TakeBound(NestedScanner& in, std::string_view stops, Bytes& out, uint32_t field,
               const Type& element, int depth, bool* misfit) {
  std::string_view text;
  bool quoted;
  if (!in.TakeMember(stops, &text, &quoted)) return false;
  if (text.empty() && !quoted) return true;
  return AppendTextValueAt(out, field, element, text, depth + 1, misfit);
}

// Appends the fields of a Range message.
bool TakeRange(NestedScanner& in, Bytes& out, const Type& element, int depth, bool* misfit) {
  bool lower_inclusive = in.Take('[');
  if (!lower_inclusive && !in.Take('(')) return false;
  if (!TakeBound(in, ",", out, 2, element, depth, misfit) || !in.Take(',')) return false;
  if (!TakeBound(in, "])", out, 3, element, depth, misfit)) return false;
  bool upper_inclusive = in.Take(']');
  if (!upper_inclusive && !in.Take(')')) return false;
  if (lower_inclusive) model::AppendVarintField(out, 4, 1);
  if (upper_inclusive) model::AppendVarintField(out, 5, 1);
  return true;
}

bool MayNest(int depth) { return depth < kNestingMax; }

// The fields of a composite. *fits: as many as the type has, each a text of its type; else what was
// appended is to be truncated away.
bool TakeFields(NestedScanner& in, Bytes& out, const Type& type, int depth, bool* fits,
                bool* misfit) {
  size_t count = 0;
  *fits = true;
  do {
    std::string_view text;
    bool quoted;
    if (!in.TakeMember(",)", &text, &quoted)) return false;
    size_t index = count++;
    *fits = *fits && index < type.fields.size();
    if (!*fits) continue;
    if (text.empty() && !quoted) {
      model::AppendNull(out, kCompositeField);
    } else {
      *fits = AppendTextValueAt(out, kCompositeField, *type.fields[index].type, text, depth + 1,
                                misfit);
    }
  } while (in.Take(','));
  *fits = *fits && count == type.fields.size();
  return in.Take(')') && in.done();
}

}  // namespace

bool AppendArray(Bytes& out, uint32_t field, const Type& type, std::string_view text, int depth,
                 bool* misfit) {
  if (!MayNest(depth) || type.element == nullptr) return false;
  NestedValue value =
      NestedValue::Open(out, field, ValueKind::kArray, NestedValueBound(text.size()));
  if (!ArrayParser(out, type, text, depth, misfit).Parse()) return false;
  value.Close(out);
  return true;
}

bool AppendRange(Bytes& out, uint32_t field, const Type& type, std::string_view text, int depth,
                 bool* misfit) {
  if (!MayNest(depth) || type.element == nullptr) return false;
  NestedValue value =
      NestedValue::Open(out, field, ValueKind::kRange, NestedValueBound(text.size()));
  NestedScanner in(text);
  if (text == "empty") {
    model::AppendVarintField(out, 1, 1);
  } else if (!TakeRange(in, out, *type.element, depth, misfit) || !in.done()) {
    return false;
  }
  value.Close(out);
  return true;
}

bool AppendMultiRange(Bytes& out, uint32_t field, const Type& type, std::string_view text,
                      int depth, bool* misfit) {
  if (!MayNest(depth) || type.element == nullptr) return false;
  size_t bound = NestedValueBound(text.size());
  NestedValue value = NestedValue::Open(out, field, ValueKind::kMultiRange, bound);
  NestedScanner in(text);
  if (!in.Take('{')) return false;
  if (in.peek() != '}') {
    do {
      LengthMark range = LengthMark::Open(out, kMultiRangeRange, bound);
      if (!TakeRange(in, out, *type.element, depth, misfit)) return false;
      range.Close(out);
    } while (in.Take(','));
  }
  if (!in.Take('}') || !in.done()) return false;
  value.Close(out);
  return true;
}

bool AppendComposite(Bytes& out, uint32_t field, const Type& type, std::string_view text, int depth,
                     bool* misfit) {
  if (!MayNest(depth)) return false;
  size_t start = out.size();
  NestedValue value =
      NestedValue::Open(out, field, ValueKind::kComposite, NestedValueBound(text.size()));
  NestedScanner in(text);
  bool fits = type.fields.empty();
  if (!in.Take('(')) return false;
  if (!(fits && text == "()") && !TakeFields(in, out, type, depth, &fits, misfit)) return false;
  if (fits) {
    value.Close(out);
  } else {
    *misfit = true;
    out.Truncate(start);
    model::AppendBytesValue(out, field, ValueKind::kServerText, text);
  }
  return true;
}

}  // namespace tidemark::capture::postgres
