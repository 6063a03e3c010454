// tidemark-workload: makes, fills and writes the tables of a small shop, for the demonstration.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>

#include "tests/support/open_session.h"
#include "tests/workload/workload.h"

namespace tidemark::workload {
namespace {

struct Arguments {
  std::string database;
  uint64_t rows = 300'000;
  WriterOptions writers;
};

absl::Status PrintCount(testing::Session& session, const std::string& table) {
  absl::StatusOr<std::string> rows = session.QueryValue("SELECT count(*) FROM " + table);
  if (rows.ok()) std::printf("  %-12s %10s rows\n", table.c_str(), rows->c_str());
  return rows.status();
}

absl::Status LoadAll(const Arguments& arguments) {
  auto session = testing::OpenSession(arguments.database);
  absl::Status status = session.status();
  if (status.ok()) status = CreateTables(**session);
  if (status.ok()) status = Load(**session, arguments.rows);
  for (const char* table : kTableNames) {
    if (status.ok()) status = PrintCount(**session, table);
  }
  return status;
}

// Until SIGINT or SIGTERM.
absl::Status WriteUntilStopped(const Arguments& arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  WriterOptions options = arguments.writers;
  options.connection = arguments.database;
  Writers writers(options);
  int signal = 0;
  sigwait(&signals, &signal);
  absl::Status status = writers.Stop();
  std::printf("%llu\n", static_cast<unsigned long long>(writers.transaction_count()));
  return status;
}

int Main(int argc, char** argv) {
  CLI::App app("Makes, fills and writes the tables of a small shop.");
  Arguments arguments;
  app.add_option("--database", arguments.database,
                 "mysql://user:password@host:port/database, or for PostgreSQL libpq's form")
      ->required();
  app.require_subcommand(1);
  CLI::App* load = app.add_subcommand("load", "Create the tables, fill them, print their rows");
  load->add_option("--rows", arguments.rows, "Rows in all tables together")->capture_default_str();
  CLI::App* write = app.add_subcommand("write", "Write until stopped; print the transactions done");
  write->add_option("--writers", arguments.writers.writers, "Sessions")->capture_default_str();
  write->add_option("--rate", arguments.writers.transactions_per_second,
                    "Transactions per second of each session; 0: unlimited");
  write->add_option("--seed", arguments.writers.seed, "Seed")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = *load ? LoadAll(arguments) : WriteUntilStopped(arguments);
  if (status.ok()) return 0;
  std::fprintf(stderr, "tidemark-workload: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace tidemark::workload

int main(int argc, char** argv) { return tidemark::workload::Main(argc, argv); }
