#include "capture/mysql/compressed_column.h"

#include <zlib.h>

#include <cstdint>
#include <limits>

namespace tidemark::capture::mysql {
namespace {

constexpr unsigned char kZlib = 8;
constexpr unsigned char kBareStream = 0x08;
// deflate makes no more than this many bytes of one.
constexpr uint64_t kExpansionMax = 1040;

struct Head {
  bool compressed = false;
  bool bare = false;
  size_t head_size = 0;
  size_t value_size = 0;
};

std::optional<Head> ReadHead(std::string_view stored) {
  if (stored.empty()) return Head{};
  const auto first = static_cast<unsigned char>(stored[0]);
  if (first == 0) return Head{.head_size = 1, .value_size = stored.size() - 1};
  const size_t size_bytes = first & 7;
  if (first >> 4 != kZlib || size_bytes == 0 || stored.size() < 1 + size_bytes) return std::nullopt;
  uint64_t size = 0;
  for (size_t i = 1; i <= size_bytes; ++i) {
    size = size << 8 | static_cast<unsigned char>(stored[i]);
  }
  if (size > kColumnSizeMax || size > stored.size() * kExpansionMax) return std::nullopt;
  return Head{.compressed = true,
              .bare = (first & kBareStream) != 0,
              .head_size = 1 + size_bytes,
              .value_size = size};
}

bool Inflate(std::string_view from, bool bare, std::string* to) {
  z_stream stream{};
  if (inflateInit2(&stream, bare ? -MAX_WBITS : MAX_WBITS) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(from.data()));
  stream.avail_in = static_cast<uInt>(from.size());
  stream.next_out = reinterpret_cast<Bytef*>(to->data());
  stream.avail_out = static_cast<uInt>(to->size());
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_out == 0;
  inflateEnd(&stream);
  return whole;
}

}  // namespace

std::optional<size_t> UncompressedSize(std::string_view stored) {
  const std::optional<Head> head = ReadHead(stored);
  if (!head.has_value()) return std::nullopt;
  return head->value_size;
}

std::optional<std::string_view> Uncompress(std::string_view stored, std::string* scratch) {
  const std::optional<Head> head = ReadHead(stored);
  if (!head.has_value() || stored.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  const std::string_view rest = stored.substr(head->head_size);
  if (!head->compressed) return rest;
  scratch->resize(head->value_size);
  if (!Inflate(rest, head->bare, scratch)) return std::nullopt;
  return std::string_view(*scratch);
}

}  // namespace tidemark::capture::mysql
