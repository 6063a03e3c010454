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
struct BuiltTable {
  model::TableSchema schema;  // id 0
  std::vector<ColumnCodec> codecs;
};

// The version that a chunk reads, from the catalog alone.
absl::StatusOr<BuiltTable> BuildFromCatalog(const CatalogTable& table);

// The version that a TABLE_MAP describes, exact for its place in the log. `catalog`: the table as
// it is now, if it is there; it gives what the log lacks (exact type names, generated columns,
// defaults, MariaDB's UUID, INET and JSON, a unique key where there is no primary key, names and
// signedness where binlog_row_metadata is not FULL), as far as it fits the map: same columns in
// number, type and name. Where it does not fit, the schema has catalog_current = false; equal
// content gives equal schemas on both paths. FailedPrecondition: without FULL metadata the catalog
// does not fit, or is not there: what the columns were called cannot be known; the remedy is
// binlog_row_metadata=FULL and a new snapshot.
absl::StatusOr<BuiltTable> BuildFromTableMap(const TableMap& map,
                                             const std::optional<CatalogTable>& catalog);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_SCHEMA_BUILDER_H_
