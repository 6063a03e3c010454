#ifndef TIDEMARK_SNAPSHOT_JOB_STATE_H_
#define TIDEMARK_SNAPSHOT_JOB_STATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "snapshot/job.h"
#include "storage/journal.h"

namespace tidemark::snapshot {

// The stored form of jobs: several records each, so that a chunk that is done changes few and small
// ones, however large the job is. JobRecord.part is
//
//   (empty)                    the job: tidemark.state.SnapshotJob
//   u32 table 'a'              what was asked of its table, by its place in the job: TableJob
//   u32 table 'p'              how far that is: TableProgress
//   u32 table 'r' u64 piece    a part of the table that is not in the journal yet: PendingPiece
//
// with numbers in big endian.

// What has changed since the last call or DecodeJobs; the job's own record always.
std::vector<storage::JobRecord> TakeChanges(const std::string& source, Job& job);

// What erases all records of a job.
std::vector<storage::JobRecord> EraseJob(const Job& job);

// The jobs of one source; `records` may hold those of others. Pieces come back idle. DataLoss:
// malformed.
absl::StatusOr<std::vector<Job>> DecodeJobs(const std::string& source,
                                            const std::vector<storage::JobRecord>& records);

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_JOB_STATE_H_
