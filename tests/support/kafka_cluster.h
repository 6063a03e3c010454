#ifndef TIDEMARK_TESTS_SUPPORT_KAFKA_CLUSTER_H_
#define TIDEMARK_TESTS_SUPPORT_KAFKA_CLUSTER_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {

struct KafkaOptions {
  // One, or three for tests that lose some: with two, neither can be missed.
  int brokers = 1;
  // The first so many brokers are controllers; 0: all. With one of two, the other can be missed.
  int controllers = 0;
  // Broker settings by name ("transaction.max.timeout.ms", "30000"); they win over ours.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // For Java. By default small, and compiled quickly rather than well, which halves the time that a
  // start takes.
  std::vector<std::string> java_options = {"-Xmx256m", "-XX:+UseSerialGC",
                                           "-XX:TieredStopAtLevel=1"};
  // Of a single broker: beside ours, "SECURE://127.0.0.1:9093".
  std::string further_listener = "";
};

// Throwaway brokers of Apache Kafka 4 (dev/kafka4) on free ports of 127.0.0.1, each of them a
// controller of the cluster too (KRaft) unless told otherwise. Topics have as many replicas as
// there are brokers, 3 at most; with 3, two of them must have a record before it is acknowledged.
// Topics are not made by being named. A broker that is gone is noticed after 3 seconds. Stopped and
// removed by the destructor, and by the cleanup guard if the test dies.
//
//   ASSERT_OK_AND_ASSIGN(auto kafka, KafkaCluster::Start({.brokers = 3}));
//   ASSERT_OK(CreateKafkaTopic(kafka->bootstrap(), {.name = "shop.orders"}));
//
// Brokers are numbered from 0; Kafka calls them by the next number (node.id 1, ...). One thread at
// a time.
class KafkaCluster {
 public:
  // Returns when all brokers take part. Errors: NotFound (no Kafka: the message names the remedy),
  // Aborted (a broker ended), DeadlineExceeded; the message holds the end of its log.
  static absl::StatusOr<std::unique_ptr<KafkaCluster>> Start(const KafkaOptions& options);
  ~KafkaCluster();
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  // The addresses of all brokers, as clients take them in bootstrap.servers.
  const std::string& bootstrap() const { return bootstrap_; }
  int brokers() const { return static_cast<int>(brokers_.size()); }
  pid_t pid(int broker) const { return brokers_[broker].process->pid(); }
  // All it has logged since its last start.
  std::string Log(int broker) const { return brokers_[broker].process->Output(); }

  // SIGTERM: a clean shutdown, which hands over what the broker leads.
  absl::Status Stop(int broker);
  void Kill9(int broker);
  // Starts it again on the same port, after Stop or Kill9. REQUIRES: more than half of the brokers
  // run then. Errors: as Start.
  absl::Status StartAgain(int broker);
  // The same for all that do not run.
  absl::Status StartAgain();
  // SIGSTOP, waited for, and SIGCONT: its connections stay, and it answers nothing.
  void Freeze(int broker) { brokers_[broker].process->Freeze(); }
  void Thaw(int broker) { brokers_[broker].process->Thaw(); }

 private:
  struct Broker {
    int port = 0;
    int controller_port = 0;
    int starts = 0;
    std::unique_ptr<Process> process;
  };

  explicit KafkaCluster(const KafkaOptions& options);
  absl::Status LaunchOnFreePorts();
  void ChoosePorts();
  absl::Status Format(int broker, const std::string& cluster_id) const;
  absl::Status Launch(int broker);
  absl::Status WaitUntilReady(int broker);
  bool IsController(int broker) const;
  std::string FolderOf(int broker) const;
  std::string Listeners(int broker) const;
  std::string Settings(int broker) const;

  const KafkaOptions options_;
  TempFolder folder_;
  std::vector<Broker> brokers_;
  std::string bootstrap_;
  std::string voters_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_KAFKA_CLUSTER_H_
