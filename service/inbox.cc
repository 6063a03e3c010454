#include "service/inbox.h"

#include <utility>

namespace tidemark::service {
namespace {

size_t BytesOf(const capture::LogBatch& batch) {
  return batch.frames.size() + batch.events.size() * sizeof(capture::LogEvent);
}

}  // namespace

bool Inbox::Push(capture::LogBatch& batch, std::chrono::milliseconds wait) {
  size_t bytes = BytesOf(batch);
  std::unique_lock lock(mutex_);
  bool room = has_room_.wait_for(
      lock, wait, [&] { return !closed_.ok() || bytes_ == 0 || bytes_ + bytes <= bytes_max_; });
  if (!room || !closed_.ok()) return false;
  bytes_ += bytes;
  items_.emplace_back(std::move(batch));
  not_empty_.notify_one();
  return true;
}

void Inbox::Post(std::function<void(snapshot::Merger&)> run) {
  std::lock_guard lock(mutex_);
  if (!closed_.ok()) return;
  items_.emplace_back(Step{std::move(run), nullptr, false});
  not_empty_.notify_one();
}

absl::Status Inbox::RunStep(std::function<void(snapshot::Merger&)> run, bool durable) {
  auto done = std::make_shared<std::promise<absl::Status>>();
  std::future<absl::Status> result = done->get_future();
  {
    std::lock_guard lock(mutex_);
    if (!closed_.ok()) return closed_;
    items_.emplace_back(Step{std::move(run), std::move(done), durable});
    not_empty_.notify_one();
  }
  try {
    return result.get();
  } catch (const std::future_error&) {
    // The merge thread ended with an error and dropped the step.
    std::lock_guard lock(mutex_);
    return closed_;
  }
}

std::vector<Inbox::Item> Inbox::Take(size_t bytes_max, std::chrono::microseconds wait) {
  std::unique_lock lock(mutex_);
  not_empty_.wait_for(lock, wait, [&] { return !closed_.ok() || !items_.empty(); });
  std::vector<Item> taken;
  size_t bytes = 0;
  while (!items_.empty() && bytes < bytes_max) {
    if (const auto* batch = std::get_if<capture::LogBatch>(&items_.front())) {
      bytes += BytesOf(*batch);
    }
    taken.push_back(std::move(items_.front()));
    items_.pop_front();
  }
  bytes_ -= bytes;
  if (bytes > 0) has_room_.notify_all();
  return taken;
}

void Inbox::Close(absl::Status why) {
  std::lock_guard lock(mutex_);
  if (closed_.ok()) closed_ = std::move(why);
  not_empty_.notify_all();
  has_room_.notify_all();
}

}  // namespace tidemark::service
