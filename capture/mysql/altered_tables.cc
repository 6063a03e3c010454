#include "capture/mysql/altered_tables.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace tidemark::capture::mysql {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isascii(static_cast<unsigned char>(c)); });
}

}  // namespace

std::optional<AlteredTables> AlteredTables::Of(const Statement& statement, bool readable) {
  return NamedBy(statement, readable, statement.alters);
}

std::optional<AlteredTables> AlteredTables::RewrittenBy(const Statement& statement, bool readable) {
  return NamedBy(statement, readable, statement.rewrites);
}

std::optional<AlteredTables> AlteredTables::NamedBy(const Statement& statement, bool readable,
                                                    bool counts) {
  AlteredTables altered;
  const bool known = statement.kind != StatementKind::kRowsAsText;
  if (known && statement.kind != StatementKind::kDefinition) return std::nullopt;
  if (known && readable && !counts) return std::nullopt;
  altered.all_ = !known || !readable || statement.unclear || statement.tables.empty();
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
