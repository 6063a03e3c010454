#include "tests/support/mysql_server.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/data_templates.h"
#include "tests/support/free_port.h"

namespace tidemark::testing {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

constexpr absl::Duration kInitTimeout = absl::Seconds(180);
constexpr absl::Duration kStartTimeout = absl::Seconds(120);
constexpr absl::Duration kStopTimeout = absl::Seconds(120);
constexpr absl::Duration kPurgeTimeout = absl::Seconds(30);
constexpr int kPortAttempts = 3;

// Run by the server that makes the data folder.
constexpr char kInitSql[] =
    "USE mysql;\n"
    "FLUSH PRIVILEGES;\n"
    "DROP USER IF EXISTS ''@localhost;\n"
    "CREATE USER 'root'@'%' IDENTIFIED BY '';\n"
    "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;\n"
    "CREATE DATABASE IF NOT EXISTS test;\n";

std::vector<std::string> MySqlInit(const MysqlPrograms& programs, const std::string& data_folder,
                                   const std::string& sql) {
  return {programs.server,
          "--no-defaults",
          "--initialize-insecure",
          absl::StrCat("--basedir=", programs.base),
          absl::StrCat("--lc-messages-dir=", programs.share),
          absl::StrCat("--character-sets-dir=", programs.share, "/charsets"),
          absl::StrCat("--plugin-dir=", programs.plugins),
          "--secure-file-priv=",
          absl::StrCat("--init-file=", sql),
          absl::StrCat("--datadir=", data_folder)};
}

std::string TempFolderOf(const std::string& data_folder) {
  return data_folder.substr(0, data_folder.rfind('/'));
}

std::vector<std::string> MariaDbInit(const MysqlPrograms& programs, const std::string& data_folder,
                                     const std::string& sql) {
  return {"/bin/sh", programs.mariadb_install, "--no-defaults",
          absl::StrCat("--basedir=", programs.base), absl::StrCat("--datadir=", data_folder),
          "--auth-root-authentication-method=normal", "--skip-test-db", "--cross-bootstrap",
          "--skip-name-resolve",
          // Its temporary tables have the same names in every server.
          absl::StrCat("--tmpdir=", TempFolderOf(data_folder)), absl::StrCat("--extra-file=", sql)};
}

// The data folder that servers of a product start from.
absl::StatusOr<std::string> FindTemplate(MysqlProduct product, const MysqlPrograms& programs) {
  const auto make = [&](const std::string& path) -> absl::Status {
    const std::string sql = absl::StrCat(TempFolderOf(path), "/init.sql");
    WriteFile(sql, kInitSql);
    absl::Status done = RunProgram(IsMariaDb(product) ? MariaDbInit(programs, path, sql)
                                                      : MySqlInit(programs, path, sql),
                                   kInitTimeout, MysqlUser())
                            .status();
    // A server without it gives itself a new server_uuid.
    unlink(absl::StrCat(path, "/auto.cnf").c_str());
    return done;
  };
  return DataTemplates::Get().Find(std::string(Name(product)), MysqlUser(), make);
}

std::string RowMetadata() {
  const char* set = std::getenv("TIDEMARK_TEST_ROW_METADATA");
  return set == nullptr ? "FULL" : set;
}

Settings CommonSettings() {
  return {{"server_id", "1"},
          {"log_bin", "binlog"},
          {"binlog_format", "ROW"},
          {"binlog_row_image", "FULL"},
          {"binlog_row_metadata", RowMetadata()},
          {"character_set_server", "utf8mb4"},
          {"default_time_zone", "+00:00"},
          {"max_connections", "200"},
          {"max_allowed_packet", "1G"},
          {"innodb_buffer_pool_size", "64M"},
          {"skip_name_resolve", "ON"}};
}

Settings MySqlSettings(const MysqlPrograms& programs) {
  return {{"gtid_mode", "ON"},
          {"enforce_gtid_consistency", "ON"},
          {"mysqlx", "OFF"},
          // Its thread turns without a pause while the server shuts down.
          {"event_scheduler", "OFF"},
          {"secure_file_priv", "/"},
          {"lc_messages_dir", programs.share}};
}

void Merge(const Settings& added, Settings& settings) {
  for (const auto& [name, value] : added) {
    auto same = std::find_if(settings.begin(), settings.end(),
                             [&name = name](const auto& setting) { return setting.first == name; });
    if (same == settings.end()) {
      settings.emplace_back(name, value);
    } else if (value.empty()) {
      settings.erase(same);
    } else {
      same->second = value;
    }
  }
}

}  // namespace

MysqlServer::MysqlServer(MysqlPrograms programs, const MysqlOptions& options)
    : programs_(std::move(programs)),
      options_(options),
      folder_(options.fsync ? TempFolder::Place::kDisk : TempFolder::Place::kAny),
      data_folder_(folder_.File("data")) {}

MysqlServer::~MysqlServer() {
  session_.reset();
  if (process_ != nullptr) process_->Kill9();
}

absl::StatusOr<std::unique_ptr<MysqlServer>> MysqlServer::Start(const MysqlOptions& options) {
  absl::StatusOr<MysqlPrograms> programs = FindMysqlPrograms(options.product);
  if (!programs.ok()) return programs.status();
  absl::StatusOr<std::string> source = FindTemplate(options.product, *programs);
  if (!source.ok()) return source.status();
  std::unique_ptr<MysqlServer> server(new MysqlServer(*programs, options));
  absl::Status status = GiveToUser(server->folder_.path(), MysqlUser());
  status.Update(
      RunProgram({"/bin/cp", "-a", *source, server->data_folder_}, kInitTimeout).status());
  if (status.ok()) status = server->LaunchOnFreePort();
  if (!status.ok()) return status;
  return server;
}

std::vector<std::string> MysqlServer::Command() const {
  Settings settings = CommonSettings();
  if (!mariadb()) Merge(MySqlSettings(programs_), settings);
  if (!options_.fsync) {
    Merge({{"sync_binlog", "0"}, {"innodb_flush_log_at_trx_commit", "2"}}, settings);
  }
  Merge(options_.settings, settings);
  std::vector<std::string> command = {
      programs_.server,
      "--no-defaults",
      absl::StrCat("--basedir=", programs_.base),
      absl::StrCat("--character-sets-dir=", programs_.share, "/charsets"),
      absl::StrCat("--plugin-dir=", programs_.plugins),
      absl::StrCat("--datadir=", data_folder_),
      absl::StrCat("--tmpdir=", folder_.path()),
      absl::StrCat("--socket=", socket()),
      absl::StrCat("--pid-file=", folder_.File("pid")),
      "--bind-address=127.0.0.1",
      absl::StrCat("--port=", port_)};
  for (const auto& [name, value] : settings) {
    command.push_back(value.empty() ? absl::StrCat("--", name)
                                    : absl::StrCat("--", name, "=", value));
  }
  return command;
}

absl::Status MysqlServer::LaunchOnFreePort() {
  absl::Status status;
  for (int attempt = 0; attempt < kPortAttempts; ++attempt) {
    port_ = FreePort();
    status = Launch();
    if (status.ok() || !absl::IsAborted(status)) return status;
  }
  return status;
}

absl::Status MysqlServer::Launch() {
  absl::StatusOr<std::unique_ptr<Process>> process =
      Process::Start({.command = Command(),
                      .output_file = folder_.File("log"),
                      .environment = {{"LC_ALL", "C.UTF-8"}, {"TZ", "UTC"}},
                      .user = MysqlUser()});
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  return WaitUntilReady();
}

absl::Status MysqlServer::WaitUntilReady() {
  const absl::Time deadline = absl::Now() + kStartTimeout;
  for (;;) {
    absl::StatusOr<std::unique_ptr<MysqlConnection>> session = Connect();
    // Another server may own the port: ours is the one whose process lives.
    if (!process_->Running()) return absl::AbortedError(absl::StrCat("it ended:\n", Log()));
    if (session.ok()) {
      session_ = *std::move(session);
      return NoteVersion();
    }
    if (absl::Now() > deadline) {
      return absl::InternalError(absl::StrCat(session.status().message(), "\n", Log()));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

absl::Status MysqlServer::NoteVersion() {
  absl::StatusOr<uint32_t> version = MysqlVersion(*session_);
  if (!version.ok()) return version.status();
  version_ = *version;
  words_ = WordsOf(session_->engine(), version_);
  return absl::OkStatus();
}

std::string MysqlServer::Log() const { return ReadFile(folder_.File("log")); }

absl::StatusOr<std::unique_ptr<MysqlConnection>> MysqlServer::Connect(
    absl::string_view database, absl::string_view user, absl::string_view password) const {
  return MysqlConnection::Open({.port = port_,
                                .user = std::string(user),
                                .password = std::string(password),
                                .database = std::string(database)});
}

absl::Status MysqlServer::EnsureSession() {
  if (session_ != nullptr && session_->Connected()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<MysqlConnection>> session = Connect();
  if (!session.ok()) return session.status();
  session_ = *std::move(session);
  return absl::OkStatus();
}

absl::Status MysqlServer::Exec(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->Exec(sql);
}

absl::StatusOr<SqlRows> MysqlServer::Query(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->Query(sql);
}

absl::StatusOr<std::string> MysqlServer::QueryValue(const std::string& sql) {
  if (absl::Status ready = EnsureSession(); !ready.ok()) return ready;
  return session_->QueryValue(sql);
}

absl::Status MysqlServer::PurgeLogs() {
  if (absl::Status flushed = Exec("FLUSH BINARY LOGS"); !flushed.ok()) return flushed;
  const absl::StatusOr<std::string> newest = QueryValue(words_.show_log_end);
  if (!newest.ok()) return newest.status();
  const absl::Time deadline = absl::Now() + kPurgeTimeout;
  while (absl::Now() < deadline) {
    const absl::Status purged = Exec(absl::StrCat("PURGE BINARY LOGS TO '", *newest, "'"));
    if (!purged.ok()) return purged;
    const absl::StatusOr<std::string> oldest = QueryValue("SHOW BINARY LOGS");
    if (!oldest.ok() || *oldest == *newest) return oldest.status();
    absl::SleepFor(absl::Milliseconds(20));
  }
  return absl::DeadlineExceededError(absl::StrCat("files before ", *newest, " are still there"));
}

absl::Status MysqlServer::ReplicateFrom(const MysqlServer& source) {
  const std::string& of_source = words_.source;
  return Exec(absl::StrCat(words_.change_source, " ", of_source, "_HOST='127.0.0.1', ", of_source,
                           "_PORT=", source.port(), ", ", of_source, "_USER='root', ", of_source,
                           "_PASSWORD='', ", of_source,
                           mariadb() ? "_USE_GTID=slave_pos, " : "_AUTO_POSITION=1, ", of_source,
                           mariadb() ? "_SSL=0; START " : "_SSL=1; START ", words_.replica));
}

absl::Status MysqlServer::Stop() {
  session_.reset();
  return process_->Terminate(kStopTimeout).status();
}

void MysqlServer::Kill9() {
  session_.reset();
  process_->Kill9();
}

absl::Status MysqlServer::StartAgain() { return Launch(); }

absl::Status MysqlServer::Restart() {
  if (absl::Status stopped = Stop(); !stopped.ok()) return stopped;
  return StartAgain();
}

absl::Status MysqlServer::MoveTo(int port) {
  if (absl::Status stopped = Stop(); !stopped.ok()) return stopped;
  port_ = port;
  return StartAgain();
}

void MysqlServer::Freeze() { process_->Freeze(); }

void MysqlServer::Thaw() { process_->Thaw(); }

}  // namespace tidemark::testing
