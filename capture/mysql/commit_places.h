#ifndef TIDEMARK_CAPTURE_MYSQL_COMMIT_PLACES_H_
#define TIDEMARK_CAPTURE_MYSQL_COMMIT_PLACES_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "model/position.h"

namespace tidemark::capture::mysql {

// MariaDB: up to which place of the binlog all is visible to SELECTs.
//
// A group of commits is written and sent to dumps under LOCK_log, where a new file may be begun,
// waits for a semi-synchronous replica (AFTER_SYNC) under LOCK_after_binlog_sync, and becomes
// visible under LOCK_commit_ordered; each lock is left with the next one in hand. So does an event
// that is logged alone (DDL). So two groups at most are in the log and not visible (MariaDB 10.11
// sql/log.cc, trx_group_commit_leader and write; 11.8 was seen to do so).
//
// Binlog_snapshot_file and Binlog_snapshot_position are set under LOCK_commit_ordered, and read
// under it (set_status_variables). Who passes through the locks sets them to the end of his group:
// all before them is visible. They are set past groups that are not visible as well:
//
//   * When a file is begun, to the end of its head (open): the group that filled the file before,
//     and the one before that group, may still wait.
//   * By a group whose file was left meanwhile: to its offset there, but in the new file. That is
//     shown until the new file's first group is visible, so while it has two groups at most.
//   * When a checkpoint event is written, a second or so after the file was begun.
//
// So a place that is shown counts only if the log, as far as it was read, has the end of a
// transaction there. What else is known to be visible comes from CommitsUnderWay.
//
// The engines commit an XA transaction after its group, when the leader has set the place already
// (trans_xa_commit, ha_commit_or_rollback_by_xid). XA RECOVER lists it until they have, so that
// nothing from its start on counts until it was seen to be gone from there. Thread-safe.
class CommitPlaces {
 public:
  // So many ends of transactions are remembered.
  static constexpr size_t kEndsMax = 4096;
  // XA transactions that are told apart; of more only NoteVisible tells.
  static constexpr size_t kXaCommitsMax = 1024;

  struct Transaction {
    model::Position start;
    model::Position end;
    uint64_t commit_id = 0;  // of its group, 0: alone
    std::string xid;         // XaId::Key(), if it is an XA COMMIT with changes that anybody reads
  };
  struct XaCommit {
    model::Position start;
    model::Position last;  // the start of the last one, if it stands for many
    std::string xid;       // "": it stands for many
  };

  // The log is read anew, from any place.
  void Begin();

  // The log was read up to the end of a transaction. In the log's order.
  void Pass(const Transaction& transaction);

  // The server shows `shown`. A place such that views that are opened from now on hold all that is
  // before it; never before one that was returned since Begin.
  model::Position Visible(const model::Position& shown);

  // XA transactions whose commit was read, and of which XA RECOVER tells whether they are visible.
  std::vector<XaCommit> XaCommits() const;
  // Those that start at `starts` were found visible.
  void NoteCommitted(const std::vector<model::Position>& starts);

  // All before `end` is visible.
  void NoteVisible(const model::Position& end);

 private:
  // Offsets of the last groups of one file.
  using Offsets = std::deque<uint64_t>;

  void PassXaCommit(const Transaction& transaction);
  // In the file of the group that was passed last.
  bool MayBeOfTheFileBefore(uint64_t offset) const;

  mutable std::mutex mutex_;
  std::deque<model::Position> ends_;
  uint64_t file_ = 0;
  uint64_t commit_id_ = 0;
  uint64_t groups_ = 0;  // of file_
  Offsets last_;         // of file_
  Offsets last_before_;  // of the file before
  model::Position visible_;
  model::Position noted_;             // the furthest of NoteVisible
  std::vector<XaCommit> xa_commits_;  // in the log's order
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_COMMIT_PLACES_H_
