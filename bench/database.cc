#include "bench/database.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tidemark::bench {
namespace {

constexpr uint64_t kRowsAtOnce = 500'000;

// Autovacuum would start in the middle of a measurement.
constexpr char kCreate[] =
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer text NOT NULL, amount numeric(12,2),"
    " placed_at timestamptz, quantity bigint, note text) WITH (autovacuum_enabled = off)";

}  // namespace

absl::StatusOr<std::unique_ptr<testing::PostgresServer>> StartDatabase() {
  auto server = testing::PostgresServer::Start(
      {.fsync = true,
       .settings = {
           {"shared_buffers", "512MB"}, {"max_wal_size", "8GB"}, {"checkpoint_timeout", "30min"}}});
  if (!server.ok()) return server;
  absl::Status status = (*server)->Exec(kCreate);
  if (status.ok()) {
    status = (*server)->Exec(absl::StrCat("CREATE PUBLICATION ", kPublication, " FOR TABLE ",
                                          kTable, " WITH (publish_via_partition_root = true)"));
  }
  if (!status.ok()) return status;
  return server;
}

std::string InsertRows(uint64_t first, uint64_t last) {
  return absl::StrCat(
      "INSERT INTO orders SELECT i, 'customer-' || lpad(i::text, 12, '0'), (i % 1000000) * 0.37,"
      " timestamptz '2024-01-01 00:00:00+00' + i * interval '1.013 second', i * 7919 % 1000003,"
      " 'note ' || md5(i::text) FROM generate_series(",
      first, "::bigint, ", last, "::bigint) i");
}

absl::Status Fill(testing::PostgresServer& server, uint64_t rows) {
  for (uint64_t first = 1; first <= rows; first += kRowsAtOnce) {
    const uint64_t last = std::min(rows, first + kRowsAtOnce - 1);
    if (absl::Status status = server.Exec(InsertRows(first, last)); !status.ok()) return status;
  }
  if (absl::Status status = server.Exec("VACUUM ANALYZE orders"); !status.ok()) return status;
  return server.Exec("CHECKPOINT");
}

}  // namespace tidemark::bench
