#ifndef TIDEMARK_TESTS_CAPTURE_MYSQL_SERVER_TABLE_H_
#define TIDEMARK_TESTS_CAPTURE_MYSQL_SERVER_TABLE_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/row_image.h"
#include "capture/mysql/table_map.h"
#include "tests/support/mysql_server.h"

namespace tidemark::capture::mysql {

// A table of database `test` as information_schema has it.
absl::StatusOr<CatalogTable> DescribeServerTable(testing::MysqlServer& server,
                                                 const std::string& table);

// The rows that the server's binlog has of a table, by its files.
struct LoggedTable {
  std::deque<std::string> events;  // what the views of `changes` point into
  TableMap map;                    // the last one
  struct Change {
    RowsKind kind = RowsKind::kWrite;
    RowCells before;
    RowCells after;
  };
  std::vector<Change> changes;
};
absl::StatusOr<LoggedTable> ReadLoggedTable(testing::MysqlServer& server, const std::string& table);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_TESTS_CAPTURE_MYSQL_SERVER_TABLE_H_
