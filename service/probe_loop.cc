#include "service/probe_loop.h"

#include <utility>

#include "service/sleep.h"

namespace tidemark::service {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kInterval{250};
constexpr milliseconds kPatience{3000};

}  // namespace

void ProbeLoop::Run(std::stop_token stop) {
  while (SleepUnlessStopped(kInterval, stop)) {
    absl::Status status = Probe(stop);
    if (status.ok()) {
      failing_since_ = {};
      continue;
    }
    reader_.reset();
    if (absl::IsUnavailable(status)) NoteFailure();
  }
}

absl::Status ProbeLoop::Probe(std::stop_token stop) {
  bool needed = false;
  absl::Status asked =
      inbox_->Call([&](snapshot::Merger& merger) { needed = merger.settling().size() > 0; });
  if (!asked.ok() || !needed) return absl::OkStatus();
  if (reader_ == nullptr) {
    auto opened = source_->OpenChunkReader(registry_, stop);
    if (!opened.ok()) return opened.status();
    reader_ = *std::move(opened);
  }
  auto view = reader_->Settle(
      {}, [](const std::string&) {}, stop);
  if (!view.ok()) return view.status();
  inbox_->Post([view = *view](snapshot::Merger& merger) { merger.Settle(*view); });
  return absl::OkStatus();
}

// A server that is shutting down takes no SQL any more and waits until its log is acknowledged,
// which needs SQL: give the log connection up too.
void ProbeLoop::NoteFailure() {
  auto now = Clock::now();
  if (failing_since_ == Clock::time_point{}) failing_since_ = now;
  if (now - failing_since_ < kPatience) return;
  failing_since_ = {};
  log_->Reconnect();
}

}  // namespace tidemark::service
