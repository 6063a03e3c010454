#ifndef TIDEMARK_CAPTURE_MYSQL_BYTE_READER_H_
#define TIDEMARK_CAPTURE_MYSQL_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tidemark::capture::mysql {

// Reads little-endian fields with every access checked. The first failure sticks: later reads give
// zeros and empty views, and Check tells what was wrong and where. The views live as long as the
// bytes. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

  uint8_t U8() { return Read<uint8_t>(); }
  uint16_t U16() { return Read<uint16_t>(); }
  uint32_t U32() { return Read<uint32_t>(); }
  uint64_t U64() { return Read<uint64_t>(); }
  // An unsigned integer of `width` bytes. REQUIRES: width <= 8.
  uint64_t Unsigned(size_t width) {
    if (left() < width) {
      Fail("cut short");
      return 0;
    }
    uint64_t value = 0;
    std::memcpy(&value, at_, width);
    at_ += width;
    return value;
  }
  // A packed integer: one byte below 251; else 252, 253, 254 and 2, 3, 8 bytes (MySQL 8.4
  // mysys/pack.cc, net_field_length_ll; 251 means NULL there and is refused here).
  uint64_t Packed() {
    const uint8_t first = U8();
    if (first < 251) return first;
    if (first == 252) return U16();
    if (first == 253) return Unsigned(3);
    if (first == 254) return U64();
    Fail("no packed integer");
    return 0;
  }
  std::string_view Bytes(uint64_t size) {
    if (left() < size) {
      Fail("cut short");
      return {};
    }
    std::string_view bytes(at_, static_cast<size_t>(size));
    at_ += bytes.size();
    return bytes;
  }
  std::string_view Rest() { return Bytes(left()); }
  // Length in one byte, then bytes.
  std::string_view ShortString() { return Bytes(U8()); }
  void Skip(uint64_t size) { Bytes(size); }

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool failed() const { return failure_ != nullptr; }
  // Notes that what was read last makes no sense. `what`: a literal.
  void Fail(const char* what) {
    if (failed()) return;
    failure_ = what;
    failure_at_ = static_cast<size_t>(at_ - begin_);
    at_ = end_;
  }
  // DataLoss if a read failed; `name` says of what ("QUERY"). Bytes may be left over: newer servers
  // append fields.
  absl::Status Check(std::string_view name) const {
    if (!failed()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(
        "malformed ", absl::string_view(name.data(), name.size()),
        " event from the server at byte ", failure_at_, " of its ", end_ - begin_, ": ", failure_));
  }

 private:
  template <typename T>
  T Read() {
    T value = 0;
    if (left() < sizeof(T)) {
      Fail("cut short");
      return 0;
    }
    std::memcpy(&value, at_, sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* failure_ = nullptr;
  size_t failure_at_ = 0;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_BYTE_READER_H_
