#include "bench/latency_loads.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/paced_writers.h"

namespace tidemark::bench {
namespace {

constexpr int kSeconds = 10;
// Not counted.
constexpr int kWarmUpSeconds = 1;

std::string NameOf(const WriteOptions& load, bool synced) {
  const std::string rate = Grouped(load.rate * load.rows);
  const std::string what =
      load.rows == 1 ? absl::StrCat(rate, " transactions/s")
                     : absl::StrFormat("%s events/s, %d in a transaction", rate, load.rows);
  return absl::StrCat("latency at ", what, synced ? "" : " (commits not synced)");
}

void AddFigures(const WriteOptions& load, const std::string& name, const std::string& consumer,
                const std::vector<CommitTimes>& times, const Arrivals& arrivals, Report& report) {
  std::vector<int64_t> from_sent, from_returned, committing;
  for (size_t i = kWarmUpSeconds * static_cast<size_t>(load.rate); i < times.size(); ++i) {
    committing.push_back(times[i].returned_ns - times[i].sent_ns);
    for (size_t row = 0; row < load.rows; ++row) {
      const int64_t received = arrivals.received_ns(i * load.rows + row);
      from_sent.push_back(received - times[i].sent_ns);
      from_returned.push_back(std::max<int64_t>(received - times[i].returned_ns, 0));
    }
  }
  const double seconds = (times.back().returned_ns - times.front().sent_ns) / 1e9;
  report.Add({absl::StrCat(name, ", COMMIT sent to ", consumer), Percentiles(from_sent),
              absl::StrCat("COMMIT itself: ", Percentiles(committing)), ""});
  report.Add({absl::StrCat(name, ", COMMIT returned to ", consumer), Percentiles(from_returned),
              absl::StrCat("rows written: ", Grouped(arrivals.size() / seconds), "/s"), ""});
}

absl::Status MeasureLoad(const LatencyOptions& options, const WriteOptions& load, bool synced,
                         Report& report) {
  absl::StatusOr<std::unique_ptr<LatencyConsumer>> consumer = options.open();
  if (!consumer.ok()) return consumer.status();
  Arrivals arrivals(load.first_key, load.count * load.rows);
  absl::Status received;
  std::jthread receiver([&] { received = (*consumer)->Receive(arrivals); });
  absl::StatusOr<std::vector<CommitTimes>> times = WritePaced(load);
  if (!times.ok()) (*consumer)->Cancel();
  receiver.join();
  if (!times.ok()) return times.status();
  if (!received.ok()) return received;
  AddFigures(load, NameOf(load, synced), options.consumer, *times, arrivals, report);
  return absl::OkStatus();
}

}  // namespace

bool Arrivals::Add(int64_t key, int64_t now_ns) {
  const uint64_t index = static_cast<uint64_t>(key) - first_key_;
  if (index >= received_ns_.size() || received_ns_[index] != 0) return false;
  received_ns_[index] = now_ns;
  --missing_;
  return true;
}

absl::Status MeasureLoads(LatencyOptions options, Report& report) {
  for (const Load& load : options.loads) {
    const WriteOptions writes{
        .database = options.database,
        .rate = load.transactions_per_second,
        .first_key = options.first_key,
        .count = static_cast<uint64_t>(load.transactions_per_second) * (kWarmUpSeconds + kSeconds),
        .rows = load.rows_of_transaction};
    const bool synced = options.commits_per_second_most >= writes.rate * kHeadroom;
    absl::Status done;
    if (!synced) {
      Say("  the disk is too slow for the rate: commits are not synced");
      done = options.database->StopSyncingCommits();
    }
    if (done.ok()) done = MeasureLoad(options, writes, synced, report);
    if (!done.ok()) return done;
    options.first_key += writes.count * writes.rows;
  }
  return absl::OkStatus();
}

}  // namespace tidemark::bench
