#ifndef TIDEMARK_CAPTURE_MYSQL_SCHEMA_BUILDER_H_
#define TIDEMARK_CAPTURE_MYSQL_SCHEMA_BUILDER_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/column_codec.h"
#include "capture/mysql/table_map.h"
#include "model/schema.h"

namespace tidemark::capture::mysql {

// Stands for the qualified name: FNV-1a, 64 bits, of "database\0table".
model::TableId TableIdOf(std::string_view database, std::string_view table);

// One version of a table and how its columns are encoded.
//
// model::Type of a column, the same from the log and from the catalog:
//   oid       the column's type in the binlog (ColumnType), plus 256 if it is UNSIGNED. One number
//             for what is the same column to a reader: MariaDB's COMPRESSED columns and the times
//             before MySQL 5.6 have that of the plain and of the newer type, VECTOR of MariaDB
//             (bytes in its log) that of MySQL's
//   modifier  the greatest length in bytes of CHAR, VARCHAR, BINARY, VARBINARY; bytes of the length
//             of a TEXT or BLOB (1 to 4); precision << 8 | scale of DECIMAL; bits of BIT; digits of
//             the fraction of TIME, DATETIME, TIMESTAMP; -1 for all else
//   name      COLUMNS.COLUMN_TYPE; where the catalog does not fit, what the log tells
struct BuiltTable {
  model::TableSchema schema;  // id 0
  std::vector<ColumnCodec> codecs;
  // Which columns of the table map these are; empty: all.
  std::vector<bool> kept;
};

// The version that a chunk reads, from the catalog alone.
absl::StatusOr<BuiltTable> BuildFromCatalog(const CatalogTable& table);

// The version that a TABLE_MAP describes, exact for its place in the log. `catalog`: the table as
// it is now, if it is there; it gives what the log lacks (exact type names, generated columns,
// and those that are left out, defaults, MariaDB's UUID, INET and JSON, a unique key where there is
// no primary key, names and signedness where binlog_row_metadata is not FULL or the
// signs are not has_signs), as far as it fits
// the map: same columns in number, type and name. Where it does not fit, the schema has
// catalog_current = false; equal content gives equal schemas on both paths. FailedPrecondition:
// without FULL metadata the catalog does not fit, or is not there: what the columns were called
// cannot be known. REQUIRES: without FULL metadata, `catalog` is how the table was defined at the
// map's place.
absl::StatusOr<BuiltTable> BuildFromTableMap(const TableMap& map,
                                             const std::optional<CatalogTable>& catalog);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_SCHEMA_BUILDER_H_
