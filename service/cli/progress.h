#ifndef TIDEMARK_SERVICE_CLI_PROGRESS_H_
#define TIDEMARK_SERVICE_CLI_PROGRESS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tidemark/v1/snapshots.pb.h"

namespace tidemark::service {

// "running", "paused", ...
std::string StateName(const v1::Snapshot& snapshot);

// A snapshot in one line: "snapshot 3 of shop: running, 120,000 of about 200,000 rows, 80,000
// rows/s, 1s left".
std::string ProgressLine(const v1::Snapshot& snapshot);

// A heading, then a bar for each table, none wider than `width` columns.
std::vector<std::string> ProgressBars(const v1::Snapshot& snapshot, size_t width);

// Shows snapshots again and again: on a terminal bars that are redrawn in place, one snapshot below
// the other, elsewhere a line for each state that says something new. Not thread-safe.
class ProgressDisplay {
 public:
  // `width`: columns of the terminal on standard output; 0: it is none.
  explicit ProgressDisplay(size_t width) : width_(width) {}

  // What to write to standard output now that this is a snapshot's state.
  std::string Show(const v1::Snapshot& snapshot);

 private:
  const size_t width_;
  size_t lines_drawn_ = 0;
  // What was shown last of each snapshot, by its number: its line, or its bars.
  std::map<uint64_t, std::vector<std::string>> shown_;
};

// Columns of the terminal on standard output; 0 if it is none.
size_t TerminalWidth();

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_PROGRESS_H_
