#include "service/json_text.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace tidemark::service {
namespace {

bool IsContinuation(char byte) { return (static_cast<uint8_t>(byte) & 0xC0) == 0x80; }

// The least code point that needs a sequence of so many bytes.
constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};

// Bytes of the UTF-8 sequence that `text` starts with; 0: it is none.
size_t SequenceSize(std::string_view text) {
  uint8_t lead = static_cast<uint8_t>(text[0]);
  size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  uint32_t code = lead & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return 0;
    code = code << 6 | (static_cast<uint8_t>(text[i]) & 0x3F);
  }
  bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[size] || code > 0x10FFFF || surrogate ? 0 : size;
}

void AppendAscii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) {
        absl::StrAppendFormat(&out, "\\u%04x", static_cast<uint8_t>(c));
      } else {
        out += c;
      }
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  for (size_t at = 0; at < text.size();) {
    if (static_cast<uint8_t>(text[at]) < 0x80) {
      AppendAscii(out, text[at++]);
      continue;
    }
    size_t size = SequenceSize(text.substr(at));
    if (size == 0) {
      out += "\xEF\xBF\xBD";
      ++at;
    } else {
      out += text.substr(at, size);
      at += size;
    }
  }
  out += '"';
}

}  // namespace tidemark::service
