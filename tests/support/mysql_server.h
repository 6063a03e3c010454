#ifndef TIDEMARK_TESTS_SUPPORT_MYSQL_SERVER_H_
#define TIDEMARK_TESTS_SUPPORT_MYSQL_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/support/mysql_connection.h"
#include "tests/support/mysql_programs.h"
#include "tests/support/mysql_words.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {

struct MysqlOptions {
  MysqlProduct product = MysqlProduct::kMySql9;
  // Off: faster, and safe against kill -9 of the server (not against loss of power). On: it lies on
  // the disk, where syncing takes its time.
  bool fsync = false;
  // Server settings by name ("gtid_mode", "OFF"); they win over ours. An empty value leaves one of
  // ours out; "skip-log-bin" and the like have no value either.
  std::vector<std::pair<std::string, std::string>> settings = {};
};

// A throwaway MySQL or MariaDB server: new data folder, free port, user `root` without password
// from everywhere, database `test`, utf8mb4, a row-based binlog (files `binlog.000001` ...) with
// full images and full metadata (TIDEMARK_TEST_ROW_METADATA wins), GTIDs, server_id 1. Stopped and
// removed by the destructor, and by the cleanup guard if the test dies. The data folder is made
// once per process and product; further servers start from a copy (with a server_uuid of their
// own).
//
//   auto server = MysqlServer::Start({.product = MysqlProduct::kMariaDb11});
//   ASSERT_TRUE(server.ok()) << server.status();
//   ASSERT_OK((*server)->Exec("CREATE TABLE test.t (id int PRIMARY KEY)"));
//
// One thread at a time; further threads open their own session with Connect.
class MysqlServer {
 public:
  // Errors: NotFound (no such server: the message names the remedy), Internal (it does not start;
  // the message holds its log).
  static absl::StatusOr<std::unique_ptr<MysqlServer>> Start(const MysqlOptions& options);
  ~MysqlServer();
  MysqlServer(const MysqlServer&) = delete;
  MysqlServer& operator=(const MysqlServer&) = delete;

  MysqlProduct product() const { return options_.product; }
  bool mariadb() const { return IsMariaDb(options_.product); }
  int port() const { return port_; }
  std::string socket() const { return folder_.File("s"); }
  const std::string& data_folder() const { return data_folder_; }
  const MysqlPrograms& programs() const { return programs_; }
  // 80015 is 8.0.15.
  uint32_t version() const { return version_; }
  const MysqlWords& words() const { return words_; }
  pid_t pid() const { return process_->pid(); }
  // All the server has logged.
  std::string Log() const;

  // A new session.
  absl::StatusOr<std::unique_ptr<MysqlConnection>> Connect(absl::string_view database = "test",
                                                           absl::string_view user = "root",
                                                           absl::string_view password = "") const;

  // On one session in database test that is kept open, and opened again after a restart.
  absl::Status Exec(const std::string& sql);
  absl::StatusOr<SqlRows> Query(const std::string& sql);
  absl::StatusOr<std::string> QueryValue(const std::string& sql);

  // Rotates the binary log and deletes the files before the new one. A server keeps, without an
  // error, a file that a dump thread still has open or (MariaDB) whose transactions it has not
  // synced to the engine; this waits until all are gone.
  absl::Status PurgeLogs();

  // Makes it a replica of `source`, by GTID, with all that `source` has logged. REQUIRES: another
  // server_id; both log.
  absl::Status ReplicateFrom(const MysqlServer& source);

  // SIGTERM: a clean shutdown.
  absl::Status Stop();
  void Kill9();
  // Starts it again on the same port, after Stop or Kill9.
  absl::Status StartAgain();
  absl::Status Restart();
  // Restarts it on this port, on which nobody listens any more: a failover of the address.
  absl::Status MoveTo(int port);
  // SIGSTOP, waited for, and SIGCONT: its connections stay, and it answers nothing.
  void Freeze();
  void Thaw();

 private:
  MysqlServer(MysqlPrograms programs, const MysqlOptions& options);
  absl::Status Launch();
  absl::Status LaunchOnFreePort();
  absl::Status WaitUntilReady();
  absl::Status NoteVersion();
  absl::Status EnsureSession();
  std::vector<std::string> Command() const;

  const MysqlPrograms programs_;
  const MysqlOptions options_;
  TempFolder folder_;
  std::string data_folder_;
  int port_ = 0;
  uint32_t version_ = 0;
  MysqlWords words_;
  std::unique_ptr<Process> process_;
  std::unique_ptr<MysqlConnection> session_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_MYSQL_SERVER_H_
