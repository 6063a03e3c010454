#ifndef TIDEMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_
#define TIDEMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/process.h"
#include "tests/support/sql_connection.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {

struct PostgresOptions {
  // 0: the distribution's own.
  int version = 0;
  // Off: faster, and safe against kill -9 of the server (not against loss of power). On: it lies on
  // the disk, where syncing takes its time.
  bool fsync = false;
  // Server settings by name; they win over ours.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

// A throwaway PostgreSQL server: new data folder, free port, own socket folder, superuser
// `postgres` without password, UTF-8, wal_level=logical, 20 slots and senders, 100 connections.
// Stopped and removed by the destructor, and by the cleanup guard if the test dies. initdb runs
// once per process and version; further servers start from a copy.
//
//   auto server = PostgresServer::Start({.version = 18});
//   ASSERT_TRUE(server.ok()) << server.status();
//   ASSERT_OK((*server)->Exec("CREATE TABLE t (id int PRIMARY KEY)"));
//
// One thread at a time; further threads open their own session with Connect.
class PostgresServer {
 public:
  enum class StopMode {
    kFast,  // SIGINT: rolls back, writes a checkpoint, waits until senders have sent everything
    kImmediate,  // SIGQUIT: as after a crash
  };

  // Errors: NotFound (no such version: the message names the remedy), Internal (it does not start;
  // the message holds its log).
  static absl::StatusOr<std::unique_ptr<PostgresServer>> Start(const PostgresOptions& options);
  // A hot standby that streams from `primary`, which must live longer.
  static absl::StatusOr<std::unique_ptr<PostgresServer>> StartStandby(
      const PostgresServer& primary, const PostgresOptions& options);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  int version() const { return version_; }
  int port() const { return port_; }
  const std::string& data_folder() const { return data_folder_; }
  const std::string& socket_folder() const { return folder_.path(); }
  pid_t pid() const { return process_->pid(); }
  // All the server has logged.
  std::string Log() const;

  // libpq's keywords form, over TCP.
  std::string ConnectionString(absl::string_view database = "postgres",
                               absl::string_view user = "postgres") const;
  // A new session.
  absl::StatusOr<std::unique_ptr<SqlConnection>> Connect(absl::string_view database = "postgres",
                                                         absl::string_view user = "postgres") const;

  // On one session in database postgres that is kept open, and opened again after a restart.
  absl::Status Exec(const std::string& sql);
  absl::StatusOr<SqlRows> Query(const std::string& sql);
  absl::StatusOr<std::string> QueryValue(const std::string& sql);

  absl::Status Stop(StopMode mode);
  // Kills every process of the server at once.
  absl::Status Kill9();
  // Starts it again on the same port, after Stop or Kill9.
  absl::Status StartAgain();
  absl::Status Restart(StopMode mode);
  // Stops every process of the server where it is (SIGSTOP): the kernel still accepts connections,
  // and nobody answers.
  void Freeze();
  // After Freeze: it goes on.
  void Thaw();

 private:
  PostgresServer(int version, std::string programs, const PostgresOptions& options);
  absl::Status Launch();
  absl::Status LaunchOnFreePort();
  absl::Status WaitUntilReady();
  absl::Status EnsureSession();
  std::vector<std::string> Command() const;

  const int version_;
  const std::string programs_;
  const PostgresOptions options_;
  TempFolder folder_;
  std::string data_folder_;
  int port_ = 0;
  std::unique_ptr<Process> process_;
  std::unique_ptr<SqlConnection> session_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_POSTGRES_SERVER_H_
