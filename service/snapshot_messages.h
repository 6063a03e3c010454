#ifndef TIDEMARK_SERVICE_SNAPSHOT_MESSAGES_H_
#define TIDEMARK_SERVICE_SNAPSHOT_MESSAGES_H_

#include <string>

#include "absl/status/statusor.h"
#include "snapshot/job_control.h"
#include "tidemark/v1/snapshots.pb.h"

namespace tidemark::service {

// InvalidArgument: the message names the field and what was expected.
absl::StatusOr<snapshot::JobRequest> ReadCreateRequest(const v1::CreateSnapshotRequest& request);

v1::Snapshot ToProto(const std::string& source, const snapshot::JobStatus& status);

inline bool HasEnded(v1::Snapshot::State state) {
  return state == v1::Snapshot::COMPLETED || state == v1::Snapshot::CANCELLED ||
         state == v1::Snapshot::FAILED;
}

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SNAPSHOT_MESSAGES_H_
