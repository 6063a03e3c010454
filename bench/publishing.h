#ifndef TIDEMARK_BENCH_PUBLISHING_H_
#define TIDEMARK_BENCH_PUBLISHING_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/database.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {

// Of the topics of tables, and of what stands beside them.
inline constexpr int kPartitions = 3;

// A broker with the heap and the collector that Kafka's own start script gives it.
absl::StatusOr<std::unique_ptr<testing::KafkaCluster>> StartBroker();

// How a tidemarkd with default settings captures the database and publishes it in the format
// protobuf, with topics that begin with `name`. Under another name it begins anew.
testing::ServiceOptions Publish(const Database& database, const testing::KafkaCluster& kafka,
                                const std::string& name);

// Where the rows of the table go then.
std::string TopicOf(const std::string& name);

// Waits until Kafka has all that the journal has now. Errors: DeadlineExceeded;
// FailedPrecondition: the publisher stopped (the message says why).
absl::StatusOr<v1::Publisher> WaitUntilPublished(testing::ServiceProcess& service,
                                                 absl::Duration timeout);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_PUBLISHING_H_
