#include "bench/paced_writers.h"

#include <chrono>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/sql_connection.h"

namespace tidemark::bench {
namespace {

using Clock = std::chrono::steady_clock;
using testing::SqlConnection;

// One statement is the whole transaction: what is sent is both the row and its commit.
constexpr char kPrepare[] =
    "PREPARE put (bigint) AS INSERT INTO orders VALUES ($1, 'customer-' || lpad($1::text, 12, '0'),"
    " ($1 % 1000000) * 0.37, now(), $1 * 7919 % 1000003, 'note ' || md5($1::text))";

absl::StatusOr<std::unique_ptr<SqlConnection>> OpenSession(const WriteOptions& options) {
  auto session = SqlConnection::Open(options.connection);
  if (!session.ok()) return session;
  absl::Status status = (*session)->Exec(kPrepare);
  status.Update((*session)->Exec(
      absl::StrCat("SET synchronous_commit = ", options.synchronous_commit ? "on" : "off")));
  if (!status.ok()) return status;
  return session;
}

// The transactions of session `number`: each sessions-th.
absl::Status Write(SqlConnection& session, const WriteOptions& options, int number,
                   Clock::time_point start, std::vector<CommitTimes>& times) {
  for (uint64_t i = number; i < options.count; i += options.sessions) {
    if (options.rate > 0) {
      std::this_thread::sleep_until(
          start + std::chrono::nanoseconds(static_cast<int64_t>(i * 1e9 / options.rate)));
    }
    times[i].sent_ns = MonotonicNs();
    absl::Status status = session.Exec(absl::StrCat("EXECUTE put(", options.first_key + i, ")"));
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
  std::vector<std::unique_ptr<SqlConnection>> sessions;
  for (int number = 0; number < options.sessions; ++number) {
    auto session = OpenSession(options);
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

}  // namespace tidemark::bench
