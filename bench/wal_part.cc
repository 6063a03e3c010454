#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/parts.h"
#include "bench/postgres_database.h"
#include "bench/raw_client.h"
#include "bench/stream_state.h"
#include "model/position.h"
#include "tests/support/postgres_programs.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

using testing::PostgresServer;
using testing::ServiceProcess;

constexpr uint64_t kRows = 1'000'000;
constexpr uint64_t kRowsOfTransaction = 1000;
constexpr int kRounds = 2;
constexpr absl::Duration kTimeout = absl::Seconds(120);

// One reading of the log by each: every reader has a slot of its own, made before the rows.
struct Round {
  std::string program_slot;
  std::string client_slot;
  std::unique_ptr<ServiceProcess> service;
  double program_seconds = 0;
  double client_seconds = 0;
  double service_seconds = 0;
  double service_cpu_seconds = 0;
  uint64_t peak_bytes = 0;
};

absl::Status CreateSlot(PostgresServer& server, const std::string& name) {
  return server.Exec(
      absl::StrCat("SELECT pg_create_logical_replication_slot('", name, "', 'pgoutput')"));
}

absl::StatusOr<Round> Prepare(PostgresDatabase& database, int number) {
  PostgresServer& server = database.server();
  Round round;
  round.program_slot = absl::StrCat("program_", number);
  round.client_slot = absl::StrCat("client_", number);
  absl::Status status = CreateSlot(server, round.program_slot);
  if (status.ok()) status = CreateSlot(server, round.client_slot);
  if (!status.ok()) return status;
  testing::ServiceOptions options = database.Capture();
  options.postgres_lines.push_back(absl::StrCat("slot: tidemark_", number));
  auto service = StartService(options);
  if (!service.ok()) return service.status();
  round.service = *std::move(service);
  if (absl::StatusOr<int> code = round.service->Terminate(); !code.ok()) return code.status();
  return round;
}

// Returns where the log then ends.
absl::StatusOr<uint64_t> Write(PostgresDatabase& database) {
  absl::Status status = WriteRows(database, kRows, kRowsOfTransaction);
  if (status.ok()) status = database.session().Exec("CHECKPOINT");
  if (!status.ok()) return status;
  absl::StatusOr<oracle::LogPosition> end = database.MarkEndOfLog();
  if (!end.ok()) return end.status();
  return end->offset;
}

absl::Status RunProgram(const PostgresServer& server, uint64_t end, Round& round) {
  absl::StatusOr<std::string> programs = testing::PostgresProgramFolder(server.version());
  if (!programs.ok()) return programs.status();
  const absl::Time start = absl::Now();
  absl::Status status =
      testing::RunProgram(
          {absl::StrCat(*programs, "/pg_recvlogical"), "--dbname", server.ConnectionString(),
           "--slot", round.program_slot, "--start", "--no-loop", "--file", "/dev/null", "--endpos",
           model::ToString(model::Position{.file = 0, .offset = end}), "--option",
           "proto_version=1", "--option", absl::StrCat("publication_names=", kPublication),
           "--option", "messages=true"},
          kTimeout)
          .status();
  round.program_seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return status;
}

absl::Status RunClient(const PostgresServer& server, uint64_t end, Round& round) {
  absl::StatusOr<Discarded> read =
      DiscardLog(server.ConnectionString(), round.client_slot, kPublication, end);
  if (!read.ok()) return read.status();
  round.client_seconds = read->seconds;
  if (read->rows == kRows) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("%d rows instead of %d", read->rows, kRows));
}

// From the start of the process until the journal holds everything.
absl::Status RunService(uint64_t end, Round& round) {
  ServiceProcess& service = *round.service;
  const absl::Time start = absl::Now();
  if (absl::Status started = service.StartAgain(); !started.ok()) return started;
  if (absl::Status done = WaitForFrontier(service, oracle::LogPosition(0, end), kTimeout);
      !done.ok())
    return done;
  round.service_seconds = absl::ToDoubleSeconds(absl::Now() - start);
  round.service_cpu_seconds = absl::ToDoubleSeconds(testing::CpuTime(service.process().pid()));
  round.peak_bytes = testing::PeakResidentBytes(service.process().pid());
  absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
  if (!bounds.ok()) return bounds.status();
  if (absl::StatusOr<int> code = service.Terminate(); !code.ok()) return code.status();
  if (bounds->newest_sequence() >= kRows) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("only ", bounds->newest_sequence(), " events"));
}

absl::Status Run(const PostgresServer& server, uint64_t end, Round& round) {
  absl::Status status = RunProgram(server, end, round);
  if (status.ok()) status = RunClient(server, end, round);
  if (status.ok()) status = RunService(end, round);
  if (!status.ok()) return status;
  Say(absl::StrFormat("  pg_recvlogical %.2f s, client %.2f s, tidemarkd %.2f s, %.2f CPU s",
                      round.program_seconds, round.client_seconds, round.service_seconds,
                      round.service_cpu_seconds));
  return absl::OkStatus();
}

double Least(const std::vector<Round>& rounds, double Round::*seconds) {
  double least = 1e9;
  for (const Round& round : rounds) least = std::min(least, round.*seconds);
  return least;
}

void AddFigures(const std::vector<Round>& rounds, Report& report) {
  const double ours = Least(rounds, &Round::service_seconds);
  const double program = Least(rounds, &Round::program_seconds);
  const double client = Least(rounds, &Round::client_seconds);
  uint64_t peak_bytes = 0;
  for (const Round& round : rounds) peak_bytes = std::max(peak_bytes, round.peak_bytes);
  report.Add({"log of 1 M rows, into the durable journal", RowsPerSecond(kRows, ours),
              "pg_recvlogical to /dev/null: " + RowsPerSecond(kRows, program),
              Ratio(program, ours)});
  report.Add(
      {"", "", "libpq client that discards: " + RowsPerSecond(kRows, client), Ratio(client, ours)});
  report.Add({"log, per CPU second of tidemarkd",
              Grouped(kRows / Least(rounds, &Round::service_cpu_seconds)) + " rows"});
  report.Add({"log, peak resident memory", Mebibytes(peak_bytes)});
}

}  // namespace

absl::Status MeasureWal(Report& report) {
  auto database = PostgresDatabase::Start();
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  Say("  writing 1 million rows in transactions of 1,000");
  std::vector<Round> rounds;
  for (int number = 0; number < kRounds; ++number) {
    absl::StatusOr<Round> round = Prepare(**database, number);
    if (!round.ok()) return round.status();
    rounds.push_back(*std::move(round));
  }
  absl::StatusOr<uint64_t> end = Write(**database);
  if (!end.ok()) return end.status();
  for (Round& round : rounds) {
    if (absl::Status done = Run((*database)->server(), *end, round); !done.ok()) return done;
  }
  AddFigures(rounds, report);
  return absl::OkStatus();
}

}  // namespace tidemark::bench
