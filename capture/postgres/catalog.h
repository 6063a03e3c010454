#ifndef TIDEMARK_CAPTURE_POSTGRES_CATALOG_H_
#define TIDEMARK_CAPTURE_POSTGRES_CATALOG_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/rewrite_marks.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// A column of a table as pg_attribute has it now.
struct CatalogColumn {
  std::string name;
  uint32_t type_oid = 0;
  int32_t type_modifier = -1;
  bool nullable = true;
  bool generated = false;
  std::optional<std::string> default_expression;
};

// A published table as the catalog has it now.
struct CatalogTable {
  uint32_t oid = 0;
  std::string name_space;
  std::string name;
  // pg_class.relreplident: d(efault), n(othing), f(ull), i(ndex).
  char replica_identity = 'd';
  // The columns that the publication carries, in attnum order: what both the log and a chunk's SELECT list.
  std::vector<CatalogColumn> columns;
  // Names of the usable key's columns, in index order; empty: none. Under replica identity index: that index; else the
  // primary key; under full without a primary key: a unique index over not-null columns, whole and immediate.
  std::vector<std::string> key;
  // Column identities are attnums; definitions are the xmins of the columns' rows in pg_attribute; storage is the
  // file nodes of the table and its partitions.
  RewriteMarks marks = {};
};

// Looks things up in the server's catalog, as it is now. One thread owns it. Results about types are cached; a
// type that is no longer there resolves to server text with the name "oid N".
class Catalog {
 public:
  virtual ~Catalog() = default;

  // Until what this transaction, whose commit is in the log, did to the catalog can be seen: the
  // log shows a commit before others do. Not longer than some seconds: a commit that waits for a
  // synchronous standby that is away is seen by nobody until that comes back.
  virtual absl::Status WaitForTransaction(uint32_t xid) = 0;
  // nullopt: no such table now, or it is not published.
  virtual absl::StatusOr<std::optional<CatalogTable>> DescribeTable(uint32_t oid) = 0;
  virtual absl::StatusOr<std::shared_ptr<const model::Type>> ResolveType(uint32_t oid,
                                                                         int32_t modifier) = 0;
};

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CATALOG_H_
