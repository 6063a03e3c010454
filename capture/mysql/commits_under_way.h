#ifndef TIDEMARK_CAPTURE_MYSQL_COMMITS_UNDER_WAY_H_
#define TIDEMARK_CAPTURE_MYSQL_COMMITS_UNDER_WAY_H_

#include <chrono>
#include <cstdint>

namespace tidemark::capture::mysql {

// MariaDB: whether all commits are finished, and so visible, that were in the binlog at a moment.
//
// That moment is when the end of the binlog was asked for (SHOW MASTER STATUS), which takes
// LOCK_log. A group of commits leaves LOCK_log with LOCK_after_binlog_sync in hand
// (commit_places.h), so that of all before that end one group at most is not visible, and it holds
// that lock. Groups become visible in order. So all of them are visible
//
//   * once one more group is counted as finished, if no XA transaction is prepared, as one that
//     commits is until it is visible. Groups are counted, and the count is read, under
//     LOCK_commit_ordered, under which they become visible;
//   * or once no session has waited for a semi-synchronous replica for 3 s: with
//     LOCK_after_binlog_sync held nothing else is waited for, so that it would take a thread of the
//     server that gets no processor for that long.
//
// Not thread-safe.
class CommitsUnderWay {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::seconds kQuiet{3};
  // Who asks less often than this might miss a session that waits.
  static constexpr std::chrono::seconds kPauseMax{1};

  struct Counts {
    uint64_t finished = 0;  // Binlog_group_commits
    uint64_t waiting = 0;   // Rpl_semi_sync_master_wait_sessions
    uint64_t prepared = 0;  // of XA RECOVER
  };

  // `counts`: asked for after that moment.
  CommitsUnderWay(const Counts& counts, Clock::time_point now)
      : finished_(counts.finished), asked_(now), quiet_since_(now) {}

  // `counts`: asked for after the last ones; `now`: when.
  bool Finished(const Counts& counts, Clock::time_point now);

 private:
  const uint64_t finished_;
  Clock::time_point asked_;
  Clock::time_point quiet_since_;
};

}  // namespace tidemark::capture::mysql

#endif  // TIDEMARK_CAPTURE_MYSQL_COMMITS_UNDER_WAY_H_
