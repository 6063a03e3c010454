#ifndef TIDEMARK_CAPTURE_POSTGRES_CHUNK_QUERY_H_
#define TIDEMARK_CAPTURE_POSTGRES_CHUNK_QUERY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/postgres/connection.h"
#include "capture/source.h"
#include "model/schema.h"

namespace tidemark::capture::postgres {

// SQL of chunk reads. Ranges and order live in the server: the comparison operators are those of
// the key types' default btree classes, found by their schema and not through search_path (under
// which citext would compare as text).

struct KeyColumn {
  // Quoted.
  std::string name;
  // To cast literals to: a domain's base type (its checks and its collation are not for bounds),
  // without modifier, so that nothing is cut off. With the column's collation where the type has
  // one of its own ("name COLLATE ..."), which could differ from the column's.
  std::string type;
  // "OPERATOR(public.>)" and so on; what the server compares rows by if all are of pg_catalog.
  std::string above, at_least, at_most, equal;
  bool builtin_operators = true;
};

// What a chunk's SELECT needs to know of a table.
struct ChunkTable {
  // Quoted and qualified.
  std::string name;
  // "ONLY " for a table that is not partitioned: rows of inheritance children are other tables'
  // rows.
  std::string only;
  // Quoted, comma-separated.
  std::string columns;
  std::vector<KeyColumn> key;
};

// `partitioned`: pg_class.relkind is 'p'.
absl::StatusOr<ChunkTable> DescribeChunkTable(Connection& sql, const model::TableSchema& schema,
                                              bool partitioned);

// True if the rows must come in key order: a bound may end the chunk before the range does.
bool NeedsOrder(const ChunkRequest& request);

// OutOfRange if the request's keys or range do not fit the table's key; FailedPrecondition if it
// has none and the request needs one.
absl::Status CheckRequest(const ChunkTable& table, const ChunkRequest& request);

// True if the request has to be cut before it is read, at the key that NthKeySelect finds.
bool NeedsScanBound(const ChunkRequest& request);

// The key of row number rows_max of the request's range, whatever its predicate; no row if the
// range has fewer. REQUIRES: NeedsScanBound and CheckRequest.
std::string NthKeySelect(const Connection& sql, const ChunkTable& table,
                         const ChunkRequest& request);

// The SELECT of a chunk. REQUIRES: CheckRequest.
std::string ChunkSelect(const Connection& sql, const ChunkTable& table,
                        const ChunkRequest& request);

// A SELECT that fails if one of the request's bounds and keys is the text of no key. "": it has
// none.
std::string BoundsSelect(const Connection& sql, const ChunkTable& table,
                         const ChunkRequest& request);

// Keys that cut a sample of about `percent` of the table's blocks into `count` equal parts, in key
// order.
std::string SampleSelect(const ChunkTable& table, double percent, size_t count);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_CHUNK_QUERY_H_
