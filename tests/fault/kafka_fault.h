#ifndef TIDEMARK_TESTS_FAULT_KAFKA_FAULT_H_
#define TIDEMARK_TESTS_FAULT_KAFKA_FAULT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/contract/capture_test.h"
#include "tests/oracle/kafka_fold.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/kafka_consumer.h"

namespace tidemark::fault {

// A server with the shop, three brokers that all tests of the process share, and a tidemarkd that
// publishes the shop; and a consumer of its topics (read_committed), which folds them in one go for
// the whole test. Its services are its own, not those of CaptureTest: there may be two.
class KafkaFaultTest : public contract::CaptureTest {
 protected:
  // Of the tables' topics.
  static constexpr int kPartitions = 3;
  static constexpr absl::Duration kTransactionTimeout = absl::Seconds(8);
  // How often brokers look for transactions that take longer.
  static constexpr absl::Duration kTimeoutCheck = absl::Milliseconds(500);

  void SetUp() override;
  void TearDown() override;
  testing::ServiceOptions ServiceSettings() const override;
  virtual absl::Duration TransactionTimeout() const { return kTransactionTimeout; }

  testing::KafkaCluster& kafka() { return *kafka_; }
  // What publishes now; null: nothing does.
  std::unique_ptr<testing::ServiceProcess>& publisher() { return publisher_; }

  // A service with a data folder of its own, empty, and further keys of `publish:`.
  std::unique_ptr<testing::ServiceProcess> NewService(
      const std::vector<std::string>& publish_lines = {},
      const std::vector<std::pair<std::string, std::string>>& environment = {});
  // The first service, and a snapshot of all that is there.
  void StartPublishing(const std::vector<std::string>& publish_lines = {},
                       const std::vector<std::pair<std::string, std::string>>& environment = {});
  void StartAgain();
  // After it was killed.
  static void RemoveFolder(const testing::ServiceProcess& service);
  // The service captures nothing and publishes nothing any more, and says why.
  static void WaitUntilStopped(testing::ServiceProcess& service, const std::string& reason);

  // A row of `marks` is committed in the source, and read in Kafka: so is all before it. Nothing is
  // wrong with it.
  void CatchUp();
  // The same, whatever is wrong: then it returns at once.
  void ReadUpToNewMark();
  // Nobody writes. Catches up, and compares: everything is there, once, in order.
  void ExpectExact();
  // Reads on, whatever there is.
  void ReadMore();

  oracle::KafkaFold& fold() { return *fold_; }

 private:
  bool HasMark(int64_t id) const;

  testing::KafkaCluster* kafka_ = nullptr;
  // Of this test's topics.
  std::string prefix_;
  std::vector<std::string> publish_lines_;
  std::unique_ptr<testing::ServiceProcess> publisher_;
  std::unique_ptr<testing::KafkaConsumer> consumer_;
  std::optional<oracle::KafkaFold> fold_;
  int64_t marks_ = 0;
};

}  // namespace tidemark::fault

#endif  // TIDEMARK_TESTS_FAULT_KAFKA_FAULT_H_
