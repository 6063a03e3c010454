#ifndef TIDEMARK_SNAPSHOT_JOB_CONTROL_H_
#define TIDEMARK_SNAPSHOT_JOB_CONTROL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "capture/source.h"

namespace tidemark::snapshot {

enum class JobState : uint8_t {
  kRunning = 1,
  kPaused = 2,
  kCompleted = 3,
  kCancelled = 4,
  kFailed = 5
};

// As a table's name: every captured table of its namespace.
inline constexpr char kEveryTable[] = "*";

// What a user asks for.
struct TableRequest {
  std::string name_space;
  std::string name;  // or kEveryTable
  std::string predicate;
  std::vector<capture::KeyText> keys;
};

struct Limits {
  uint64_t rows_per_second_max = 0;  // 0: unlimited
  uint32_t readers_max = 0;          // 0: as many as the source allows
};

struct TablePattern {
  std::string name_space;
  std::string name;  // or kEveryTable
};

struct JobRequest {
  // Empty: every captured table.
  std::vector<TableRequest> tables;
  // Of these, those that are not read.
  std::vector<TablePattern> except;
  Limits limits;
};

// What a user sees.
struct TableProgress {
  std::string table;
  uint64_t rows_done = 0;
  uint64_t rows_estimated = 0;
  uint64_t chunks_done = 0;
  bool done = false;
  // While the job runs: over the last seconds, and what is left at that rate (0: unknown).
  double rows_per_second = 0;
  uint64_t eta_s = 0;
};

struct JobStatus {
  uint64_t id = 0;
  JobState state = JobState::kRunning;
  std::vector<TableProgress> tables;
  Limits limits;
  int64_t create_time_us = 0;
  int64_t end_time_us = 0;
  uint64_t rows_done = 0;
  uint64_t rows_estimated = 0;
  double rows_per_second = 0;
  uint64_t eta_s = 0;
  std::string waiting_for;
  std::string error;
  uint64_t chunks_redone = 0;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
};

// The snapshot jobs of one source, as their users drive them. Thread-safe. Every change is durable
// when the call returns. Codes: NotFound (job or table), InvalidArgument (predicate, key),
// FailedPrecondition (a table cannot be read exactly, every reason listed; or the job is in a state
// that does not allow it), Unavailable (no connection).
class JobControl {
 public:
  virtual ~JobControl() = default;
  virtual absl::StatusOr<JobStatus> Create(const JobRequest& request) = 0;
  virtual absl::StatusOr<JobStatus> Get(uint64_t id) const = 0;
  // Newest first.
  virtual std::vector<JobStatus> List() const = 0;
  virtual absl::StatusOr<JobStatus> Pause(uint64_t id) = 0;
  virtual absl::StatusOr<JobStatus> Resume(uint64_t id) = 0;
  virtual absl::StatusOr<JobStatus> Cancel(uint64_t id) = 0;
  virtual absl::StatusOr<JobStatus> SetLimits(uint64_t id,
                                              std::optional<uint64_t> rows_per_second_max,
                                              std::optional<uint32_t> readers_max) = 0;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_JOB_CONTROL_H_
