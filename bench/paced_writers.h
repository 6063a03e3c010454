#ifndef TIDEMARK_BENCH_PACED_WRITERS_H_
#define TIDEMARK_BENCH_PACED_WRITERS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/database.h"

namespace tidemark::bench {

struct WriteOptions {
  const Database* database = nullptr;
  int sessions = 16;
  // Transactions per second of all sessions together; 0: as many as go.
  double rate = 0;
  // Keys first_key to first_key + count - 1 are inserted, one row a transaction.
  uint64_t first_key = 1;
  uint64_t count = 0;
};

// When a transaction was sent to the server, and when its answer came back. Nanoseconds of
// MonotonicNs.
struct CommitTimes {
  int64_t sent_ns = 0;
  int64_t returned_ns = 0;
};

int64_t MonotonicNs();

// Writes, and returns the times of each transaction, by its key. Each transaction has its own
// moment; a session that is late sends at once.
absl::StatusOr<std::vector<CommitTimes>> WritePaced(const WriteOptions& options);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_PACED_WRITERS_H_
