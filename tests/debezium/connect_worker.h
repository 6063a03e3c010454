#ifndef TIDEMARK_TESTS_DEBEZIUM_CONNECT_WORKER_H_
#define TIDEMARK_TESTS_DEBEZIUM_CONNECT_WORKER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::debezium {

// Settings of a connector by name ("connector.class", "io.debezium..."); "name" is one of them.
using ConnectorSettings = std::vector<std::pair<std::string, std::string>>;

// Kafka Connect, standalone, with JsonConverter at its defaults, and connectors of Debezium
// (dev/debezium). Topics that they write are made with one partition. Killed by the destructor. One
// thread at a time.
class ConnectWorker {
 public:
  // `plugin`: the folder of dev/debezium ("postgres"). Returns at once. Errors: NotFound (the
  // message names the remedy).
  static absl::StatusOr<std::unique_ptr<ConnectWorker>> Start(
      const std::string& bootstrap, const std::string& plugin,
      const std::vector<ConnectorSettings>& connectors);

  // Waits until the log has `text` that many times. Errors: Aborted (it ended, or a connector
  // failed), DeadlineExceeded; the message holds the end of the log.
  absl::Status WaitForLog(const std::string& text, int times,
                          absl::Duration timeout = absl::Seconds(120));
  // Aborted: it ended, or a connector failed.
  absl::Status Check();
  // A clean shutdown: what its connectors have sent is in Kafka then.
  absl::Status Stop();
  std::string Log() const { return process_->Output(); }
  // A file of its folder, for connectors.
  std::string File(const std::string& name) const { return folder_.File(name); }

 private:
  ConnectWorker() = default;
  std::string Settings(const std::string& bootstrap) const;
  absl::Status WithLog(absl::StatusCode code, const std::string& what) const;

  testing::TempFolder folder_;
  std::unique_ptr<testing::Process> process_;
};

}  // namespace tidemark::debezium

#endif  // TIDEMARK_TESTS_DEBEZIUM_CONNECT_WORKER_H_
