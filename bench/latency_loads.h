#ifndef TIDEMARK_BENCH_LATENCY_LOADS_H_
#define TIDEMARK_BENCH_LATENCY_LOADS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/database.h"
#include "bench/report.h"

namespace tidemark::bench {

// When each of `count` keys from `first_key` on came. Not thread-safe.
class Arrivals {
 public:
  Arrivals(uint64_t first_key, uint64_t count)
      : first_key_(first_key), missing_(count), received_ns_(count) {}

  // False: it is none of them, or came before.
  bool Add(int64_t key, int64_t now_ns);
  uint64_t missing() const { return missing_; }
  size_t size() const { return received_ns_.size(); }
  // Nanoseconds of MonotonicNs, of the key at this place; 0: it did not come yet.
  int64_t received_ns(size_t index) const { return received_ns_[index]; }

 private:
  const uint64_t first_key_;
  uint64_t missing_;
  std::vector<int64_t> received_ns_;
};

// Who waits for the rows, from the moment it was opened on.
class LatencyConsumer {
 public:
  virtual ~LatencyConsumer() = default;
  // Returns when none is missing, or none comes any more.
  virtual absl::Status Receive(Arrivals& arrivals) = 0;
  // From another thread: no more will come. Receive ends soon, or in its own time.
  virtual void Cancel() = 0;
};

struct Load {
  double transactions_per_second = 0;
  uint64_t rows_of_transaction = 1;
};

struct LatencyOptions {
  Database* database = nullptr;
  std::span<const Load> loads;
  // "consumer": to whom the time is measured.
  std::string consumer;
  // Before each load; nothing of what was written before it may come.
  std::function<absl::StatusOr<std::unique_ptr<LatencyConsumer>>()> open;
  // What CommitsPerSecond found, and the first key that it left.
  double commits_per_second_most = 0;
  uint64_t first_key = 1;
};

// Writes at the rate of each load for some seconds, and reports how long after its COMMIT each row
// came. Where the disk is too slow for the rate, commits are not synced.
absl::Status MeasureLoads(LatencyOptions options, Report& report);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_LATENCY_LOADS_H_
