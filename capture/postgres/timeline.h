#ifndef TIDEMARK_CAPTURE_POSTGRES_TIMELINE_H_
#define TIDEMARK_CAPTURE_POSTGRES_TIMELINE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "capture/postgres/connection.h"

namespace tidemark::capture::postgres {

// Each promotion of a standby starts a timeline, which forks off its parent's log at some place.

// OK if the log of a server on timeline `current` has everything of timeline `known` up to `lsn`.
// `history`: the history file of `current`, which names its ancestors ("1\t0/3000148\treason", a
// line each; access/transam/timeline.c). FailedPrecondition names the range that it lacks.
absl::Status CheckHistory(absl::string_view history, uint64_t known, uint64_t current,
                          uint64_t lsn);

// CheckHistory with the history that the server itself tells. REQUIRES: `stream` is a walsender.
absl::Status CheckTimeline(Connection& stream, uint64_t known, uint64_t current, uint64_t lsn);

}  // namespace tidemark::capture::postgres

#endif  // TIDEMARK_CAPTURE_POSTGRES_TIMELINE_H_
