#ifndef TIDEMARK_CAPTURE_POSTGRES_SCHEMA_BUILDER_H_
#define TIDEMARK_CAPTURE_POSTGRES_SCHEMA_BUILDER_H_

#include "absl/status/statusor.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/pgoutput.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// Builds versions of tables; their ids are 0 until capture::SchemaRegistry gives them out. Errors
// are the catalog's.

// The table as the catalog has it now.
absl::StatusOr<model::TableSchema> SchemaFromCatalog(const CatalogTable& table, Catalog& catalog);

// The table as it was when the log's Relation message was current. If the catalog still has the
// same table (names, types, modifiers, key), this is what SchemaFromCatalog gives. Else the table
// has changed since: names, types and modifiers are the message's; what it lacks comes by column
// name and type from the catalog, else from `previous` (the version known before; may be null), and
// catalog_current is false. The key is then the message's replica identity; under FULL and NOTHING,
// which name none, the catalog's key or that of `previous`, where it still fits. A replica identity
// that the catalog does not have as a key, nor `previous`, is the part of a key that the
// publication carries: no key.
absl::StatusOr<model::TableSchema> SchemaFromRelation(const RelationMessage& relation,
                                                      const model::TableSchema* previous,
                                                      Catalog& catalog);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_SCHEMA_BUILDER_H_
