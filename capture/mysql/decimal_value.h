#ifndef TIDEMARK_CAPTURE_MYSQL_DECIMAL_VALUE_H_
#define TIDEMARK_CAPTURE_MYSQL_DECIMAL_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tidemark::capture::mysql {

// Exact decimals as the servers pack them: NEWDECIMAL of the binlog and of binary JSON. Source:
// MySQL 8.4 strings/decimal.cc (decimal2bin): groups of nine digits in four bytes, big endian, the
// left-over digits of the integer part first, those of the fraction last in fewer bytes; the first
// bit is inverted, all bits of negative numbers are.

// Room that a text takes at most: 81 digits, sign, point and a leading zero.
inline constexpr size_t kDecimalTextMax = 96;

// Size of a packed number; 0: no such type (precision 1 to 65, scale up to 30 and the precision).
size_t PackedDecimalSize(uint32_t precision, uint32_t scale);

// Writes "-12.50", with `scale` digits after the point, into `out` (room for kDecimalTextMax).
// Returns its size; 0: malformed.
size_t WritePackedDecimal(char* out, std::string_view packed, uint32_t precision, uint32_t scale);

// The same form from the server's text, whose ZEROFILL zeros are cut off: a part of `text`, or
// nothing if it is no decimal.
std::string_view TrimDecimalText(std::string_view text);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_DECIMAL_VALUE_H_
