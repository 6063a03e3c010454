#ifndef TIDEMARK_TESTS_FAULT_HOT_ROWS_TEST_H_
#define TIDEMARK_TESTS_FAULT_HOT_ROWS_TEST_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "tests/fault/fault_test.h"

namespace tidemark::fault {

// Sessions that update the few rows of a table `hot` as fast as they can, on a server that syncs
// each commit, while snapshots read the whole table, a few at a time.
class HotRowsTest : public FaultTest {
 protected:
  testing::PostgresOptions ServerOptions() const override { return {.fsync = true}; }
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override;
  testing::ServiceOptions ServiceSettings() const override;
  void SetUp() override;
  void TearDown() override;

  int rows() const { return engine() == testing::Engine::kPostgres ? 500 : 100; }
  // What a writer does to a row.
  virtual std::string Update(int writer, uint64_t id) const;

  // Each rests for `pause` after an update. REQUIRES: none run.
  void StartWriters(int count, absl::Duration pause = absl::ZeroDuration());
  void StopWriters();

  // Snapshots of at least so many windows (a chunk each); ends early once `enough`, which is asked
  // now and then. Returns how many it were.
  uint64_t Windows(uint64_t count, absl::FunctionRef<bool()> enough);
  // Whether the stream has shown a key that went back, up to now.
  bool WentBack();
  // Says how many windows stood beside how many updates.
  void Report(uint64_t windows);

  // Of the next so many snapshots, or until there is one: rows of which a consumer that folds a
  // snapshot from its start never sees column `column`.
  uint64_t RowsLeftIncomplete(int snapshots, size_t column);
  // That a consumer that folds this snapshot from its start has column `column` of every row in the
  // end. REQUIRES: no writers run.
  void ExpectCompletedLater(const v1::Snapshot& snapshot, size_t column);

 private:
  void Write(std::stop_token stop, int number, absl::Duration pause);
  // A snapshot from its start to its end. Returns its windows; 0: it failed.
  uint64_t ReadOnce();
  void FoldFrom(const v1::Snapshot& snapshot, oracle::Fold& fold);

  uint64_t seed_ = 0;
  std::atomic<uint64_t> updates_ = 0;
  std::vector<std::jthread> writers_;
};

}  // namespace tidemark::fault

#endif  // TIDEMARK_TESTS_FAULT_HOT_ROWS_TEST_H_
