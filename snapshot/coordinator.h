#ifndef TIDEMARK_SNAPSHOT_COORDINATOR_H_
#define TIDEMARK_SNAPSHOT_COORDINATOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "snapshot/job.h"
#include "snapshot/job_control.h"
#include "snapshot/merger.h"
#include "snapshot/reread_queue.h"
#include "storage/journal.h"

namespace tidemark::snapshot {

// What the coordinator needs from the place it runs in.
struct CoordinatorEnvironment {
  // Microseconds since 1970-01-01 UTC: when jobs were created and ended.
  std::function<uint64_t()> wall_us;
  // Microseconds that never go back: pace and pauses.
  std::function<uint64_t()> now_us;
  // Runs `step` where the merger lives; returns once everything that it appended is durable.
  std::function<absl::Status(std::function<void(Merger&)> step)> run_durably;
  // A new job id.
  std::function<absl::StatusOr<uint64_t>()> next_id;
  // There may be something to read now.
  std::function<void()> wake_readers;
  // storage::Journal::Rereads.
  std::function<absl::StatusOr<std::vector<storage::PendingReread>>(size_t max,
                                                                    model::Sequence from)>
      load_rereads;
  // "public.t", for messages; "": not known.
  std::function<std::string(model::TableId)> table_name;
  // Ends calls to the server that users wait for.
  std::stop_token stop;
};

// Since the coordinator was made.
struct CoordinatorCounts {
  // Whose rows are in the journal, and those that were read and had to be read again.
  uint64_t chunks_done = 0;
  uint64_t chunks_redone = 0;
  uint64_t jobs_completed = 0;
  uint64_t jobs_cancelled = 0;
  uint64_t jobs_failed = 0;
};

// Rows that the log brought incomplete, and that cannot be read again now.
struct RereadFailures {
  uint64_t tables = 0;
  // Which of them, and why: "public.t: another session holds a lock on the table"; "": none.
  std::string reasons;
};

// All snapshot jobs and pending re-reads of one source: what users ask for, what readers read next,
// what becomes of it. Of jobs that have ended the newest hundred are kept.
//
// Concurrency. Thread-safe. Users call JobControl; readers call NextTask, Planned, ReadDone and
// Failed; the merge thread calls Close, RestartRewritten and AddRereads, and runs the steps of
// run_durably. Job state changes on the merge thread only, together with the append that makes it
// durable.
class Coordinator : public JobControl {
 public:
  // `source` must outlive it. `jobs`: the stored jobs of this source.
  Coordinator(std::string source_name, capture::Source* source, CoordinatorEnvironment environment,
              ChunkTuning tuning, std::vector<Job> jobs);

  // JobControl.
  absl::StatusOr<JobStatus> Create(const JobRequest& request) override;
  absl::StatusOr<JobStatus> Get(uint64_t id) const override;
  std::vector<JobStatus> List() const override;
  absl::StatusOr<JobStatus> Pause(uint64_t id) override;
  absl::StatusOr<JobStatus> Resume(uint64_t id) override;
  absl::StatusOr<JobStatus> Cancel(uint64_t id) override;
  absl::StatusOr<JobStatus> SetLimits(uint64_t id, std::optional<uint64_t> rows_per_second_max,
                                      std::optional<uint32_t> readers_max) override;

  // Readers. Re-reads and jobs take turns, and so do the jobs: none waits for ever where another
  // never runs out. nullopt: nothing to do now.
  std::optional<Task> NextTask();
  void Planned(const Task& task, std::vector<capture::KeyRange> ranges);
  // The task is cut to what the chunk holds; the rest will be another one.
  void ReadDone(Task& task, const capture::Chunk& chunk, uint64_t elapsed_us);
  // The task could not be done. Aborted and Unavailable: it will be tried again. OutOfRange: a
  // range's table starts anew, a key to read again is gone. Anything else ends the job.
  void Failed(const Task& task, const absl::Status& status);
  // What the task waits for; "": nothing.
  void Waiting(const Task& task, const std::string& what);
  // What keeps every task from being done; "": nothing. Shown where a job waits for nothing else.
  void HoldBack(const std::string& what);

  // Merge thread. Closes the task's window and appends what follows from it: rows, marks, the job's
  // new state.
  absl::Status Close(const Task& task, WindowId window, Merger& merger);
  // Tables whose rows the log has rewritten start anew. To be called after each Merge.
  void RestartRewritten(Merger& merger);
  void AddRereads(std::vector<storage::PendingReread> rereads);
  // Loads re-reads that did not fit in memory, that an earlier run left, or that are to be tried
  // again. REQUIRES: everything that the merger has appended is durable, and AddRereads had it.
  // Call now and then.
  absl::Status LoadRereads();

  CoordinatorCounts counts() const;
  RereadFailures reread_failures() const;
  // True while a job runs or keys wait to be read again.
  bool busy() const;

 private:
  using Guard = std::lock_guard<std::mutex>;

  absl::StatusOr<Job> Prepare(const JobRequest& request);
  absl::StatusOr<JobStatus> Change(uint64_t id, std::function<absl::Status(Job&, Merger&)> change);
  // REQUIRES: mutex_ is held.
  JobStatus StatusOf(const Job& job) const;
  std::optional<Task> NextReread();
  std::optional<Task> NextOfJobs();
  void CloseChunk(Job& job, const Task& task, const Closed& closed, Merger& merger);
  bool ChunksAreVoid(const TableWork& table, const Closed& closed, const Merger& merger) const;
  void CompleteTables(Job& job, Merger& merger);
  void End(Job& job, JobState state, const std::string& reason, Merger& merger);
  void Store(Job& job, Merger& merger);
  void PruneEnded(const Job& newest, Merger& merger);
  void FailReread(const Task& task, const absl::Status& status);
  void FailRead(Job& job, const Task& task, const absl::Status& status, Merger& merger);
  void FinishReread(const Task& task, Merger& merger);
  void ReturnReread(const Task& task);
  std::string NameOf(model::TableId table) const;

  const std::string source_name_;
  capture::Source* const source_;
  const CoordinatorEnvironment environment_;
  const ChunkTuning tuning_;

  mutable std::mutex mutex_;
  std::map<uint64_t, Job> jobs_;
  RereadQueue rereads_;
  bool jobs_turn_ = false;
  uint64_t last_served_ = 0;  // a job
  std::string held_back_by_;
  // Its chunks_redone: of jobs that are kept no more, less what had been counted before the start.
  CoordinatorCounts counts_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_COORDINATOR_H_
