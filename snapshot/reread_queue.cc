#include "snapshot/reread_queue.h"

#include <iterator>
#include <utility>

namespace tidemark::snapshot {
namespace {

// Few: such rows have large values.
constexpr size_t kKeysPerTask = 16;

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
    ++in_flight_;
    return true;
  });
  return task;
}

void RereadQueue::Cut(Task& task, size_t keys_read) {
  for (size_t i = task.rereads.size(); i > keys_read; --i) {
    const std::vector<model::Sequence>& needs = task.rereads[i - 1];
    for (auto need = needs.rbegin(); need != needs.rend(); ++need) {
      queue_.push_front({task.request.table, task.request.keys[i - 1], *need});
      --in_flight_;
    }
  }
  task.request.keys.resize(keys_read);
  task.rereads.resize(keys_read);
}

void RereadQueue::Finish(const Task& task) {
  for (const std::vector<model::Sequence>& needs : task.rereads) in_flight_ -= needs.size();
}

void RereadQueue::Return(const Task& task, uint64_t not_before_us) {
  for (size_t i = 0; i < task.rereads.size(); ++i) {
    for (model::Sequence need : task.rereads[i]) {
      queue_.push_back({task.request.table, task.request.keys[i], need});
    }
  }
  Finish(task);
  not_before_us_[task.request.table] = not_before_us;
}

void RereadQueue::Add(std::vector<storage::PendingReread> rereads) {
  for (storage::PendingReread& reread : rereads) {
    // Once one is left out, all that follow come from the journal, or order would be lost.
    more_in_journal_ = more_in_journal_ || queue_.size() >= kKeysMax;
    if (!more_in_journal_) queue_.push_back(std::move(reread));
  }
}

void RereadQueue::Load(std::vector<storage::PendingReread> oldest) {
  more_in_journal_ = oldest.size() == kKeysMax;
  queue_.assign(std::make_move_iterator(oldest.begin()), std::make_move_iterator(oldest.end()));
}

}  // namespace tidemark::snapshot
