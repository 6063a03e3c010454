#include "service/daemon.h"

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "service/http/pages.h"
#include "service/kafka/restore.h"
#include "service/log.h"
#include "service/problem_text.h"

namespace tidemark::service {
namespace {

constexpr auto kShutdownGrace = std::chrono::milliseconds(1500);
constexpr auto kRetentionInterval = std::chrono::seconds(10);

// Test-only switches: they make the stream inexact, which the tests must notice.
bool TestSwitch(const char* name, std::string_view what) {
  const char* value = std::getenv(name);
  if (value == nullptr || std::string_view(value) != "1") return false;
  LogError("TEST SWITCH IS SET: the stream is not exact; never use this data",
           {{"variable", name}, {"left_out", what}});
  return true;
}

PipelineOptions MakeOptions(const SourceConfig& config) {
  PipelineOptions options;
  options.readers_max = config.readers_max;
  options.chunk_ms_target = config.chunk_ms_target;
  options.acknowledge_published = config.publish && config.publish->acknowledge_after_kafka;
  options.without_settle = TestSwitch("TIDEMARK_TEST_WITHOUT_SETTLE", "the settle step");
  options.without_folding = TestSwitch("TIDEMARK_TEST_WITHOUT_FOLDING", "folding");
  return options;
}

// Files of certificates that Kafka and the registry are shown, by what they are for.
std::vector<std::pair<std::string, std::string>> ClientCertificates(const Config& config) {
  std::vector<std::pair<std::string, std::string>> files;
  if (!config.kafka) return files;
  for (const auto& [name, value] : config.kafka->cluster.properties) {
    if (name == "ssl.certificate.location") files.emplace_back("kafka", value);
  }
  if (config.kafka->registry && !config.kafka->registry->cert.empty()) {
    files.emplace_back("schema_registry", config.kafka->registry->cert);
  }
  return files;
}

ServerConfig WithSwitches(ServerConfig config) {
  if (auto* mysql = std::get_if<capture::mysql::MysqlOptions>(&config)) {
    mysql->without_exact_view =
        TestSwitch("TIDEMARK_TEST_WITHOUT_EXACT_VIEW", "the place of a view in MariaDB's binlog");
    mysql->without_look_ahead =
        TestSwitch("TIDEMARK_TEST_WITHOUT_LOOK_AHEAD", "the look at statements ahead in the log");
  }
  return config;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config, std::stop_token stop) {
  std::unique_ptr<Daemon> daemon(new Daemon);
  if (absl::Status status = daemon->StartAccess(config); !status.ok()) return status;
  if (absl::Status status = daemon->StartHttp(config); !status.ok()) return status;
  daemon->observer_.SetPhase("starting: opening the data folder");
  storage::StoreOptions store_options;
  store_options.folder = config.data;
  auto store = storage::Store::Open(store_options);
  if (!store.ok()) return store.status();
  daemon->store_ = *std::move(store);
  for (const SourceConfig& source : config.sources) {
    if (source.publish) daemon->topic_owners_->Reserve(source.name, *source.publish);
  }
  for (const SourceConfig& source : config.sources) {
    absl::Status started = daemon->StartSource(config, source, stop);
    if (!started.ok()) return started;
  }
  daemon->sources_.emplace(daemon->captured_);
  auto server = GrpcServer::Start(config.listen, &*daemon->sources_, daemon->access_.get());
  if (!server.ok()) return server.status();
  daemon->server_ = *std::move(server);
  daemon->observer_.Watch(daemon->store_.get(), &*daemon->sources_, &daemon->server_->streams());
  daemon->retention_ = std::jthread(
      [self = daemon.get()](std::stop_token ended) { self->KeepRetention(std::move(ended)); });
  return daemon;
}

absl::Status Daemon::StartAccess(const Config& config) {
  auto access = Access::Start(config.access);
  if (!access.ok()) return access.status();
  access_ = *std::move(access);
  std::vector<CertificatePlace> places = {{"grpc", access_.get()}};
  if (config.http) {
    access = Access::Start(config.http->access);
    if (!access.ok()) return access.status();
    http_access_ = *std::move(access);
    places.push_back({"http", http_access_.get()});
  }
  for (const auto& [use, file] : ClientCertificates(config)) places.push_back({use, nullptr, file});
  observer_.SetCertificates(std::move(places));
  return absl::OkStatus();
}

absl::Status Daemon::StartHttp(const Config& config) {
  if (!config.http) return absl::OkStatus();
  http_admission_.emplace(http_access_.get());
  auto server =
      HttpServer::Start({.listen = config.http->listen, .access = http_access_.get()},
                        [this](const HttpRequest& request) {
                          return AnswerPage(request, *http_admission_, observer_, TIDEMARK_VERSION);
                        });
  if (!server.ok()) return server.status();
  http_ = *std::move(server);
  LogInfo("metrics and health are served",
          {{"address", http_->address()}, {"tls", config.http->access.tls ? "yes" : "no"}});
  return absl::OkStatus();
}

absl::Status Daemon::StartSource(const Config& config, const SourceConfig& source,
                                 std::stop_token stop) {
  const std::string phase = absl::StrCat("starting: source ", source.name,
                                         source.publish ? ", asking Kafka for its state" : "");
  observer_.SetPhase(phase);
  if (source.publish) {
    const auto waits = [&](const absl::Status& cause) {
      observer_.SetPhase(absl::StrCat(phase, ": ", cause.message()));
    };
    absl::Status restored = kafka::Restore(source.name, config.kafka->cluster, *source.publish,
                                           store_.get(), waits, std::move(stop));
    if (!restored.ok()) return restored;
  }
  auto journal = store_->OpenJournal(source.name);
  if (!journal.ok()) return journal.status();
  absl::Status kept = (*journal)->state_log().Keep(source.publish.has_value());
  if (!kept.ok()) return kept;
  drivers_.push_back(MakeSource(WithSwitches(source.server)));
  capture::Source* driver = drivers_.back().get();
  auto pipeline = Pipeline::Start(source.name, MakeOptions(source), driver, store_.get(), *journal);
  if (!pipeline.ok()) return pipeline.status();
  pipelines_.push_back(*std::move(pipeline));
  captured_.push_back({source.name, std::string(ServerKind(source.server)), driver, *journal,
                       pipelines_.back().get()});
  retentions_.push_back(source.retention);
  if (source.publish) StartPublisher(config, source);
  LogInfo("source started", {{"source", source.name}});
  return absl::OkStatus();
}

// Of the source that was started last.
void Daemon::StartPublisher(const Config& config, const SourceConfig& source) {
  CapturedSource& captured = captured_.back();
  Pipeline* pipeline = captured.pipeline;
  kafka::Publisher::Parts parts;
  parts.source = source.name;
  parts.cluster = config.kafka->cluster;
  parts.options = *source.publish;
  if (config.kafka->registry) parts.registry = *config.kafka->registry;
  parts.journal = captured.journal;
  parts.topic_owners = topic_owners_;
  parts.names = [driver = captured.source] { return driver->Names(); };
  parts.published = [pipeline](const model::Position& position) { pipeline->Published(position); };
  parts.superseded = [pipeline](const absl::Status& status) { pipeline->Fail(status); };
  parts.without_checkpoint_in_transaction =
      TestSwitch("TIDEMARK_TEST_WITHOUT_CHECKPOINT_IN_TRANSACTION",
                 "the checkpoint in the transaction of its events");
  publishers_.push_back(kafka::Publisher::Start(std::move(parts)));
  captured.publisher = publishers_.back().get();
}

Daemon::~Daemon() {
  retention_.request_stop();
  observer_.Release("stopping: ending the streams; no call is taken any more");
  // First, so that calls which wait for a pipeline end.
  for (std::unique_ptr<Pipeline>& pipeline : pipelines_) pipeline->BeginStop();
  for (std::unique_ptr<kafka::Publisher>& publisher : publishers_) publisher->BeginStop();
  if (server_ != nullptr) {
    server_->Shutdown(kShutdownGrace);
    LogInfo("streams ended");
  }
  if (!publishers_.empty()) {
    observer_.SetPhase("stopping: ending Kafka's transactions");
    publishers_.clear();
    LogInfo("publishers stopped");
  }
  observer_.SetPhase("stopping: writing to the journal what came of the logs");
  StopPipelines();
  if (retention_.joinable()) retention_.join();
  server_.reset();
  if (store_ == nullptr) return;
  LogInfo("pipelines stopped");
  store_.reset();
  LogInfo("store closed");
}

void Daemon::StopPipelines() {
  std::vector<std::jthread> stops;
  for (std::unique_ptr<Pipeline>& pipeline : pipelines_) {
    stops.emplace_back([&pipeline] { pipeline.reset(); });
  }
}

void Daemon::KeepRetention(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    Trim();
    never.wait_for(lock, stop, kRetentionInterval, [] { return false; });
  }
}

void Daemon::Trim() {
  for (size_t i = 0; i < captured_.size(); ++i) {
    absl::Status trimmed = captured_[i].journal->Trim(retentions_[i], model::NowUs());
    if (trimmed.ok()) continue;
    LogWarning("retention failed", {{"source", captured_[i].name}, {"error", trimmed.ToString()}});
  }
}

bool CheckSources(const Config& config) {
  bool good = true;
  for (const SourceConfig& source : config.sources) {
    capture::CheckResult result = MakeSource(source.server)->Check({});
    std::fputs(FormatCheck(source.name, result).c_str(), stdout);
    good = good && !HasErrors(result);
  }
  return good;
}

}  // namespace tidemark::service
