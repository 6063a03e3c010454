#include "service/pipeline.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "service/chunk_loop.h"
#include "service/inbox.h"
#include "service/lag_clock.h"
#include "service/log.h"
#include "service/log_loop.h"
#include "service/merge_loop.h"
#include "service/probe_loop.h"
#include "snapshot/coordinator.h"
#include "snapshot/job_state.h"

namespace tidemark::service {
namespace {

constexpr size_t kLogBatchBytes = 512 << 10;

using Schemas = std::vector<std::shared_ptr<const model::TableSchema>>;

class ThreadedPipeline : public Pipeline {
 public:
  ThreadedPipeline(const std::string& name, const PipelineOptions& options, capture::Source* source,
                   storage::Store* store, storage::Journal* journal, Schemas schemas,
                   std::vector<snapshot::Job> jobs);
  ~ThreadedPipeline() override;

  void BeginStop() override;
  void Published(const model::Position& position) override;
  void Fail(const absl::Status& status) override { Broken(status); }
  PipelineStatus status() const override;
  PipelineMetrics metrics() const override;
  snapshot::JobControl& jobs() override { return coordinator_; }

 private:
  snapshot::CoordinatorEnvironment CoordinatorNeeds(storage::Store* store);
  MergeEvents MergeReports();
  absl::StatusOr<capture::LogResume> DurableResume();
  void LogChanged(const absl::Status& status);
  void Durable(const model::Position& acknowledgeable, uint64_t commit_time_us,
               const snapshot::MergeCounts& counts);
  void Broken(const absl::Status& status);
  // REQUIRES: mutex_ is held.
  void CountSession(const absl::Status& status);
  void SetState(PipelineState state, const std::string& error);

  const std::string name_;
  capture::Source* const source_;
  storage::Journal* const journal_;
  // Of calls that users make.
  std::stop_source stop_;
  capture::SchemaRegistry registry_;
  Inbox inbox_;
  ChunkBudget budget_;
  ReaderWakeup wakeup_;
  snapshot::Coordinator coordinator_;
  LogLoop log_;
  MergeLoop merge_;

  LatencyHistogram commit_to_journal_;

  mutable std::mutex mutex_;
  PipelineStatus status_;
  bool connected_once_ = false;
  bool stalled_ = false;
  FailureCounts restarts_;
  FailureCounts session_failures_;
  // What ended the newest session that was had.
  FailureCause ended_by_ = FailureCause::kOther;
  snapshot::MergeCounts merged_;
  mutable LagClock lag_clock_{model::SteadyUs()};
  bool broken_ = false;

  std::jthread merge_thread_;
  std::jthread log_thread_;
  std::vector<std::jthread> readers_;
};

snapshot::MergerOptions MergerSettings(const PipelineOptions& options) {
  snapshot::MergerOptions merger;
  merger.without_folding = options.without_folding;
  return merger;
}

snapshot::ChunkTuning Tuning(const PipelineOptions& options) {
  snapshot::ChunkTuning tuning;
  tuning.chunk_us_target = uint64_t{options.chunk_ms_target} * 1000;
  tuning.chunk_bytes_max = options.chunk_bytes_max / 2;
  return tuning;
}

ThreadedPipeline::ThreadedPipeline(const std::string& name, const PipelineOptions& options,
                                   capture::Source* source, storage::Store* store,
                                   storage::Journal* journal, Schemas schemas,
                                   std::vector<snapshot::Job> jobs)
    : name_(name),
      source_(source),
      journal_(journal),
      registry_(std::move(schemas)),
      inbox_(options.queue_bytes_max),
      budget_(options.chunk_bytes_max),
      coordinator_(name, source, CoordinatorNeeds(store), Tuning(options), std::move(jobs)),
      log_(
          source, &registry_, &inbox_, kLogBatchBytes, [this] { return DurableResume(); },
          [this](const absl::Status& status) { LogChanged(status); }),
      merge_(&inbox_, snapshot::Merger(MergerSettings(options), &registry_, journal->checkpoint()),
             journal, &coordinator_, MergeReports(), options.acknowledge_published) {
  log_thread_ = std::jthread([this](std::stop_token stop) { log_.Run(stop); });
  for (uint32_t i = 0; i < options.readers_max; ++i) {
    ChunkLoop::Parts parts{source,  &registry_, &coordinator_, &inbox_,
                           &merge_, &budget_,   &wakeup_,      &log_};
    parts.without_settle = options.without_settle;
    readers_.emplace_back([parts](std::stop_token stop) { ChunkLoop(parts).Run(stop); });
  }
  readers_.emplace_back(
      [this](std::stop_token stop) { ProbeLoop(source_, &registry_, &inbox_, &log_).Run(stop); });
  // Last: what it does when it fails needs the others.
  merge_thread_ = std::jthread([this](std::stop_token stop) {
    if (absl::Status status = merge_.Run(stop); !status.ok()) Broken(status);
  });
}

void ThreadedPipeline::BeginStop() {
  stop_.request_stop();
  log_thread_.request_stop();
  for (std::jthread& reader : readers_) reader.request_stop();
  merge_.GiveUpWhenStalled();
  wakeup_.Wake();
}

// In pipeline order: first what brings in, then the merge thread once it has appended what came,
// then the last acknowledgement.
ThreadedPipeline::~ThreadedPipeline() {
  BeginStop();
  log_thread_.join();
  for (std::jthread& reader : readers_) reader.join();
  inbox_.Close();
  merge_thread_.request_stop();
  merge_thread_.join();
  log_.Finish();
}

snapshot::CoordinatorEnvironment ThreadedPipeline::CoordinatorNeeds(storage::Store* store) {
  snapshot::CoordinatorEnvironment needs;
  needs.wall_us = [] { return model::NowUs(); };
  needs.now_us = [] { return model::SteadyUs(); };
  needs.run_durably = [this](std::function<void(snapshot::Merger&)> step) {
    return inbox_.RunDurably(std::move(step));
  };
  needs.next_id = [store] { return store->NextJobId(); };
  needs.wake_readers = [this] { wakeup_.Wake(); };
  needs.stop = stop_.get_token();
  needs.load_rereads = [this](size_t max, model::Sequence from) {
    return journal_->Rereads(max, from);
  };
  needs.table_name = [this](model::TableId table) -> std::string {
    const auto schema = registry_.Latest(table);
    return schema == nullptr ? "" : absl::StrCat(schema->name_space, ".", schema->name);
  };
  return needs;
}

MergeEvents ThreadedPipeline::MergeReports() {
  MergeEvents events;
  events.durable = [this](const model::Position& acknowledgeable, uint64_t commit_time_us,
                          const snapshot::MergeCounts& counts) {
    Durable(acknowledgeable, commit_time_us, counts);
  };
  events.wanted = [this](const model::Position& position) { log_.RequestFrontier(position); };
  events.stalled = [this](const absl::Status& status) {
    std::lock_guard lock(mutex_);
    stalled_ = !status.ok();
    status_.error = std::string(status.message());
  };
  return events;
}

// Before each log session.
absl::StatusOr<capture::LogResume> ThreadedPipeline::DurableResume() {
  capture::LogResume resume;
  absl::Status status =
      inbox_.RunDurably([&](snapshot::Merger& merger) { resume.token = merger.resume(); });
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<model::DriverRecord>> records = journal_->DriverRecords();
  if (!records.ok()) return records.status();
  resume.records = *std::move(records);
  return resume;
}

void ThreadedPipeline::LogChanged(const absl::Status& status) {
  // Before anything that the new session brings: what open windows saw need not be in its log.
  if (status.ok()) inbox_.Post([](snapshot::Merger& merger) { merger.VoidWindows(); });
  {
    std::lock_guard lock(mutex_);
    if (broken_) return;
    CountSession(status);
    status_.server = source_->Server();
  }
  if (status.ok()) {
    SetState(PipelineState::kCapturing, "");
  } else if (IsTransient(status)) {
    SetState(PipelineState::kConnecting, std::string(status.message()));
  } else {
    SetState(PipelineState::kStopped, std::string(status.message()));
  }
}

void ThreadedPipeline::CountSession(const absl::Status& status) {
  if (!status.ok()) {
    session_failures_.Count(CauseOf(status));
    if (status_.state == PipelineState::kCapturing) ended_by_ = CauseOf(status);
  } else if (std::exchange(connected_once_, true)) {
    ++status_.restarts;
    restarts_.Count(ended_by_);
  }
}

void ThreadedPipeline::Durable(const model::Position& acknowledgeable, uint64_t commit_time_us,
                               const snapshot::MergeCounts& counts) {
  log_.Acknowledge(acknowledgeable);
  const model::Position server = log_.ServerPosition();
  const model::Position frontier = journal_->bounds().frontier;
  std::lock_guard lock(mutex_);
  status_.acknowledged = acknowledgeable;
  merged_.Add(counts);
  lag_clock_.Note(server, frontier, model::SteadyUs());
  if (commit_time_us == 0) return;
  status_.lag_us = static_cast<int64_t>(model::NowUs() - commit_time_us);
  commit_to_journal_.Observe(static_cast<uint64_t>(std::max<int64_t>(status_.lag_us, 0)));
}

void ThreadedPipeline::Published(const model::Position& position) {
  inbox_.Post([this, position](snapshot::Merger&) { merge_.Published(position); });
}

void ThreadedPipeline::Broken(const absl::Status& status) {
  {
    std::lock_guard lock(mutex_);
    broken_ = true;
  }
  log_.GiveUp();
  log_thread_.request_stop();
  SetState(PipelineState::kStopped, std::string(status.message()));
}

void ThreadedPipeline::SetState(PipelineState state, const std::string& error) {
  std::lock_guard lock(mutex_);
  if (status_.state == state && status_.error == error) return;
  status_.state = state;
  status_.error = error;
  if (state == PipelineState::kCapturing) {
    LogInfo("capturing", {{"source", name_}, {"server", status_.server}});
  } else {
    LogError(state == PipelineState::kStopped ? "source stopped" : "source disconnected",
             {{"source", name_}, {"error", error}});
  }
}

PipelineStatus ThreadedPipeline::status() const {
  snapshot::RereadFailures rereads = coordinator_.reread_failures();
  std::lock_guard lock(mutex_);
  PipelineStatus status = status_;
  status.rereads = std::move(rereads);
  for (const auto& of_kind : merged_.by_class) status.events += of_kind.events;
  status.frontier = journal_->bounds().frontier;
  model::Position server = log_.ServerPosition();
  // Of files between, MySQL's, the sizes are not known.
  const uint64_t from = server.file > status.frontier.file ? 0 : status.frontier.offset;
  const bool behind = status.frontier != model::Position{} && server > status.frontier;
  status.lag_bytes = behind ? server.offset - from : 0;
  return status;
}

PipelineMetrics ThreadedPipeline::metrics() const {
  PipelineMetrics metrics;
  metrics.status = status();
  const model::Position server = log_.ServerPosition();
  metrics.connected = server != model::Position{};
  metrics.snapshots = coordinator_.counts();
  metrics.commit_to_journal = commit_to_journal_.Look();
  metrics.appends = merge_.append_latency();
  metrics.queue_bytes = inbox_.bytes();
  metrics.windows = merge_.windows();
  metrics.retention = log_.Retention();
  metrics.log_turn_age_us = log_.turn().age_us();
  metrics.merge_turn_age_us = merge_.turn().age_us();
  std::lock_guard lock(mutex_);
  lag_clock_.Note(server, metrics.status.frontier, model::SteadyUs());
  metrics.lag_us = lag_clock_.lag_us(model::SteadyUs());
  metrics.stalled = stalled_;
  metrics.restarts = restarts_;
  metrics.session_failures = session_failures_;
  metrics.merged = merged_;
  return metrics;
}

absl::StatusOr<std::vector<snapshot::Job>> JobsOf(const std::string& name, storage::Store* store) {
  absl::StatusOr<std::vector<storage::JobRecord>> records = store->Jobs();
  if (!records.ok()) return records.status();
  return snapshot::DecodeJobs(name, *records);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Pipeline>> Pipeline::Start(const std::string& name,
                                                          PipelineOptions options,
                                                          capture::Source* source,
                                                          storage::Store* store,
                                                          storage::Journal* journal) {
  absl::StatusOr<Schemas> schemas = journal->Schemas();
  if (!schemas.ok()) return schemas.status();
  absl::StatusOr<std::vector<snapshot::Job>> jobs = JobsOf(name, store);
  if (!jobs.ok()) return jobs.status();
  return std::make_unique<ThreadedPipeline>(name, options, source, store, journal,
                                            *std::move(schemas), *std::move(jobs));
}

}  // namespace tidemark::service
