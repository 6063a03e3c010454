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
  // Keys from first_key on are inserted: `count` transactions of `rows` rows each.
  uint64_t first_key = 1;
  uint64_t count = 0;
  uint64_t rows = 1;
};

// When a transaction was sent to the server, and when its answer came back. Nanoseconds of
// MonotonicNs.
struct CommitTimes {
  int64_t sent_ns = 0;
  int64_t returned_ns = 0;
};

int64_t MonotonicNs();

// Writes, and returns the times of each transaction, in the order of their keys. Each transaction
// has its own moment; a session that is late sends at once.
absl::StatusOr<std::vector<CommitTimes>> WritePaced(const WriteOptions& options);

// A disk that commits so much more than asked for does not decide the figures.
inline constexpr double kHeadroom = 1.1;

// What goes at most, with rows from `first_key` on, which is then behind them.
absl::StatusOr<double> CommitsPerSecond(const Database& database, uint64_t& first_key);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_PACED_WRITERS_H_
