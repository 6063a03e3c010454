#include "capture/mysql/json_container.h"

#include <charconv>
#include <cstring>

#include "capture/mysql/charset.h"
#include "capture/mysql/decimal_value.h"
#include "capture/mysql/json_binary.h"
#include "capture/mysql/table_map.h"
#include "capture/mysql/temporal_value.h"

namespace tidemark::capture::mysql {
namespace {

template <typename T>
bool ReadNumber(std::string_view bytes, T* value) {
  if (bytes.size() < sizeof(T)) return false;
  std::memcpy(value, bytes.data(), sizeof(T));  // little endian, like this machine
  return true;
}

template <typename T>
bool AppendNumber(model::Bytes& out, std::string_view bytes) {
  T value;
  if (!ReadNumber(bytes, &value)) return false;
  out.Reserve(24);
  out.Advance(std::to_chars(out.end(), out.end() + 24, value).ptr - out.end());
  return true;
}

bool AppendDoubleText(model::Bytes& out, std::string_view bytes) {
  double value;
  if (!ReadNumber(bytes, &value)) return false;
  out.Reserve(kJsonDoubleMax);
  out.Advance(WriteJsonDouble(out.end(), value) - out.end());
  return true;
}

bool AppendLiteral(model::Bytes& out, std::string_view bytes) {
  if (bytes.empty() || static_cast<unsigned char>(bytes[0]) > 2) return false;
  constexpr std::string_view kWords[] = {"null", "true", "false"};
  out.Append(kWords[static_cast<unsigned char>(bytes[0])]);
  return true;
}

// A length in groups of seven bits, lowest first, and so many bytes.
bool TakeSized(std::string_view* bytes, std::string_view* value) {
  uint64_t size = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (bytes->empty()) return false;
    const auto byte = static_cast<unsigned char>(bytes->front());
    bytes->remove_prefix(1);
    size |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) != 0) continue;
    if (size > bytes->size()) return false;
    *value = bytes->substr(0, size);
    return true;
  }
  return false;
}

void AppendQuoted(model::Bytes& out, const char* text, const char* end) {
  out.Push('"');
  out.Append({text, static_cast<size_t>(end - text)});
  out.Push('"');
}

bool AppendOpaqueDecimal(model::Bytes& out, std::string_view data) {
  if (data.size() < 2) return false;
  const auto precision = static_cast<unsigned char>(data[0]);
  const auto scale = static_cast<unsigned char>(data[1]);
  out.Reserve(kDecimalTextMax);
  const size_t size = WritePackedDecimal(out.end(), data.substr(2), precision, scale);
  out.Advance(size);
  return size > 0;
}

bool AppendOpaqueTemporal(model::Bytes& out, ColumnType type, std::string_view data) {
  int64_t packed;
  if (data.size() != 8 || !ReadNumber(data, &packed)) return false;
  char text[kTemporalTextMax];
  if (type == ColumnType::kTimeOld) {
    TimeSpan span;
    if (!UnpackLongTime(packed, &span)) return false;
    AppendQuoted(out, text, WriteTime(text, span, 6));
    return true;
  }
  DateTime value;
  if (!UnpackLongDateTime(packed, &value)) return false;
  AppendQuoted(out, text,
               type == ColumnType::kDate ? WriteDate(text, value) : WriteDateTime(text, value, 6));
  return true;
}

// "base64:typeNN:..."; the server breaks the line after 76 characters.
void AppendBase64(model::Bytes& out, uint8_t type, std::string_view data) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr size_t kLine = 76 / 4 * 3;
  char number[4];
  out.Append("\"base64:type");
  out.Append({number, static_cast<size_t>(std::to_chars(number, number + 4, type).ptr - number)});
  out.Push(':');
  for (size_t i = 0; i < data.size(); i += 3) {
    if (i > 0 && i % kLine == 0) out.Append("\\n");
    uint32_t group = 0;
    for (size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < data.size() ? static_cast<unsigned char>(data[j]) : 0u);
    }
    char text[4];
    for (int j = 0; j < 4; ++j) text[j] = kDigits[group >> (18 - 6 * j) & 63];
    if (i + 1 >= data.size()) text[2] = '=';
    if (i + 2 >= data.size()) text[3] = '=';
    out.Append({text, 4});
  }
  out.Push('"');
}

bool AppendOpaque(model::Bytes& out, std::string_view bytes) {
  if (bytes.empty()) return false;
  const auto type = static_cast<uint8_t>(bytes[0]);
  bytes.remove_prefix(1);
  std::string_view data;
  if (!TakeSized(&bytes, &data)) return false;
  switch (static_cast<ColumnType>(type)) {
    case ColumnType::kNewDecimal:
      return AppendOpaqueDecimal(out, data);
    case ColumnType::kDate:
    case ColumnType::kTimeOld:
    case ColumnType::kDateTimeOld:
    case ColumnType::kTimestampOld:
      return AppendOpaqueTemporal(out, static_cast<ColumnType>(type), data);
    default:
      AppendBase64(out, type, data);
      return true;
  }
}

bool AppendStringValue(model::Bytes& out, std::string_view bytes) {
  std::string_view text;
  if (!TakeSized(&bytes, &text) || !IsValidUtf8(text)) return false;
  AppendJsonString(out, text);
  return true;
}

// The letter after the backslash; 'u': as a number; 0: not escaped.
char EscapeOf(char c) {
  switch (c) {
    case '"':
    case '\\':
      return c;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return static_cast<unsigned char>(c) < 0x20 ? 'u' : '\0';
  }
}

// The item's value lies in its entry.
bool IsInlined(JsonType type, bool large) {
  switch (type) {
    case JsonType::kLiteral:
    case JsonType::kInt16:
    case JsonType::kUint16:
      return true;
    case JsonType::kInt32:
    case JsonType::kUint32:
      return large;
    default:
      return false;
  }
}

}  // namespace

void AppendJsonString(model::Bytes& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.Reserve(6 * text.size() + 2);
  char* at = out.end();
  *at++ = '"';
  for (char c : text) {
    const char escape = EscapeOf(c);
    if (escape == 0) {
      *at++ = c;
      continue;
    }
    *at++ = '\\';
    *at++ = escape;
    if (escape != 'u') continue;
    *at++ = '0';
    *at++ = '0';
    *at++ = kHex[c >> 4];
    *at++ = kHex[c & 15];
  }
  *at++ = '"';
  out.Advance(at - out.end());
}

bool OpenJson(std::string_view binary, JsonView* view) {
  if (binary.empty()) {
    *view = {JsonType::kLiteral, std::string_view("\0", 1)};
    return true;
  }
  *view = {static_cast<JsonType>(binary[0]), binary.substr(1)};
  return true;
}

bool AppendJsonScalar(model::Bytes& out, const JsonView& view) {
  switch (view.type) {
    case JsonType::kLiteral:
      return AppendLiteral(out, view.bytes);
    case JsonType::kInt16:
      return AppendNumber<int16_t>(out, view.bytes);
    case JsonType::kUint16:
      return AppendNumber<uint16_t>(out, view.bytes);
    case JsonType::kInt32:
      return AppendNumber<int32_t>(out, view.bytes);
    case JsonType::kUint32:
      return AppendNumber<uint32_t>(out, view.bytes);
    case JsonType::kInt64:
      return AppendNumber<int64_t>(out, view.bytes);
    case JsonType::kUint64:
      return AppendNumber<uint64_t>(out, view.bytes);
    case JsonType::kDouble:
      return AppendDoubleText(out, view.bytes);
    case JsonType::kString:
      return AppendStringValue(out, view.bytes);
    case JsonType::kOpaque:
      return AppendOpaque(out, view.bytes);
    default:
      return false;
  }
}

bool JsonContainer::Open(const JsonView& view) {
  object_ = view.is_object();
  const bool large = view.type == JsonType::kLargeObject || view.type == JsonType::kLargeArray;
  width_ = large ? 4 : 2;
  bytes_ = view.bytes;
  if (bytes_.size() < 2 * width_) return false;
  count_ = Number(0);
  const size_t size = Number(width_);
  const size_t entry = 1 + width_ + (object_ ? width_ + 2 : 0);
  if (size > bytes_.size() || size < 2 * width_ || count_ > (size - 2 * width_) / entry) {
    return false;
  }
  bytes_ = bytes_.substr(0, size);
  return true;
}

uint32_t JsonContainer::Number(size_t at) const {
  uint32_t value = 0;
  std::memcpy(&value, bytes_.data() + at, width_);
  return value;
}

bool JsonContainer::Key(size_t index, std::string_view* key) const {
  const size_t at = 2 * width_ + index * (width_ + 2);
  const size_t offset = Number(at);
  uint16_t size;
  std::memcpy(&size, bytes_.data() + at + width_, 2);
  if (offset > bytes_.size() || size > bytes_.size() - offset) return false;
  *key = bytes_.substr(offset, size);
  return IsValidUtf8(*key);
}

bool JsonContainer::Item(size_t index, JsonView* item) const {
  const size_t at = 2 * width_ + (object_ ? count_ * (width_ + 2) : 0) + index * (1 + width_);
  item->type = static_cast<JsonType>(bytes_[at]);
  if (IsInlined(item->type, width_ == 4)) {
    item->bytes = bytes_.substr(at + 1, width_);
    return true;
  }
  const size_t offset = Number(at + 1);
  if (offset >= bytes_.size()) return false;
  item->bytes = bytes_.substr(offset);
  return true;
}

}  // namespace tidemark::capture::mysql
