#include "capture/postgres/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "capture/postgres/nested_text.h"
#include "capture/postgres/temporal_text.h"
#include "model/value_writer.h"

namespace tidemark::capture::postgres {
namespace {

using model::Bytes;
using model::Type;
using model::TypeKind;
using model::ValueKind;

bool AppendBooleanText(Bytes& out, uint32_t field, std::string_view text) {
  if (text.size() != 1 || (text[0] != 't' && text[0] != 'f')) return false;
  model::AppendBoolean(out, field, text[0] == 't');
  return true;
}

// The whole text as a number.
template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

bool AppendIntegerText(Bytes& out, uint32_t field, std::string_view text) {
  int64_t value;
  if (!ParseNumber(text, &value)) return false;
  model::AppendInteger(out, field, value);
  return true;
}

bool AppendUnsignedText(Bytes& out, uint32_t field, std::string_view text) {
  uint64_t value;
  if (!ParseNumber(text, &value)) return false;
  model::AppendVarintValue(out, field, ValueKind::kUnsignedInteger, value);
  return true;
}

// The shortest exact text of a float; NaN has one bit pattern.
template <typename T>
bool ParseReal(std::string_view text, T* value) {
  if (text == "NaN") {
    *value = std::numeric_limits<T>::quiet_NaN();
  } else if (text == "Infinity") {
    *value = std::numeric_limits<T>::infinity();
  } else if (text == "-Infinity") {
    *value = -std::numeric_limits<T>::infinity();
  } else {
    char last = text.empty() ? 'x' : text.back();
    return last >= '0' && last <= '9' && ParseNumber(text, value);
  }
  return true;
}

bool AppendRealText(Bytes& out, uint32_t field, std::string_view text) {
  float value;
  if (!ParseReal(text, &value)) return false;
  model::AppendReal(out, field, value);
  return true;
}

bool AppendDoubleText(Bytes& out, uint32_t field, std::string_view text) {
  double value;
  if (!ParseReal(text, &value)) return false;
  model::AppendDouble(out, field, value);
  return true;
}

bool IsDecimal(std::string_view text) {
  if (text == "NaN" || text == "Infinity" || text == "-Infinity") return true;
  size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  size_t digits = 0, points = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (++points > 1 || digits == 0) return false;
    } else if (static_cast<unsigned char>(text[at] - '0') < 10) {
      ++digits;
    } else {
      return false;
    }
  }
  return digits > 0 && text.back() != '.';
}

bool AppendDecimalText(Bytes& out, uint32_t field, std::string_view text) {
  if (!IsDecimal(text)) return false;
  model::AppendBytesValue(out, field, ValueKind::kDecimal, text);
  return true;
}

// Value of a hexadecimal digit; 0xff for other characters.
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(0xff);
  for (int i = 0; i < 10; ++i) values['0' + i] = static_cast<uint8_t>(i);
  for (int i = 0; i < 6; ++i) values['a' + i] = values['A' + i] = static_cast<uint8_t>(10 + i);
  return values;
}();

// "\x" and pairs of digits.
bool AppendBinaryText(Bytes& out, uint32_t field, std::string_view text) {
  if (text.size() % 2 != 0 || text.substr(0, 2) != "\\x") return false;
  size_t size = text.size() / 2 - 1;
  out.Reserve(size + 24);
  char* at = out.end();
  *at++ = static_cast<char>(model::Tag(field, model::WireType::kLength));
  at = model::WriteVarint(at, 1 + model::VarintSize(size) + size);
  at = model::WriteTag(at, static_cast<uint32_t>(ValueKind::kBinary), model::WireType::kLength);
  at = model::WriteVarint(at, size);
  unsigned seen = 0;
  for (const char* in = text.data() + 2; in < text.data() + text.size(); in += 2) {
    unsigned high = kHexValues[static_cast<uint8_t>(in[0])];
    unsigned low = kHexValues[static_cast<uint8_t>(in[1])];
    seen |= high | low;
    *at++ = static_cast<char>(high << 4 | low);
  }
  if (seen > 0xf) return false;
  out.Advance(at - out.end());
  return true;
}

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool AppendUuidText(Bytes& out, uint32_t field, std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? text[i] != '-' : !IsLowerHex(text[i])) return false;
  }
  model::AppendBytesValue(out, field, ValueKind::kUuid, text);
  return true;
}

bool AppendBitsText(Bytes& out, uint32_t field, std::string_view text) {
  if (text.find_first_not_of("01") != std::string_view::npos) return false;
  model::AppendBytesValue(out, field, ValueKind::kBits, text);
  return true;
}

bool AppendLabel(Bytes& out, uint32_t field, const Type& type, std::string_view text,
                 bool* misfit) {
  if (std::find(type.labels.begin(), type.labels.end(), text) == type.labels.end()) *misfit = true;
  model::AppendBytesValue(out, field, ValueKind::kEnumLabel, text);
  return true;
}

bool AppendAsIs(Bytes& out, uint32_t field, ValueKind kind, std::string_view text) {
  model::AppendBytesValue(out, field, kind, text);
  return true;
}

}  // namespace

bool AppendTextValue(Bytes& out, uint32_t field, const Type& type, std::string_view text,
                     bool* misfit) {
  return AppendTextValueAt(out, field, type, text, 0, misfit);
}

bool AppendTextValueAt(Bytes& out, uint32_t field, const Type& type, std::string_view text,
                       int depth, bool* misfit) {
  switch (type.kind) {
    case TypeKind::kUnspecified:
    case TypeKind::kGeometry:  // types of other servers
    case TypeKind::kVector:
      return false;
    case TypeKind::kBoolean:
      return AppendBooleanText(out, field, text);
    case TypeKind::kInteger:
      return AppendIntegerText(out, field, text);
    case TypeKind::kUnsignedInteger:
      return AppendUnsignedText(out, field, text);
    case TypeKind::kReal:
      return AppendRealText(out, field, text);
    case TypeKind::kDoublePrecision:
      return AppendDoubleText(out, field, text);
    case TypeKind::kDecimal:
      return AppendDecimalText(out, field, text);
    case TypeKind::kText:
      return AppendAsIs(out, field, ValueKind::kText, text);
    case TypeKind::kBinary:
      return AppendBinaryText(out, field, text);
    case TypeKind::kDate:
      return AppendDate(out, field, text);
    case TypeKind::kTime:
      return AppendTime(out, field, text);
    case TypeKind::kTimeWithZone:
      return AppendTimeWithZoneText(out, field, text);
    case TypeKind::kTimestamp:
      return AppendTimestamp(out, field, text);
    case TypeKind::kTimestampWithZone:
      return AppendTimestampWithZone(out, field, text);
    case TypeKind::kInterval:
      return AppendIntervalText(out, field, text);
    case TypeKind::kJson:
      return AppendAsIs(out, field, ValueKind::kJson, text);
    case TypeKind::kUuid:
      return AppendUuidText(out, field, text);
    case TypeKind::kBits:
      return AppendBitsText(out, field, text);
    case TypeKind::kEnum:
      return AppendLabel(out, field, type, text, misfit);
    case TypeKind::kArray:
      return AppendArray(out, field, type, text, depth, misfit);
    case TypeKind::kRange:
      return AppendRange(out, field, type, text, depth, misfit);
    case TypeKind::kMultiRange:
      return AppendMultiRange(out, field, type, text, depth, misfit);
    case TypeKind::kComposite:
      return AppendComposite(out, field, type, text, depth, misfit);
    case TypeKind::kServerText:
      return AppendAsIs(out, field, ValueKind::kServerText, text);
  }
  return false;
}

bool IsNested(TypeKind kind) {
  return kind == TypeKind::kArray || kind == TypeKind::kRange || kind == TypeKind::kMultiRange ||
         kind == TypeKind::kComposite;
}

}  // namespace tidemark::capture::postgres
