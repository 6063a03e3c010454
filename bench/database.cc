#include "bench/database.h"

#include <algorithm>

#include "bench/mysql_database.h"
#include "bench/postgres_database.h"

namespace tidemark::bench {
namespace {

template <typename Made>
absl::StatusOr<std::unique_ptr<Database>> AsDatabase(absl::StatusOr<std::unique_ptr<Made>> made) {
  if (!made.ok()) return made.status();
  return *std::move(made);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> StartDatabase(Product product) {
  if (product == Product::kPostgres) return AsDatabase(PostgresDatabase::Start());
  return AsDatabase(MysqlDatabase::Start(product));
}

absl::Status WriteRows(Database& database, uint64_t rows, uint64_t rows_at_once) {
  for (uint64_t first = 1; first <= rows; first += rows_at_once) {
    const uint64_t last = std::min(rows, first + rows_at_once - 1);
    absl::Status status = database.session().Exec(database.InsertRows(first, last));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace tidemark::bench
