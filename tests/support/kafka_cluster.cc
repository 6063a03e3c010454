#include "tests/support/kafka_cluster.h"

#include <algorithm>
#include <filesystem>
#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/support/cache_folder.h"
#include "tests/support/free_port.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kStartTimeout = absl::Seconds(120);
constexpr absl::Duration kStopTimeout = absl::Seconds(60);
constexpr int kPortAttempts = 3;
// The last that a broker logs when it starts: it is in the cluster, and takes requests.
constexpr char kReady[] = "Kafka Server started";

std::string KafkaFolder() { return absl::StrCat(CacheFolder(), "/kafka-4"); }

// A UUID as Kafka writes it. Brokers refuse those of another cluster, so that a port which was
// someone else's a moment ago does no harm.
std::string RandomClusterId() {
  std::random_device random;
  // It must not begin with a dash, so the first byte is 0.
  std::string bytes(16, '\0');
  for (size_t i = 1; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random());
  return absl::WebSafeBase64Escape(bytes);
}

}  // namespace

KafkaCluster::KafkaCluster(const KafkaOptions& options)
    : options_(options), brokers_(options.brokers) {}

KafkaCluster::~KafkaCluster() = default;

absl::StatusOr<std::unique_ptr<KafkaCluster>> KafkaCluster::Start(const KafkaOptions& options) {
  const std::string stamp = absl::StrCat(KafkaFolder(), "/request");
  std::error_code ignored;
  if (!std::filesystem::exists(stamp, ignored)) {
    return absl::NotFoundError(absl::StrCat("no ", stamp, ": run dev/kafka4"));
  }
  std::unique_ptr<KafkaCluster> cluster(new KafkaCluster(options));
  absl::Status started;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    started = cluster->LaunchOnFreePorts();
    // Another program may have been quicker to take a port: then a broker ends.
    if (started.ok() || !absl::IsAborted(started)) break;
  }
  if (!started.ok()) return started;
  return cluster;
}

absl::Status KafkaCluster::LaunchOnFreePorts() {
  for (Broker& broker : brokers_) broker.process.reset();
  ChoosePorts();
  const std::string cluster_id = RandomClusterId();
  for (int i = 0; i < brokers(); ++i) {
    if (absl::Status formatted = Format(i, cluster_id); !formatted.ok()) return formatted;
  }
  return StartAgain();
}

void KafkaCluster::ChoosePorts() {
  bootstrap_.clear();
  voters_.clear();
  for (int i = 0; i < brokers(); ++i) {
    Broker& broker = brokers_[i];
    broker.port = FreePort();
    broker.controller_port = FreePort();
    const char* comma = i == 0 ? "" : ",";
    absl::StrAppend(&bootstrap_, comma, "127.0.0.1:", broker.port);
    if (IsController(i)) {
      absl::StrAppend(&voters_, comma, i + 1, "@127.0.0.1:", broker.controller_port);
    }
  }
}

// What kafka.tools.StorageTool does, but for its second JVM.
absl::Status KafkaCluster::Format(int broker, const std::string& cluster_id) const {
  const std::string data = absl::StrCat(FolderOf(broker), "/data");
  std::error_code error;
  std::filesystem::remove_all(FolderOf(broker), error);
  if (!error) std::filesystem::create_directories(data, error);
  if (!error) {
    std::filesystem::copy(absl::StrCat(KafkaFolder(), "/bootstrap.checkpoint"),
                          absl::StrCat(data, "/bootstrap.checkpoint"), error);
  }
  if (error) return absl::InternalError(absl::StrCat(data, ": ", error.message()));
  WriteFile(absl::StrCat(data, "/meta.properties"),
            absl::StrCat("version=1\ncluster.id=", cluster_id, "\nnode.id=", broker + 1, "\n"));
  WriteFile(absl::StrCat(FolderOf(broker), "/server.properties"), Settings(broker));
  return absl::OkStatus();
}

bool KafkaCluster::IsController(int broker) const {
  return options_.controllers == 0 || broker < options_.controllers;
}

std::string KafkaCluster::FolderOf(int broker) const {
  return folder_.File(absl::StrCat("broker-", broker));
}

std::string KafkaCluster::Listeners(int broker) const {
  const Broker& self = brokers_[broker];
  std::string text = absl::StrCat("PLAINTEXT://127.0.0.1:", self.port);
  if (IsController(broker)) {
    absl::StrAppend(&text, ",CONTROLLER://127.0.0.1:", self.controller_port);
  }
  if (!options_.further_listener.empty()) absl::StrAppend(&text, ",", options_.further_listener);
  return text;
}

std::string KafkaCluster::Settings(int broker) const {
  const int replicas = std::min(3, brokers());
  const int replicas_min = replicas < 3 ? 1 : 2;
  std::vector<std::pair<std::string, std::string>> settings = {
      {"process.roles", IsController(broker) ? "broker,controller" : "broker"},
      {"node.id", absl::StrCat(broker + 1)},
      {"controller.quorum.voters", voters_},
      {"controller.listener.names", "CONTROLLER"},
      {"listeners", Listeners(broker)},
      {"log.dirs", absl::StrCat(FolderOf(broker), "/data")},
      {"auto.create.topics.enable", "false"},
      {"group.initial.rebalance.delay.ms", "0"},
      // A broker takes part from its first heartbeat after it has caught up.
      {"broker.heartbeat.interval.ms", "200"},
      {"broker.session.timeout.ms", "3000"},
      // The default is half of the heap.
      {"log.cleaner.dedupe.buffer.size", "8388608"},
      {"num.network.threads", "2"},
      {"num.io.threads", "2"}};
  // The first transaction and the first consumer group wait until all partitions are made.
  for (const char* topic : {"offsets.topic", "transaction.state.log"}) {
    settings.emplace_back(absl::StrCat(topic, ".num.partitions"), "3");
  }
  for (const char* factor : {"default.replication.factor", "offsets.topic.replication.factor",
                             "transaction.state.log.replication.factor",
                             "share.coordinator.state.topic.replication.factor"}) {
    settings.emplace_back(factor, absl::StrCat(replicas));
  }
  for (const char* minimum : {"min.insync.replicas", "transaction.state.log.min.isr",
                              "share.coordinator.state.topic.min.isr"}) {
    settings.emplace_back(minimum, absl::StrCat(replicas_min));
  }
  // The last of a name counts.
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  std::string text;
  for (const auto& [name, value] : settings) absl::StrAppend(&text, name, "=", value, "\n");
  return text;
}

absl::Status KafkaCluster::Launch(int broker) {
  Broker& self = brokers_[broker];
  std::vector<std::string> command = {absl::StrCat(KafkaFolder(), "/bin/kafka-run")};
  command.insert(command.end(), options_.java_options.begin(), options_.java_options.end());
  command.push_back("kafka.Kafka");
  command.push_back(absl::StrCat(FolderOf(broker), "/server.properties"));
  absl::StatusOr<std::unique_ptr<Process>> process =
      Process::Start({.command = std::move(command),
                      .output_file = absl::StrCat(FolderOf(broker), "/log-", ++self.starts)});
  if (!process.ok()) return process.status();
  self.process = *std::move(process);
  return absl::OkStatus();
}

absl::Status KafkaCluster::WaitUntilReady(int broker) {
  const absl::Status ready = brokers_[broker].process->WaitForLine(kReady, kStartTimeout).status();
  if (ready.ok()) return ready;
  return absl::Status(ready.code(), absl::StrCat("Kafka broker ", broker, ": ", ready.message()));
}

absl::Status KafkaCluster::Stop(int broker) {
  return brokers_[broker].process->Terminate(kStopTimeout).status();
}

void KafkaCluster::Kill9(int broker) { brokers_[broker].process->Kill9(); }

absl::Status KafkaCluster::StartAgain(int broker) {
  if (absl::Status launched = Launch(broker); !launched.ok()) return launched;
  return WaitUntilReady(broker);
}

absl::Status KafkaCluster::StartAgain() {
  std::vector<int> launched;
  for (int i = 0; i < brokers(); ++i) {
    if (brokers_[i].process != nullptr && brokers_[i].process->Running()) continue;
    if (absl::Status status = Launch(i); !status.ok()) return status;
    launched.push_back(i);
  }
  for (int i : launched) {
    if (absl::Status ready = WaitUntilReady(i); !ready.ok()) return ready;
  }
  return absl::OkStatus();
}

}  // namespace tidemark::testing
