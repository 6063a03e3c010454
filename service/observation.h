#ifndef TIDEMARK_SERVICE_OBSERVATION_H_
#define TIDEMARK_SERVICE_OBSERVATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/kafka/publisher.h"
#include "service/pipeline.h"
#include "service/streams.h"
#include "snapshot/job_control.h"
#include "storage/journal.h"

namespace tidemark::service {

// What is to be seen of the service at one moment: what metrics and health are made of. Plain data.

struct ConsumerObservation {
  std::string name;
  bool connected = false;
  storage::Backlog backlog;
};

struct SourceObservation {
  std::string name;
  std::string kind;
  PipelineMetrics pipeline;
  storage::Bounds bounds;
  std::vector<snapshot::JobStatus> snapshots;
  StreamCounts streams;
  std::vector<ConsumerObservation> consumers;
  // nullopt: it is not published, or was not asked yet.
  std::optional<kafka::PublisherStatus> publisher;
};

// A certificate that others are shown.
struct CertificateObservation {
  // "grpc", "http": to clients; "kafka", "schema_registry": to servers.
  std::string use;
  // Seconds since 1970-01-01 UTC.
  int64_t expiry_s = 0;
};

struct Observation {
  // When, microseconds since 1970-01-01 UTC.
  uint64_t time_us = 0;
  // "starting: ..." or "stopping: ..."; "": all sources are at work.
  std::string phase;
  std::vector<SourceObservation> sources;
  std::vector<CertificateObservation> certificates;
  // nullopt: not asked yet.
  std::optional<storage::StoreStatus> store;
  uint64_t store_examined_us = 0;
  // See Turn; of the thread that asks the store.
  uint64_t store_turn_age_us = 0;
};

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_OBSERVATION_H_
