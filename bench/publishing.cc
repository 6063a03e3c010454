#include "bench/publishing.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/stream_state.h"

namespace tidemark::bench {
namespace {

// Seldom enough not to cost what is measured.
constexpr absl::Duration kPoll = absl::Milliseconds(20);

}  // namespace

absl::StatusOr<std::unique_ptr<testing::KafkaCluster>> StartBroker() {
  return testing::KafkaCluster::Start(
      {.java_options = {"-server", "-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
                        "-XX:InitiatingHeapOccupancyPercent=35",
                        "-XX:+ExplicitGCInvokesConcurrent"}});
}

testing::ServiceOptions Publish(const Database& database, const testing::KafkaCluster& kafka,
                                const std::string& name) {
  testing::ServiceOptions options = database.Capture();
  options.top_lines.push_back(absl::StrCat("kafka: {brokers: \"", kafka.bootstrap(), "\"}"));
  for (const std::string& line :
       {std::string("publish:"), absl::StrCat("  partitions: ", kPartitions),
        absl::StrCat("  topic: \"", name, ".{table}\""),
        absl::StrCat("  schema_topic: ", name, ".tidemark.schema"),
        absl::StrCat("  transactional_id: tidemark-", name),
        absl::StrCat("  checkpoint_topic: tidemark.checkpoint.", name)}) {
    options.source_lines.push_back(line);
  }
  return options;
}

std::string TopicOf(const std::string& name) { return absl::StrCat(name, ".orders"); }

absl::StatusOr<v1::Publisher> WaitUntilPublished(testing::ServiceProcess& service,
                                                 absl::Duration timeout) {
  absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
  if (!bounds.ok()) return bounds.status();
  const absl::Time deadline = absl::Now() + timeout;
  for (;;) {
    absl::StatusOr<v1::Source> source = service.Status();
    if (!source.ok()) return source.status();
    const v1::Publisher& publisher = source->publisher();
    if (publisher.published_sequence() >= bounds->newest_sequence()) return publisher;
    if (publisher.state() == v1::Publisher::STOPPED) {
      return absl::FailedPreconditionError(publisher.error());
    }
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("Kafka has the events up to ", publisher.published_sequence(), " of ",
                       bounds->newest_sequence(), "; ", publisher.error()));
    }
    absl::SleepFor(kPoll);
  }
}

}  // namespace tidemark::bench
