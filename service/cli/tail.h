#ifndef TIDEMARK_SERVICE_CLI_TAIL_H_
#define TIDEMARK_SERVICE_CLI_TAIL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/cli/client.h"

namespace tidemark::service {

// What `tidemark tail` was asked for.
struct TailOptions {
  std::string source;
  // "beginning", "now" or "" (with --no-follow the beginning, else now).
  std::string from;
  uint64_t from_sequence = 0;
  // RFC 3339, or a duration: that long ago.
  std::string from_time;
  // Reads on from this consumer's place, and acknowledges what was printed.
  std::string consumer;
  std::vector<std::string> tables;
  std::vector<std::string> ops;
  bool without_transaction_ends = false;
  uint64_t limit = 0;
  bool follow = true;
  bool json = false;
  // Print heartbeats too.
  bool heartbeats = false;
};

// InvalidArgument: an option is wrong; the message names it. `now_us`: the time, for durations.
absl::StatusOr<v1::SubscribeRequest> MakeSubscribeRequest(const TailOptions& options,
                                                          uint64_t now_us);

// Prints the stream on standard output until its end, the limit or a stop signal.
absl::Status Tail(Client& client, TailOptions options);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_TAIL_H_
