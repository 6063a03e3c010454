#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/database.h"
#include "bench/paced_writers.h"
#include "bench/parts.h"
#include "bench/publishing.h"
#include "bench/stream_state.h"
#include "tests/support/kafka_follower.h"

namespace tidemark::bench {
namespace {

using testing::KafkaCluster;
using testing::KafkaFollower;
using testing::ServiceProcess;

constexpr char kName[] = "latency";
constexpr int kSeconds = 10;
// Not counted.
constexpr int kWarmUpSeconds = 1;
constexpr absl::Duration kTimeout = absl::Seconds(60);

struct Load {
  double transactions_per_second = 0;
  uint64_t rows_of_transaction = 0;
};
// 5,000 and 20,000 events/s.
constexpr Load kLoads[] = {{5000, 1}, {2000, 10}};

// When each key came, nanoseconds of MonotonicNs; 0: not yet.
using Arrivals = std::vector<int64_t>;

absl::Status Receive(KafkaFollower& follower, uint64_t first_key, Arrivals& arrivals) {
  for (size_t missing = arrivals.size(); missing > 0; --missing) {
    absl::StatusOr<std::optional<std::string>> key = follower.NextKey(kTimeout);
    const int64_t now = MonotonicNs();
    if (!key.ok()) return key.status();
    v1::Row row;
    if (!*key || !row.ParseFromString(**key) || row.values_size() != 1) {
      return absl::InternalError("a record without a key");
    }
    const uint64_t index = row.values(0).integer() - first_key;
    if (index >= arrivals.size() || arrivals[index] != 0) {
      return absl::InternalError(absl::StrCat("key ", row.values(0).integer(), " came twice"));
    }
    arrivals[index] = now;
  }
  return absl::OkStatus();
}

void AddFigures(const WriteOptions& options, bool synced, const std::vector<CommitTimes>& times,
                const Arrivals& arrivals, Report& report) {
  std::vector<int64_t> from_sent, from_returned, committing;
  for (size_t i = kWarmUpSeconds * static_cast<size_t>(options.rate); i < times.size(); ++i) {
    committing.push_back(times[i].returned_ns - times[i].sent_ns);
    for (size_t row = 0; row < options.rows; ++row) {
      const int64_t received = arrivals[i * options.rows + row];
      from_sent.push_back(received - times[i].sent_ns);
      from_returned.push_back(std::max<int64_t>(received - times[i].returned_ns, 0));
    }
  }
  const double seconds = (times.back().returned_ns - times.front().sent_ns) / 1e9;
  const std::string at = absl::StrFormat("latency at %s events/s, %d in a transaction%s",
                                         Grouped(options.rate * options.rows), options.rows,
                                         synced ? "" : " (commits not synced)");
  report.Add({at + ", COMMIT sent to read_committed consumer", Percentiles(from_sent),
              absl::StrCat("COMMIT itself: ", Percentiles(committing)), ""});
  report.Add({at + ", COMMIT returned to read_committed consumer", Percentiles(from_returned),
              absl::StrCat("events written: ", Grouped(arrivals.size() / seconds), "/s"), ""});
}

absl::Status MeasureLoad(const WriteOptions& options, bool synced, const KafkaCluster& kafka,
                         Report& report) {
  auto follower = KafkaFollower::Open(kafka.bootstrap(), TopicOf(kName));
  if (!follower.ok()) return follower.status();
  Arrivals arrivals(options.count * options.rows);
  absl::Status received;
  std::jthread receiver([&] { received = Receive(**follower, options.first_key, arrivals); });
  absl::StatusOr<std::vector<CommitTimes>> times = WritePaced(options);
  receiver.join();
  if (!times.ok()) return times.status();
  if (!received.ok()) return received;
  AddFigures(options, synced, *times, arrivals, report);
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureKafkaLatency(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  auto kafka = KafkaCluster::Start({});
  if (!kafka.ok()) return kafka.status();
  auto service = StartService(Publish(**database, **kafka, kName));
  if (!service.ok()) return service.status();
  uint64_t first_key = 1;
  const absl::StatusOr<double> most = CommitsPerSecond(**database, first_key);
  if (!most.ok()) return most.status();
  for (const Load& load : kLoads) {
    // The topic is there then, and nothing of what was before comes.
    absl::Status done = WaitUntilPublished(**service, kTimeout).status();
    const bool synced = *most >= load.transactions_per_second * kHeadroom;
    if (done.ok() && !synced) {
      Say("  the disk is too slow for the rate: commits are not synced");
      done = (*database)->StopSyncingCommits();
    }
    if (!done.ok()) return done;
    const WriteOptions options{
        .database = database->get(),
        .rate = load.transactions_per_second,
        .first_key = first_key,
        .count = static_cast<uint64_t>(load.transactions_per_second) * (kWarmUpSeconds + kSeconds),
        .rows = load.rows_of_transaction};
    done = MeasureLoad(options, synced, **kafka, report);
    if (!done.ok()) return done;
    first_key += options.count * options.rows;
  }
  report.Add({"latency to Kafka, peak resident memory",
              Mebibytes(testing::PeakResidentBytes((*service)->process().pid()))});
  return absl::OkStatus();
}

}  // namespace tidemark::bench
