#include "tests/support/postgres_server.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/support/data_templates.h"
#include "tests/support/free_port.h"
#include "tests/support/postgres_programs.h"

namespace tidemark::testing {
namespace {

constexpr absl::Duration kInitTimeout = absl::Seconds(120);
constexpr absl::Duration kStartTimeout = absl::Seconds(60);
constexpr absl::Duration kStopTimeout = absl::Seconds(60);
constexpr int kPortAttempts = 3;

absl::Status InitializeData(const std::string& programs, const std::string& data_folder) {
  return RunProgram(
             {absl::StrCat(programs, "/initdb"), "--pgdata", data_folder, "--username", "postgres",
              "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"},
             kInitTimeout, PostgresUser())
      .status();
}

// The data folder that servers of a version start from.
absl::StatusOr<std::string> FindTemplate(int version, const std::string& programs) {
  return DataTemplates::Get().Find(
      absl::StrCat("postgres-", version), PostgresUser(),
      [&programs](const std::string& path) { return InitializeData(programs, path); });
}

struct ProcessEntry {
  pid_t parent = 0;
  bool alive = false;
};

ProcessEntry FindProcess(pid_t pid) {
  const std::string stat = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return {};
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(stat).substr(name_end + 1), ' ', absl::SkipEmpty());
  ProcessEntry entry;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &entry.parent)) return {};
  entry.alive = fields[0] != "Z";
  return entry;
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    pid_t pid = 0;
    if (absl::SimpleAtoi(entry.path().filename().string(), &pid) &&
        FindProcess(pid).parent == parent) {
      children.push_back(pid);
    }
  }
  return children;
}

}  // namespace

PostgresServer::PostgresServer(int version, std::string programs, const PostgresOptions& options)
    : version_(version),
      programs_(std::move(programs)),
      options_(options),
      folder_(options.fsync ? TempFolder::Place::kDisk : TempFolder::Place::kAny),
      data_folder_(folder_.File("data")) {}

PostgresServer::~PostgresServer() {
  session_.reset();
  if (process_ == nullptr) return;
  Thaw();
  Stop(StopMode::kImmediate).IgnoreError();
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::Start(
    const PostgresOptions& options) {
  const absl::StatusOr<int> version =
      options.version == 0 ? SystemPostgresVersion() : absl::StatusOr<int>(options.version);
  if (!version.ok()) return version.status();
  absl::StatusOr<std::string> programs = PostgresProgramFolder(*version);
  if (!programs.ok()) return programs.status();
  absl::StatusOr<std::string> source = FindTemplate(*version, *programs);
  if (!source.ok()) return source.status();
  std::unique_ptr<PostgresServer> server(new PostgresServer(*version, *programs, options));
  absl::Status status = GiveToUser(server->folder_.path(), PostgresUser());
  status.Update(
      RunProgram({"/bin/cp", "-a", *source, server->data_folder_}, kInitTimeout).status());
  if (status.ok()) status = server->LaunchOnFreePort();
  if (!status.ok()) return status;
  return server;
}

absl::StatusOr<std::unique_ptr<PostgresServer>> PostgresServer::StartStandby(
    const PostgresServer& primary, const PostgresOptions& options) {
  std::unique_ptr<PostgresServer> server(
      new PostgresServer(primary.version_, primary.programs_, options));
  absl::Status status = GiveToUser(server->folder_.path(), PostgresUser());
  status.Update(RunProgram({absl::StrCat(primary.programs_, "/pg_basebackup"), "--pgdata",
                            server->data_folder_, "--dbname", primary.ConnectionString(),
                            "--write-recovery-conf", "--checkpoint=fast", "--no-sync"},
                           kInitTimeout, PostgresUser())
                    .status());
  if (status.ok()) status = server->LaunchOnFreePort();
  if (!status.ok()) return status;
  return server;
}

std::vector<std::string> PostgresServer::Command() const {
  std::vector<std::string> command = {absl::StrCat(programs_, "/postgres"), "-D", data_folder_};
  std::vector<std::pair<std::string, std::string>> settings = {
      {"listen_addresses", "127.0.0.1"},
      {"port", absl::StrCat(port_)},
      {"unix_socket_directories", folder_.path()},
      {"fsync", options_.fsync ? "on" : "off"},
      {"wal_level", "logical"},
      {"max_wal_senders", "20"},
      {"max_replication_slots", "20"},
      {"max_connections", "100"},
      {"shared_buffers", "64MB"},
      {"timezone", "UTC"},
      {"log_line_prefix", "%m [%p] "},
  };
  settings.insert(settings.end(), options_.settings.begin(), options_.settings.end());
  for (const auto& [name, value] : settings) {
    command.push_back("-c");
    command.push_back(absl::StrCat(name, "=", value));
  }
  return command;
}

absl::Status PostgresServer::LaunchOnFreePort() {
  absl::Status status;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    port_ = FreePort();
    status = Launch();
    if (status.ok() || !absl::IsAborted(status)) return status;
  }
  return status;
}

absl::Status PostgresServer::Launch() {
  absl::StatusOr<std::unique_ptr<Process>> process =
      Process::Start({.command = Command(),
                      .output_file = folder_.File("log"),
                      .environment = {{"LC_ALL", "C.UTF-8"}},
                      .user = PostgresUser()});
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  return WaitUntilReady();
}

absl::Status PostgresServer::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  for (;;) {
    absl::StatusOr<std::unique_ptr<SqlConnection>> session = Connect();
    // Another server may own the port: ours is the one whose process lives.
    if (!process_->Running()) return absl::AbortedError(absl::StrCat("it ended:\n", Log()));
    if (session.ok()) {
      session_ = *std::move(session);
      return absl::OkStatus();
    }
    if (absl::Now() > deadline) {
      return absl::InternalError(absl::StrCat(session.status().message(), "\n", Log()));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

std::string PostgresServer::Log() const { return ReadFile(folder_.File("log")); }

std::string PostgresServer::ConnectionString(absl::string_view database,
                                             absl::string_view user) const {
  return absl::StrCat("host=127.0.0.1 port=", port_, " user=", user, " dbname=", database,
                      " connect_timeout=30");
}

absl::StatusOr<std::unique_ptr<SqlConnection>> PostgresServer::Connect(
    absl::string_view database, absl::string_view user) const {
  return SqlConnection::Open(ConnectionString(database, user));
}

absl::Status PostgresServer::EnsureSession() {
  if (session_ != nullptr && session_->Connected()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<SqlConnection>> session = Connect();
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  return absl::OkStatus();
}

absl::Status PostgresServer::Exec(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->Exec(sql);
}

absl::StatusOr<SqlRows> PostgresServer::Query(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->Query(sql);
}

absl::StatusOr<std::string> PostgresServer::QueryValue(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->QueryValue(sql);
}

absl::Status PostgresServer::Stop(StopMode mode) {
  session_.reset();
  process_->Signal(mode == StopMode::kFast ? SIGINT : SIGQUIT);
  if (process_->Wait(kStopTimeout).ok()) return absl::OkStatus();
  return Kill9();
}

absl::Status PostgresServer::Kill9() {
  session_.reset();
  const std::vector<pid_t> children = ChildrenOf(process_->pid());
  for (pid_t child : children) kill(child, SIGKILL);
  process_->Kill9();
  const absl::Time deadline = absl::Now() + kStopTimeout;
  for (pid_t child : children) {
    while (FindProcess(child).alive) {
      if (absl::Now() > deadline) return absl::DeadlineExceededError("a server process stays");
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  return absl::OkStatus();
}

// The first process first, so that it starts no more of them.
void PostgresServer::Freeze() {
  process_->Signal(SIGSTOP);
  for (pid_t child : ChildrenOf(process_->pid())) kill(child, SIGSTOP);
}

void PostgresServer::Thaw() {
  for (pid_t child : ChildrenOf(process_->pid())) kill(child, SIGCONT);
  process_->Signal(SIGCONT);
}

absl::Status PostgresServer::StartAgain() { return Launch(); }

absl::Status PostgresServer::Restart(StopMode mode) {
  if (absl::Status stopped = Stop(mode); !stopped.ok()) return stopped;
  return StartAgain();
}

}  // namespace tidemark::testing
