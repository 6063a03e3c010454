#ifndef TIDEMARK_TESTS_WORKLOAD_WORKLOAD_H_
#define TIDEMARK_TESTS_WORKLOAD_WORKLOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "tests/support/session.h"

namespace tidemark::workload {

// A small shop: customers, products, orders, order_items (composite key) and documents (large texts
// that live outside of their rows). Each table has a column `version`, which every write of a row
// raises over all versions that its key ever had, so that a consumer can tell when a key goes back.

inline constexpr const char* kTableNames[] = {"customers", "products", "orders", "order_items",
                                              "documents"};

// "public.customers", …
std::vector<std::string> Tables(const std::string& name_space = "public");

absl::Status CreateTables(testing::Session& session);

// Fills the tables with about `rows` rows in all.
absl::Status Load(testing::Session& session, uint64_t rows);

struct WriterOptions {
  // What testing::OpenSession takes.
  std::string connection;
  int writers = 2;
  uint64_t seed = 1;
  // Of each writer; 0: as fast as it goes.
  int transactions_per_second = 0;
  // Connect again after a lost connection, for tests that stop the server.
  bool reconnect = false;
};

// Sessions that write until they are stopped: inserts, updates, deletes, key changes, updates that
// leave a large text alone, transactions over several tables, rollbacks. The statements follow from
// the seed; how they interleave does not.
class Writers {
 public:
  explicit Writers(const WriterOptions& options);
  ~Writers();
  Writers(const Writers&) = delete;
  Writers& operator=(const Writers&) = delete;

  // Ends after the transactions that are under way. Returns the first error that a writer met
  // (conflicts with other writers and, with `reconnect`, lost connections are none).
  absl::Status Stop();
  uint64_t transaction_count() const { return transaction_count_; }

 private:
  void Run(std::stop_token stop, int number);

  const WriterOptions options_;
  std::atomic<uint64_t> transaction_count_ = 0;
  std::vector<absl::Status> results_;
  std::vector<std::jthread> threads_;
};

}  // namespace tidemark::workload

#endif  // TIDEMARK_TESTS_WORKLOAD_WORKLOAD_H_
