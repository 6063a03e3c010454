#include "tests/workload/workload.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/support/open_session.h"
#include "tests/workload/writer.h"

namespace tidemark::workload {
namespace {

using testing::Engine;
using testing::Session;

// Another writer was in the way: the transaction is rolled back and may be tried again. MySQL and
// MariaDB: a deadlock, a lock waited for too long, a row that changed since the transaction's
// snapshot (innodb_snapshot_isolation).
bool IsConflict(const absl::Status& status) {
  for (const char* code : {"40P01", "1213:", "1205:", "1020:"}) {
    if (absl::StartsWith(status.message(), code)) return true;
  }
  return false;
}

std::unique_ptr<Writer> MakeWriter(Engine engine, int number, uint64_t seed) {
  return engine == Engine::kPostgres ? MakePostgresWriter(number, seed)
                                     : MakeMysqlWriter(number, seed);
}

}  // namespace

Writers::Writers(const WriterOptions& options) : options_(options), results_(options.writers) {
  for (int number = 0; number < options_.writers; ++number) {
    threads_.emplace_back([this, number](std::stop_token stop) { Run(std::move(stop), number); });
  }
}

Writers::~Writers() { Stop().IgnoreError(); }

absl::Status Writers::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  absl::Status first;
  for (const absl::Status& result : results_) first.Update(result);
  return first;
}

void Writers::Run(std::stop_token stop, int number) {
  std::unique_ptr<Writer> writer;
  std::unique_ptr<Session> session;
  absl::Time next = absl::Now();
  while (!stop.stop_requested()) {
    absl::Status status;
    if (session == nullptr || !session->Connected()) {
      auto opened = testing::OpenSession(options_.connection);
      status = opened.status();
      if (status.ok()) session = *std::move(opened);
      if (status.ok() && writer == nullptr) {
        writer = MakeWriter(session->engine(), number, options_.seed * 1000 + number);
      }
    }
    if (status.ok()) status = session->Exec(writer->Next());
    if (status.ok()) {
      ++transaction_count_;
    } else if (IsConflict(status)) {
      status = session->Exec("ROLLBACK");
    } else if (options_.reconnect && !IsConflict(status)) {
      session.reset();
      absl::SleepFor(absl::Milliseconds(50));
      continue;
    }
    if (!status.ok()) {
      results_[number] = status;
      return;
    }
    if (options_.transactions_per_second == 0) continue;
    next += absl::Seconds(1) / options_.transactions_per_second;
    absl::SleepFor(next - absl::Now());
  }
}

}  // namespace tidemark::workload
