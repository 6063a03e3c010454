#ifndef TIDEMARK_CAPTURE_MYSQL_CHARSET_H_
#define TIDEMARK_CAPTURE_MYSQL_CHARSET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/bytes.h"

namespace tidemark::capture::mysql {

struct CharsetSpec;  // charset_tables.h

// A character set of the servers, and its way to UTF-8: the same as CONVERT(text USING utf8mb4) of
// MySQL 9.7 and MariaDB 10.11 and 11.8, which agree in every code, but that what they turn into '?'
// or U+FFFD is refused here. Immutable, thread-safe; lives as long as the process.
//
// Tables are made from glibc's iconv at the first use of a charset, and changed where the servers
// differ (charset_tables.cc).
class Charset {
 public:
  // Of a collation's id, as TABLE_MAP events and information_schema.COLLATIONS have it.
  // FailedPrecondition: the collation is not known here, or glibc lacks the charset's converter;
  // the message says which. REQUIRES: not 63 (binary), which is no text.
  static absl::StatusOr<const Charset*> OfCollation(uint32_t collation);
  // By the servers' name: "latin1".
  static absl::StatusOr<const Charset*> Named(std::string_view name);

  std::string_view name() const;

  // The bytes are their own UTF-8: ASCII, or valid text of utf8mb3 and utf8mb4.
  bool IsUtf8(std::string_view text) const;
  // At most so many bytes does AppendUtf8 give.
  size_t Utf8Bound(size_t text_size) const { return text_size * growth_ + 8; }
  // False: not text of this charset, or a character that Unicode lacks; nothing was appended.
  bool AppendUtf8(model::Bytes& out, std::string_view text) const;
  // False if the server may convert `utf8`, which AppendUtf8 gave, to other bytes than it came
  // from: some charsets have two codes for one character.
  bool ConvertsBack(std::string_view utf8) const;

 private:
  explicit Charset(const CharsetSpec& spec);
  static std::unique_ptr<const Charset> Make(const CharsetSpec& spec);

  bool LoadTables();
  void ApplyPatches();
  void FindAmbiguous();
  void PackSingles();
  uint16_t* Entry(uint32_t code);
  char* AppendSingleBytes(char* at, std::string_view text) const;
  char* AppendMultiBytes(char* at, std::string_view text) const;
  const char* TakeMultiByte(const char* from, const char* end, uint32_t* unicode) const;
  const char* TakeFourBytes(const char* from, const char* end, uint32_t* unicode) const;

  const CharsetSpec& spec_;
  bool ascii_compatible_ = true;
  size_t growth_ = 1;
  // Unicode of each code; 0: none (but for code 0). Doubles by (first - 0x80) << 8 | second;
  // triples likewise behind a byte 0x8f; quads by gb18030's linear number.
  std::vector<uint16_t> singles_, doubles_, triples_, quads_;
  // UTF-8 of each byte, its size in the highest byte; 0: none.
  std::vector<uint32_t> packed_;
  // By character of the basic plane: more than one code stands for it.
  std::vector<bool> ambiguous_;
};

// True if `text` is valid UTF-8: no surrogates, no overlong forms, at most U+10FFFF.
bool IsValidUtf8(std::string_view text);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CHARSET_H_
