#ifndef TIDEMARK_TESTS_CAPTURE_MYSQL_EVENT_BUILDER_H_
#define TIDEMARK_TESTS_CAPTURE_MYSQL_EVENT_BUILDER_H_

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "capture/mysql/binlog_event.h"

namespace tidemark::capture::mysql {

// Bytes of an event, field by field, little endian.
class EventBuilder {
 public:
  EventBuilder& U8(uint64_t value) { return Unsigned(value, 1); }
  EventBuilder& U16(uint64_t value) { return Unsigned(value, 2); }
  EventBuilder& U32(uint64_t value) { return Unsigned(value, 4); }
  EventBuilder& U48(uint64_t value) { return Unsigned(value, 6); }
  EventBuilder& U64(uint64_t value) { return Unsigned(value, 8); }
  EventBuilder& Unsigned(uint64_t value, int width) {
    for (int i = 0; i < width; ++i) bytes_.push_back(static_cast<char>(value >> 8 * i));
    return *this;
  }
  EventBuilder& Text(std::string_view text) {
    bytes_.append(text);
    return *this;
  }
  EventBuilder& Hex(std::string_view hex) {
    return Text(absl::HexStringToBytes(absl::string_view(hex.data(), hex.size())));
  }
  EventBuilder& ShortText(std::string_view text) { return U8(text.size()).Text(text); }
  const std::string& str() const { return bytes_; }

 private:
  std::string bytes_;
};

// An event with a header around `body`, and a checksum where asked for.
inline std::string WholeEvent(EventType type, std::string_view body, Checksum checksum,
                              uint16_t flags = 0) {
  const size_t size = EventHeader::kSize + body.size() + (checksum == Checksum::kCrc32 ? 4 : 0);
  EventBuilder event;
  event.U32(1700000000).U8(static_cast<uint8_t>(type)).U32(7).U32(size).U32(1000).U16(flags);
  event.Text(body);
  if (checksum == Checksum::kCrc32) {
    const std::string& bytes = event.str();
    event.U32(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  }
  return event.str();
}

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_TESTS_CAPTURE_MYSQL_EVENT_BUILDER_H_
