#ifndef TIDEMARK_SNAPSHOT_REREAD_QUEUE_H_
#define TIDEMARK_SNAPSHOT_REREAD_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "snapshot/job.h"
#include "storage/journal.h"

namespace tidemark::snapshot {

// The keys of one source that must be read again: in memory the oldest, in the journal all of them.
// Every need in memory is either queued or in exactly one task that was handed out; a task ends with
// Finish or Return. Pure logic, without clock. Not thread-safe.
class RereadQueue {
 public:
  // As many as are kept in memory, and loaded at once.
  static constexpr size_t kKeysMax = 10000;

  // Keys of one table, the oldest first, each once however often it was added; nullopt: nothing to
  // do now.
  std::optional<Task> Next(uint64_t now_us);
  // The task holds its first `keys_read` keys only; the others come next.
  void Cut(Task& task, size_t keys_read);
  // These were read, or need not be.
  void Finish(const Task& task);
  // To be tried again, not before this time.
  void Return(const Task& task, uint64_t not_before_us);
  // One key of the table is gone, and it is not known which: they are read singly until a task is
  // finished as gone.
  void ReadSingly(model::TableId table) { singly_.insert(table); }
  void FoundGone(model::TableId table) { singly_.erase(table); }

  // Keys that the journal has gained.
  void Add(std::vector<storage::PendingReread> rereads);
  // True: the journal may hold more, and Load is to be called with its oldest kKeysMax.
  bool wants_load() const { return more_in_journal_ && queue_.empty() && in_flight_ == 0; }
  void Load(std::vector<storage::PendingReread> oldest);

  // True if nothing is left, in the journal neither.
  bool empty() const { return queue_.empty() && !more_in_journal_ && in_flight_ == 0; }

 private:
  std::optional<model::TableId> NextTable(uint64_t now_us) const;

  std::deque<storage::PendingReread> queue_;
  // Needs in tasks that were handed out.
  size_t in_flight_ = 0;
  bool more_in_journal_ = true;
  // Tables whose tasks failed, and when to try again.
  std::map<model::TableId, uint64_t> not_before_us_;
  std::set<model::TableId> singly_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_REREAD_QUEUE_H_
