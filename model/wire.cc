#include "model/wire.h"

namespace tidemark::model {

void AppendLengthField(Bytes& out, uint32_t field, std::string_view bytes) {
  out.Reserve(15 + bytes.size());
  char* at = WriteVarint(WriteTag(out.end(), field, WireType::kLength), bytes.size());
  if (!bytes.empty()) std::memcpy(at, bytes.data(), bytes.size());
  out.Advance(at + bytes.size() - out.end());
}

bool WireReader::ReadVarint(uint64_t* value) {
  uint64_t result = 0;
  for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
    uint8_t byte = static_cast<uint8_t>(*at_++);
    result |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      *value = result;
      return true;
    }
  }
  at_ = end_;
  return false;
}

bool WireReader::ReadTag(uint32_t* field, WireType* type) {
  uint64_t tag;
  if (!ReadVarint(&tag) || tag >> 3 == 0 || tag >> 35 != 0) return false;
  *field = static_cast<uint32_t>(tag >> 3);
  *type = static_cast<WireType>(tag & 7);
  return true;
}

bool WireReader::ReadFixed64(uint64_t* value) {
  if (end_ - at_ < 8) return false;
  std::memcpy(value, at_, 8);
  at_ += 8;
  return true;
}

bool WireReader::ReadLength(std::string_view* bytes) {
  uint64_t length;
  if (!ReadVarint(&length) || length > static_cast<uint64_t>(end_ - at_)) return false;
  *bytes = std::string_view(at_, length);
  at_ += length;
  return true;
}

bool WireReader::Skip(WireType type) {
  uint64_t number;
  std::string_view bytes;
  switch (type) {
    case WireType::kVarint:
      return ReadVarint(&number);
    case WireType::kFixed64:
      return ReadFixed64(&number);
    case WireType::kLength:
      return ReadLength(&bytes);
    case WireType::kFixed32:
      if (end_ - at_ < 4) return false;
      at_ += 4;
      return true;
  }
  return false;
}

}  // namespace tidemark::model
