#ifndef TIDEMARK_SERVICE_SNAPSHOTS_SERVICE_H_
#define TIDEMARK_SERVICE_SNAPSHOTS_SERVICE_H_

#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "absl/status/statusor.h"
#include "service/admission.h"
#include "service/sources.h"
#include "snapshot/job_control.h"
#include "tidemark/v1/snapshots.grpc.pb.h"

namespace tidemark::service {

// tidemark.v1.Snapshots, over the job controls of all sources (whose ids are unique together).
class SnapshotsService final : public v1::Snapshots::Service {
 public:
  // `admission` and `sources` must outlive it. `stop` ends every Watch with UNAVAILABLE.
  SnapshotsService(const Admission* admission, const Sources* sources, std::stop_token stop)
      : admission_(admission), sources_(sources), stop_(std::move(stop)) {}

  grpc::Status Create(grpc::ServerContext* context, const v1::CreateSnapshotRequest* request,
                      v1::Snapshot* response) override;
  grpc::Status Get(grpc::ServerContext* context, const v1::GetSnapshotRequest* request,
                   v1::Snapshot* response) override;
  grpc::Status List(grpc::ServerContext* context, const v1::ListSnapshotsRequest* request,
                    v1::ListSnapshotsResponse* response) override;
  grpc::Status Watch(grpc::ServerContext* context, const v1::WatchSnapshotRequest* request,
                     grpc::ServerWriter<v1::Snapshot>* writer) override;
  grpc::Status Pause(grpc::ServerContext* context, const v1::PauseSnapshotRequest* request,
                     v1::Snapshot* response) override;
  grpc::Status Resume(grpc::ServerContext* context, const v1::ResumeSnapshotRequest* request,
                      v1::Snapshot* response) override;
  grpc::Status Cancel(grpc::ServerContext* context, const v1::CancelSnapshotRequest* request,
                      v1::Snapshot* response) override;
  grpc::Status Update(grpc::ServerContext* context, const v1::UpdateSnapshotRequest* request,
                      v1::Snapshot* response) override;

 private:
  // The source that has this job; NotFound.
  absl::StatusOr<const CapturedSource*> Owner(uint64_t id) const;
  // Does `action(JobControl&)` where the job is and answers with its outcome.
  template <typename Action>
  grpc::Status WithJob(uint64_t id, v1::Snapshot* response, Action action) const;
  // False: the service stops.
  bool Sleep(uint32_t ms);

  const Admission* const admission_;
  const Sources* const sources_;
  const std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any never_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_SNAPSHOTS_SERVICE_H_
