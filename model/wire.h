#ifndef TIDEMARK_MODEL_WIRE_H_
#define TIDEMARK_MODEL_WIRE_H_

#include <cstdint>
#include <cstring>
#include <string_view>

#include "model/bytes.h"

namespace tidemark::model {

// Protocol Buffers wire format, written by hand where rows are encoded: no message object, no
// second pass. Source: protobuf's encoding guide (varint, tag = field << 3 | type; types 0 varint,
// 1 fixed64, 2 length, 5 fixed32).

enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

inline constexpr uint8_t Tag(uint32_t field, WireType type) {
  return static_cast<uint8_t>(field << 3 | static_cast<uint8_t>(type));  // fields 1 to 15
}

inline constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline constexpr int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// Writes a varint at `out` (room for 10 bytes), returns the byte after it.
inline char* WriteVarint(char* out, uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline size_t VarintSize(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

// Tags of fields above 15 take two bytes: these write any field's tag.
inline char* WriteTag(char* out, uint32_t field, WireType type) {
  return WriteVarint(out, uint64_t{field} << 3 | static_cast<uint8_t>(type));
}

inline char* WriteFixed64(char* out, uint64_t value) {
  std::memcpy(out, &value, 8);  // little endian, like the wire
  return out + 8;
}

inline void AppendVarintField(Bytes& out, uint32_t field, uint64_t value) {
  out.Reserve(15);
  char* at = WriteVarint(WriteTag(out.end(), field, WireType::kVarint), value);
  out.Advance(at - out.end());
}
inline void AppendFixed64Field(Bytes& out, uint32_t field, uint64_t value) {
  out.Reserve(13);
  char* at = WriteFixed64(WriteTag(out.end(), field, WireType::kFixed64), value);
  out.Advance(at - out.end());
}
void AppendLengthField(Bytes& out, uint32_t field, std::string_view bytes);

// A length-delimited field whose length is not known yet. The prefix is as wide as the bound needs
// and padded when the length turns out smaller (a longer varint than needed is valid for every
// reader).
class LengthMark {
 public:
  // Appends tag and room for the length. REQUIRES: at most `bound` bytes will follow before Close.
  static LengthMark Open(Bytes& out, uint32_t field, size_t bound);
  // Everything appended since Open is the field's value.
  void Close(Bytes& out) const;

 private:
  size_t at_ = 0;  // of the length's first byte
  uint8_t width_ = 0;
};

inline LengthMark LengthMark::Open(Bytes& out, uint32_t field, size_t bound) {
  LengthMark mark;
  mark.width_ = static_cast<uint8_t>(VarintSize(bound));
  out.Reserve(5 + mark.width_);
  char* at = WriteTag(out.end(), field, WireType::kLength);
  mark.at_ = at - out.data();
  out.Advance(at + mark.width_ - out.end());
  return mark;
}

inline void LengthMark::Close(Bytes& out) const {
  uint64_t length = out.size() - at_ - width_;
  char* at = out.data() + at_;
  for (uint8_t i = 0; i + 1 < width_; ++i) {
    *at++ = static_cast<char>((length & 0x7f) | 0x80);
    length >>= 7;
  }
  *at = static_cast<char>(length);
}

// Reads wire format. Malformed input makes every later call return false. Not thread-safe.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }

  bool ReadVarint(uint64_t* value);
  bool ReadTag(uint32_t* field, WireType* type);
  bool ReadFixed64(uint64_t* value);
  bool ReadLength(std::string_view* bytes);
  // Skips the value of a field whose tag has been read.
  bool Skip(WireType type);

 private:
  const char* at_;
  const char* end_;
};

}  // namespace tidemark::model

#endif  // TIDEMARK_MODEL_WIRE_H_
