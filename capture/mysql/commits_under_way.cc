#include "capture/mysql/commits_under_way.h"

#include <utility>

namespace tidemark::capture::mysql {

bool CommitsUnderWay::Finished(const Counts& counts, Clock::time_point now) {
  const Clock::duration pause = now - std::exchange(asked_, now);
  if (counts.waiting > 0 || pause > kPauseMax) quiet_since_ = now;
  const bool counted = counts.finished > finished_ && counts.prepared == 0;
  return counted || now - quiet_since_ >= kQuiet;
}

}  // namespace tidemark::capture::mysql
