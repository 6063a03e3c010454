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
// A task ends with Finish, Return or Fail.
//
// A table that fails leaves the memory to the others: its keys are in the journal alone until it is
// tried again, with one task's keys, after a pause that doubles up to a minute. Once a task of it
// is finished, all of its keys are loaded again.
//
// Pure logic, without clock. Not thread-safe.
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
  // They could not be read, for a reason to be shown. The table is tried again after `pause_us`, or
  // a multiple.
  void Fail(const Task& task, const std::string& reason, uint64_t now_us, uint64_t pause_us);
  // One key of the table is gone, and it is not known which: they are read singly until a task is
  // finished as gone.
  void ReadSingly(model::TableId table) { singly_.insert(table); }
  void FoundGone(model::TableId table) { singly_.erase(table); }

  // Keys that the journal has gained.
  void Add(std::vector<storage::PendingReread> rereads);
  // True: the journal may hold more, and Load is to be called with all that it holds, from the
  // oldest on. To be called only while the journal has all that was added and finished.
  bool WantsLoad(uint64_t now_us);
  // A page of it; `last`: there are no more. False: no further page is wanted.
  bool Load(std::vector<storage::PendingReread> page, bool last);

  // The tables that fail, and why.
  std::map<model::TableId, std::string> failing() const;
  // True if nothing is left, in the journal neither.
  bool empty() const {
    return queue_.empty() && !more_in_journal_ && in_flight_.empty() && failing_.empty();
  }

 private:
  struct Failure {
    std::string reason;
    uint32_t times = 0;
    uint64_t not_before_us = 0;
    // A task's keys were loaded, and nothing is known of it yet.
    bool tried = false;
    // Of the load that runs: how many keys it may still take, and whether the journal has any.
    size_t allowed = 0;
    bool seen = false;
  };

  std::optional<model::TableId> NextTable(uint64_t now_us) const;
  // True if the load is to take it.
  bool Takes(const storage::PendingReread& reread);

  std::deque<storage::PendingReread> queue_;
  // Needs in tasks that were handed out.
  std::set<model::Sequence> in_flight_;
  bool more_in_journal_ = true;
  // Tables whose tasks came to nothing, and when to try again.
  std::map<model::TableId, uint64_t> not_before_us_;
  std::map<model::TableId, Failure> failing_;
  std::set<model::TableId> singly_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_REREAD_QUEUE_H_
