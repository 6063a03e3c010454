#ifndef TIDEMARK_BENCH_DATABASE_H_
#define TIDEMARK_BENCH_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/postgres_server.h"

namespace tidemark::bench {

// The table that everything is measured on: six columns, about 100 bytes a row as text.
inline constexpr char kTable[] = "public.orders";

// The publication of that table. Made with it, so that every reader of the log uses the same.
inline constexpr char kPublication[] = "bench";

// A throwaway server with the settings of a small production one (fsync on), and the empty table.
absl::StatusOr<std::unique_ptr<testing::PostgresServer>> StartDatabase();

// "INSERT INTO orders SELECT ...": the rows with keys `first` to `last`.
std::string InsertRows(uint64_t first, uint64_t last);

// Fills the table with keys 1 to `rows`, then vacuums it and writes a checkpoint.
absl::Status Fill(testing::PostgresServer& server, uint64_t rows);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_DATABASE_H_
