#include "capture/mysql/altered_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "capture/mysql/charset.h"

namespace tidemark::capture::mysql {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

// Where the server sees a quote, a bracket or a letter, the parser sees it too.
bool IsReadable(const QueryEvent& query) {
  const absl::StatusOr<const Charset*> charset = Charset::OfCollation(query.client_charset);
  const std::string_view name = charset.ok() ? (*charset)->name() : "";
  // It has letters where ASCII has brackets.
  if (name == "swe7") return false;
  if (IsAscii(query.text)) return true;
  constexpr std::string_view kOverlapping[] = {"", "sjis", "cp932", "big5", "gbk", "gb18030"};
  return std::find(std::begin(kOverlapping), std::end(kOverlapping), name) ==
         std::end(kOverlapping);
}

}  // namespace

std::optional<AlteredTables> AlteredTables::Of(const Statement& statement,
                                               const QueryEvent& query) {
  AlteredTables altered;
  const bool known = statement.kind != StatementKind::kRowsAsText;
  if (known && statement.kind != StatementKind::kDefinition) return std::nullopt;
  const bool readable = known && IsReadable(query);
  if (readable && !statement.alters) return std::nullopt;
  altered.all_ = !readable || statement.unclear || statement.tables.empty();
  for (const TableName& name : statement.tables) altered.Add(name);
  return altered;
}

AlteredTables::Name AlteredTables::Folded(std::string_view database, std::string_view table) {
  return {absl::AsciiStrToLower({database.data(), database.size()}),
          absl::AsciiStrToLower({table.data(), table.size()})};
}

void AlteredTables::Add(const TableName& name) {
  if (!IsAscii(name.database)) {
    all_ = true;
  } else {
    names_.push_back(Folded(name.database, IsAscii(name.table) ? name.table : ""));
  }
}

bool AlteredTables::Has(std::string_view database, std::string_view table) const {
  const Name wanted = Folded(database, table);
  return all_ || std::any_of(names_.begin(), names_.end(), [&](const Name& name) {
           return name.first == wanted.first &&
                  (name.second.empty() || name.second == wanted.second);
         });
}

}  // namespace tidemark::capture::mysql
