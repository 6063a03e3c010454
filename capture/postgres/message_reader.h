#ifndef TIDEMARK_CAPTURE_POSTGRES_MESSAGE_READER_H_
#define TIDEMARK_CAPTURE_POSTGRES_MESSAGE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tidemark::capture::postgres {

// Reads big-endian fields of one message with every access checked. The first failure sticks: later
// reads return zeros, and Finish tells what was wrong and where. Not thread-safe.
class MessageReader {
 public:
  // `name`: of the message, for errors ("Insert"); must outlive the reader.
  MessageReader(std::string_view name, std::string_view message)
      : name_(name), begin_(message.data()), at_(begin_), end_(begin_ + message.size()) {}

  uint8_t U8() { return Read<uint8_t>(); }
  uint16_t U16() { return __builtin_bswap16(Read<uint16_t>()); }
  uint32_t U32() { return __builtin_bswap32(Read<uint32_t>()); }
  uint64_t U64() { return __builtin_bswap64(Read<uint64_t>()); }
  // PostgreSQL's microseconds since 2000 as microseconds since 1970.
  int64_t Time() { return static_cast<int64_t>(U64() + uint64_t{946684800000000}); }
  // A NUL-terminated string.
  std::string_view String();
  std::string_view Bytes(size_t size);

  size_t left() const { return static_cast<size_t>(end_ - at_); }
  bool failed() const { return failure_ != nullptr; }
  // Notes that what was read last makes no sense. `what`: a literal.
  void Fail(const char* what);
  // DataLoss if a read failed or bytes are left over.
  absl::Status Finish();

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

  std::string_view name_;
  const char* begin_;
  const char* at_;
  const char* end_;
  const char* failure_ = nullptr;
  size_t failure_at_ = 0;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_MESSAGE_READER_H_
