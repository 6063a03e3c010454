#include "bench/paced_writers.h"

#include <chrono>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/report.h"
#include "tests/support/open_session.h"

namespace tidemark::bench {
namespace {

using Clock = std::chrono::steady_clock;
using testing::Session;

absl::StatusOr<std::unique_ptr<Session>> OpenWriter(const Database& database) {
  auto session = testing::OpenSession(database.url());
  if (!session.ok() || database.prepare_put().empty()) return session;
  absl::Status status = (*session)->Exec(database.prepare_put());
  if (!status.ok()) return status;
  return session;
}

// Of transaction `i`.
std::string Statement(const WriteOptions& options, uint64_t i) {
  const uint64_t first = options.first_key + i * options.rows;
  return options.rows == 1 ? options.database->Put(first)
                           : options.database->InsertRows(first, first + options.rows - 1);
}

// The transactions of session `number`: each sessions-th.
absl::Status Write(Session& session, const WriteOptions& options, int number,
                   Clock::time_point start, std::vector<CommitTimes>& times) {
  for (uint64_t i = number; i < options.count; i += options.sessions) {
    if (options.rate > 0) {
      std::this_thread::sleep_until(
          start + std::chrono::nanoseconds(static_cast<int64_t>(i * 1e9 / options.rate)));
    }
    times[i].sent_ns = MonotonicNs();
    absl::Status status = session.Exec(Statement(options, i));
    times[i].returned_ns = MonotonicNs();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

int64_t MonotonicNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<std::vector<CommitTimes>> WritePaced(const WriteOptions& options) {
  std::vector<std::unique_ptr<Session>> sessions;
  for (int number = 0; number < options.sessions; ++number) {
    auto session = OpenWriter(*options.database);
    if (!session.ok()) return session.status();
    sessions.push_back(*std::move(session));
  }
  std::vector<CommitTimes> times(options.count);
  std::vector<absl::Status> results(options.sessions);
  std::vector<std::jthread> threads;
  const Clock::time_point start = Clock::now();
  for (int number = 0; number < options.sessions; ++number) {
    threads.emplace_back(
        [&, number] { results[number] = Write(*sessions[number], options, number, start, times); });
  }
  threads.clear();
  for (const absl::Status& result : results) {
    if (!result.ok()) return result;
  }
  return times;
}

absl::StatusOr<double> CommitsPerSecond(const Database& database, uint64_t& first_key) {
  constexpr uint64_t kProbe = 4000;
  const int64_t start = MonotonicNs();
  auto times = WritePaced({.database = &database, .first_key = first_key, .count = kProbe});
  if (!times.ok()) return times.status();
  first_key += kProbe;
  const double rate = kProbe * 1e9 / static_cast<double>(MonotonicNs() - start);
  Say(absl::StrCat("  the server commits ", Grouped(rate), " transactions/s at most"));
  return rate;
}

}  // namespace tidemark::bench
