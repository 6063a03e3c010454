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
  // DataLoss: the data folder is damaged. A source that is published, and of which the data folder
  // knows nothing, is at work only once Kafka has said whether it does.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(const Config& config);
  // Stops in order, within 5 seconds unless the disk hangs: streams end and no call is taken,
  // pipelines stop, the store closes. Nothing durable is lost.
  ~Daemon();

  // Where gRPC is served, with the real port.
  const std::string& address() const { return server_->address(); }

 private:
  // What one source is at work with.
  struct Running {
    std::unique_ptr<capture::Source> driver;
    std::unique_ptr<Pipeline> pipeline;
    // It calls the pipeline.
    std::unique_ptr<kafka::Publisher> publisher;
  };

  explicit Daemon(const Config& config) : config_(config), running_(config.sources.size()) {}

  absl::Status StartAccess();
  absl::Status StartHttp();
  absl::Status StartSources();
  absl::Status StartSource(const SourceConfig& source, Running* running);
  void StartPublisher(const SourceConfig& source, CapturedSource* captured, Running* running);
  // On a thread of its own.
  void RestoreAndStart(const SourceConfig& source, Running* running, std::stop_token stop);
  void KeepRetention(std::stop_token stop);
  void Trim();
  void StopPipelines();

  const Config config_;
  // Before what it observes; the pages outlive all else.
  Observer observer_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<Access> http_access_;
  std::optional<HttpAdmission> http_admission_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<storage::Store> store_;
  const std::shared_ptr<kafka::TopicOwners> topic_owners_ = std::make_shared<kafka::TopicOwners>();
  // As many as config_.sources, in their order.
  std::vector<Running> running_;
  Sources sources_;
  std::unique_ptr<GrpcServer> server_;
  // Of those sources that Kafka is asked about.
  std::vector<std::jthread> starters_;
  std::jthread retention_;
};

// Runs Check of every source and prints what it finds, with remedies, on standard output. True: no
// errors.
bool CheckSources(const Config& config);

}  // namespace tidemark::service

#endif  // TIDEMARK_SERVICE_DAEMON_H_
