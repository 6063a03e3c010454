#include "capture/mysql/key_text.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "capture/mysql/decimal_value.h"
#include "capture/mysql/temporal_value.h"
#include "model/value_writer.h"
#include "model/wire.h"

namespace tidemark::capture::mysql {
namespace {

using model::TypeKind;
using model::ValueKind;

// What a text that is not its own UTF-8 starts with.
constexpr char kOwnBytes = '\0';
constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (char c : bytes) {
    hex += kHexDigits[static_cast<unsigned char>(c) >> 4];
    hex += kHexDigits[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

bool IsHex(std::string_view text) {
  return text.size() % 2 == 0 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

std::string DoubleText(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

std::string TextKey(const ColumnCodec& codec, std::string_view utf8, std::string_view bytes) {
  const bool plain = (utf8.empty() || utf8[0] != kOwnBytes) &&
                     (codec.charset == nullptr || codec.charset->ConvertsBack(utf8));
  if (plain) return std::string(utf8);
  return absl::StrCat(std::string(1, kOwnBytes), Hex(bytes));
}

std::string BitsKey(std::string_view bits) {
  uint64_t number = 0;
  for (char bit : bits) number = number << 1 | (bit == '1');
  return absl::StrCat(number);
}

std::string BytesKey(const ColumnCodec& codec, std::string_view payload, std::string_view bytes) {
  if (codec.charset != nullptr) return absl::StrCat(std::string(1, kOwnBytes), Hex(bytes));
  return absl::StrCat("0x", Hex(payload));
}

// Of a value that is a number.
std::string NumberKey(const ColumnCodec& codec, ValueKind kind, uint64_t number) {
  char text[kTemporalTextMax];
  const char* end = text;
  switch (kind) {
    case ValueKind::kUnsignedInteger:
      return absl::StrCat(number);
    case ValueKind::kDate:
      end = WriteDate(text, DateTimeOf(model::UnZigZag(number) * kMicrosecondsOfDay));
      break;
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampWithZone:
      end = WriteDateTime(text, DateTimeOf(model::UnZigZag(number)), codec.meta);
      break;
    case ValueKind::kTime:
      end = WriteTime(text, TimeSpanOf(model::UnZigZag(number)), codec.meta);
      break;
    default:
      return absl::StrCat(model::UnZigZag(number));
  }
  return {text, static_cast<size_t>(end - text)};
}

std::string PayloadKey(const ColumnCodec& codec, ValueKind kind, std::string_view payload,
                       std::string_view bytes) {
  switch (kind) {
    case ValueKind::kText:
      return TextKey(codec, payload, bytes);
    case ValueKind::kBinary:
      return BytesKey(codec, payload, bytes);
    case ValueKind::kBits:
      return BitsKey(payload);
    default:
      return std::string(payload);
  }
}

absl::Status NoSuchValue(const ColumnCodec& codec, std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("\"", absl::CHexEscape(std::string(text)),
                                                 "\" is no key value of type ",
                                                 codec.model_type->name));
}

// The literal, or "" if the text is no such number.
std::string IntegerLiteral(const ColumnCodec& codec, std::string_view text) {
  uint64_t natural;
  int64_t integer;
  if (codec.is_unsigned || codec.type == ColumnType::kBit) {
    return ParseNumber(text, &natural) ? absl::StrCat(natural) : "";
  }
  return ParseNumber(text, &integer) ? absl::StrCat(integer) : "";
}

std::string YearLiteral(std::string_view text) {
  uint32_t year;
  if (!ParseNumber(text, &year) || year > 9999) return "";
  return absl::StrCat("'", absl::Dec(year, absl::kZeroPad4), "'");
}

std::string DoubleLiteral(std::string_view text) {
  double value;
  if (!ParseNumber(text, &value) || !std::isfinite(value)) return "";
  char literal[48];
  return {
      literal,
      std::to_chars(literal, literal + sizeof(literal), value, std::chars_format::scientific).ptr};
}

std::string TemporalLiteral(TypeKind kind, std::string_view text) {
  DateTime value;
  TimeSpan span;
  uint32_t digits;
  const bool fits = kind == TypeKind::kDate   ? ParseDate(text, &value)
                    : kind == TypeKind::kTime ? ParseTime(text, &span)
                                              : ParseDateTime(text, &value, &digits);
  return fits ? QuoteText(text) : "";
}

std::string BinaryLiteral(std::string_view text) {
  if (text.substr(0, 2) != "0x" || !IsHex(text.substr(2))) return "";
  return absl::StrCat("x'", std::string(text.substr(2)), "'");
}

std::string TextLiteral(const ColumnCodec& codec, std::string_view text) {
  if (!text.empty() && text[0] == kOwnBytes) {
    if (!IsHex(text.substr(1))) return "";
    return absl::StrCat("_", std::string(codec.charset->name()), " x'", std::string(text.substr(1)),
                        "'");
  }
  return IsValidUtf8(text) ? absl::StrCat("_utf8mb4", QuoteText(text)) : "";
}

std::string AddressLiteral(std::string_view text) {
  const bool fits = text.find_first_not_of("0123456789abcdefABCDEF:.-") == std::string_view::npos;
  return fits && !text.empty() ? QuoteText(text) : "";
}

std::string EnumLiteral(const ColumnCodec& codec, std::string_view text) {
  if (text.empty()) return "''";
  for (const std::string& label : codec.model_type->labels) {
    if (label == text) return absl::StrCat("_utf8mb4", QuoteText(text));
  }
  return "";
}

// The number behind a set: its order.
std::string SetLiteral(const ColumnCodec& codec, std::string_view text) {
  const std::vector<std::string>& labels = codec.model_type->labels;
  uint64_t members = 0;
  while (!text.empty()) {
    const size_t size = std::min(text.find(','), text.size());
    size_t index = 0;
    while (index < labels.size() && labels[index] != text.substr(0, size)) ++index;
    if (index == labels.size()) return "";
    members |= uint64_t{1} << index;
    text.remove_prefix(std::min(size + 1, text.size()));
  }
  return absl::StrCat(members);
}

std::string LiteralOf(const ColumnCodec& codec, std::string_view text) {
  if (codec.type == ColumnType::kYear) return YearLiteral(text);
  if (codec.type == ColumnType::kSet) return SetLiteral(codec, text);
  switch (codec.model_type->kind) {
    case TypeKind::kInteger:
    case TypeKind::kUnsignedInteger:
    case TypeKind::kBits:
      return IntegerLiteral(codec, text);
    case TypeKind::kReal:
    case TypeKind::kDoublePrecision:
      return DoubleLiteral(text);
    case TypeKind::kDecimal:
      return std::string(TrimDecimalText(text));
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampWithZone:
      return TemporalLiteral(codec.model_type->kind, text);
    case TypeKind::kBinary:
      return BinaryLiteral(text);
    case TypeKind::kText:
      return TextLiteral(codec, text);
    case TypeKind::kEnum:
      return EnumLiteral(codec, text);
    case TypeKind::kUuid:
    case TypeKind::kServerText:  // INET4, INET6
      return AddressLiteral(text);
    default:
      return "";
  }
}

}  // namespace

std::string_view PayloadOf(const model::Bytes& value) {
  model::WireReader reader(value.view());
  uint32_t field;
  model::WireType type;
  std::string_view payload;
  if (!reader.ReadTag(&field, &type) || !reader.ReadLength(&payload)) return {};
  return payload;
}

std::string KeyTextOf(const ColumnCodec& codec, std::string_view value, std::string_view bytes) {
  model::WireReader reader(value);
  uint32_t field;
  model::WireType type;
  uint64_t number;
  std::string_view payload;
  if (!reader.ReadTag(&field, &type)) return "";
  const auto kind = static_cast<ValueKind>(field);
  switch (type) {
    case model::WireType::kVarint:
      return reader.ReadVarint(&number) ? NumberKey(codec, kind, number) : "";
    case model::WireType::kFixed64:
      return reader.ReadFixed64(&number) ? DoubleText(std::bit_cast<double>(number)) : "";
    case model::WireType::kFixed32:
      float real;
      if (value.size() < 1 + sizeof(real)) return "";
      value.copy(reinterpret_cast<char*>(&real), sizeof(real), 1);
      return DoubleText(real);
    case model::WireType::kLength:
      return reader.ReadLength(&payload) ? PayloadKey(codec, kind, payload, bytes) : "";
  }
  return "";
}

std::string KeyTextOfSql(const ColumnCodec& codec, std::string_view bytes) {
  model::Bytes value;
  if (!codec.AppendSql(value, 1, bytes)) return "";
  return KeyTextOf(codec, PayloadOf(value), bytes);
}

absl::StatusOr<std::string> KeyLiteral(const ColumnCodec& codec, std::string_view text) {
  std::string literal = LiteralOf(codec, text);
  if (literal.empty()) return NoSuchValue(codec, text);
  return literal;
}

std::string QuoteText(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  quoted += '\'';
  return quoted;
}

}  // namespace tidemark::capture::mysql
