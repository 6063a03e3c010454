#ifndef TIDEMARK_CAPTURE_POSTGRES_TABLE_FACTS_H_
#define TIDEMARK_CAPTURE_POSTGRES_TABLE_FACTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/postgres/catalog.h"
#include "capture/postgres/connection.h"
#include "capture/source.h"

namespace tidemark::capture::postgres {

// A leaf of a partitioned table that cannot be captured under its root.
struct LeafFault {
  // "table public.p: partition public.p1 ..."
  std::string message;
  std::string remedy;
  // The log would carry wrong rows, and not only lack some.
  bool misleads = false;
};

// The faults of all partitions of `root`; none for a table that is not partitioned. A leaf's old
// rows are logged by the leaf's replica identity but labelled with the root's: both must cover the
// same columns. Rows of foreign, temporary and unlogged leaves never come in the log.
absl::StatusOr<std::vector<LeafFault>> LoadLeafFaults(Connection& sql, uint32_t root);

// A published table, and what decides whether it can be captured exactly.
struct TableFacts {
  CatalogTable table;
  // Rows of all partitions together, as ANALYZE left them; 0: unknown.
  uint64_t rows_estimated = 0;
  bool partitioned = false;
  bool may_use_schema = true;
  bool may_select = true;
  // A policy hides rows from our SELECT.
  bool row_security = false;
  bool row_filter = false;
  // Names of stored or virtual columns that the publication leaves out.
  std::string generated_left_out;
  bool has_primary_key = false;
  // Has a unique index, but over columns that may be NULL.
  bool nullable_unique = false;
  std::vector<LeafFault> leaf_faults;
};

// All tables that the publication carries, by name. If there is none yet: those of the oids in
// `planned`, which the one that is to be made will carry (`catalog` is of kPlanned then).
absl::StatusOr<std::vector<TableFacts>> LoadTableFacts(
    Connection& sql, Catalog& catalog, const std::string& publication,
    const std::vector<std::string>& planned = {});

// What is wrong with the table; errors are the obstacles to a snapshot.
std::vector<Problem> TableProblems(const TableFacts& facts, const Connection& sql);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_TABLE_FACTS_H_
