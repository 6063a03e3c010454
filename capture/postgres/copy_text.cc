#include "capture/postgres/copy_text.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace tidemark::capture::postgres {
namespace {

absl::Status Malformed(size_t expected, size_t at) {
  return absl::DataLossError(absl::StrCat("malformed row from COPY: it should have ", expected,
                                          " columns of escaped text, and goes wrong in column ",
                                          at));
}

// The character that a backslash and `c` stand for; 0: none.
char EscapedChar(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return 0;
  }
}

const char* Find(const char* from, const char* end, char c) {
  const void* found = from == end ? nullptr : std::memchr(from, c, end - from);
  return found == nullptr ? end : static_cast<const char*>(found);
}

}  // namespace

absl::Status CopyTextParser::Parse(std::string_view line, size_t columns, Tuple* row) {
  if (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  row->bytes = line.size();
  row->columns.resize(columns);
  if (columns == 0) return line.empty() ? absl::OkStatus() : Malformed(columns, 1);
  unescaped_.Clear();
  unescaped_.Reserve(line.size());  // so that views into it stay valid
  const char* at = line.data();
  const char* end = at + line.size();
  bool escapes = Find(at, end, '\\') != end;
  for (size_t i = 0; i < columns; ++i) {
    const char* stop = Find(at, end, '\t');
    if ((stop == end) != (i + 1 == columns)) return Malformed(columns, i + 1);
    std::string_view field(at, stop - at);
    row->columns[i] = {ColumnView::Kind::kText, field};
    if (escapes && !Unescape(field, &row->columns[i])) return Malformed(columns, i + 1);
    at = stop == end ? end : stop + 1;
  }
  return absl::OkStatus();
}

bool CopyTextParser::Unescape(std::string_view field, ColumnView* column) {
  const char* at = field.data();
  const char* end = at + field.size();
  const char* escape = Find(at, end, '\\');
  if (escape == end) return true;
  if (field == "\\N") {
    *column = {ColumnView::Kind::kNull, {}};
    return true;
  }
  size_t start = unescaped_.size();
  for (; escape != end; escape = Find(at, end, '\\')) {
    unescaped_.Append({at, static_cast<size_t>(escape - at)});
    char c = escape + 1 == end ? '\0' : EscapedChar(escape[1]);
    if (c == 0) return false;
    unescaped_.Push(c);
    at = escape + 2;
  }
  unescaped_.Append({at, static_cast<size_t>(end - at)});
  column->bytes = unescaped_.view().substr(start);
  return true;
}

}  // namespace tidemark::capture::postgres
