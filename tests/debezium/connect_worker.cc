#include "tests/debezium/connect_worker.h"

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/cache_folder.h"
#include "tests/support/free_port.h"

namespace tidemark::debezium {
namespace {

constexpr absl::Duration kStopTimeout = absl::Seconds(60);
constexpr absl::Duration kPoll = absl::Milliseconds(50);
constexpr size_t kLogBytesShown = 20000;

std::string PluginFolder(const std::string& plugin) {
  return absl::StrCat(testing::CacheFolder(), "/debezium/", plugin);
}

std::string ToProperties(const ConnectorSettings& settings) {
  std::string text;
  for (const auto& [name, value] : settings) absl::StrAppend(&text, name, "=", value, "\n");
  return text;
}

int Count(const std::string& log, const std::string& text) {
  int count = 0;
  for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
  return count;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConnectWorker>> ConnectWorker::Start(
    const std::string& bootstrap, const std::string& plugin,
    const std::vector<ConnectorSettings>& connectors) {
  std::error_code ignored;
  if (!std::filesystem::exists(PluginFolder(plugin), ignored)) {
    return absl::NotFoundError(absl::StrCat("no ", PluginFolder(plugin), ": run dev/debezium"));
  }
  std::unique_ptr<ConnectWorker> worker(new ConnectWorker());
  // Compiled quickly rather than well: it works for seconds.
  std::vector<std::string> command = {
      absl::StrCat(testing::CacheFolder(), "/kafka-4/bin/kafka-run"),
      "-Xmx512m",
      "-XX:+UseSerialGC",
      "-XX:TieredStopAtLevel=1",
      "org.apache.kafka.connect.cli.ConnectStandalone",
      worker->File("worker.properties")};
  // Connect looks for plugins in the folders of a folder.
  std::filesystem::create_directory(worker->File("plugins"));
  std::filesystem::create_directory_symlink(PluginFolder(plugin),
                                            worker->File(absl::StrCat("plugins/", plugin)));
  testing::WriteFile(worker->File("worker.properties"), worker->Settings(bootstrap));
  for (const ConnectorSettings& connector : connectors) {
    command.push_back(worker->File(absl::StrCat("connector-", command.size(), ".properties")));
    testing::WriteFile(command.back(), ToProperties(connector));
  }
  absl::StatusOr<std::unique_ptr<testing::Process>> process =
      testing::Process::Start({.command = command, .output_file = worker->File("log")});
  if (!process.ok()) return process.status();
  worker->process_ = *std::move(process);
  return worker;
}

std::string ConnectWorker::Settings(const std::string& bootstrap) const {
  return ToProperties({{"bootstrap.servers", bootstrap},
                       {"key.converter", "org.apache.kafka.connect.json.JsonConverter"},
                       {"value.converter", "org.apache.kafka.connect.json.JsonConverter"},
                       {"offset.storage.file.filename", File("offsets")},
                       {"plugin.path", File("plugins")},
                       {"plugin.discovery", "service_load"},
                       {"listeners", absl::StrCat("http://127.0.0.1:", testing::FreePort())}});
}

absl::Status ConnectWorker::WithLog(absl::StatusCode code, const std::string& what) const {
  const std::string log = Log();
  const size_t shown = std::min(log.size(), kLogBytesShown);
  return absl::Status(code, absl::StrCat(what, ":\n", log.substr(log.size() - shown)));
}

absl::Status ConnectWorker::Check() {
  if (!process_->Running()) return WithLog(absl::StatusCode::kAborted, "Connect ended");
  for (const char* failed : {"Task threw an uncaught and unrecoverable exception",
                             "Failed to create connector", "Failed to create job"}) {
    if (absl::StrContains(Log(), failed)) return WithLog(absl::StatusCode::kAborted, failed);
  }
  return absl::OkStatus();
}

absl::Status ConnectWorker::WaitForLog(const std::string& text, int times, absl::Duration timeout) {
  const absl::Time deadline = absl::Now() + timeout;
  while (Count(Log(), text) < times) {
    if (absl::Status status = Check(); !status.ok()) return status;
    if (absl::Now() > deadline) {
      return WithLog(absl::StatusCode::kDeadlineExceeded, absl::StrCat("no \"", text, "\""));
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

absl::Status ConnectWorker::Stop() { return process_->Terminate(kStopTimeout).status(); }

}  // namespace tidemark::debezium
