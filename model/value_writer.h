#ifndef TIDEMARK_MODEL_VALUE_WRITER_H_
#define TIDEMARK_MODEL_VALUE_WRITER_H_

#include <bit>
#include <cstdint>
#include <string_view>

#include "model/bytes.h"
#include "model/wire.h"

namespace tidemark::model {

// Appends tidemark.v1.Value messages as the length-delimited field `field` of an enclosing message:
// 1 in a Row and in a Composite, 2 in an Array, 2 and 3 in a Range. REQUIRES: field < 16.

// Member numbers of Value.kind.
enum class ValueKind : uint32_t {
  kBoolean = 1,
  kInteger = 2,
  kUnsignedInteger = 3,
  kReal = 4,
  kDoublePrecision = 5,
  kDecimal = 6,
  kText = 7,
  kBinary = 8,
  kDate = 9,
  kTime = 10,
  kTimeWithZone = 11,
  kTimestamp = 12,
  kTimestampWithZone = 13,
  kInterval = 14,
  kJson = 15,
  kUuid = 16,
  kBits = 17,
  kEnumLabel = 18,
  kArray = 19,
  kRange = 20,
  kMultiRange = 21,
  kComposite = 22,
  kInfinity = 23,
  kServerText = 24,
  kUnavailable = 25,
  kGeometry = 26,
  kVector = 27,
};

inline void AppendNull(Bytes& out, uint32_t field) {
  out.Reserve(2);
  out.end()[0] = static_cast<char>(Tag(field, WireType::kLength));
  out.end()[1] = 0;
  out.Advance(2);
}

// Any kind with a varint payload: booleans, unsigned integers; signed ones must be zigzagged.
inline void AppendVarintValue(Bytes& out, uint32_t field, ValueKind kind, uint64_t payload) {
  out.Reserve(16);
  char* start = out.end();
  char* at = start + 2;
  at = WriteTag(at, static_cast<uint32_t>(kind), WireType::kVarint);
  at = WriteVarint(at, payload);
  start[0] = static_cast<char>(Tag(field, WireType::kLength));
  start[1] = static_cast<char>(at - start - 2);
  out.Advance(at - start);
}

inline void AppendSigned(Bytes& out, uint32_t field, ValueKind kind, int64_t value) {
  AppendVarintValue(out, field, kind, ZigZag(value));
}
inline void AppendInteger(Bytes& out, uint32_t field, int64_t value) {
  AppendSigned(out, field, ValueKind::kInteger, value);
}
inline void AppendBoolean(Bytes& out, uint32_t field, bool value) {
  AppendVarintValue(out, field, ValueKind::kBoolean, value ? 1 : 0);
}
inline void AppendInfinity(Bytes& out, uint32_t field, bool positive) {
  AppendVarintValue(out, field, ValueKind::kInfinity, positive ? 1 : 0);
}
inline void AppendUnavailable(Bytes& out, uint32_t field) {
  AppendVarintValue(out, field, ValueKind::kUnavailable, 1);
}

inline void AppendDouble(Bytes& out, uint32_t field, double value) {
  out.Reserve(11);
  char* at = out.end();
  at[0] = static_cast<char>(Tag(field, WireType::kLength));
  at[1] = 9;
  at[2] = static_cast<char>(Tag(5, WireType::kFixed64));
  WriteFixed64(at + 3, std::bit_cast<uint64_t>(value));
  out.Advance(11);
}

inline void AppendReal(Bytes& out, uint32_t field, float value) {
  out.Reserve(7);
  char* at = out.end();
  at[0] = static_cast<char>(Tag(field, WireType::kLength));
  at[1] = 5;
  at[2] = static_cast<char>(Tag(4, WireType::kFixed32));
  std::memcpy(at + 3, &value, 4);
  out.Advance(7);
}

// Any kind with a string or bytes payload.
inline void AppendBytesValue(Bytes& out, uint32_t field, ValueKind kind, std::string_view payload) {
  out.Reserve(payload.size() + 24);
  size_t tag_size = static_cast<uint32_t>(kind) < 16 ? 1 : 2;
  char* at = out.end();
  *at++ = static_cast<char>(Tag(field, WireType::kLength));
  at = WriteVarint(at, tag_size + VarintSize(payload.size()) + payload.size());
  at = WriteTag(at, static_cast<uint32_t>(kind), WireType::kLength);
  at = WriteVarint(at, payload.size());
  if (!payload.empty()) std::memcpy(at, payload.data(), payload.size());
  out.Advance(at + payload.size() - out.end());
}

// Small nested messages; absent fields are zero.
inline void AppendTimeWithZone(Bytes& out, uint32_t field, int64_t time_us, int32_t zone_offset_s) {
  out.Reserve(24);
  char* start = out.end();
  char* at = start + 4;
  at = WriteVarint(WriteTag(at, 1, WireType::kVarint), ZigZag(time_us));
  at = WriteVarint(WriteTag(at, 2, WireType::kVarint), ZigZag(zone_offset_s));
  start[0] = static_cast<char>(Tag(field, WireType::kLength));
  start[1] = static_cast<char>(at - start - 2);
  start[2] = static_cast<char>(Tag(11, WireType::kLength));
  start[3] = static_cast<char>(at - start - 4);
  out.Advance(at - start);
}

inline void AppendInterval(Bytes& out, uint32_t field, int32_t months, int32_t days,
                           int64_t microseconds) {
  out.Reserve(32);
  char* start = out.end();
  char* at = start + 4;
  if (months != 0) at = WriteVarint(WriteTag(at, 1, WireType::kVarint), ZigZag(months));
  if (days != 0) at = WriteVarint(WriteTag(at, 2, WireType::kVarint), ZigZag(days));
  if (microseconds != 0) at = WriteVarint(WriteTag(at, 3, WireType::kVarint), ZigZag(microseconds));
  start[0] = static_cast<char>(Tag(field, WireType::kLength));
  start[1] = static_cast<char>(at - start - 2);
  start[2] = static_cast<char>(Tag(14, WireType::kLength));
  start[3] = static_cast<char>(at - start - 4);
  out.Advance(at - start);
}

inline void AppendGeometry(Bytes& out, uint32_t field, uint32_t srid, std::string_view wkb) {
  const size_t srid_size = srid == 0 ? 0 : 1 + VarintSize(srid);
  const size_t payload = srid_size + 1 + VarintSize(wkb.size()) + wkb.size();
  out.Reserve(wkb.size() + 40);
  char* at = out.end();
  *at++ = static_cast<char>(Tag(field, WireType::kLength));
  at = WriteVarint(at, 2 + VarintSize(payload) + payload);
  at = WriteTag(at, static_cast<uint32_t>(ValueKind::kGeometry), WireType::kLength);
  at = WriteVarint(at, payload);
  if (srid != 0) at = WriteVarint(WriteTag(at, 1, WireType::kVarint), srid);
  at = WriteVarint(WriteTag(at, 2, WireType::kLength), wkb.size());
  if (!wkb.empty()) std::memcpy(at, wkb.data(), wkb.size());
  out.Advance(at + wkb.size() - out.end());
}

// `elements`: packed 32-bit floats, little endian.
inline void AppendVector(Bytes& out, uint32_t field, std::string_view elements) {
  const size_t payload = elements.empty() ? 0 : 1 + VarintSize(elements.size()) + elements.size();
  out.Reserve(elements.size() + 40);
  char* at = out.end();
  *at++ = static_cast<char>(Tag(field, WireType::kLength));
  at = WriteVarint(at, 2 + VarintSize(payload) + payload);
  at = WriteTag(at, static_cast<uint32_t>(ValueKind::kVector), WireType::kLength);
  at = WriteVarint(at, payload);
  if (!elements.empty()) {
    at = WriteVarint(WriteTag(at, 1, WireType::kLength), elements.size());
    std::memcpy(at, elements.data(), elements.size());
    at += elements.size();
  }
  out.Advance(at - out.end());
}

// A value whose payload is a message of unknown size: array, range, multirange, composite.
//
//   NestedValue value = NestedValue::Open(out, field, ValueKind::kArray, bound);
//   AppendInteger(out, 2, 42);
//   value.Close(out);
class NestedValue {
 public:
  // REQUIRES: at most `bound` bytes will follow before Close.
  static NestedValue Open(Bytes& out, uint32_t field, ValueKind kind, size_t bound) {
    NestedValue value;
    value.value_ = LengthMark::Open(out, field, bound + 8);
    value.payload_ = LengthMark::Open(out, static_cast<uint32_t>(kind), bound);
    return value;
  }
  void Close(Bytes& out) const {
    payload_.Close(out);
    value_.Close(out);
  }

 private:
  LengthMark value_;
  LengthMark payload_;
};

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_VALUE_WRITER_H_
