#ifndef TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_
#define TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_

#include <optional>
#include <string_view>
#include <vector>

#include "capture/mysql/binlog_event.h"
#include "capture/mysql/statement.h"

namespace tidemark::capture::mysql {

// Which tables a statement of the log may define anew: all that it does, and more where its text
// leaves doubt. Doubt is: a name that is no ASCII (the server folds case by its own tables),
// letters of another case (lower_case_table_names), a text that is neither ASCII nor UTF-8 (bytes
// of a name may look like quotes), no name where one must be. Immutable.
class AlteredTables {
 public:
  // nullopt: none. `statement` is what ParseStatement says of `query`.
  static std::optional<AlteredTables> Of(const Statement& statement, const QueryEvent& query);

  bool Has(std::string_view database, std::string_view table) const;

 private:
  bool all_ = false;
  std::vector<TableName> names_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_ALTERED_TABLES_H_
