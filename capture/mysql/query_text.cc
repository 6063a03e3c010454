#include "capture/mysql/query_text.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "capture/mysql/charset.h"

namespace tidemark::capture::mysql {
namespace {

// It has letters where ASCII has brackets.
bool IsSwe7(uint16_t collation) { return collation == 10 || collation == 82; }

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

}  // namespace

QueryText ReadQueryText(const QueryEvent& query, model::Bytes& scratch) {
  constexpr uint16_t kBinary = 63;
  if (IsAscii(query.text) && !IsSwe7(query.client_charset)) return {query.text, true};
  if (query.client_charset == 0 || query.client_charset == kBinary) return {query.text, false};
  const absl::StatusOr<const Charset*> charset = Charset::OfCollation(query.client_charset);
  scratch.Clear();
  const bool text = charset.ok() && (*charset)->AppendUtf8(scratch, query.text);
  return text ? QueryText{scratch.view(), true} : QueryText{query.text, false};
}

}  // namespace tidemark::capture::mysql
