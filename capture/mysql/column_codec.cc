#include "capture/mysql/column_codec.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <string>

#include "capture/mysql/compressed_column.h"
#include "capture/mysql/decimal_value.h"
#include "capture/mysql/json_binary.h"
#include "capture/mysql/network_address.h"
#include "capture/mysql/temporal_value.h"
#include "model/value_writer.h"

namespace tidemark::capture::mysql {
namespace {

using model::Bytes;
using model::ValueKind;
using Special = ColumnCodec::Special;

// Tags and lengths of a value with a string payload.
constexpr size_t kValueHead = 24;

// A value with a string payload whose size is not known before it is written. The head is made for
// the guessed size; only if the guess was wrong do the bytes move.
class PendingValue {
 public:
  PendingValue(Bytes& out, uint32_t field, ValueKind kind, size_t guess)
      : field_(field), kind_(kind), at_(out.size()), head_size_(HeadSize(guess)) {
    out.Reserve(head_size_ + guess);
    out.Advance(head_size_);
  }
  void Close(Bytes& out) const {
    const size_t size = out.size() - at_ - head_size_;
    const size_t head_size = HeadSize(size);
    if (head_size > head_size_) out.Reserve(head_size - head_size_);
    char* at = out.data() + at_;
    if (head_size != head_size_) std::memmove(at + head_size, at + head_size_, size);
    out.Truncate(at_);
    *at++ = static_cast<char>(model::Tag(field_, model::WireType::kLength));
    at = model::WriteVarint(at, TagSize() + model::VarintSize(size) + size);
    at = model::WriteTag(at, static_cast<uint32_t>(kind_), model::WireType::kLength);
    model::WriteVarint(at, size);
    out.Advance(head_size + size);
  }
  // Takes away what was appended.
  void Abandon(Bytes& out) const { out.Truncate(at_); }

 private:
  size_t TagSize() const { return static_cast<uint32_t>(kind_) < 16 ? 1 : 2; }
  size_t HeadSize(size_t size) const {
    const size_t inner = TagSize() + model::VarintSize(size);
    return 1 + model::VarintSize(inner + size) + inner;
  }

  const uint32_t field_;
  const ValueKind kind_;
  const size_t at_;
  const size_t head_size_;
};

template <typename T>
bool ParseNumber(std::string_view text, T* value) {
  const char* end = text.data() + text.size();
  auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof(value)));
  return value;
}

bool AppendAsIs(Bytes& out, uint32_t field, ValueKind kind, std::string_view value) {
  model::AppendBytesValue(out, field, kind, value);
  return true;
}

// Text in UTF-8 as `kind`; as `binary` where it is none of the charset.
bool AppendText(Bytes& out, uint32_t field, ValueKind kind, const Charset* charset,
                std::string_view value) {
  if (charset == nullptr || charset->IsUtf8(value)) {
    return AppendAsIs(out, field, charset == nullptr ? ValueKind::kBinary : kind, value);
  }
  PendingValue pending(out, field, kind, value.size());
  if (charset->AppendUtf8(out, value)) {
    pending.Close(out);
    return true;
  }
  pending.Abandon(out);
  return AppendAsIs(out, field, ValueKind::kBinary, value);
}

bool AppendIntegerText(Bytes& out, uint32_t field, bool is_unsigned, std::string_view text) {
  if (is_unsigned) {
    uint64_t value;
    if (!ParseNumber(text, &value)) return false;
    model::AppendVarintValue(out, field, ValueKind::kUnsignedInteger, value);
    return true;
  }
  int64_t value;
  if (!ParseNumber(text, &value)) return false;
  model::AppendInteger(out, field, value);
  return true;
}

bool AppendPackedInteger(Bytes& out, uint32_t field, bool is_unsigned, std::string_view packed,
                         size_t size) {
  if (packed.size() != size) return false;
  const uint64_t value = LittleEndian(packed);
  if (is_unsigned) {
    model::AppendVarintValue(out, field, ValueKind::kUnsignedInteger, value);
  } else {
    const int shift = static_cast<int>(64 - 8 * size);
    model::AppendInteger(out, field, static_cast<int64_t>(value << shift) >> shift);
  }
  return true;
}

bool AppendPackedYear(Bytes& out, uint32_t field, std::string_view packed) {
  if (packed.size() != 1) return false;
  const uint64_t years = LittleEndian(packed);
  model::AppendInteger(out, field, years == 0 ? 0 : static_cast<int64_t>(1900 + years));
  return true;
}

bool AppendPackedReal(Bytes& out, uint32_t field, std::string_view packed) {
  if (packed.size() != sizeof(float)) return false;
  model::AppendReal(out, field, std::bit_cast<float>(static_cast<uint32_t>(LittleEndian(packed))));
  return true;
}

bool AppendPackedDouble(Bytes& out, uint32_t field, std::string_view packed) {
  if (packed.size() != sizeof(double)) return false;
  model::AppendDouble(out, field, std::bit_cast<double>(LittleEndian(packed)));
  return true;
}

bool AppendDoubleText(Bytes& out, uint32_t field, bool single, std::string_view text) {
  double value;
  if (!ParseNumber(text, &value)) return false;
  if (single) {
    model::AppendReal(out, field, static_cast<float>(value));
  } else {
    model::AppendDouble(out, field, value);
  }
  return true;
}

bool AppendPackedDecimal(Bytes& out, uint32_t field, uint32_t meta, std::string_view packed) {
  char text[kDecimalTextMax];
  const size_t size = WritePackedDecimal(text, packed, meta >> 8, meta & 0xff);
  return size > 0 && AppendAsIs(out, field, ValueKind::kDecimal, {text, size});
}

bool AppendDecimalText(Bytes& out, uint32_t field, std::string_view text) {
  const std::string_view trimmed = TrimDecimalText(text);
  return !trimmed.empty() && AppendAsIs(out, field, ValueKind::kDecimal, trimmed);
}

// Big endian, the last `count` bits.
bool AppendBits(Bytes& out, uint32_t field, uint32_t count, std::string_view bytes) {
  if (count > 64 || bytes.size() != (count + 7) / 8) return false;
  char text[64];
  for (uint32_t i = 0; i < count; ++i) {
    const uint32_t place = count - 1 - i;
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - 1 - place / 8]);
    text[i] = static_cast<char>('0' + (byte >> place % 8 & 1));
  }
  return AppendAsIs(out, field, ValueKind::kBits, {text, count});
}

bool AppendPackedEnum(Bytes& out, uint32_t field, const model::Type& type,
                      std::string_view packed) {
  if (packed.empty() || packed.size() > 2) return false;
  const uint64_t index = LittleEndian(packed);
  if (index > type.labels.size()) return false;
  return AppendAsIs(out, field, ValueKind::kEnumLabel,
                    index == 0 ? std::string_view() : type.labels[index - 1]);
}

bool AppendPackedSet(Bytes& out, uint32_t field, const model::Type& type, std::string_view packed) {
  if (packed.empty() || packed.size() > 8) return false;
  uint64_t members = LittleEndian(packed);
  if (static_cast<size_t>(std::bit_width(members)) > type.labels.size()) return false;
  PendingValue pending(out, field, ValueKind::kServerText, 32);
  for (bool first = true; members != 0; members &= members - 1, first = false) {
    if (!first) out.Push(',');
    out.Append(type.labels[std::countr_zero(members)]);
  }
  pending.Close(out);
  return true;
}

bool AppendJsonValue(Bytes& out, uint32_t field, std::string_view binary) {
  PendingValue pending(out, field, ValueKind::kJson, binary.size());
  if (!AppendJsonText(out, binary)) return false;
  pending.Close(out);
  return true;
}

bool AppendGeometryValue(Bytes& out, uint32_t field, std::string_view value) {
  if (value.size() < 4) return false;
  model::AppendGeometry(out, field, static_cast<uint32_t>(LittleEndian(value.substr(0, 4))),
                        value.substr(4));
  return true;
}

bool AppendVectorValue(Bytes& out, uint32_t field, std::string_view value) {
  if (value.size() % 4 != 0) return false;
  model::AppendVector(out, field, value);
  return true;
}

// The binlog and SELECT drop what BINARY(n) is padded with: n zeros follow at most.
constexpr std::string_view kZeros(
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    64);

bool AppendPadded(Bytes& out, uint32_t field, size_t size, std::string_view value) {
  if (value.size() > size) return false;
  if (value.size() == size) return AppendAsIs(out, field, ValueKind::kBinary, value);
  PendingValue pending(out, field, ValueKind::kBinary, size);
  out.Append(value);
  for (size_t left = size - value.size(); left > 0;) {
    const size_t part = std::min(left, kZeros.size());
    out.Append(kZeros.substr(0, part));
    left -= part;
  }
  pending.Close(out);
  return true;
}

// UUID, INET4 and INET6 are stored as BINARY(n).
bool AppendPackedAddress(Bytes& out, uint32_t field, Special special, std::string_view value) {
  const size_t size = special == Special::kInet4 ? 4 : 16;
  if (value.size() > size) return false;
  char bytes[16] = {};
  std::copy(value.begin(), value.end(), bytes);
  char text[kAddressTextMax];
  const char* end = special == Special::kUuid    ? WriteUuid(text, {bytes, size})
                    : special == Special::kInet4 ? WriteInet4(text, {bytes, size})
                                                 : WriteInet6(text, {bytes, size});
  return AppendAsIs(out, field,
                    special == Special::kUuid ? ValueKind::kUuid : ValueKind::kServerText,
                    {text, static_cast<size_t>(end - text)});
}

bool AppendUuidText(Bytes& out, uint32_t field, std::string_view text) {
  return text.size() == 36 && AppendAsIs(out, field, ValueKind::kUuid, text);
}

bool AppendPackedTemporal(Bytes& out, uint32_t field, ColumnType type, uint32_t digits,
                          std::string_view packed) {
  DateTime value;
  TimeSpan span;
  int64_t timestamp_us;
  switch (type) {
    case ColumnType::kDate:
      if (!UnpackDate(packed, &value)) return false;
      AppendDate(out, field, value);
      return true;
    case ColumnType::kDateTimeOld:
    case ColumnType::kDateTime2:
      if (!(type == ColumnType::kDateTime2 ? UnpackDateTime2(packed, digits, &value)
                                           : UnpackDateTimeOld(packed, &value))) {
        return false;
      }
      AppendDateTime(out, field, value, digits);
      return true;
    case ColumnType::kTimeOld:
    case ColumnType::kTime2:
      if (!(type == ColumnType::kTime2 ? UnpackTime2(packed, digits, &span)
                                       : UnpackTimeOld(packed, &span))) {
        return false;
      }
      AppendTimeSpan(out, field, span);
      return true;
    case ColumnType::kTimestampOld:
      if (packed.size() != 4) return false;
      timestamp_us = static_cast<int64_t>(LittleEndian(packed)) * 1'000'000;
      AppendTimestamp(out, field, timestamp_us, 0);
      return true;
    case ColumnType::kTimestamp2:
      if (!UnpackTimestamp2(packed, digits, &timestamp_us)) return false;
      AppendTimestamp(out, field, timestamp_us, digits);
      return true;
    default:
      return false;
  }
}

bool AppendTimestampText(Bytes& out, uint32_t field, std::string_view text) {
  DateTime value;
  uint32_t digits;
  int64_t timestamp_us = 0;
  if (!ParseDateTime(text, &value, &digits)) return false;
  if (!IsZero(value) && !TimestampOf(value, &timestamp_us)) return false;
  AppendTimestamp(out, field, timestamp_us, digits);
  return true;
}

bool AppendTemporalText(Bytes& out, uint32_t field, ColumnType type, std::string_view text) {
  DateTime value;
  TimeSpan span;
  uint32_t digits;
  switch (type) {
    case ColumnType::kDate:
      if (!ParseDate(text, &value)) return false;
      AppendDate(out, field, value);
      return true;
    case ColumnType::kDateTimeOld:
    case ColumnType::kDateTime2:
      if (!ParseDateTime(text, &value, &digits)) return false;
      AppendDateTime(out, field, value, digits);
      return true;
    case ColumnType::kTimeOld:
    case ColumnType::kTime2:
      if (!ParseTime(text, &span)) return false;
      AppendTimeSpan(out, field, span);
      return true;
    default:
      return AppendTimestampText(out, field, text);
  }
}

size_t IntegerSize(ColumnType type) {
  switch (type) {
    case ColumnType::kTiny:
      return 1;
    case ColumnType::kShort:
      return 2;
    case ColumnType::kInt24:
      return 3;
    case ColumnType::kLong:
      return 4;
    default:
      return 8;
  }
}

// Strings and blobs, uncompressed and without a length; the same on both paths.
bool AppendString(Bytes& out, uint32_t field, const ColumnCodec& codec, std::string_view value) {
  if (codec.special == Special::kJsonText) {
    return AppendText(out, field, ValueKind::kJson, codec.charset, value);
  }
  if (codec.special == Special::kVector) return AppendVectorValue(out, field, value);
  if (codec.charset == nullptr && codec.type == ColumnType::kString) {
    return AppendPadded(out, field, codec.meta, value);
  }
  return AppendText(out, field, ValueKind::kText, codec.charset, value);
}

bool AppendCompressed(Bytes& out, uint32_t field, const ColumnCodec& codec,
                      std::string_view stored) {
  thread_local std::string scratch;
  const std::optional<std::string_view> value = Uncompress(stored, &scratch);
  return value.has_value() && AppendString(out, field, codec, *value);
}

}  // namespace

bool NeedsDoubleForm(const ColumnCodec& codec) {
  return codec.type == ColumnType::kFloat ||
         (codec.type == ColumnType::kDouble &&
          codec.model_type->name.find('(') != std::string::npos);
}

void ColumnCodec::Prepare() {
  bound_factor = 1;
  bound_fixed = kValueHead + kDecimalTextMax;
  switch (type) {
    case ColumnType::kNewDecimal:
    case ColumnType::kBit:
      bound_factor = 8;
      break;
    case ColumnType::kJson:
      bound_factor = 8;
      bound_fixed += JsonTextBound(0);
      break;
    case ColumnType::kString:
      bound_fixed += meta;
      break;
    case ColumnType::kEnum:
    case ColumnType::kSet:
      for (const std::string& label : model_type->labels) bound_fixed += label.size() + 1;
      break;
    default:
      break;
  }
  if (charset != nullptr) {
    bound_factor = std::max(bound_factor, charset->Utf8Bound(1) - charset->Utf8Bound(0));
    bound_fixed += charset->Utf8Bound(0);
  }
}

size_t ColumnCodec::BinlogBound(std::string_view value) const {
  if (type != ColumnType::kBlobCompressed && type != ColumnType::kVarcharCompressed) {
    return bound_factor * value.size() + bound_fixed;
  }
  return bound_factor * UncompressedSize(value).value_or(0) + bound_fixed;
}

bool ColumnCodec::AppendBinlog(Bytes& out, uint32_t field, std::string_view value) const {
  switch (type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
      return AppendPackedInteger(out, field, is_unsigned, value, IntegerSize(type));
    case ColumnType::kYear:
      return AppendPackedYear(out, field, value);
    case ColumnType::kFloat:
      return AppendPackedReal(out, field, value);
    case ColumnType::kDouble:
      return AppendPackedDouble(out, field, value);
    case ColumnType::kNewDecimal:
      return AppendPackedDecimal(out, field, meta, value);
    case ColumnType::kBit:
      return AppendBits(out, field, meta, value);
    case ColumnType::kDate:
    case ColumnType::kTimeOld:
    case ColumnType::kTime2:
    case ColumnType::kDateTimeOld:
    case ColumnType::kDateTime2:
    case ColumnType::kTimestampOld:
    case ColumnType::kTimestamp2:
      return AppendPackedTemporal(out, field, type, meta, value);
    case ColumnType::kEnum:
      return AppendPackedEnum(out, field, *model_type, value);
    case ColumnType::kSet:
      return AppendPackedSet(out, field, *model_type, value);
    case ColumnType::kJson:
      return AppendJsonValue(out, field, value);
    case ColumnType::kGeometry:
      return AppendGeometryValue(out, field, value);
    case ColumnType::kVector:
      return AppendVectorValue(out, field, value);
    case ColumnType::kBlobCompressed:
    case ColumnType::kVarcharCompressed:
      return AppendCompressed(out, field, *this, value);
    case ColumnType::kString:
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kBlob:
      if (special == Special::kUuid || special == Special::kInet4 || special == Special::kInet6) {
        return AppendPackedAddress(out, field, special, value);
      }
      return AppendString(out, field, *this, value);
    case ColumnType::kDecimalOld:
    case ColumnType::kNull:
    case ColumnType::kTypedArray:
      return false;
  }
  return false;
}

bool ColumnCodec::AppendJsonDiffs(Bytes& out, uint32_t field, std::string_view before,
                                  std::string_view diffs) const {
  PendingValue pending(out, field, ValueKind::kJson, before.size());
  if (!AppendPatchedJson(out, before, diffs)) return false;
  pending.Close(out);
  return true;
}

bool ColumnCodec::AppendSql(Bytes& out, uint32_t field, std::string_view value) const {
  switch (type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
      return AppendIntegerText(out, field, is_unsigned, value);
    case ColumnType::kYear:
      return AppendIntegerText(out, field, false, value);
    case ColumnType::kFloat:
    case ColumnType::kDouble:
      return AppendDoubleText(out, field, type == ColumnType::kFloat, value);
    case ColumnType::kNewDecimal:
      return AppendDecimalText(out, field, value);
    case ColumnType::kBit:
      return AppendBits(out, field, meta, value);
    case ColumnType::kDate:
    case ColumnType::kTimeOld:
    case ColumnType::kTime2:
    case ColumnType::kDateTimeOld:
    case ColumnType::kDateTime2:
    case ColumnType::kTimestampOld:
    case ColumnType::kTimestamp2:
      return AppendTemporalText(out, field, type, value);
    case ColumnType::kEnum:
      return AppendText(out, field, ValueKind::kEnumLabel, charset, value);
    case ColumnType::kSet:
      return AppendText(out, field, ValueKind::kServerText, charset, value);
    case ColumnType::kJson:
      return AppendAsIs(out, field, ValueKind::kJson, value);
    case ColumnType::kGeometry:
      return AppendGeometryValue(out, field, value);
    case ColumnType::kVector:
      return AppendVectorValue(out, field, value);
    case ColumnType::kString:
    case ColumnType::kVarchar:
    case ColumnType::kVarString:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
    case ColumnType::kVarcharCompressed:
      if (special == Special::kUuid) return AppendUuidText(out, field, value);
      if (special == Special::kInet4 || special == Special::kInet6) {
        return AppendAsIs(out, field, ValueKind::kServerText, value);
      }
      return AppendString(out, field, *this, value);
    case ColumnType::kDecimalOld:
    case ColumnType::kNull:
    case ColumnType::kTypedArray:
      return false;
  }
  return false;
}

}  // namespace tidemark::capture::mysql
