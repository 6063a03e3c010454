#ifndef TIDEMARK_CAPTURE_MYSQL_COLUMN_NOTES_H_
#define TIDEMARK_CAPTURE_MYSQL_COLUMN_NOTES_H_

#include <cstdint>
#include <optional>
#include <string>

#include "capture/mysql/catalog.h"
#include "capture/mysql/column_codec.h"
#include "capture/mysql/table_map.h"
#include "model/schema.h"

namespace tidemark::capture::mysql {

// How a column is described, from the log's and from the catalog's side, so that both give the same
// model::Type. Pure.

// The column as a TABLE_MAP event with FULL metadata would describe it; labels are left out (they
// would be in the column's charset). nullopt: a type that is not known here.
std::optional<ColumnMeta> MetaOf(const CatalogColumn& column);

// True if both stand for the same type, as far as a TABLE_MAP tells types apart: MariaDB's
// compressed columns and the times before 5.6 are not told apart from the others, VECTOR of MariaDB
// (bytes in the log) not from that of MySQL.
bool SameStorage(const ColumnMeta& log, const ColumnMeta& catalog);

// model::Type.oid and modifier, as schema_builder.h says.
uint32_t TypeNumber(const ColumnCodec& codec);
int32_t TypeModifier(const ColumnCodec& codec);
model::TypeKind KindOf(const ColumnCodec& codec);

// The type's name as far as the log tells it: "decimal(10,2) unsigned", "varchar(80 bytes)".
std::string TypeName(const ColumnMeta& meta);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_COLUMN_NOTES_H_
