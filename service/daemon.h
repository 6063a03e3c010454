#ifndef TIDEMARK_SERVICE_DAEMON_H_
#define TIDEMARK_SERVICE_DAEMON_H_

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "capture/source.h"
#include "service/config.h"
#include "service/grpc_server.h"
#include "service/http/http_admission.h"
#include "service/http/http_server.h"
#include "service/kafka/publisher.h"
#include "service/observer.h"
#include "service/pipeline.h"
#include "service/sources.h"
#include "service/tls/access.h"
#include "storage/journal.h"

namespace tidemark::service {

// Everything that tidemarkd runs, wired up: the store, a pipeline for each source, retention, the
// gRPC server, and pages of metrics and health from the first moment to the last. One thread owns
// it.
class Daemon {
 public:
  // FailedPrecondition: an operator must act (address or data folder in use, newer data, ...);
  // DataLoss: the data folder is damaged. Where the data folder knows nothing of a source that is
  // published, it waits until Kafka has said whether it does; Cancelled: `stop` was triggered.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config, std::stop_token stop);
  // Stops in order, within 5 seconds unless the disk hangs: streams end and no call is taken,
  // pipelines stop, the store closes. Nothing durable is lost.
  ~Daemon();

  // Where gRPC is served, with the real port.
  const std::string& address() const { return server_->address(); }

 private:
  Daemon() = default;

  absl::Status StartAccess(const Config& config);
  absl::Status StartHttp(const Config& config);
  absl::Status StartSource(const Config& config, const SourceConfig& source, std::stop_token stop);
  void StartPublisher(const Config& config, const SourceConfig& source);
  void KeepRetention(std::stop_token stop);
  void Trim();
  void StopPipelines();

  // Before what it observes; the pages outlive all else.
  Observer observer_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<Access> http_access_;
  std::optional<HttpAdmission> http_admission_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<storage::Store> store_;
  std::vector<std::unique_ptr<capture::Source>> drivers_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;
  const std::shared_ptr<kafka::TopicOwners> topic_owners_ = std::make_shared<kafka::TopicOwners>();
  // They call their pipelines.
  std::vector<std::unique_ptr<kafka::Publisher>> publishers_;
  std::vector<CapturedSource> captured_;
  std::vector<storage::Retention> retentions_;
  std::optional<Sources> sources_;
  std::unique_ptr<GrpcServer> server_;
  std::jthread retention_;
};

// Runs Check of every source and prints what it finds, with remedies, on standard output. True: no
// errors.
bool CheckSources(const Config& config);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_DAEMON_H_
