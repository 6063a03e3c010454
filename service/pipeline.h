#ifndef TIDEMARK_SERVICE_PIPELINE_H_
#define TIDEMARK_SERVICE_PIPELINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "capture/log_retention.h"
#include "capture/source.h"
#include "service/failure_cause.h"
#include "service/latency_histogram.h"
#include "snapshot/coordinator.h"
#include "snapshot/job_control.h"
#include "snapshot/merge_counts.h"
#include "storage/journal.h"

namespace tidemark::service {

enum class PipelineState : uint8_t { kConnecting = 1, kCapturing = 2, kStopped = 3 };

struct PipelineStatus {
  PipelineState state = PipelineState::kConnecting;
  // Why it is not capturing: cause and remedy.
  std::string error;
  std::string server;
  model::Position frontier;
  model::Position acknowledged;
  uint64_t lag_bytes = 0;
  int64_t lag_us = 0;
  uint64_t events = 0;
  uint64_t restarts = 0;
  snapshot::RereadFailures rereads;
};

// What else is to be seen of a pipeline, for metrics and health. Counts are since its start.
struct PipelineMetrics {
  PipelineStatus status;
  // The log is connected: status.lag_bytes is known.
  bool connected = false;
  // The journal takes nothing: the disk is full.
  bool stalled = false;
  uint64_t lag_us = 0;
  // Times the log was connected to again, by what had ended it; sessions that ended or were not
  // had.
  FailureCounts restarts;
  FailureCounts session_failures;
  snapshot::MergeCounts merged;
  snapshot::CoordinatorCounts snapshots;
  LatencyCounts commit_to_journal;
  LatencyCounts appends;
  size_t queue_bytes = 0;
  size_t windows = 0;
  capture::LogRetention retention;
  // See Turn.
  uint64_t log_turn_age_us = 0;
  uint64_t merge_turn_age_us = 0;
};

struct PipelineOptions {
  // Connections that read chunks at the same time.
  uint32_t readers_max = 2;
  // Decoded log that may wait for the merger.
  size_t queue_bytes_max = 8 << 20;
  // Read chunks that may wait for their windows to close, over all readers.
  size_t chunk_bytes_max = 16 << 20;
  // Time that one chunk's SELECT should take.
  uint32_t chunk_ms_target = 200;
  // The source is acknowledged what Published has said as well, not all that is durable.
  bool acknowledge_published = false;
  // Test-only: leaves the settle step or the folding out, to prove that the tests then fail.
  bool without_settle = false;
  bool without_folding = false;
};

// One source at work: log thread, merge thread and chunk readers between a Source and a Journal.
// Reconnects with backoff; stops for good (state kStopped) where an operator must act. Thread-safe.
class Pipeline {
 public:
  // `source` and `journal` must outlive it. Starts at once. `jobs`: stored jobs of this source.
  static absl::StatusOr<std::unique_ptr<Pipeline>> Start(const std::string& name,
                                                         PipelineOptions options,
                                                         capture::Source* source,
                                                         storage::Store* store,
                                                         storage::Journal* journal);
  // Stops in pipeline order: nothing durable is lost, open windows are read again after the next
  // start.
  virtual ~Pipeline() = default;

  // Asks everything to stop and returns at once; calls that wait end soon with Cancelled. The
  // destructor then waits.
  virtual void BeginStop() = 0;

  // Everything up to here is stored elsewhere too (PipelineOptions.acknowledge_published).
  virtual void Published(const model::Position& position) = 0;
  // Stops capture for good: an operator must act.
  virtual void Fail(const absl::Status& status) = 0;

  // Neither waits for the server.
  virtual PipelineStatus status() const = 0;
  virtual PipelineMetrics metrics() const = 0;
  virtual snapshot::JobControl& jobs() = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_PIPELINE_H_
