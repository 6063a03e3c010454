#include "service/chunk_loop.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/sleep.h"

namespace tidemark::service {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kIdleWait{100};
// No window is opened while the log is further behind: it would stay open for long, remember many
// touches, and its chunk be read again.
constexpr uint64_t kLagBytesMax = 64 << 20;
constexpr milliseconds kReconnectWait{1000};

}  // namespace

bool ChunkBudget::WaitForRoom(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  return room_.wait(lock, stop, [&] { return bytes_ < bytes_max_; });
}

void ChunkBudget::Take(size_t bytes) {
  std::lock_guard lock(mutex_);
  bytes_ += bytes;
}

void ChunkBudget::Return(size_t bytes) {
  std::lock_guard lock(mutex_);
  bytes_ -= bytes;
  room_.notify_all();
}

void ReaderWakeup::Wake() {
  std::lock_guard lock(mutex_);
  ++wakes_;
  wake_.notify_all();
}

void ReaderWakeup::Wait(milliseconds wait, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  uint64_t seen = wakes_;
  wake_.wait_for(lock, stop, wait, [&] { return wakes_ != seen; });
}

void ChunkLoop::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    if (parts_.coordinator->busy() && !MayRead()) {
      SleepUnlessStopped(kIdleWait, stop);
      continue;
    }
    std::optional<snapshot::Task> task = parts_.coordinator->NextTask();
    if (!task) {
      parts_.wakeup->Wait(kIdleWait, stop);
      continue;
    }
    absl::Status status = Perform(*task, stop);
    if (status.ok()) continue;
    parts_.coordinator->Failed(*task, status);
    if (!absl::IsUnavailable(status)) continue;
    reader_.reset();
    SleepUnlessStopped(kReconnectWait, stop);
  }
}

// Not while the log is disconnected, still replays or is far behind.
bool ChunkLoop::MayRead() {
  const std::string held = HeldBackBy();
  parts_.coordinator->HoldBack(held);
  return held.empty();
}

std::string ChunkLoop::HeldBackBy() {
  model::Position server = parts_.log->ServerPosition();
  bool ready = false;
  model::Position frontier;
  std::string hidden;
  absl::Status asked = parts_.inbox->Call([&](snapshot::Merger& merger) {
    ready = merger.ready();
    hidden = merger.hidden();
    frontier = merger.frontier();
  });
  if (!asked.ok()) return absl::StrCat("the service to be started again: ", asked.message());
  if (!hidden.empty()) return hidden;
  if (server == model::Position{}) return "the log to be connected";
  if (!ready) return "the log to come back to where it was left";
  if (server.file != frontier.file) return "the log, which is still in an older file";
  if (server.offset <= frontier.offset + kLagBytesMax) return "";
  return absl::StrCat("the log, which is ", (server.offset - frontier.offset) >> 20, " MiB behind");
}

absl::Status ChunkLoop::Perform(snapshot::Task& task, std::stop_token stop) {
  if (absl::Status status = Connect(stop); !status.ok()) return status;
  return task.kind == snapshot::Task::Kind::kPlan ? Plan(task, stop) : Read(task, stop);
}

absl::Status ChunkLoop::Connect(std::stop_token stop) {
  if (reader_ != nullptr) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<capture::ChunkReader>> opened =
      parts_.source->OpenChunkReader(parts_.registry, stop);
  if (opened.ok()) reader_ = *std::move(opened);
  return opened.status();
}

absl::Status ChunkLoop::Plan(const snapshot::Task& task, std::stop_token stop) {
  if (task.ranges == 0) {
    parts_.coordinator->Planned(task, {});
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<capture::KeyRange>> ranges =
      reader_->PlanRanges(task.request.table, task.ranges, stop);
  if (ranges.ok()) parts_.coordinator->Planned(task, *std::move(ranges));
  return ranges.status();
}

absl::Status ChunkLoop::Read(snapshot::Task& task, std::stop_token stop) {
  if (!parts_.budget->WaitForRoom(stop)) return absl::CancelledError("stopped");
  snapshot::Merger::OpenedWindow window;
  absl::Status status = Open(task.request.table, &window);
  if (!status.ok()) return status;
  status = SettleAndRead(task, window, stop);
  if (!status.ok()) {
    parts_.inbox->Post([id = window.id](snapshot::Merger& merger) { merger.Abandon(id); });
  }
  return status;
}

absl::Status ChunkLoop::Open(model::TableId table, snapshot::Merger::OpenedWindow* window) {
  absl::Status opened = absl::AbortedError("the log is not connected yet");
  absl::Status called = parts_.inbox->Call([&](snapshot::Merger& merger) {
    if (!merger.ready()) return;
    *window = merger.Open(table);
    opened = absl::OkStatus();
  });
  return called.ok() ? opened : called;
}

absl::Status ChunkLoop::SettleAndRead(snapshot::Task& task,
                                      const snapshot::Merger::OpenedWindow& window,
                                      std::stop_token stop) {
  if (!parts_.without_settle) {
    auto report = [&](const std::string& what) { parts_.coordinator->Waiting(task, what); };
    auto settled = reader_->Settle(window.unsettled, report, stop);
    if (!settled.ok()) return settled.status();
  }
  auto started = std::chrono::steady_clock::now();
  absl::StatusOr<capture::Chunk> chunk = reader_->Read(task.request, stop);
  if (!chunk.ok()) return chunk.status();
  auto elapsed = std::chrono::steady_clock::now() - started;
  parts_.coordinator->ReadDone(
      task, *chunk, std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count());
  Submit(task, window.id, *std::move(chunk));
  return absl::OkStatus();
}

void ChunkLoop::Submit(const snapshot::Task& task, snapshot::WindowId window,
                       capture::Chunk chunk) {
  size_t bytes = chunk.frames.capacity() + chunk.rows.capacity() * sizeof(model::FrameExtent);
  parts_.budget->Take(bytes);
  auto held = std::make_shared<capture::Chunk>(std::move(chunk));
  ChunkBudget* budget = parts_.budget;
  MergeLoop* merge = parts_.merge;
  parts_.inbox->Post([task, window, held, budget, merge, bytes](snapshot::Merger& merger) {
    merger.Settle(*held->view);
    merge->Track(window, task, [budget, bytes] { budget->Return(bytes); });
    merger.Submit(window, std::move(*held));
  });
}

}  // namespace tidemark::service
