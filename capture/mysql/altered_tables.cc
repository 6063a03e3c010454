#include "capture/mysql/altered_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "capture/mysql/charset.h"

namespace tidemark::capture::mysql {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

bool IsUtf8(uint16_t collation) {
  absl::StatusOr<const Charset*> charset = Charset::OfCollation(collation);
  return charset.ok() && *charset != nullptr && (*charset)->name().starts_with("utf8");
}

// Whether the server may take `written` for the table or database that it calls `name`.
bool MayBe(std::string_view written, std::string_view name) {
  if (!IsAscii(written)) return true;
  return absl::EqualsIgnoreCase({written.data(), written.size()}, {name.data(), name.size()});
}

}  // namespace

std::optional<AlteredTables> AlteredTables::Of(const Statement& statement,
                                               const QueryEvent& query) {
  if (statement.kind != StatementKind::kDefinition) return std::nullopt;
  AlteredTables altered;
  const bool unreadable = !IsAscii(query.text) && !IsUtf8(query.client_charset);
  altered.all_ = unreadable || statement.unclear || statement.tables.empty();
  altered.names_ = statement.tables;
  return altered;
}

bool AlteredTables::Has(std::string_view database, std::string_view table) const {
  return all_ || std::any_of(names_.begin(), names_.end(), [&](const TableName& name) {
           return MayBe(name.database, database) &&
                  (name.table.empty() || MayBe(name.table, table));
         });
}

}  // namespace tidemark::capture::mysql
