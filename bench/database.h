#ifndef TIDEMARK_BENCH_DATABASE_H_
#define TIDEMARK_BENCH_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/oracle/log_position.h"
#include "tests/support/service_process.h"
#include "tests/support/session.h"

namespace tidemark::bench {

// How long the server's own program or client library took to read the table.
struct TableRead {
  double seconds = 1e9;
  // Processor time of the server's session and of the client, together; nullopt: not measured.
  std::optional<double> cpu_seconds = std::nullopt;
};

// A throwaway server with the settings of a small production one (commits are synced), and the
// empty table `orders` that everything is measured on: six columns, about 100 bytes a row as text.
// One thread at a time; further threads open sessions of their own on url().
class Database {
 public:
  virtual ~Database() = default;

  // "PostgreSQL 15.20".
  virtual std::string title() = 0;
  // As the stream names it: "public.orders".
  virtual std::string table() const = 0;
  // testing::OpenSession takes it.
  virtual std::string url() const = 0;
  // A session that is kept open.
  virtual testing::Session& session() = 0;
  // How a tidemarkd with default settings captures the table.
  virtual testing::ServiceOptions Capture() const = 0;

  // "INSERT INTO orders SELECT ...": the rows with keys `first` to `last`.
  virtual std::string InsertRows(uint64_t first, uint64_t last) const = 0;
  // Fills the table with keys 1 to `rows`, and brings the server to rest.
  virtual absl::Status Fill(uint64_t rows) = 0;

  // Each writing session runs `prepare_put` first, unless it is empty; `Put` is then one row in a
  // transaction of its own, the row and its commit sent at once.
  virtual std::string prepare_put() const = 0;
  virtual std::string Put(uint64_t key) const = 0;
  // For a disk that is too slow: from now on, sessions that begin do not wait for it.
  virtual absl::Status StopSyncingCommits() = 0;

  // The server's own program or client library reads the table over one connection and throws it
  // away; and what that reader is called.
  virtual absl::StatusOr<TableRead> ReadTable() = 0;
  virtual std::string table_reader() const = 0;

  // Where the log ends now; any reader of the log comes to it or past it.
  virtual absl::StatusOr<oracle::LogPosition> MarkEndOfLog() = 0;
};

enum class Product { kPostgres, kMySql, kMariaDb };

absl::StatusOr<std::unique_ptr<Database>> StartDatabase(Product product);

// Inserts the rows with keys 1 to `rows`, `rows_at_once` in a transaction.
absl::Status WriteRows(Database& database, uint64_t rows, uint64_t rows_at_once);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_DATABASE_H_
