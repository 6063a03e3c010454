#ifndef TIDEMARK_TESTS_ORACLE_STREAM_H_
#define TIDEMARK_TESTS_ORACLE_STREAM_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tests/oracle/fold.h"
#include "tests/support/session.h"
#include "tidemark/v1/change_stream.grpc.pb.h"

namespace tidemark::oracle {

struct StreamOptions {
  std::string source;
  // Where the first call starts; 0: at the oldest retained event. Later calls go on after the last
  // event.
  uint64_t first_sequence = 0;
  // Reads on until the stream has reached all three.
  LogPosition until_position = {};
  uint64_t until_sequence = 0;
  uint64_t until_snapshot_ended = 0;
  absl::Duration timeout = absl::Seconds(120);
  // Called after each response.
  std::function<void(const Fold&)> progress = {};
};

// Subscribes and applies events to `fold` until it has caught up. May be called again with the same
// fold to go on. Errors: DeadlineExceeded says how far it came; else the service's own status.
absl::Status FoldStream(v1::ChangeStream::StubInterface& stub, const StreamOptions& options,
                        Fold& fold);

// Applies what comes within `time`, if anything does: rows that Tidemark reads again after a key
// change whose log image was partial follow the log at their own pace.
absl::Status FoldMore(v1::ChangeStream::StubInterface& stub, const std::string& source,
                      absl::Duration time, Fold& fold);

// The end of the server's log: everything that was committed before this call is before it. As of a
// source that has not moved to another server.
absl::StatusOr<LogPosition> EndOfLog(testing::Session& source);

}  // namespace tidemark::oracle

#endif  // TIDEMARK_TESTS_ORACLE_STREAM_H_
