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
#include "service/http/pages.h"
#include "service/kafka/restore.h"
#include "service/log.h"
#include "service/problem_text.h"
#include "service/sleep.h"
#include "service/wall_clock.h"

namespace tidemark::service {
namespace {

constexpr auto kShutdownGrace = std::chrono::milliseconds(1500);
constexpr auto kRetentionInterval = std::chrono::seconds(10);
// How often a restore is tried again where an operator must act.
constexpr auto kOperatorWait = std::chrono::milliseconds(10'000);

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

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config) {
  std::unique_ptr<Daemon> daemon(new Daemon(config));
  if (absl::Status status = daemon->StartAccess(); !status.ok()) return status;
  if (absl::Status status = daemon->StartHttp(); !status.ok()) return status;
  daemon->observer_.SetPhase("starting: opening the data folder");
  storage::StoreOptions store_options;
  store_options.folder = config.data;
  auto store = storage::Store::Open(store_options);
  if (!store.ok()) return store.status();
  daemon->store_ = *std::move(store);
  if (absl::Status status = daemon->StartSources(); !status.ok()) return status;
  auto server = GrpcServer::Start(config.listen, &daemon->sources_, daemon->access_.get());
  if (!server.ok()) return server.status();
  daemon->server_ = *std::move(server);
  daemon->observer_.Watch(daemon->store_.get(), &daemon->sources_, &daemon->server_->streams());
  daemon->retention_ = std::jthread(
      [self = daemon.get()](std::stop_token ended) { self->KeepRetention(std::move(ended)); });
  return daemon;
}

absl::Status Daemon::StartAccess() {
  auto access = Access::Start(config_.access);
  if (!access.ok()) return access.status();
  access_ = *std::move(access);
  std::vector<CertificatePlace> places = {{"grpc", access_.get()}};
  if (config_.http) {
    access = Access::Start(config_.http->access);
    if (!access.ok()) return access.status();
    http_access_ = *std::move(access);
    places.push_back({"http", http_access_.get()});
  }
  for (const auto& [use, file] : ClientCertificates(config_)) places.push_back({use, nullptr, file});
  observer_.SetCertificates(std::move(places));
  return absl::OkStatus();
}

absl::Status Daemon::StartHttp() {
  if (!config_.http) return absl::OkStatus();
  http_admission_.emplace(http_access_.get());
  auto server =
      HttpServer::Start({.listen = config_.http->listen, .access = http_access_.get()},
                        [this](const HttpRequest& request) {
                          return AnswerPage(request, *http_admission_, observer_, TIDEMARK_VERSION);
                        });
  if (!server.ok()) return server.status();
  http_ = *std::move(server);
  LogInfo("metrics and health are served",
          {{"address", http_->address()}, {"tls", config_.http->access.tls ? "yes" : "no"}});
  return absl::OkStatus();
}

// Those whose state must be asked of Kafka hold up no other.
absl::Status Daemon::StartSources() {
  for (const SourceConfig& source : config_.sources) {
    sources_.Expect(source.name, std::string(ServerKind(source.server)));
    if (source.publish) topic_owners_->Reserve(source.name, *source.publish);
  }
  for (size_t i = 0; i < config_.sources.size(); ++i) {
    const SourceConfig& source = config_.sources[i];
    observer_.SetPhase(absl::StrCat("starting: source ", source.name));
    absl::StatusOr<bool> known = store_->HasState(source.name);
    if (!known.ok()) return known.status();
    if (!*known && source.publish) {
      sources_.Wait(source.name, PipelineState::kConnecting, "asking Kafka for its state");
      starters_.emplace_back([this, &source, running = &running_[i]](std::stop_token stop) {
        RestoreAndStart(source, running, std::move(stop));
      });
      continue;
    }
    absl::Status started = StartSource(source, &running_[i]);
    if (!started.ok()) return started;
  }
  return absl::OkStatus();
}

void Daemon::RestoreAndStart(const SourceConfig& source, Running* running, std::stop_token stop) {
  absl::Status said;
  while (true) {
    absl::Status restored = kafka::Restore(source.name, config_.kafka->cluster, *source.publish,
                                           store_.get(), stop);
    if (absl::IsCancelled(restored)) return;
    const absl::Status status = restored.ok() ? StartSource(source, running) : restored;
    if (status.ok()) return;
    if (status != said) {
      LogError("source stopped", {{"source", source.name}, {"error", status.message()}});
    }
    said = status;
    sources_.Wait(source.name, PipelineState::kStopped, std::string(status.message()));
    if (restored.ok() || !SleepUnlessStopped(kOperatorWait, stop)) return;
  }
}

absl::Status Daemon::StartSource(const SourceConfig& source, Running* running) {
  auto journal = store_->OpenJournal(source.name);
  if (!journal.ok()) return journal.status();
  absl::Status kept = (*journal)->state_log().Keep(source.publish.has_value());
  if (!kept.ok()) return kept;
  running->driver = MakeSource(WithSwitches(source.server));
  auto pipeline = Pipeline::Start(source.name, MakeOptions(source), running->driver.get(),
                                  store_.get(), *journal);
  if (!pipeline.ok()) return pipeline.status();
  running->pipeline = *std::move(pipeline);
  CapturedSource captured;
  captured.name = source.name;
  captured.kind = ServerKind(source.server);
  captured.source = running->driver.get();
  captured.journal = *journal;
  captured.pipeline = running->pipeline.get();
  captured.retention = source.retention;
  if (source.publish) StartPublisher(source, &captured, running);
  sources_.Add(std::move(captured));
  LogInfo("source started", {{"source", source.name}});
  return absl::OkStatus();
}

void Daemon::StartPublisher(const SourceConfig& source, CapturedSource* captured,
                            Running* running) {
  Pipeline* pipeline = captured->pipeline;
  kafka::Publisher::Parts parts;
  parts.source = source.name;
  parts.cluster = config_.kafka->cluster;
  parts.options = *source.publish;
  if (config_.kafka->registry) parts.registry = *config_.kafka->registry;
  parts.journal = captured->journal;
  parts.topic_owners = topic_owners_;
  parts.names = [driver = captured->source] { return driver->Names(); };
  parts.published = [pipeline](const model::Position& position) { pipeline->Published(position); };
  parts.superseded = [pipeline](const absl::Status& status) { pipeline->Fail(status); };
  parts.without_checkpoint_in_transaction =
      TestSwitch("TIDEMARK_TEST_WITHOUT_CHECKPOINT_IN_TRANSACTION",
                 "the checkpoint in the transaction of its events");
  running->publisher = kafka::Publisher::Start(std::move(parts));
  captured->publisher = running->publisher.get();
}

Daemon::~Daemon() {
  retention_.request_stop();
  observer_.Release("stopping: ending the streams; no call is taken any more");
  for (std::jthread& starter : starters_) starter.request_stop();
  starters_.clear();
  // First, so that calls which wait for a pipeline end.
  for (const CapturedSource* source : sources_.all()) {
    source->pipeline->BeginStop();
    if (source->publisher != nullptr) source->publisher->BeginStop();
  }
  if (server_ != nullptr) {
    server_->Shutdown(kShutdownGrace);
    LogInfo("streams ended");
  }
  if (config_.kafka) {
    observer_.SetPhase("stopping: ending Kafka's transactions");
    for (Running& running : running_) running.publisher.reset();
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
  for (Running& running : running_) {
    stops.emplace_back([&running] { running.pipeline.reset(); });
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
  for (const CapturedSource* source : sources_.all()) {
    absl::Status trimmed = source->journal->Trim(source->retention, NowUs());
    if (trimmed.ok()) continue;
    LogWarning("retention failed", {{"source", source->name}, {"error", trimmed.ToString()}});
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
