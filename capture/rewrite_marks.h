#ifndef TIDEMARK_CAPTURE_REWRITE_MARKS_H_
#define TIDEMARK_CAPTURE_REWRITE_MARKS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "model/schema.h"

namespace tidemark::capture {

// What tells, between two reads of one table, that its rows were rewritten in place: such a change
// is neither in the log nor in the schema. Opaque numbers of the driver; a driver without them
// leaves all of them empty (of MySQL and MariaDB the log has the statement: LogBatch.rewritten).
struct RewriteMarks {
  // The columns' own identities, in the order of the schema's columns: a column that was dropped
  // and added again under the same name gets a new one.
  std::vector<uint64_t> columns;
  // Changes with any change of the columns' definitions.
  uint64_t definitions = 0;
  // Changes with every rewrite of the table's storage.
  uint64_t storage = 0;
  // Changes when a table that may hold rows becomes a part of this one (a partition is attached),
  // or such a part leaves.
  uint64_t parts = 0;

  friend bool operator==(const RewriteMarks&, const RewriteMarks&) = default;
};

// A table's layout, as one read found it.
struct TableState {
  std::shared_ptr<const model::TableSchema> schema;
  RewriteMarks marks;
};

// True if rows read under `from` may differ from what a read under `to` returns, although no row
// event says so: the schema says it (model::ChangeRewritesRows), a column is another one under the
// same name, parts have come or gone, or both definitions and storage have changed. One of the two
// alone changes no value: the server may rewrite a table to compact it, or a column may become NOT
// NULL.
bool RowsRewritten(const TableState& from, const TableState& to);

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_REWRITE_MARKS_H_
