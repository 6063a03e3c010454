#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/consumer.h"
#include "bench/database.h"
#include "bench/parts.h"
#include "bench/stream_state.h"
#include "model/event.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

constexpr uint64_t kRows = 3'000'000;
constexpr int kRounds = 3;
constexpr absl::Duration kTimeout = absl::Seconds(120);

struct Taken {
  double seconds = 1e9;
  double cpu_seconds = 1e9;
  uint64_t bytes = 0;
};

// What a consumer counts of a snapshot.
struct Count {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  bool completed = false;
};

absl::Status CountFrames(std::string_view frames, Count& count) {
  count.bytes += frames.size();
  model::FrameScanner scanner(frames);
  model::EventView event;
  while (scanner.Next(&event)) {
    count.rows += event.op == model::Op::kRead;
    count.completed |= IsCompletedMark(event);
  }
  return scanner.malformed() ? absl::DataLossError("malformed frames") : absl::OkStatus();
}

absl::StatusOr<Count> Receive(Consumer& consumer) {
  Count count;
  while (!count.completed) {
    absl::StatusOr<std::string_view> frames = consumer.Next();
    if (!frames.ok()) return frames.status();
    if (absl::Status status = CountFrames(*frames, count); !status.ok()) return status;
  }
  if (count.rows == kRows) return count;
  return absl::InternalError(absl::StrFormat("%d rows instead of %d", count.rows, kRows));
}

// From the request to create the snapshot until the consumer has all of it.
absl::StatusOr<Taken> TakeSnapshot(ServiceProcess& service, const std::string& table) {
  absl::StatusOr<v1::GetBoundsResponse> bounds = GetBounds(service);
  if (!bounds.ok()) return bounds.status();
  auto consumer = Consumer::Open(service.address(), bounds->newest_sequence() + 1, kTimeout);
  if (!consumer.ok()) return consumer.status();
  const absl::Duration cpu = testing::CpuTime(service.process().pid());
  const absl::Time start = absl::Now();
  if (auto created = service.CreateSnapshot({table}); !created.ok()) return created.status();
  absl::StatusOr<Count> count = Receive(**consumer);
  if (!count.ok()) return count.status();
  return Taken{
      .seconds = absl::ToDoubleSeconds(absl::Now() - start),
      .cpu_seconds = absl::ToDoubleSeconds(testing::CpuTime(service.process().pid()) - cpu),
      .bytes = count->bytes};
}

struct Best {
  TableRead read;
  Taken snapshot;
};

std::string CpuText(const TableRead& read) {
  return read.cpu_seconds ? absl::StrFormat(", %.2f CPU s", *read.cpu_seconds) : "";
}

absl::Status Round(Database& database, ServiceProcess& service, Best& best) {
  absl::StatusOr<TableRead> read = database.ReadTable();
  if (!read.ok()) return read.status();
  absl::StatusOr<Taken> taken = TakeSnapshot(service, database.table());
  if (!taken.ok()) return taken.status();
  Say(absl::StrFormat("  %s %.2f s%s; snapshot %.2f s, %.2f CPU s, %d bytes a row",
                      database.table_reader(), read->seconds, CpuText(*read), taken->seconds,
                      taken->cpu_seconds, taken->bytes / kRows));
  if (read->seconds < best.read.seconds) best.read = *read;
  if (taken->seconds < best.snapshot.seconds) best.snapshot = *taken;
  return absl::OkStatus();
}

void AddFigures(const Database& database, const Best& best, uint64_t peak_bytes, Report& report) {
  report.Add(
      {"snapshot of 3 M rows, through to one gRPC consumer",
       RowsPerSecond(kRows, best.snapshot.seconds),
       absl::StrCat(database.table_reader(), ": ", RowsPerSecond(kRows, best.read.seconds)),
       Ratio(best.read.seconds, best.snapshot.seconds)});
  Figure per_cpu_second{"snapshot, per CPU second of tidemarkd",
                        Grouped(kRows / best.snapshot.cpu_seconds) + " rows"};
  if (best.read.cpu_seconds) {
    per_cpu_second.beside =
        absl::StrCat(database.table_reader(), ", per CPU second of server and client: ",
                     Grouped(kRows / *best.read.cpu_seconds), " rows");
    per_cpu_second.ratio = Ratio(*best.read.cpu_seconds, best.snapshot.cpu_seconds);
  }
  report.Add(per_cpu_second);
  report.Add({"snapshot, peak resident memory", Mebibytes(peak_bytes)});
}

}  // namespace

absl::Status MeasureSnapshot(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  Say("  filling a table with 3 million rows");
  if (absl::Status filled = (*database)->Fill(kRows); !filled.ok()) return filled;
  auto service = StartService((*database)->Capture());
  if (!service.ok()) return service.status();
  Best best;
  for (int round = 0; round < kRounds; ++round) {
    if (absl::Status done = Round(**database, **service, best); !done.ok()) return done;
  }
  AddFigures(**database, best, testing::PeakResidentBytes((*service)->process().pid()), report);
  return absl::OkStatus();
}

}  // namespace tidemark::bench
