#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/consumer.h"
#include "bench/database.h"
#include "bench/parts.h"
#include "bench/stream_state.h"
#include "tests/support/service_process.h"

namespace tidemark::bench {
namespace {

using testing::ServiceProcess;

constexpr uint64_t kRows = 1'000'000;
constexpr absl::Duration kTimeout = absl::Seconds(180);

absl::Status CaptureOneTransaction(Database& database, ServiceProcess& service) {
  if (absl::Status written = WriteRows(database, kRows, kRows); !written.ok()) return written;
  absl::StatusOr<oracle::LogPosition> end = database.MarkEndOfLog();
  if (!end.ok()) return end.status();
  return WaitForFrontier(service, *end, kTimeout);
}

// The consumer subscribes from the beginning and never reads.
absl::Status SnapshotBesideStalledConsumer(ServiceProcess& service, const std::string& table) {
  auto consumer = Consumer::Open(service.address(), 1, kTimeout);
  if (!consumer.ok()) return consumer.status();
  absl::StatusOr<v1::Snapshot> snapshot = service.CreateSnapshot({table});
  if (snapshot.ok()) snapshot = service.WaitForSnapshot(snapshot->id(), kTimeout);
  return snapshot.status();
}

}  // namespace

absl::Status MeasureMemory(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  Say("  one transaction of 1 million rows, a snapshot beside a consumer that does not read");
  auto service = StartService((*database)->Capture());
  if (!service.ok()) return service.status();
  const pid_t pid = (*service)->process().pid();
  const uint64_t idle_bytes = testing::PeakResidentBytes(pid);
  absl::Status done = CaptureOneTransaction(**database, **service);
  if (!done.ok()) return done;
  report.Add({"peak resident memory after one transaction of 1 M rows",
              Mebibytes(testing::PeakResidentBytes(pid)),
              absl::StrCat("at rest: ", Mebibytes(idle_bytes))});
  done = SnapshotBesideStalledConsumer(**service, (*database)->table());
  if (!done.ok()) return done;
  report.Add({"and after a snapshot of 1 M rows beside a consumer that reads nothing",
              Mebibytes(testing::PeakResidentBytes(pid))});
  return absl::OkStatus();
}

}  // namespace tidemark::bench
