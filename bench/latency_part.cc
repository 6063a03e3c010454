#include "bench/consumer.h"
#include "bench/database.h"
#include "bench/latency_loads.h"
#include "bench/paced_writers.h"
#include "bench/parts.h"
#include "bench/stream_state.h"
#include "model/event.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

constexpr absl::Duration kTimeout = absl::Seconds(90);
constexpr Load kLoads[] = {{1000}, {5000}};

class GrpcConsumer final : public LatencyConsumer {
 public:
  // From the end that the stream has now.
  static absl::StatusOr<std::unique_ptr<LatencyConsumer>> Open(ServiceProcess& service) {
    absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
    if (!bounds.ok()) return bounds.status();
    auto consumer = Consumer::Open(service.address(), bounds->newest_sequence() + 1, kTimeout);
    if (!consumer.ok()) return consumer.status();
    return std::make_unique<GrpcConsumer>(*std::move(consumer));
  }
  explicit GrpcConsumer(std::unique_ptr<Consumer> consumer) : consumer_(std::move(consumer)) {}

  absl::Status Receive(Arrivals& arrivals) override {
    while (arrivals.missing() > 0) {
      absl::StatusOr<std::string_view> frames = consumer_->Next();
      const int64_t now = MonotonicNs();
      if (!frames.ok()) return frames.status();
      model::FrameScanner scanner(*frames);
      model::EventView event;
      while (scanner.Next(&event)) {
        const std::optional<int64_t> key = IntegerKey(event);
        if (key) arrivals.Add(*key, now);
      }
    }
    return absl::OkStatus();
  }
  void Cancel() override { consumer_->Cancel(); }

 private:
  const std::unique_ptr<Consumer> consumer_;
};

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
  absl::Status done = MeasureLoads({.database = database->get(),
                                    .loads = kLoads,
                                    .consumer = "consumer",
                                    .open = [&] { return GrpcConsumer::Open(**service); },
                                    .commits_per_second_most = *most,
                                    .first_key = first_key},
                                   report);
  if (!done.ok()) return done;
  report.Add({"latency, peak resident memory",
              Mebibytes(testing::PeakResidentBytes((*service)->process().pid()))});
  return absl::OkStatus();
}

}  // namespace tidemark::bench
