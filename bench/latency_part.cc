#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/consumer.h"
#include "bench/database.h"
#include "bench/paced_writers.h"
#include "bench/parts.h"
#include "bench/stream_state.h"
#include "model/event.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

constexpr int kSeconds = 10;
// Not counted.
constexpr int kWarmUpSeconds = 1;
constexpr absl::Duration kTimeout = absl::Seconds(90);

// When each key came, nanoseconds of MonotonicNs; 0: not yet.
struct Arrivals {
  explicit Arrivals(uint64_t first, uint64_t count) : first_key(first), received_ns(count) {}

  uint64_t first_key;
  std::vector<int64_t> received_ns;
};

absl::Status Receive(Consumer& consumer, Arrivals& arrivals) {
  for (uint64_t missing = arrivals.received_ns.size(); missing > 0;) {
    absl::StatusOr<std::string_view> frames = consumer.Next();
    const int64_t now = MonotonicNs();
    if (!frames.ok()) return frames.status();
    model::FrameScanner scanner(*frames);
    model::EventView event;
    while (scanner.Next(&event)) {
      const std::optional<int64_t> key = IntegerKey(event);
      const uint64_t index = key.value_or(0) - arrivals.first_key;
      if (!key || index >= arrivals.received_ns.size()) continue;
      missing -= arrivals.received_ns[index] == 0;
      arrivals.received_ns[index] = now;
    }
  }
  return absl::OkStatus();
}

void AddFigures(const WriteOptions& options, bool synced, const std::vector<CommitTimes>& times,
                const Arrivals& arrivals, Report& report) {
  std::vector<int64_t> from_sent, from_returned, committing;
  for (size_t i = kWarmUpSeconds * static_cast<size_t>(options.rate); i < times.size(); ++i) {
    const int64_t received = arrivals.received_ns[i];
    from_sent.push_back(received - times[i].sent_ns);
    from_returned.push_back(std::max<int64_t>(received - times[i].returned_ns, 0));
    committing.push_back(times[i].returned_ns - times[i].sent_ns);
  }
  const double seconds = (times.back().returned_ns - times.front().sent_ns) / 1e9;
  const std::string at = absl::StrFormat("latency at %s transactions/s%s", Grouped(options.rate),
                                         synced ? "" : " (commits not synced)");
  report.Add({at + ", COMMIT sent to consumer", Percentiles(from_sent),
              absl::StrCat("COMMIT itself: ", Percentiles(committing)), ""});
  report.Add({at + ", COMMIT returned to consumer", Percentiles(from_returned),
              absl::StrCat("transactions written: ", Grouped(times.size() / seconds), "/s"), ""});
}

absl::Status MeasureRate(const WriteOptions& options, bool synced, ServiceProcess& service,
                         Report& report) {
  absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
  if (!bounds.ok()) return bounds.status();
  auto consumer = Consumer::Open(service.address(), bounds->newest_sequence() + 1, kTimeout);
  if (!consumer.ok()) return consumer.status();
  Arrivals arrivals(options.first_key, options.count);
  absl::Status received;
  std::jthread receiver([&] { received = Receive(**consumer, arrivals); });
  absl::StatusOr<std::vector<CommitTimes>> times = WritePaced(options);
  if (!times.ok()) (*consumer)->Cancel();
  receiver.join();
  if (!times.ok()) return times.status();
  if (!received.ok()) return received;
  AddFigures(options, synced, *times, arrivals, report);
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureLatency(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  uint64_t first_key = 1;
  const absl::StatusOr<double> most = CommitsPerSecond(**database, first_key);
  if (!most.ok()) return most.status();
  auto service = StartService((*database)->Capture());
  if (!service.ok()) return service.status();
  for (const double rate : {1000.0, 5000.0}) {
    WriteOptions options{.database = database->get(),
                         .rate = rate,
                         .first_key = first_key,
                         .count = static_cast<uint64_t>(rate) * (kWarmUpSeconds + kSeconds)};
    const bool synced = *most >= rate * kHeadroom;
    absl::Status done;
    if (!synced) {
      Say("  the disk is too slow for the rate: commits are not synced");
      done = (*database)->StopSyncingCommits();
    }
    if (done.ok()) done = MeasureRate(options, synced, **service, report);
    if (!done.ok()) return done;
    first_key += options.count;
  }
  report.Add({"latency, peak resident memory",
              Mebibytes(testing::PeakResidentBytes((*service)->process().pid()))});
  return absl::OkStatus();
}

}  // namespace tidemark::bench
