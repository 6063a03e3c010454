#ifndef TIDEMARK_CAPTURE_MYSQL_CATALOG_H_
#define TIDEMARK_CAPTURE_MYSQL_CATALOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/dump_place.h"

namespace tidemark::capture::mysql {

// A table as information_schema has it now.
struct CatalogColumn {
  std::string name;
  std::string data_type;      // COLUMNS.DATA_TYPE: "varchar"
  std::string column_type;    // COLUMNS.COLUMN_TYPE: "varchar(20)", "int unsigned", "enum('a','b')"
  uint64_t octet_length = 0;  // CHARACTER_OCTET_LENGTH; 0: none
  uint32_t precision = 0;     // NUMERIC_PRECISION
  uint32_t scale = 0;         // NUMERIC_SCALE
  uint32_t fraction_digits = 0;     // DATETIME_PRECISION
  uint32_t collation = 0;           // id; 63 for bytes, 0: neither text nor bytes
  std::vector<std::string> labels;  // of ENUM and SET, in UTF-8
  bool nullable = true;
  bool generated = false;   // STORED or VIRTUAL
  bool json_alias = false;  // MariaDB: declared JSON (LONGTEXT with CHECK json_valid)
  std::optional<std::string> default_expression;
};

// A column that is not in the stream, and its place among all columns of the table.
struct LeftOutColumn {
  std::string name;
  uint32_t index = 0;
};

struct CatalogTable {
  std::string database;
  std::string name;
  std::vector<CatalogColumn> columns;  // in ordinal order, invisible ones included
  // MariaDB's generated columns. Whether its log has them in the images of an update depends on
  // version and binlog_row_image (11.8.9 leaves them out even with FULL), so that their new values
  // would be missing.
  std::vector<LeftOutColumn> left_out;
  // Indexes into `columns`: the primary key, else the shortest unique key of columns that cannot be
  // NULL, without prefixes. Empty: no usable key.
  std::vector<uint32_t> key;
  // The index that gives `key`.
  std::string key_index;
  std::string engine;  // "InnoDB"
  uint64_t rows_estimated = 0;
  // MariaDB: the log has the end of a row's time in the key, and rows of the past, which no plain
  // SELECT shows.
  bool system_versioned = false;
};

// What is asked of the server beside the log. Thread rule and errors: those of the implementation.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // nullopt: there is no such table (now).
  virtual absl::StatusOr<std::optional<CatalogTable>> DescribeTable(const std::string& database,
                                                                    const std::string& table) = 0;
  // As the table was at a place of the log. FailedPrecondition: that cannot be known; the message
  // says why: "it was altered at binlog.000007:120, before the catalog could be asked". Aborted:
  // another session has locked the table; ask again.
  virtual absl::StatusOr<CatalogTable> DescribeTableAt(const LogPlace& place,
                                                       const std::string& database,
                                                       const std::string& table) = 0;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CATALOG_H_
