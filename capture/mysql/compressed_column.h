#ifndef TIDEMARK_CAPTURE_MYSQL_COMPRESSED_COLUMN_H_
#define TIDEMARK_CAPTURE_MYSQL_COMPRESSED_COLUMN_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tidemark::capture::mysql {

// Values of MariaDB's COMPRESSED columns in the binlog. Source: MariaDB 11.8 sql/field_comp.cc and
// Field_longstr::compress: a first byte 0 and the bytes as they are; or a first byte with the
// method in its upper half (8: zlib), 0x08 for a stream without zlib's wrapper, and the number of
// bytes of the size that follows, big endian; then the stream. An empty value is stored as no byte
// at all.

// Largest value of a column: 4 GiB - 1. A value that claims more is malformed.
inline constexpr size_t kColumnSizeMax = 0xffffffff;

// Size of the value, as its head says; nullopt: malformed.
std::optional<size_t> UncompressedSize(std::string_view stored);

// The value: a part of `stored`, or in *scratch; nullopt: malformed.
std::optional<std::string_view> Uncompress(std::string_view stored, std::string* scratch);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_COMPRESSED_COLUMN_H_
