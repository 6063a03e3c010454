#ifndef TIDEMARK_CAPTURE_MYSQL_CHARSET_TABLES_H_
#define TIDEMARK_CAPTURE_MYSQL_CHARSET_TABLES_H_

#include <cstdint>

#include "absl/types/span.h"

namespace tidemark::capture::mysql {

enum class CharsetFamily : uint8_t {
  kUtf8,  // utf8mb3, utf8mb4
  kSingleByte,
  kMultiByte,  // one or two bytes, or three behind 0x8f
  kGb18030,    // one, two or four bytes
  kUcs2,       // the four big-endian but utf16le
  kUtf16,
  kUtf16Le,
  kUtf32,
};

// Codes `code` to `code + count - 1` stand for `unicode` and the characters after it; 0: for none.
struct CharsetPatch {
  uint32_t code;
  uint16_t count;
  uint16_t unicode;
};

struct CharsetSpec {
  const char* name;  // the servers'
  CharsetFamily family;
  // glibc's name; nullptr: `high_half` has the characters of bytes 0x80 to 0xff.
  const char* iconv;
  absl::Span<const CharsetPatch> patches;
  const uint16_t* high_half;
  bool ascii_compatible = true;
};

// Every charset of a column's text.
absl::Span<const CharsetSpec> CharsetSpecs();

// Name of a collation's charset; nullptr: not known.
const char* CharsetNameOfCollation(uint32_t collation);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CHARSET_TABLES_H_
