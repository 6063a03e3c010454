#ifndef TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_
#define TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {

// Which tables a statement of the log may define anew, or whose rows it may change with no event:
// all that it does, and more where its text leaves doubt. Doubt is: a name that is no ASCII (the
// server folds case by its own tables), letters of another case (lower_case_table_names), a text
// that cannot be read, no name where one must be, a statement that ParseStatement does not know.
// Immutable.
class AlteredTables {
 public:
  // Database and table, folded; the table is empty for all tables of the database.
  using Name = std::pair<std::string, std::string>;

  // Those that it may define anew; nullopt: none. `readable`: QueryText.readable.
  static std::optional<AlteredTables> Of(const Statement& statement, bool readable);
  // Those whose rows it may change (Statement.rewrites), likewise.
  static std::optional<AlteredTables> RewrittenBy(const Statement& statement, bool readable);
  static Name Folded(std::string_view database, std::string_view table);

  // All tables of the server; names() is then of no use.
  bool all() const { return all_; }
  const std::vector<Name>& names() const { return names_; }
  bool Has(std::string_view database, std::string_view table) const;

 private:
  static std::optional<AlteredTables> NamedBy(const Statement& statement, bool readable,
                                              bool counts);
  void Add(const TableName& name);

  bool all_ = false;
  std::vector<Name> names_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_
