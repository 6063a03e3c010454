// tidemarkd: the service. See deploy/tidemarkd.example.yaml for its configuration.

#include <pthread.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <stop_token>
#include <string>
#include <thread>

#include "service/config.h"
#include "service/daemon.h"
#include "service/log.h"

namespace tidemark::service {
namespace {

struct Arguments {
  std::string config;
  std::string ready_file;
  bool check = false;
};

sigset_t StopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

int WaitForSignal() {
  sigset_t signals = StopSignals();
  int number = 0;
  sigwait(&signals, &number);
  return number;
}

// The first stop signal; from the second on the program ends at once.
class StopSignal {
 public:
  StopSignal() : first_(promise_.get_future()) {
    std::thread([this] {
      const int number = WaitForSignal();
      stop_.request_stop();
      promise_.set_value(number);
      WaitForSignal();
      ::_exit(1);
    }).detach();
  }

  std::stop_token token() const { return stop_.get_token(); }
  int Wait() { return first_.get(); }

 private:
  std::stop_source stop_;
  std::promise<int> promise_;
  std::future<int> first_;
};

// Written beside it and renamed, so that a reader never sees half of it.
bool WriteReadyFile(const std::string& file, const std::string& address) {
  if (file.empty()) return true;
  std::string beside = file + ".new";
  std::ofstream stream(beside);
  stream << address << "\n";
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(beside, file, error);
  if (stream && !error) return true;
  LogError("cannot write the ready file", {{"file", file}});
  return false;
}

int Check(const Config& config) {
  for (const std::string& warning : config.access_warnings) {
    std::printf("warning: %s\n", warning.c_str());
  }
  bool good = CheckSources(config);
  std::puts(good ? "configuration and sources: ok" : "at least one source has errors");
  return good ? 0 : 1;
}

int Serve(const Config& config, const Arguments& arguments) {
  for (const std::string& warning : config.access_warnings) {
    LogWarning("access", {{"problem", warning}});
  }
  // Never destroyed: its thread waits to the end.
  auto& signals = *new StopSignal;
  auto daemon = Daemon::Start(config, signals.token());
  if (absl::IsCancelled(daemon.status())) return 0;
  if (!daemon.ok()) {
    LogError("cannot start", {{"error", std::string(daemon.status().message())}});
    return 1;
  }
  if (!WriteReadyFile(arguments.ready_file, (*daemon)->address())) return 1;
  LogInfo("ready", {{"address", (*daemon)->address()}, {"sources", config.sources.size()}});
  const int signal = signals.Wait();
  LogInfo("stopping", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
  daemon->reset();
  LogInfo("stopped");
  return 0;
}

int Run(const Arguments& arguments) {
  auto config = LoadConfig(arguments.config);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return 1;
  }
  ConfigureLog(config->log_level, config->log_format);
  return arguments.check ? Check(*config) : Serve(*config, arguments);
}

// Before any thread starts, so that all of them leave these signals to WaitForSignal.
void BlockSignals() {
  sigset_t signals = StopSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace
}  // namespace tidemark::service

int main(int argc, char** argv) {
  tidemark::service::Arguments arguments;
  CLI::App app("Merges the log and the tables of databases into one durable stream of changes.",
               "tidemarkd");
  app.add_option("--config", arguments.config, "YAML file")->required();
  app.add_flag("--check", arguments.check, "examine the configuration and every source, and end");
  app.add_option("--ready-file", arguments.ready_file,
                 "write the address here once calls are taken");
  app.set_version_flag("--version", "tidemarkd " TIDEMARK_VERSION);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  // A check holds nothing: a signal may end it anywhere.
  if (!arguments.check) tidemark::service::BlockSignals();
  const int code = tidemark::service::Run(arguments);
  // A thread that waits in a client library for a server which does not answer is left to itself.
  // It may wake up now: nothing that it uses, such as OpenSSL's globals, is torn down beneath it.
  std::fflush(nullptr);
  std::_Exit(code);
}
