#ifndef TIDEMARK_SERVICE_MERGE_LOOP_H_
#define TIDEMARK_SERVICE_MERGE_LOOP_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <vector>

#include "service/inbox.h"
#include "service/latency_histogram.h"
#include "service/turn.h"
#include "snapshot/coordinator.h"
#include "snapshot/merger.h"
#include "storage/journal.h"

namespace tidemark::service {

// What the merge thread tells the rest of the pipeline.
struct MergeEvents {
  // Everything up to `acknowledgeable` is durable and settled. `commit_time_us`: of the newest
  // durable transaction, 0 if there was none; `counts`: of what was appended.
  std::function<void(const model::Position& acknowledgeable, uint64_t commit_time_us,
                     const snapshot::MergeCounts& counts)>
      durable;
  // A window waits for the frontier to get there.
  std::function<void(const model::Position& position)> wanted;
  // The journal cannot take more for now (the disk is full); OK: it can again.
  std::function<void(const absl::Status& status)> stalled;
};

// The merge thread: takes log pieces and steps from the inbox, lets the merger order them, closes
// windows, and appends everything to the journal in atomic, synced batches. While one append is
// being synced the next batch gathers in the inbox: that is the group commit.
class MergeLoop {
 public:
  MergeLoop(Inbox* inbox, snapshot::Merger merger, storage::Journal* journal,
            snapshot::Coordinator* coordinator, MergeEvents events, bool acknowledge_published);

  // Until `stop`; then drains the inbox (close it first), appends what came, and returns. An error:
  // the journal or the merge is broken, and nothing more was appended.
  absl::Status Run(std::stop_token stop);

  // The service is stopping: a full disk is not waited for any more. Any thread.
  void GiveUpWhenStalled() { give_up_ = true; }

  // Any thread. Windows that are open, how long appends take until they are on disk, and the
  // thread's turns.
  size_t windows() const { return windows_.load(std::memory_order_relaxed); }
  LatencyCounts append_latency() const { return append_latency_.Look(); }
  const Turn& turn() const { return turn_; }

  // From a step: everything up to here is stored elsewhere too. With `acknowledge_published`
  // nothing behind it is acknowledged.
  void Published(const model::Position& position) { published_ = position; }

  // From a step: `window` was submitted for `task`; `release` is called when it is over.
  void Track(snapshot::WindowId window, snapshot::Task task, std::function<void()> release);

 private:
  struct Tracked {
    snapshot::Task task;
    std::function<void()> release;
  };
  using Clock = std::chrono::steady_clock;

  absl::Status Process(std::vector<Inbox::Item> items);
  absl::Status CloseWindows();
  bool AppendIsDue() const;
  std::chrono::microseconds IdleWait() const;
  absl::Status Append();
  model::Position Acknowledgeable() const;
  absl::Status AppendWithRetry(const storage::AppendBatch& batch);
  void ReportDurable();
  void FailWaiting(const absl::Status& status);

  Inbox* const inbox_;
  snapshot::Merger merger_;
  storage::Journal* const journal_;
  snapshot::Coordinator* const coordinator_;
  const MergeEvents events_;
  std::map<snapshot::WindowId, Tracked> tracked_;
  std::vector<std::shared_ptr<std::promise<absl::Status>>> waiting_;
  std::atomic<bool> give_up_ = false;
  Clock::time_point last_append_{};
  // Appended and not reported yet.
  snapshot::MergeCounts appended_;
  model::Position durable_frontier_;
  const bool acknowledge_published_;
  model::Position published_;
  model::Position acknowledged_;
  uint64_t commit_time_us_ = 0;
  std::atomic<size_t> windows_ = 0;
  LatencyHistogram append_latency_;
  Turn turn_;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_MERGE_LOOP_H_
