#ifndef TIDEMARK_SERVICE_KAFKA_DECIMAL_BYTES_H_
#define TIDEMARK_SERVICE_KAFKA_DECIMAL_BYTES_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace tidemark::service::kafka {

// A decimal taken apart: digits * 10^-scale, exact whatever its size. Pure and thread-safe.
struct Decimal {
  bool negative = false;
  std::string digits;  // without leading zeros; "" is zero
  int32_t scale = 0;
};

// The server's text of a decimal. False: it is none (so are NaN and the infinities).
bool ParseDecimal(std::string_view text, Decimal* decimal);

// Makes the scale `scale`. False: digits other than 0 would be lost.
bool Rescale(Decimal* decimal, int32_t scale);
// Makes the scale as small as the digits allow, but not below 0.
void Strip(Decimal* decimal);

// The digits with their sign as Java's BigInteger.toByteArray: two's complement, big endian, as few
// bytes as hold it.
std::string UnscaledBytes(const Decimal& decimal);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_DECIMAL_BYTES_H_
