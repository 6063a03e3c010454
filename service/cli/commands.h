#ifndef TIDEMARK_SERVICE_CLI_COMMANDS_H_
#define TIDEMARK_SERVICE_CLI_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/cli/client.h"

namespace tidemark::service {

// What the subcommands of `tidemark` do. Each prints on standard output; a status that is not OK is
// for standard error. InvalidArgument of the Make functions: usage.

// Prints all problems with their remedies. `source`: empty for all. False: there are errors.
absl::StatusOr<bool> CheckCommand(Client& client, const std::string& source);
absl::Status StatusCommand(Client& client);

struct SnapshotOptions {
  std::string source;
  std::vector<std::string> tables;
  std::vector<std::string> except;
  std::string predicate;
  // Each the key columns' texts with commas between; a backslash makes the next character part of
  // the text.
  std::vector<std::string> keys;
  bool all = false;
  bool watch = false;
  uint64_t rows_per_second_max = 0;
  uint32_t readers_max = 0;
};
absl::StatusOr<v1::CreateSnapshotRequest> MakeCreateRequest(const SnapshotOptions& options);
absl::Status CreateSnapshot(Client& client, const SnapshotOptions& options);
absl::Status ListSnapshots(Client& client, const std::string& source);
// Until all of them have ended. Aborted: one failed or was cancelled.
absl::Status WatchSnapshots(Client& client, const std::vector<uint64_t>& ids);
absl::Status PauseSnapshot(Client& client, uint64_t id);
absl::Status ResumeSnapshot(Client& client, uint64_t id);
absl::Status CancelSnapshot(Client& client, uint64_t id);
absl::Status SetSnapshot(Client& client, uint64_t id, std::optional<uint64_t> rows_per_second_max,
                         std::optional<uint32_t> readers_max);

absl::Status ListConsumers(Client& client, const std::string& source);
struct ResetOptions {
  std::string source;
  std::string name;
  // "beginning" or "now"; else `sequence`.
  std::string to;
  uint64_t sequence = 0;
};
absl::Status ResetConsumer(Client& client, const ResetOptions& options);
absl::Status DeleteConsumer(Client& client, const std::string& source, const std::string& name);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_CLI_COMMANDS_H_
