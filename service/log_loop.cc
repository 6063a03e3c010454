#include "service/log_loop.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "service/failure_cause.h"
#include "service/sleep.h"

namespace tidemark::service {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReadWait{100};
// When pieces follow each other faster than this, the log is busy, and it pays to let some of it
// gather before the next read: one wake-up then serves many messages, on the server's side too.
constexpr std::chrono::microseconds kBusyInterval{1000};
constexpr std::chrono::microseconds kGatherPause{300};
// And longer when the pieces are large all the same.
constexpr size_t kLargePiece = 16 << 10;
constexpr std::chrono::microseconds kLongGatherPause{1500};
constexpr milliseconds kFullWait{200};
constexpr milliseconds kBackoffMin{100};
constexpr milliseconds kBackoffMax{10'000};
// A session that lasted so long was a good one: the next fault starts with the shortest wait again.
constexpr milliseconds kGoodSession{1000};
// How often it is tried again where an operator must act.
constexpr milliseconds kOperatorWait{10'000};

}  // namespace

LogLoop::LogLoop(capture::Source* source, capture::SchemaRegistry* registry, Inbox* inbox,
                 size_t batch_bytes, std::function<absl::StatusOr<capture::LogResume>()> resume,
                 std::function<void(const absl::Status&)> changed)
    : source_(source),
      registry_(registry),
      inbox_(inbox),
      batch_bytes_(batch_bytes),
      resume_(std::move(resume)),
      changed_(std::move(changed)) {}

void LogLoop::Run(std::stop_token stop) {
  milliseconds backoff = kBackoffMin;
  while (!stop.stop_requested()) {
    auto started = std::chrono::steady_clock::now();
    absl::Status status = Session(stop);
    turn_.Rest();
    if (given_up_) SetReader(nullptr);
    if (stop.stop_requested()) return;
    SetReader(nullptr);
    changed_(status);
    if (std::chrono::steady_clock::now() - started > kGoodSession) backoff = kBackoffMin;
    milliseconds wait = IsTransient(status) ? backoff : kOperatorWait;
    if (!SleepUnlessStopped(wait, stop)) return;
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

absl::Status LogLoop::Session(std::stop_token stop) {
  absl::StatusOr<capture::LogResume> resume = resume_();
  if (!resume.ok()) return resume.status();
  absl::StatusOr<std::unique_ptr<capture::LogReader>> opened =
      source_->OpenLog(*resume, registry_, stop);
  if (!opened.ok()) return opened.status();
  std::shared_ptr<capture::LogReader> log = *std::move(opened);
  log->OnProgress([this] { turn_.Make(); });
  SetReader(log);
  changed_(absl::OkStatus());
  reconnect_ = false;
  auto last = std::chrono::steady_clock::now();
  while (!stop.stop_requested()) {
    turn_.Make();
    if (reconnect_) return absl::UnavailableError("the server takes no more SQL connections");
    absl::StatusOr<capture::LogBatch> batch = log->Read(batch_bytes_, kReadWait);
    if (!batch.ok()) return batch.status();
    bool large = batch->frames.size() >= kLargePiece;
    if (absl::Status status = Deliver(*std::move(batch), *log, stop); !status.ok()) return status;
    auto now = std::chrono::steady_clock::now();
    bool busy = now - std::exchange(last, now) < kBusyInterval + kLongGatherPause;
    if (busy) std::this_thread::sleep_for(large ? kLongGatherPause : kGatherPause);
  }
  return absl::OkStatus();
}

absl::Status LogLoop::Deliver(capture::LogBatch batch, capture::LogReader& log,
                              std::stop_token stop) {
  while (!inbox_->Push(batch, kFullWait)) {
    turn_.Make();
    if (stop.stop_requested()) return absl::OkStatus();
    if (absl::Status status = log.KeepAlive(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void LogLoop::SetReader(std::shared_ptr<capture::LogReader> log) {
  std::shared_ptr<capture::LogReader> old;  // closed outside the lock
  std::lock_guard lock(mutex_);
  old = std::exchange(reader_, std::move(log));
  if (old == nullptr) return;
  capture::LogRetention retention = old->Retention();
  if (retention.examined_us != 0) last_retention_ = std::move(retention);
}

std::shared_ptr<capture::LogReader> LogLoop::reader() const {
  std::lock_guard lock(mutex_);
  return reader_;
}

void LogLoop::Acknowledge(const model::Position& durable) {
  if (auto log = reader()) log->Acknowledge(durable);
}

void LogLoop::RequestFrontier(const model::Position& position) {
  if (auto log = reader()) log->RequestFrontier(position);
}

model::Position LogLoop::ServerPosition() const {
  auto log = reader();
  return log == nullptr ? model::Position{} : log->ServerPosition();
}

capture::LogRetention LogLoop::Retention() const {
  std::lock_guard lock(mutex_);
  capture::LogRetention retention = reader_ == nullptr ? last_retention_ : reader_->Retention();
  return retention.examined_us == 0 ? last_retention_ : retention;
}

void LogLoop::Finish() {
  if (auto log = reader()) log->KeepAlive().IgnoreError();
  SetReader(nullptr);
}

}  // namespace tidemark::service
