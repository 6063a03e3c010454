#ifndef TIDEMARK_CAPTURE_MYSQL_CHUNK_QUERY_H_
#define TIDEMARK_CAPTURE_MYSQL_CHUNK_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/mysql/catalog.h"
#include "capture/mysql/connection.h"
#include "capture/source.h"

namespace tidemark::capture::mysql {

// The SQL of chunks: keyset ranges on the table's key, tested and ordered by the server alone. Key
// texts are those of RowLayout::KeyTexts.

// InvalidArgument: keys with another number of columns than the table's key, or a text that is no
// value of its column. FailedPrecondition: no key where one is needed, or a column's type is not
// known.
absl::Status CheckRequest(const CatalogTable& table, const ChunkRequest& request);

// True if the rows must come in key order: a bound of rows or bytes may cut them.
bool NeedsOrder(const ChunkRequest& request);

// Every column of the table in its order, in the form that ColumnCodec::AppendSql takes. REQUIRES:
// CheckRequest, here and below.
std::string ChunkSelect(const CatalogTable& table, const ChunkRequest& request);

// The key of the row that is `rows` rows behind request.range.lower, as one row; none if the range
// has fewer. An index-only look: how far a chunk with a predicate may scan.
std::string KeyAfterSelect(const CatalogTable& table, const ChunkRequest& request, uint64_t rows);

// The statements that show whether the predicate is one condition, which it is if the server
// accepts them all: it stands in the SELECT within parentheses, and without. ("true) OR (true" is
// one within them only, and would read more than its range.)
std::vector<std::string> ExplainSelects(const CatalogTable& table, const ChunkRequest& request);

// Cuts the key space into about `count` ranges of similar size (see ChunkReader::PlanRanges) by a
// few short looks into the key's index: the keys that follow points between its ends (numbers,
// times, bytes, first letters), and the server's estimates of how many rows lie between those. No
// scan, whatever the table's size; at most kKeyPointsMax looks. Fewer ranges, at worst one, where
// no point can be named (SET, INET).
inline constexpr size_t kKeyPointsMax = 64;
absl::StatusOr<std::vector<KeyRange>> PlanKeyRanges(Connection& connection,
                                                    const CatalogTable& table, size_t count,
                                                    const WaitLimits& limits);

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_CHUNK_QUERY_H_
