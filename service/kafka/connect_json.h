#ifndef TIDEMARK_SERVICE_KAFKA_CONNECT_JSON_H_
#define TIDEMARK_SERVICE_KAFKA_CONNECT_JSON_H_

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>

namespace tidemark::service::kafka {

// Append to `out` what Kafka Connect's JsonConverter writes for a value, byte for byte. Pure and
// thread-safe.

template <std::integral Number>
void AppendNumber(std::string& out, Number value) {
  char text[24];
  out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

// The shortest digits that read back as the same number, laid out as Java does: "1.0", "1.0E10".
// NaN and the infinities are strings, since JSON has no such numbers.
void AppendReal(std::string& out, float value);
void AppendReal(std::string& out, double value);

// `text` with quotes and escapes. False: it is no UTF-8, and `out` has a part of it.
[[nodiscard]] bool AppendString(std::string& out, std::string_view text);
// Of a name or label that may be no UTF-8: such bytes become U+FFFD.
void AppendName(std::string& out, std::string_view text);
// Whether it is UTF-8 (RFC 3629); and the text with U+FFFD for each byte that is none of it.
bool IsUtf8(std::string_view text);
std::string WithoutInvalid(std::string_view text);
// In base64 (RFC 4648, with padding), with quotes.
void AppendBase64(std::string& out, std::string_view bytes);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_CONNECT_JSON_H_
