#include "service/merge_loop.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "model/wall_clock.h"

namespace tidemark::service {
namespace {

using std::chrono::milliseconds;

constexpr size_t kTakeBytes = 1 << 20;
constexpr size_t kAppendBytes = 2 << 20;
// How often a frontier that moved without events is stored.
constexpr std::chrono::microseconds kFrontierInterval{250'000};
constexpr milliseconds kStallRetry{500};
// Appends that nobody waits for follow each other at this distance at least: a sync costs about as
// much, and what comes meanwhile shares the next one.
constexpr std::chrono::microseconds kAppendInterval{1000};

}  // namespace

MergeLoop::MergeLoop(Inbox* inbox, snapshot::Merger merger, storage::Journal* journal,
                     snapshot::Coordinator* coordinator, MergeEvents events,
                     bool acknowledge_published)
    : inbox_(inbox),
      merger_(std::move(merger)),
      journal_(journal),
      coordinator_(coordinator),
      events_(std::move(events)),
      acknowledge_published_(acknowledge_published) {}

absl::Status MergeLoop::Run(std::stop_token stop) {
  absl::Status status = coordinator_->LoadRereads();
  while (status.ok()) {
    turn_.Make();
    bool stopping = stop.stop_requested();
    std::vector<Inbox::Item> items =
        inbox_->Take(kTakeBytes, stopping ? std::chrono::microseconds(0) : IdleWait());
    bool drained = items.empty();
    status = Process(std::move(items));
    if (status.ok() && (AppendIsDue() || (stopping && drained && merger_.changed()))) {
      status = Append();
    }
    // What is to be tried again is due on an idle source too.
    if (status.ok() && !merger_.changed()) status = coordinator_->LoadRereads();
    if (merger_.ready() && Acknowledgeable() > acknowledged_) {
      ReportDurable();
    }
    windows_.store(merger_.windows(), std::memory_order_relaxed);
    if (stopping && drained) break;
  }
  turn_.Rest();
  const absl::Status why =
      status.ok() ? absl::CancelledError("the service is shutting down") : status;
  inbox_->Close(why);
  FailWaiting(why);
  return status;
}

absl::Status MergeLoop::Process(std::vector<Inbox::Item> items) {
  for (Inbox::Item& item : items) {
    if (auto* step = std::get_if<Inbox::Step>(&item)) {
      step->run(merger_);
      if (step->done != nullptr && step->durable) waiting_.push_back(std::move(step->done));
      if (step->done != nullptr) step->done->set_value(absl::OkStatus());
    } else {
      capture::LogBatch& batch = std::get<capture::LogBatch>(item);
      if (batch.commit_time_us != 0) commit_time_us_ = batch.commit_time_us;
      if (absl::Status status = merger_.Merge(std::move(batch)); !status.ok()) return status;
      coordinator_->RestartRewritten(merger_);
    }
    if (absl::Status status = CloseWindows(); !status.ok()) return status;
    if (merger_.output_bytes() >= kAppendBytes) {
      if (absl::Status status = Append(); !status.ok()) return status;
    }
  }
  model::Position wanted = merger_.WantedFrontier();
  if (wanted > merger_.frontier()) events_.wanted(wanted);
  return absl::OkStatus();
}

absl::Status MergeLoop::CloseWindows() {
  for (snapshot::WindowId window : merger_.Closable()) {
    auto found = tracked_.find(window);
    Tracked tracked = std::move(found->second);
    tracked_.erase(found);
    absl::Status status = coordinator_->Close(tracked.task, window, merger_);
    tracked.release();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

void MergeLoop::Track(snapshot::WindowId window, snapshot::Task task,
                      std::function<void()> release) {
  tracked_.emplace(window, Tracked{std::move(task), std::move(release)});
}

bool MergeLoop::AppendIsDue() const {
  if (!waiting_.empty()) return true;
  if (!merger_.changed()) return false;
  auto interval = merger_.output_bytes() > 0 ? kAppendInterval : kFrontierInterval;
  return Clock::now() - last_append_ >= interval;
}

// How long the inbox may be waited for: not past the time when what is there is to be appended.
std::chrono::microseconds MergeLoop::IdleWait() const {
  if (merger_.output_bytes() == 0) return milliseconds(50);
  auto since = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - last_append_);
  return std::clamp(kAppendInterval - since, std::chrono::microseconds(0), kAppendInterval);
}

absl::Status MergeLoop::Append() {
  std::vector<storage::PendingReread> rereads = merger_.TakeRereads();
  storage::AppendBatch batch = merger_.Take(model::NowUs());
  model::Position frontier = batch.checkpoint.frontier;
  snapshot::MergeCounts counts = merger_.TakeCounts();
  const uint64_t started_us = model::SteadyUs();
  if (absl::Status status = AppendWithRetry(batch); !status.ok()) return status;
  append_latency_.Observe(model::SteadyUs() - started_us);
  last_append_ = Clock::now();
  for (auto& promise : std::exchange(waiting_, {})) promise->set_value(absl::OkStatus());
  coordinator_->AddRereads(std::move(rereads));
  durable_frontier_ = frontier;
  appended_.Add(counts);
  ReportDurable();
  return coordinator_->LoadRereads();
}

void MergeLoop::ReportDurable() {
  // Until the log has replayed it is not known which transactions are not settled.
  if (!merger_.ready()) return;
  acknowledged_ = Acknowledgeable();
  events_.durable(acknowledged_, std::exchange(commit_time_us_, 0), std::exchange(appended_, {}));
}

model::Position MergeLoop::Acknowledgeable() const {
  return merger_.settling().Acknowledgeable(
      acknowledge_published_ ? std::min(durable_frontier_, published_) : durable_frontier_);
}

absl::Status MergeLoop::AppendWithRetry(const storage::AppendBatch& batch) {
  bool stalled = false;
  while (true) {
    turn_.Make();
    absl::Status status = journal_->Append(batch);
    if (!absl::IsResourceExhausted(status) || give_up_) {
      if (stalled && status.ok()) events_.stalled(status);
      return status;
    }
    stalled = true;
    events_.stalled(status);
    std::this_thread::sleep_for(kStallRetry);
  }
}

void MergeLoop::FailWaiting(const absl::Status& status) {
  for (const Inbox::Item& item : inbox_->Take(SIZE_MAX, milliseconds(0))) {
    const auto* step = std::get_if<Inbox::Step>(&item);
    if (step != nullptr && step->done != nullptr) waiting_.push_back(step->done);
  }
  for (auto& promise : std::exchange(waiting_, {})) promise->set_value(status);
}

}  // namespace tidemark::service
