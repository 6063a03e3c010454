#include "absl/strings/str_cat.h"
#include "bench/database.h"
#include "bench/latency_loads.h"
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
constexpr absl::Duration kTimeout = absl::Seconds(60);
// 5,000 and 20,000 events/s.
constexpr Load kLoads[] = {{5000}, {2000, 10}};

class ReadCommittedConsumer final : public LatencyConsumer {
 public:
  // The topic is there once all is published, and nothing of what was before comes.
  static absl::StatusOr<std::unique_ptr<LatencyConsumer>> Open(ServiceProcess& service,
                                                               const KafkaCluster& kafka) {
    absl::Status published = WaitUntilPublished(service, kTimeout).status();
    if (!published.ok()) return published;
    auto follower = KafkaFollower::Open(kafka.bootstrap(), TopicOf(kName));
    if (!follower.ok()) return follower.status();
    return std::make_unique<ReadCommittedConsumer>(*std::move(follower));
  }
  explicit ReadCommittedConsumer(std::unique_ptr<KafkaFollower> follower)
      : follower_(std::move(follower)) {}

  absl::Status Receive(Arrivals& arrivals) override {
    while (arrivals.missing() > 0) {
      absl::StatusOr<std::optional<std::string>> key = follower_->NextKey(kTimeout);
      const int64_t now = MonotonicNs();
      if (!key.ok()) return key.status();
      v1::Row row;
      if (!*key || !row.ParseFromString(**key) || row.values_size() != 1) {
        return absl::InternalError("a record without a key");
      }
      if (!arrivals.Add(row.values(0).integer(), now)) {
        return absl::InternalError(absl::StrCat("key ", row.values(0).integer(), " came twice"));
      }
    }
    return absl::OkStatus();
  }
  // Nothing comes for kTimeout then.
  void Cancel() override {}

 private:
  const std::unique_ptr<KafkaFollower> follower_;
};

}  // namespace

absl::Status MeasureKafkaLatency(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  auto kafka = StartBroker();
  if (!kafka.ok()) return kafka.status();
  auto service = StartService(Publish(**database, **kafka, kName));
  if (!service.ok()) return service.status();
  uint64_t first_key = 1;
  const absl::StatusOr<double> most = CommitsPerSecond(**database, first_key);
  if (!most.ok()) return most.status();
  absl::Status done =
      MeasureLoads({.database = database->get(),
                    .loads = kLoads,
                    .consumer = "read_committed consumer",
                    .open = [&] { return ReadCommittedConsumer::Open(**service, **kafka); },
                    .commits_per_second_most = *most,
                    .first_key = first_key},
                   report);
  if (!done.ok()) return done;
  report.Add({"latency to Kafka, peak resident memory",
              Mebibytes(testing::PeakResidentBytes((*service)->process().pid()))});
  return absl::OkStatus();
}

}  // namespace tidemark::bench
