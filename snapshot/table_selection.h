#ifndef TIDEMARK_SNAPSHOT_TABLE_SELECTION_H_
#define TIDEMARK_SNAPSHOT_TABLE_SELECTION_H_

#include <vector>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "snapshot/job_control.h"

namespace tidemark::snapshot {

struct SelectedTable {
  TableRequest request;
  const capture::TableInfo* info;
};

// The captured tables that `request` means, in its order; each once. A name beats a "*" that stands
// for the same table, and an exception. The result refers to `captured`. NotFound: a name or "*"
// that is or leaves out no table, with `remedy`, which says how a table comes to be captured, or
// nothing is left.
absl::StatusOr<std::vector<SelectedTable>> SelectTables(
    const JobRequest& request, const std::vector<capture::TableInfo>& captured,
    const std::string& remedy);

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_TABLE_SELECTION_H_
