// tidemark: the command line of a running tidemarkd.

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "service/cli/client.h"
#include "service/cli/commands.h"
#include "service/cli/output.h"
#include "service/cli/stop_signal.h"
#include "service/cli/tail.h"

namespace tidemark::service {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

// What was chosen on the command line; returns the exit code.
using Action = std::function<int(Client&)>;

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "tidemark: %s\n", std::string(status.message()).c_str());
  return kFailed;
}

// A usage error if the options themselves are wrong, found before the server is asked.
template <typename T>
std::optional<int> Usage(const absl::StatusOr<T>& made) {
  if (made.ok()) return std::nullopt;
  Report(made.status());
  return kUsage;
}

// The library takes "-5" for 2^64 - 5 and "010" for 8: numbers are decimal here, and not negative.
CLI::Validator Number(uint64_t least) {
  auto check = [least](std::string& text) -> std::string {
    uint64_t number = 0;
    const char* end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || number < least) {
      return "expected a whole number of at least " + std::to_string(least) + ", got \"" + text +
             "\"";
    }
    text = std::to_string(number);
    return "";
  };
  return CLI::Validator(check, "");
}

CLI::Validator NotEmpty(const std::string& expected) {
  return CLI::Validator(
      [expected](std::string& text) { return text.empty() ? "expected " + expected : ""; }, "");
}

// All subcommands with their options. Options point into it: it outlives the parsing and the
// action.
class Commands {
 public:
  explicit Commands(CLI::App* app) : app_(app) {
    AddSources();
    AddTail();
    AddSnapshots();
    AddConsumers();
  }

  const Action& action() const { return action_; }

 private:
  void AddSources();
  void AddTail();
  void AddTailStart(CLI::App* tail);
  void AddSnapshots();
  void AddCreate(CLI::App* snapshot);
  void AddSet(CLI::App* snapshot);
  void AddConsumers();
  void AddReset(CLI::App* consumer);
  void AddJobCommand(CLI::App* snapshot, const char* name, const char* help,
                     absl::Status (*command)(Client&, uint64_t));

  void Run(CLI::App* command, Action action) {
    command->callback([this, action = std::move(action)] { action_ = action; });
  }

  CLI::App* app_;
  Action action_;
  std::string source_;
  TailOptions tail_;
  SnapshotOptions snapshot_;
  ResetOptions reset_;
  uint64_t id_ = 0;
  std::vector<uint64_t> ids_;
  std::optional<uint64_t> rows_per_second_max_;
  std::optional<uint32_t> readers_max_;
};

void Commands::AddSources() {
  CLI::App* check = app_->add_subcommand("check", "Examine sources: every problem with its remedy");
  check->add_option("SOURCE", source_, "all sources if left out");
  Run(check, [this](Client& client) {
    auto good = CheckCommand(client, source_);
    return good.ok() ? (*good ? 0 : kFailed) : Report(good.status());
  });
  CLI::App* status = app_->add_subcommand("status", "State, lag and stream of every source");
  Run(status, [](Client& client) { return Report(StatusCommand(client)); });
}

void Commands::AddTailStart(CLI::App* tail) {
  tail->add_option("--from", tail_.from, "where to start")
      ->check(CLI::IsMember({"beginning", "now"}));
  tail->add_option("--from-sequence", tail_.from_sequence, "first event wanted")
      ->transform(Number(1));
  tail->add_option("--from-time", tail_.from_time,
                   "2026-11-22T12:30:00Z, or how long ago: 10m, 2h");
  tail->add_option("--consumer", tail_.consumer,
                   "read on from this consumer's place, and acknowledge what was printed");
}

void Commands::AddTail() {
  CLI::App* tail = app_->add_subcommand("tail", "Print the stream of a source");
  tail->add_option("SOURCE", tail_.source, "may be left out if there is only one");
  AddTailStart(tail);
  tail->add_option("--tables", tail_.tables, "only these: public.orders,sales.*")->delimiter(',');
  tail->add_option("--ops", tail_.ops, "only these: create,update,delete,truncate,read")
      ->delimiter(',');
  tail->add_flag("--no-commits", tail_.without_transaction_ends, "leave transaction ends out");
  tail->add_option("--limit", tail_.limit, "end after so many events; 0: never")
      ->transform(Number(0));
  tail->add_flag("--follow,!--no-follow", tail_.follow, "wait for more at the end (default)");
  tail->add_flag("--json", tail_.json, "one JSON object a line");
  tail->add_flag("--heartbeats", tail_.heartbeats, "print heartbeats too");
  Run(tail, [this](Client& client) {
    if (auto usage = Usage(MakeSubscribeRequest(tail_, 0))) return *usage;
    return Report(Tail(client, tail_));
  });
  tail->parse_complete_callback(BlockStopSignals);  // before the client starts threads
}

void Commands::AddCreate(CLI::App* snapshot) {
  CLI::App* create = snapshot->add_subcommand("create", "Read tables into the stream");
  create->add_option("SOURCE", snapshot_.source, "may be left out if there is only one");
  create->add_flag("--all", snapshot_.all, "every captured table");
  create->add_option("--table", snapshot_.tables, "public.orders, or public.*; may be repeated")
      ->allow_extra_args(false);
  create->add_option("--except", snapshot_.except, "but not public.log; may be repeated")
      ->allow_extra_args(false);
  create->add_option("--where", snapshot_.predicate, "only rows for which this SQL is true")
      ->check(NotEmpty("a condition; leave it out for all rows"));
  create
      ->add_option("--key", snapshot_.keys,
                   "only this row; may be repeated; columns of a key with commas between")
      ->allow_extra_args(false);
  create->add_option("--rows-per-second", snapshot_.rows_per_second_max, "0: unlimited")
      ->transform(Number(0));
  create->add_option("--readers", snapshot_.readers_max, "0: as many as configured")
      ->transform(Number(0));
  create->add_flag("--watch", snapshot_.watch, "show its progress until it ends");
  Run(create, [this](Client& client) {
    if (auto usage = Usage(MakeCreateRequest(snapshot_))) return *usage;
    return Report(CreateSnapshot(client, snapshot_));
  });
}

void Commands::AddJobCommand(CLI::App* snapshot, const char* name, const char* help,
                             absl::Status (*command)(Client&, uint64_t)) {
  CLI::App* added = snapshot->add_subcommand(name, help);
  added->add_option("ID", id_, "the snapshot's number")->required()->transform(Number(1));
  Run(added, [this, command](Client& client) { return Report(command(client, id_)); });
}

void Commands::AddSet(CLI::App* snapshot) {
  CLI::App* set = snapshot->add_subcommand("set", "Change the speed while it runs");
  set->add_option("ID", id_, "the snapshot's number")->required()->transform(Number(1));
  set->add_option("--rows-per-second", rows_per_second_max_, "0: unlimited")->transform(Number(0));
  set->add_option("--readers", readers_max_, "0: as many as configured")->transform(Number(0));
  Run(set, [this](Client& client) {
    absl::Status done = SetSnapshot(client, id_, rows_per_second_max_, readers_max_);
    Report(done);
    if (done.ok()) return 0;
    return rows_per_second_max_ || readers_max_ ? kFailed : kUsage;
  });
}

void Commands::AddSnapshots() {
  CLI::App* snapshot = app_->add_subcommand("snapshot", "Snapshots of tables");
  snapshot->require_subcommand(1);
  AddCreate(snapshot);
  CLI::App* list = snapshot->add_subcommand("list", "All snapshots, newest first");
  list->add_option("SOURCE", source_, "all sources if left out");
  Run(list, [this](Client& client) { return Report(ListSnapshots(client, source_)); });
  CLI::App* watch = snapshot->add_subcommand("watch", "Show progress until the end");
  watch->add_option("ID", ids_, "the snapshots' numbers")->required();
  Run(watch, [this](Client& client) { return Report(WatchSnapshots(client, ids_)); });
  AddJobCommand(snapshot, "pause", "Stop reading for now", PauseSnapshot);
  AddJobCommand(snapshot, "resume", "Go on with a paused one", ResumeSnapshot);
  AddJobCommand(snapshot, "cancel", "End it for good", CancelSnapshot);
  AddSet(snapshot);
}

void Commands::AddReset(CLI::App* consumer) {
  CLI::App* reset = consumer->add_subcommand("reset", "Move a consumer's place");
  reset->add_option("NAME", reset_.name, "the consumer")->required();
  reset->add_option("--source", reset_.source, "may be left out if there is only one");
  reset->add_option("--to", reset_.to, "its next event")
      ->check(CLI::IsMember({"beginning", "now"}));
  reset->add_option("--to-sequence", reset_.sequence, "its next event")->transform(Number(1));
  Run(reset, [this](Client& client) {
    absl::Status done = ResetConsumer(client, reset_);
    Report(done);
    if (done.ok()) return 0;
    return reset_.to.empty() == (reset_.sequence == 0) ? kUsage : kFailed;
  });
}

void Commands::AddConsumers() {
  CLI::App* consumer = app_->add_subcommand("consumer", "Named consumers and their places");
  consumer->require_subcommand(1);
  CLI::App* list = consumer->add_subcommand("list", "All consumers");
  list->add_option("SOURCE", source_, "all sources if left out");
  Run(list, [this](Client& client) { return Report(ListConsumers(client, source_)); });
  AddReset(consumer);
  CLI::App* remove = consumer->add_subcommand("delete", "Forget a consumer and its place");
  remove->add_option("NAME", reset_.name, "the consumer")->required();
  remove->add_option("--source", reset_.source, "may be left out if there is only one");
  Run(remove, [this](Client& client) {
    return Report(DeleteConsumer(client, reset_.source, reset_.name));
  });
}

// How the service is reached, which the environment may say too.
void AddAddress(CLI::App* app, ServerAddress* address) {
  app->add_option("--server", address->server, "address of tidemarkd")
      ->envname("TIDEMARK_SERVER")
      ->check(NotEmpty("an address such as 127.0.0.1:7654"))
      ->capture_default_str();
  app->add_flag("--tls", address->tls, "use TLS, with the system's authorities")
      ->envname("TIDEMARK_TLS");
  app->add_option("--tls-ca", address->ca, "use TLS, with the authorities in this PEM file")
      ->envname("TIDEMARK_TLS_CA");
  app->add_option("--tls-cert", address->cert, "our certificate, a PEM file")
      ->envname("TIDEMARK_TLS_CERT");
  app->add_option("--tls-key", address->key, "its key, a PEM file")->envname("TIDEMARK_TLS_KEY");
  app->add_option("--tls-server-name", address->server_name,
                  "the name in tidemarkd's certificate, if it is not that of --server")
      ->envname("TIDEMARK_TLS_SERVER_NAME");
  app->add_option("--token-file", address->token_file,
                  "send the token in this file; without TLS to loopback only")
      ->envname("TIDEMARK_TOKEN_FILE");
}

// What was asked for, and its exit code; output that could not be written is a failure too.
int Perform(const Action& action, const ServerAddress& address) {
  auto channel = OpenChannel(address);
  if (!channel.ok()) return Report(channel.status());
  Client client(address, *channel);
  int code = action(client);
  return code != 0 ? code : Report(FlushOutput());
}

}  // namespace
}  // namespace tidemark::service

int main(int argc, char** argv) {
  CLI::App app("Watches and drives a running tidemarkd.", "tidemark");
  tidemark::service::ServerAddress address;
  tidemark::service::AddAddress(&app, &address);
  app.set_version_flag("--version", "tidemark " TIDEMARK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  tidemark::service::Commands commands(&app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return tidemark::service::Perform(commands.action(), address);
}
