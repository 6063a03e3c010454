#include "snapshot/reread_queue.h"

#include <algorithm>
#include <utility>

namespace tidemark::snapshot {
namespace {

// Few: such rows have large values.
constexpr size_t kKeysPerTask = 16;
// A table that fails is tried again after its pause, twice, four times, ... it, up to 64 times.
constexpr uint32_t kDoublingsMax = 6;

}  // namespace

// The table of the oldest key that is not sitting out a failure.
std::optional<model::TableId> RereadQueue::NextTable(uint64_t now_us) const {
  for (const storage::PendingReread& reread : queue_) {
    auto pause = not_before_us_.find(reread.table);
    if (pause == not_before_us_.end() || pause->second <= now_us) return reread.table;
  }
  return std::nullopt;
}

std::optional<Task> RereadQueue::Next(uint64_t now_us) {
  std::optional<model::TableId> table = NextTable(now_us);
  if (!table) return std::nullopt;
  Task task;
  task.kind = Task::Kind::kReread;
  task.request.table = *table;
  const size_t keys_max = singly_.contains(*table) ? 1 : kKeysPerTask;
  std::map<std::vector<std::string>, size_t> places;  // in request.keys
  std::erase_if(queue_, [&](const storage::PendingReread& reread) {
    if (reread.table != *table) return false;
    auto place = places.find(reread.key);
    if (place == places.end()) {
      if (places.size() == keys_max) return false;
      place = places.emplace(reread.key, places.size()).first;
      task.request.keys.push_back(reread.key);
      task.rereads.emplace_back();
    }
    task.rereads[place->second].push_back(reread.sequence);
    in_flight_.insert(reread.sequence);
    return true;
  });
  return task;
}

void RereadQueue::Cut(Task& task, size_t keys_read) {
  for (size_t i = task.rereads.size(); i > keys_read; --i) {
    const std::vector<model::Sequence>& needs = task.rereads[i - 1];
    for (auto need = needs.rbegin(); need != needs.rend(); ++need) {
      queue_.push_front({task.request.table, task.request.keys[i - 1], *need});
      in_flight_.erase(*need);
    }
  }
  task.request.keys.resize(keys_read);
  task.rereads.resize(keys_read);
}

void RereadQueue::Finish(const Task& task) {
  for (const std::vector<model::Sequence>& needs : task.rereads) {
    for (model::Sequence need : needs) in_flight_.erase(need);
  }
  // What the journal has of the table can be loaded now.
  if (failing_.erase(task.request.table) > 0) more_in_journal_ = true;
}

void RereadQueue::Return(const Task& task, uint64_t not_before_us) {
  for (size_t i = 0; i < task.rereads.size(); ++i) {
    for (model::Sequence need : task.rereads[i]) {
      queue_.push_back({task.request.table, task.request.keys[i], need});
      in_flight_.erase(need);
    }
  }
  not_before_us_[task.request.table] = not_before_us;
}

void RereadQueue::Fail(const Task& task, const std::string& reason, uint64_t now_us,
                       uint64_t pause_us) {
  const model::TableId table = task.request.table;
  for (const std::vector<model::Sequence>& needs : task.rereads) {
    for (model::Sequence need : needs) in_flight_.erase(need);
  }
  std::erase_if(queue_,
                [&](const storage::PendingReread& reread) { return reread.table == table; });
  Failure& failure = failing_[table];
  failure.reason = reason;
  // Several tasks of one try are one failure.
  if (!failure.tried && now_us < failure.not_before_us) return;
  failure.tried = false;
  failure.not_before_us = now_us + (pause_us << std::min(failure.times, kDoublingsMax));
  ++failure.times;
}

void RereadQueue::Add(std::vector<storage::PendingReread> rereads) {
  for (storage::PendingReread& reread : rereads) {
    if (failing_.contains(reread.table)) continue;
    // Once one is left out, all that follow come from the journal, or order would be lost.
    more_in_journal_ = more_in_journal_ || queue_.size() >= kKeysMax;
    if (!more_in_journal_) queue_.push_back(std::move(reread));
  }
}

bool RereadQueue::WantsLoad(uint64_t now_us) {
  for (auto& [table, failure] : failing_) {
    const bool due = !failure.tried && failure.not_before_us <= now_us;
    failure.allowed = due ? kKeysPerTask : 0;
    failure.seen = false;
    // What is added from now on waits in the journal, so that the queue gets empty.
    more_in_journal_ = more_in_journal_ || due;
  }
  return more_in_journal_ && queue_.empty();
}

bool RereadQueue::Takes(const storage::PendingReread& reread) {
  auto failing = failing_.find(reread.table);
  if (failing != failing_.end()) failing->second.seen = true;
  if (in_flight_.contains(reread.sequence)) return false;
  if (failing == failing_.end()) return true;
  if (failing->second.allowed == 0) return false;
  --failing->second.allowed;
  failing->second.tried = true;
  return true;
}

bool RereadQueue::Load(std::vector<storage::PendingReread> page, bool last) {
  for (storage::PendingReread& reread : page) {
    if (queue_.size() >= kKeysMax) return false;
    if (Takes(reread)) queue_.push_back(std::move(reread));
  }
  if (!last) return true;
  more_in_journal_ = false;
  std::erase_if(failing_, [](const auto& failing) { return !failing.second.seen; });
  return false;
}

std::map<model::TableId, std::string> RereadQueue::failing() const {
  std::map<model::TableId, std::string> failing;
  for (const auto& [table, failure] : failing_) failing[table] = failure.reason;
  return failing;
}

}  // namespace tidemark::snapshot
