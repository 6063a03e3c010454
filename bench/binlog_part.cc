#include <algorithm>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/mysql_database.h"
#include "bench/parts.h"
#include "bench/stream_state.h"
#include "tests/support/service_process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

constexpr uint64_t kRows = 3'000'000;
constexpr uint64_t kRowsOfTransaction = 1000;
constexpr int kRounds = 3;
constexpr absl::Duration kTimeout = absl::Seconds(120);

// The log that is read, in its first file `file` and those that follow it.
struct Log {
  std::string file;
  uint64_t bytes = 0;
  oracle::LogPosition end;
};

// One reading of the log by each. The service has seen the log before the rows.
struct Round {
  std::unique_ptr<ServiceProcess> service;
  double program_seconds = 0;
  double service_seconds = 0;
  double service_cpu_seconds = 0;
  uint64_t peak_bytes = 0;
};

absl::StatusOr<Round> Prepare(const Database& database) {
  auto service = StartService(database.Capture());
  if (!service.ok()) return service.status();
  if (absl::StatusOr<int> code = (*service)->Terminate(); !code.ok()) return code.status();
  return Round{.service = *std::move(service)};
}

// A file of its own for the rows, and what is in it and behind it when they are written.
absl::StatusOr<Log> Write(MysqlDatabase& database) {
  if (auto flushed = database.session().Exec("FLUSH BINARY LOGS"); !flushed.ok()) return flushed;
  absl::StatusOr<testing::SqlRows> before = database.session().Query("SHOW BINARY LOGS");
  if (!before.ok()) return before.status();
  absl::Status written = WriteRows(database, kRows, kRowsOfTransaction);
  if (!written.ok()) return written;
  absl::StatusOr<testing::SqlRows> after = database.session().Query("SHOW BINARY LOGS");
  if (!after.ok()) return after.status();
  Log log{.file = before->back()[0].value_or(""), .end = {}};
  for (const testing::SqlRow& file : *after) {
    uint64_t bytes = 0;
    if (*file[0] >= log.file && absl::SimpleAtoi(*file[1], &bytes)) log.bytes += bytes;
  }
  absl::StatusOr<oracle::LogPosition> end = database.MarkEndOfLog();
  if (!end.ok()) return end.status();
  log.end = *end;
  return log;
}

// Copies the log into files.
absl::Status RunProgram(const MysqlDatabase& database, const Log& log, Round& round) {
  const testing::TempFolder folder;
  std::vector<std::string> command = database.Program("mysqlbinlog");
  command.insert(command.end(), {"--read-from-remote-server", "--raw", "--to-last-log",
                                 absl::StrCat("--result-file=", folder.path(), "/"), log.file});
  const absl::Time start = absl::Now();
  absl::Status status = testing::RunProgram(command, kTimeout).status();
  round.program_seconds = absl::ToDoubleSeconds(absl::Now() - start);
  return status;
}

// From the start of the process until the journal holds everything.
absl::Status RunService(const Log& log, Round& round) {
  ServiceProcess& service = *round.service;
  const absl::Time start = absl::Now();
  if (absl::Status started = service.StartAgain(); !started.ok()) return started;
  if (absl::Status done = WaitForFrontier(service, log.end, kTimeout); !done.ok()) return done;
  round.service_seconds = absl::ToDoubleSeconds(absl::Now() - start);
  round.service_cpu_seconds = absl::ToDoubleSeconds(testing::CpuTime(service.process().pid()));
  round.peak_bytes = testing::PeakResidentBytes(service.process().pid());
  absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
  if (!bounds.ok()) return bounds.status();
  if (absl::StatusOr<int> code = service.Terminate(); !code.ok()) return code.status();
  if (bounds->newest_sequence() >= kRows) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("only ", bounds->newest_sequence(), " events"));
}

absl::Status Run(const MysqlDatabase& database, const Log& log, Round& round) {
  absl::Status status = RunProgram(database, log, round);
  if (status.ok()) status = RunService(log, round);
  if (!status.ok()) return status;
  Say(absl::StrFormat("  %s %.2f s; tidemarkd %.2f s, %.2f CPU s",
                      database.ProgramName("mysqlbinlog"), round.program_seconds,
                      round.service_seconds, round.service_cpu_seconds));
  return absl::OkStatus();
}

double Least(const std::vector<Round>& rounds, double Round::*seconds) {
  double least = 1e9;
  for (const Round& round : rounds) least = std::min(least, round.*seconds);
  return least;
}

std::string Speed(const Log& log, double seconds) {
  return absl::StrFormat("%s, %.0f MB/s", RowsPerSecond(kRows, seconds), log.bytes / 1e6 / seconds);
}

void AddFigures(const MysqlDatabase& database, const Log& log, const std::vector<Round>& rounds,
                Report& report) {
  const double ours = Least(rounds, &Round::service_seconds);
  const double program = Least(rounds, &Round::program_seconds);
  uint64_t peak_bytes = 0;
  for (const Round& round : rounds) peak_bytes = std::max(peak_bytes, round.peak_bytes);
  report.Add({"log of 3 M rows, into the durable journal", Speed(log, ours),
              absl::StrCat(database.ProgramName("mysqlbinlog"), " --raw: ", Speed(log, program)),
              Ratio(program, ours)});
  report.Add({"log, per CPU second of tidemarkd",
              Grouped(kRows / Least(rounds, &Round::service_cpu_seconds)) + " rows"});
  report.Add({"log, peak resident memory", Mebibytes(peak_bytes)});
}

}  // namespace

absl::Status MeasureBinlog(Product product, Report& report) {
  auto database = MysqlDatabase::Start(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  Say("  writing 3 million rows in transactions of 1,000");
  std::vector<Round> rounds;
  for (int number = 0; number < kRounds; ++number) {
    absl::StatusOr<Round> round = Prepare(**database);
    if (!round.ok()) return round.status();
    rounds.push_back(*std::move(round));
  }
  absl::StatusOr<Log> log = Write(**database);
  if (!log.ok()) return log.status();
  for (Round& round : rounds) {
    if (absl::Status done = Run(**database, *log, round); !done.ok()) return done;
  }
  AddFigures(**database, *log, rounds, report);
  return absl::OkStatus();
}

}  // namespace tidemark::bench
