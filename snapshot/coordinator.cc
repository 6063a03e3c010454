#include "snapshot/coordinator.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "snapshot/job_state.h"
#include "snapshot/table_selection.h"

namespace tidemark::snapshot {
namespace {

// Tables that fail, of which a status says why.
constexpr size_t kReasonsMax = 3;
// Retry times that a table's re-reads sit out after a failure.
constexpr uint64_t kRereadRetries = 5;
// Plans of one table whose bounds cannot be read back, one after the other, before the job fails.
constexpr uint32_t kFailedPlansMax = 3;
constexpr size_t kEndedJobsMax = 100;

bool IsTransient(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsUnavailable(status) || absl::IsCancelled(status) ||
         absl::IsDeadlineExceeded(status);
}

model::SnapshotMark Mark(const Job& job, model::SnapshotMark::Kind kind, const Merger& merger) {
  model::SnapshotMark mark;
  mark.snapshot_id = job.id;
  mark.kind = kind;
  mark.position = merger.frontier();
  return mark;
}

uint64_t RowsDone(const Job& job) {
  uint64_t rows = 0;
  for (const TableWork& table : job.tables) rows += table.rows_done;
  return rows;
}

absl::Status NoSuchJob(uint64_t id) {
  return absl::NotFoundError(
      absl::StrCat("there is no snapshot ", id, "; `tidemark snapshot list` shows all"));
}

const char* StateName(JobState state) {
  switch (state) {
    case JobState::kRunning:
      return "running";
    case JobState::kPaused:
      return "paused";
    case JobState::kCompleted:
      return "completed";
    case JobState::kCancelled:
      return "cancelled";
    case JobState::kFailed:
      return "failed";
  }
  return "unknown";
}

absl::Status EndedAlready(const Job& job) {
  return absl::FailedPreconditionError(
      absl::StrCat("snapshot ", job.id, " is ", StateName(job.state),
                   " and cannot be changed any more; create a new one"));
}

}  // namespace

Coordinator::Coordinator(std::string source_name, capture::Source* source,
                         CoordinatorEnvironment environment, ChunkTuning tuning,
                         std::vector<Job> jobs)
    : source_name_(std::move(source_name)),
      source_(source),
      environment_(std::move(environment)),
      tuning_(tuning) {
  for (Job& job : jobs) {
    uint64_t id = job.id;
    counts_.chunks_redone -= job.chunks_redone;  // modulo 2^64
    jobs_.emplace(id, std::move(job));
  }
}

// ---- Users.

absl::StatusOr<Job> Coordinator::Prepare(const JobRequest& request) {
  absl::StatusOr<std::vector<capture::TableInfo>> tables = source_->ListTables(environment_.stop);
  if (!tables.ok()) return tables.status();
  if (tables->empty() && request.tables.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the source captures no table; to capture one, ", source_->CaptureRemedy()));
  }
  auto selected = SelectTables(request, *tables, source_->CaptureRemedy());
  if (!selected.ok()) return selected.status();
  Job job;
  std::vector<std::string> refusals;
  for (auto& [table, info] : *selected) {
    for (const std::string& obstacle : info->obstacles) refusals.push_back(obstacle);
    if (!info->obstacles.empty()) continue;
    if (!table.predicate.empty() || !table.keys.empty()) {
      capture::ChunkRequest probe;
      probe.table = info->id;
      probe.predicate = table.predicate;
      probe.keys = table.keys;
      if (absl::Status status = source_->Validate(probe, environment_.stop); !status.ok())
        return status;
    }
    TableWork work;
    work.id = info->id;
    work.name_space = std::move(table.name_space);
    work.name = std::move(table.name);
    work.predicate = std::move(table.predicate);
    work.rows_estimated = table.keys.empty() ? info->rows_estimated : table.keys.size();
    work.keys = std::move(table.keys);
    job.tables.push_back(std::move(work));
  }
  if (!refusals.empty()) {
    if (!job.tables.empty()) {
      refusals.push_back(
          "or read the other tables only (except_tables; on the command line --except)");
    }
    return absl::FailedPreconditionError(absl::StrJoin(refusals, "\n"));
  }
  job.limits = request.limits;
  job.create_time_us = static_cast<int64_t>(environment_.wall_us());
  return job;
}

absl::StatusOr<JobStatus> Coordinator::Create(const JobRequest& request) {
  absl::StatusOr<Job> job = Prepare(request);
  if (!job.ok()) return job.status();
  absl::StatusOr<uint64_t> id = environment_.next_id();
  if (!id.ok()) return id.status();
  job->id = *id;
  absl::Status durable = environment_.run_durably([&](Merger& merger) {
    Guard guard(mutex_);
    job->first_sequence = merger.next_sequence();
    merger.AppendMark(Mark(*job, model::SnapshotMark::kStarted, merger));
    Store(*job, merger);
    jobs_.emplace(*id, *std::move(job));
  });
  if (!durable.ok()) return durable;
  environment_.wake_readers();
  return Get(*id);
}

absl::StatusOr<JobStatus> Coordinator::Get(uint64_t id) const {
  Guard guard(mutex_);
  auto job = jobs_.find(id);
  if (job == jobs_.end()) return NoSuchJob(id);
  return StatusOf(job->second);
}

std::vector<JobStatus> Coordinator::List() const {
  Guard guard(mutex_);
  std::vector<JobStatus> all;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) {
    all.push_back(StatusOf(job->second));
  }
  return all;
}

absl::StatusOr<JobStatus> Coordinator::Change(uint64_t id,
                                              std::function<absl::Status(Job&, Merger&)> change) {
  absl::Status changed;
  absl::Status durable = environment_.run_durably([&](Merger& merger) {
    Guard guard(mutex_);
    auto job = jobs_.find(id);
    changed = job == jobs_.end()      ? NoSuchJob(id)
              : !job->second.active() ? EndedAlready(job->second)
                                      : change(job->second, merger);
    if (changed.ok()) Store(job->second, merger);
  });
  if (!changed.ok()) return changed;
  if (!durable.ok()) return durable;
  environment_.wake_readers();
  return Get(id);
}

absl::StatusOr<JobStatus> Coordinator::Pause(uint64_t id) {
  return Change(id, [](Job& job, Merger&) {
    job.state = JobState::kPaused;
    return absl::OkStatus();
  });
}

absl::StatusOr<JobStatus> Coordinator::Resume(uint64_t id) {
  return Change(id, [](Job& job, Merger&) {
    job.state = JobState::kRunning;
    return absl::OkStatus();
  });
}

absl::StatusOr<JobStatus> Coordinator::Cancel(uint64_t id) {
  return Change(id, [this](Job& job, Merger& merger) {
    End(job, JobState::kCancelled, "", merger);
    return absl::OkStatus();
  });
}

absl::StatusOr<JobStatus> Coordinator::SetLimits(uint64_t id,
                                                 std::optional<uint64_t> rows_per_second_max,
                                                 std::optional<uint32_t> readers_max) {
  return Change(id, [&](Job& job, Merger&) {
    if (rows_per_second_max) job.limits.rows_per_second_max = *rows_per_second_max;
    if (readers_max) job.limits.readers_max = *readers_max;
    job.ForgetPace();
    return absl::OkStatus();
  });
}

// ---- Readers.

std::optional<Task> Coordinator::NextTask() {
  Guard guard(mutex_);
  std::optional<Task> task = jobs_turn_ ? NextOfJobs() : NextReread();
  if (!task) task = jobs_turn_ ? NextReread() : NextOfJobs();
  if (task) jobs_turn_ = task->kind == Task::Kind::kReread;
  return task;
}

std::optional<Task> Coordinator::NextReread() {
  std::optional<Task> task = rereads_.Next(environment_.now_us());
  if (task) task->request.bytes_max = tuning_.chunk_bytes_max;
  return task;
}

std::optional<Task> Coordinator::NextOfJobs() {
  auto job = jobs_.upper_bound(last_served_);
  for (size_t i = 0; i < jobs_.size(); ++i, ++job) {
    if (job == jobs_.end()) job = jobs_.begin();
    std::optional<Task> task = job->second.NextTask(environment_.now_us(), tuning_);
    if (!task) continue;
    last_served_ = job->first;
    return task;
  }
  return std::nullopt;
}

void Coordinator::Planned(const Task& task, std::vector<capture::KeyRange> ranges) {
  Guard guard(mutex_);
  auto job = jobs_.find(task.job);
  if (job == jobs_.end()) return;
  job->second.Planned(task, std::move(ranges), tuning_.keys_per_chunk);
}

void Coordinator::ReadDone(Task& task, const capture::Chunk& chunk, uint64_t elapsed_us) {
  Guard guard(mutex_);
  if (task.kind == Task::Kind::kReread) {
    if (!chunk.exhausted) rereads_.Cut(task, chunk.keys_read);
    return;
  }
  auto job = jobs_.find(task.job);
  if (job == jobs_.end()) return;
  job->second.put_off_by.clear();
  Job::ReadResult read{.rows = chunk.rows.size(),
                       .rows_scanned = chunk.rows_scanned,
                       .bytes = chunk.frames.size(),
                       .exhausted = chunk.exhausted,
                       .last_key = chunk.last_key,
                       .keys_read = chunk.keys_read,
                       .elapsed_us = elapsed_us};
  job->second.ReadDone(task, read, environment_.now_us(), tuning_);
}

void Coordinator::Waiting(const Task& task, const std::string& what) {
  Guard guard(mutex_);
  auto job = jobs_.find(task.job);
  if (job != jobs_.end()) job->second.waiting_for = what;
}

void Coordinator::HoldBack(const std::string& what) {
  Guard guard(mutex_);
  if (held_back_by_ != what) held_back_by_ = what;
}

JobStatus Coordinator::StatusOf(const Job& job) const {
  JobStatus status = job.Status(environment_.now_us());
  if (status.state != JobState::kRunning) return status;
  if (status.waiting_for.empty()) status.waiting_for = held_back_by_;
  if (status.waiting_for.empty() && !job.put_off_by.empty()) {
    status.waiting_for = absl::StrCat("another try: ", job.put_off_by);
  }
  return status;
}

void Coordinator::Failed(const Task& task, const absl::Status& status) {
  if (task.kind == Task::Kind::kReread) return FailReread(task, status);
  if (IsTransient(status)) {
    Guard guard(mutex_);
    auto job = jobs_.find(task.job);
    if (job == jobs_.end()) return;
    job->second.Redo(task, false, environment_.now_us(), tuning_);
    job->second.put_off_by = std::string(status.message());
    return;
  }
  // If this cannot be made durable the pipeline is ending, and the task comes back after the next
  // start.
  environment_
      .run_durably([&](Merger& merger) {
        Guard guard(mutex_);
        auto job = jobs_.find(task.job);
        if (job == jobs_.end() || !job->second.Wanted(task)) return;
        FailRead(job->second, task, status, merger);
      })
      .IgnoreError();
}

// A range whose bounds are no keys any more cannot be cut further, and the chunks before it hold
// what the bounds were called then: the table starts anew. Anything else needs an operator.
void Coordinator::FailRead(Job& job, const Task& task, const absl::Status& status, Merger& merger) {
  TableWork& table = job.tables[task.table];
  if (absl::IsOutOfRange(status) && task.request.keys.empty() &&
      ++table.plans_failed <= kFailedPlansMax) {
    job.RestartTable(task.table);
    environment_.wake_readers();
  } else {
    End(job, JobState::kFailed, std::string(status.message()), merger);
  }
  Store(job, merger);
}

void Coordinator::FailReread(const Task& task, const absl::Status& status) {
  const bool key_is_gone = absl::IsOutOfRange(status);
  if (key_is_gone && task.rereads.size() > 1) {
    Guard guard(mutex_);
    rereads_.ReadSingly(task.request.table);
    ReturnReread(task);
    return;
  }
  if (!key_is_gone && !absl::IsNotFound(status)) {
    Guard guard(mutex_);
    rereads_.Fail(task, std::string(status.message()), environment_.now_us(),
                  kRereadRetries * tuning_.retry_us);
    return;
  }
  // The row is gone, or its key is called otherwise now, under which only a snapshot names it.
  environment_
      .run_durably([&](Merger& merger) {
        Guard guard(mutex_);
        FinishReread(task, merger);
        rereads_.FoundGone(task.request.table);
      })
      .IgnoreError();
}

void Coordinator::FinishReread(const Task& task, Merger& merger) {
  for (const std::vector<model::Sequence>& needs : task.rereads) merger.FinishRereads(needs);
  rereads_.Finish(task);
}

void Coordinator::ReturnReread(const Task& task) {
  rereads_.Return(task, environment_.now_us() + kRereadRetries * tuning_.retry_us);
}

// ---- Merge thread.

absl::Status Coordinator::Close(const Task& task, WindowId window, Merger& merger) {
  Guard guard(mutex_);
  auto job = jobs_.find(task.job);
  bool reread = task.kind == Task::Kind::kReread;
  if (!reread && (job == jobs_.end() || !job->second.Wanted(task))) {
    merger.Abandon(window);
    return absl::OkStatus();
  }
  absl::StatusOr<Closed> closed = merger.Close(window);
  if (!closed.ok()) return closed.status();
  if (reread && closed->outcome == Closed::Outcome::kDone) {
    FinishReread(task, merger);
  } else if (reread) {
    ReturnReread(task);
  } else if (closed->outcome == Closed::Outcome::kDone) {
    CloseChunk(job->second, task, *closed, merger);
  } else {
    ++job->second.chunks_redone;
    job->second.Redo(task, closed->outcome == Closed::Outcome::kTooManyTouches,
                     environment_.now_us(), tuning_);
  }
  environment_.wake_readers();
  return absl::OkStatus();
}

void Coordinator::RestartRewritten(Merger& merger) {
  const std::vector<model::TableId> rewritten = merger.TakeRewritten();
  if (rewritten.empty()) return;
  Guard guard(mutex_);
  for (auto& [id, job] : jobs_) {
    if (job.active() && job.RestartTables(rewritten)) Store(job, merger);
  }
  environment_.wake_readers();
}

// True if rows of the chunks before may have changed without an event.
bool Coordinator::ChunksAreVoid(const TableWork& table, const Closed& closed,
                                const Merger& merger) const {
  std::shared_ptr<const model::TableSchema> before = merger.FindSchema(table.schema);
  return before != nullptr && capture::RowsRewritten({before, table.marks}, closed.table);
}

void Coordinator::CloseChunk(Job& job, const Task& task, const Closed& closed, Merger& merger) {
  TableWork& table = job.tables[task.table];
  if (ChunksAreVoid(table, closed, merger)) {
    ++job.chunks_redone;
    job.RestartTable(task.table);
    Store(job, merger);
    return;
  }
  table.schema = closed.table.schema->id;
  table.marks = closed.table.marks;
  model::SnapshotMark mark = Mark(job, model::SnapshotMark::kChunkDone, merger);
  capture::KeyRange range = job.Finish(task, environment_.now_us());
  mark.table_id = table.id;
  mark.lower_key = std::move(range.lower);
  mark.upper_key = std::move(range.upper);
  mark.rows = closed.rows;
  merger.AppendMark(mark);
  ++counts_.chunks_done;
  CompleteTables(job, merger);
  Store(job, merger);
}

void Coordinator::CompleteTables(Job& job, Merger& merger) {
  for (size_t i = 0; i < job.tables.size(); ++i) {
    if (!job.FinishTable(i)) continue;
    model::SnapshotMark mark = Mark(job, model::SnapshotMark::kTableDone, merger);
    mark.table_id = job.tables[i].id;
    mark.rows = job.tables[i].rows_done;
    merger.AppendMark(mark);
  }
  if (job.AllTablesDone()) End(job, JobState::kCompleted, "", merger);
}

void Coordinator::End(Job& job, JobState state, const std::string& reason, Merger& merger) {
  job.state = state;
  job.error = reason;
  job.end_time_us = static_cast<int64_t>(environment_.wall_us());
  auto kind = state == JobState::kCompleted   ? model::SnapshotMark::kCompleted
              : state == JobState::kCancelled ? model::SnapshotMark::kCancelled
                                              : model::SnapshotMark::kFailed;
  model::SnapshotMark mark = Mark(job, kind, merger);
  mark.rows = RowsDone(job);
  mark.reason = reason;
  ++(state == JobState::kCompleted   ? counts_.jobs_completed
     : state == JobState::kCancelled ? counts_.jobs_cancelled
                                     : counts_.jobs_failed);
  job.last_sequence = merger.next_sequence();
  merger.AppendMark(mark);
  job.DropWork();
  PruneEnded(job, merger);
}

void Coordinator::Store(Job& job, Merger& merger) {
  merger.AppendJob(TakeChanges(source_name_, job));
}

void Coordinator::PruneEnded(const Job& newest, Merger& merger) {
  std::vector<std::pair<int64_t, uint64_t>> ended;
  for (const auto& [id, job] : jobs_) {
    if (!job.active() && id != newest.id) ended.emplace_back(job.end_time_us, id);
  }
  if (ended.size() < kEndedJobsMax) return;
  std::sort(ended.begin(), ended.end());
  ended.resize(ended.size() + 1 - kEndedJobsMax);
  for (const auto& [time, id] : ended) {
    merger.AppendJob(EraseJob(jobs_.at(id)));
    counts_.chunks_redone += jobs_.at(id).chunks_redone;
    jobs_.erase(id);
  }
}

void Coordinator::AddRereads(std::vector<storage::PendingReread> rereads) {
  if (rereads.empty()) return;
  {
    Guard guard(mutex_);
    rereads_.Add(std::move(rereads));
  }
  environment_.wake_readers();
}

absl::Status Coordinator::LoadRereads() {
  Guard guard(mutex_);
  if (!rereads_.WantsLoad(environment_.now_us())) return absl::OkStatus();
  model::Sequence from = 0;
  bool wanted = true;
  while (wanted) {
    absl::StatusOr<std::vector<storage::PendingReread>> page =
        environment_.load_rereads(RereadQueue::kKeysMax, from);
    if (!page.ok()) return page.status();
    const bool last = page->size() < RereadQueue::kKeysMax;
    if (!last) from = page->back().sequence + 1;
    wanted = rereads_.Load(*std::move(page), last);
  }
  environment_.wake_readers();
  return absl::OkStatus();
}

std::string Coordinator::NameOf(model::TableId table) const {
  const std::string name = environment_.table_name ? environment_.table_name(table) : "";
  return name.empty() ? absl::StrCat("table ", table) : name;
}

RereadFailures Coordinator::reread_failures() const {
  std::map<model::TableId, std::string> failing;
  {
    Guard guard(mutex_);
    failing = rereads_.failing();
  }
  RereadFailures failures{.tables = failing.size(), .reasons = ""};
  size_t told = 0;
  for (const auto& [table, reason] : failing) {
    if (told == kReasonsMax) break;
    absl::StrAppend(&failures.reasons, told++ == 0 ? "" : "; ", NameOf(table), ": ", reason);
  }
  if (told < failing.size()) {
    absl::StrAppend(&failures.reasons, "; and ", failing.size() - told, " more tables");
  }
  return failures;
}

CoordinatorCounts Coordinator::counts() const {
  Guard guard(mutex_);
  CoordinatorCounts counts = counts_;
  for (const auto& [id, job] : jobs_) counts.chunks_redone += job.chunks_redone;
  return counts;
}

bool Coordinator::busy() const {
  Guard guard(mutex_);
  if (!rereads_.empty()) return true;
  return std::any_of(jobs_.begin(), jobs_.end(),
                     [](const auto& job) { return job.second.state == JobState::kRunning; });
}

}  // namespace tidemark::snapshot
