#include "service/snapshots_service.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "service/grpc_status.h"
#include "service/snapshot_messages.h"

namespace tidemark::service {
namespace {

using google::protobuf::util::MessageDifferencer;
using snapshot::JobControl;

constexpr uint32_t kWatchMsDefault = 500;
constexpr uint32_t kWatchMsLeast = 50;
// A client that is gone is noticed after so long.
constexpr uint32_t kSleepMsMost = 1000;

// A snapshot has ended once its end is in the journal: whoever reads the stream then finds all of
// it. Until then it runs.
v1::Snapshot Shown(const CapturedSource& source, snapshot::JobStatus job) {
  if (job.last_sequence > source.journal->bounds().newest) {
    job.state = snapshot::JobState::kRunning;
    job.end_time_us = 0;
    job.last_sequence = 0;
  }
  return ToProto(source.name, job);
}

}  // namespace

absl::StatusOr<const CapturedSource*> SnapshotsService::Owner(uint64_t id) const {
  for (const CapturedSource& source : sources_->all()) {
    auto status = source.pipeline->jobs().Get(id);
    if (status.ok()) return &source;
    if (status.status().code() != absl::StatusCode::kNotFound) return status.status();
  }
  return absl::NotFoundError(absl::StrCat("there is no snapshot ", id));
}

template <typename Action>
grpc::Status SnapshotsService::WithJob(uint64_t id, v1::Snapshot* response, Action action) const {
  auto source = Owner(id);
  if (!source.ok()) return ToGrpc(source.status());
  absl::StatusOr<snapshot::JobStatus> status = action((*source)->pipeline->jobs());
  if (!status.ok()) return ToGrpc(status.status());
  *response = Shown(**source, *std::move(status));
  return grpc::Status::OK;
}

grpc::Status SnapshotsService::Create(grpc::ServerContext* context,
                                      const v1::CreateSnapshotRequest* request,
                                      v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  auto source = sources_->Find(request->source());
  if (!source.ok()) return ToGrpc(source.status());
  auto job = ReadCreateRequest(*request);
  if (!job.ok()) return ToGrpc(job.status());
  auto status = (*source)->pipeline->jobs().Create(*job);
  if (!status.ok()) return ToGrpc(status.status());
  *response = Shown(**source, *std::move(status));
  return grpc::Status::OK;
}

grpc::Status SnapshotsService::Get(grpc::ServerContext* context,
                                   const v1::GetSnapshotRequest* request, v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  uint64_t id = request->id();
  return WithJob(id, response, [id](JobControl& jobs) { return jobs.Get(id); });
}

grpc::Status SnapshotsService::List(grpc::ServerContext* context,
                                    const v1::ListSnapshotsRequest* request,
                                    v1::ListSnapshotsResponse* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  if (!request->source().empty()) {
    auto source = sources_->Find(request->source());
    if (!source.ok()) return ToGrpc(source.status());
  }
  for (const CapturedSource& source : sources_->all()) {
    if (!request->source().empty() && request->source() != source.name) continue;
    for (const snapshot::JobStatus& job : source.pipeline->jobs().List()) {
      *response->add_snapshots() = Shown(source, job);
    }
  }
  std::sort(response->mutable_snapshots()->begin(), response->mutable_snapshots()->end(),
            [](const v1::Snapshot& a, const v1::Snapshot& b) { return a.id() > b.id(); });
  return grpc::Status::OK;
}

grpc::Status SnapshotsService::Watch(grpc::ServerContext* context,
                                     const v1::WatchSnapshotRequest* request,
                                     grpc::ServerWriter<v1::Snapshot>* writer) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  uint32_t interval_ms = request->interval_ms() == 0 ? kWatchMsDefault : request->interval_ms();
  interval_ms = std::clamp(interval_ms, kWatchMsLeast, 3'600'000u);
  v1::Snapshot sent, now;
  for (uint32_t slept_ms = interval_ms; !context->IsCancelled();) {
    if (slept_ms >= interval_ms) {
      grpc::Status got = WithJob(request->id(), &now,
                                 [request](JobControl& jobs) { return jobs.Get(request->id()); });
      if (!got.ok()) return got;
      bool changed = !MessageDifferencer::Equals(sent, now);
      if (changed && !writer->Write(now)) return grpc::Status::CANCELLED;
      if (HasEnded(now.state())) return grpc::Status::OK;
      sent = now;
      slept_ms = 0;
    }
    uint32_t sleep_ms = std::min(interval_ms - slept_ms, kSleepMsMost);
    if (!Sleep(sleep_ms)) return {grpc::StatusCode::UNAVAILABLE, "the service is shutting down"};
    slept_ms += sleep_ms;
  }
  return grpc::Status::CANCELLED;
}

bool SnapshotsService::Sleep(uint32_t ms) {
  std::unique_lock lock(mutex_);
  never_.wait_for(lock, stop_, std::chrono::milliseconds(ms), [] { return false; });
  return !stop_.stop_requested();
}

grpc::Status SnapshotsService::Pause(grpc::ServerContext* context,
                                     const v1::PauseSnapshotRequest* request,
                                     v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  uint64_t id = request->id();
  return WithJob(id, response, [id](JobControl& jobs) { return jobs.Pause(id); });
}

grpc::Status SnapshotsService::Resume(grpc::ServerContext* context,
                                      const v1::ResumeSnapshotRequest* request,
                                      v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  uint64_t id = request->id();
  return WithJob(id, response, [id](JobControl& jobs) { return jobs.Resume(id); });
}

grpc::Status SnapshotsService::Cancel(grpc::ServerContext* context,
                                      const v1::CancelSnapshotRequest* request,
                                      v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  uint64_t id = request->id();
  return WithJob(id, response, [id](JobControl& jobs) { return jobs.Cancel(id); });
}

grpc::Status SnapshotsService::Update(grpc::ServerContext* context,
                                      const v1::UpdateSnapshotRequest* request,
                                      v1::Snapshot* response) {
  if (grpc::Status admitted = admission_->Admit(*context); !admitted.ok()) return admitted;
  std::optional<uint64_t> rows;
  std::optional<uint32_t> readers;
  if (request->has_rows_per_second_max()) rows = request->rows_per_second_max();
  if (request->has_readers_max()) readers = request->readers_max();
  if (!rows && !readers) {
    return {grpc::StatusCode::INVALID_ARGUMENT,
            "rows_per_second_max, readers_max: neither is set; expected at least one"};
  }
  return WithJob(request->id(), response,
                 [&](JobControl& jobs) { return jobs.SetLimits(request->id(), rows, readers); });
}

}  // namespace tidemark::service
