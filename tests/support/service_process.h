#ifndef TIDEMARK_TESTS_SUPPORT_SERVICE_PROCESS_H_
#define TIDEMARK_TESTS_SUPPORT_SERVICE_PROCESS_H_

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"
#include "tidemark/v1/change_stream.grpc.pb.h"
#include "tidemark/v1/consumers.grpc.pb.h"
#include "tidemark/v1/snapshots.grpc.pb.h"
#include "tidemark/v1/sources.grpc.pb.h"

namespace tidemark::testing {

struct ServiceOptions {
  // libpq connection string of the database to capture; empty: see mysql_lines.
  std::string connection = "";
  // Further keys of the source's `postgres:` map, each "key: value".
  std::vector<std::string> postgres_lines = {};
  // The source's `mysql:` map, each "key: value"; empty: the source is a PostgreSQL database.
  std::vector<std::string> mysql_lines = {};
  // Further keys of the source itself.
  std::vector<std::string> source_lines = {"readers: 2"};
  // Keys of the top level.
  std::vector<std::string> top_lines = {};
  std::vector<std::pair<std::string, std::string>> environment = {};
  // Holds the state over restarts of several ServiceProcesses; empty: a folder of its own.
  std::string data_folder = "";
  // Of our calls; nullptr: without TLS.
  std::shared_ptr<grpc::ChannelCredentials> credentials = nullptr;
};

// The status of a call as ours.
absl::Status FromGrpc(const grpc::Status& status);

// A real tidemarkd (the one beside the running test program) on a free port, with one source named
// "db". Killed by the destructor. Not thread-safe; its stubs are.
class ServiceProcess {
 public:
  static constexpr char kSource[] = "db";

  // Returns when it takes calls. Aborted: it ended (the message holds its log).
  static absl::StatusOr<std::unique_ptr<ServiceProcess>> Start(const ServiceOptions& options);

  v1::ChangeStream::Stub& change_stream() { return *change_stream_; }
  v1::Snapshots::Stub& snapshots() { return *snapshots_; }
  v1::Sources::Stub& sources() { return *sources_; }
  v1::Consumers::Stub& consumers() { return *consumers_; }
  Process& process() { return *process_; }
  const std::string& address() const { return address_; }
  const std::string& data_folder() const { return data_folder_; }
  std::string Log() const;

  absl::StatusOr<v1::Source> Status();
  // Waits until the source is captured. FailedPrecondition: it stopped (the message says why).
  absl::Status WaitUntilCapturing(absl::Duration timeout = absl::Seconds(60));

  // Starts a snapshot; no tables: all. Errors: the service's.
  absl::StatusOr<v1::Snapshot> CreateSnapshot(const std::vector<std::string>& tables = {});
  absl::StatusOr<v1::Snapshot> CreateSnapshot(const v1::CreateSnapshotRequest& request);
  absl::StatusOr<v1::Snapshot> GetSnapshot(uint64_t id);
  // Waits until it has ended. Aborted: it failed or was cancelled (the message says why).
  absl::StatusOr<v1::Snapshot> WaitForSnapshot(uint64_t id,
                                               absl::Duration timeout = absl::Seconds(120));

  void Kill9() { process_->Kill9(); }
  // SIGTERM; the exit code.
  absl::StatusOr<int> Terminate();
  // Starts it again on the same state and port.
  absl::Status StartAgain();
  // The same in two steps: between them it is starting.
  absl::Status Launch();
  absl::Status WaitUntilReady();
  // The same, and kills it after that time, however far it has come.
  absl::Status StartAgainAndKill9(absl::Duration after);

 private:
  explicit ServiceProcess(const ServiceOptions& options);
  std::string Configuration() const;
  std::string ReadyFile() const { return folder_.File("ready"); }
  void Connect();

  const ServiceOptions options_;
  TempFolder folder_;
  std::string data_folder_;
  std::string address_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<v1::ChangeStream::Stub> change_stream_;
  std::unique_ptr<v1::Snapshots::Stub> snapshots_;
  std::unique_ptr<v1::Sources::Stub> sources_;
  std::unique_ptr<v1::Consumers::Stub> consumers_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_SERVICE_PROCESS_H_
