#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "bench/parts.h"
#include "bench/publishing.h"
#include "bench/stream_state.h"
#include "tests/support/cache_folder.h"
#include "tests/support/kafka_topic.h"
#include "tests/support/temp_folder.h"

namespace tidemark::bench {
namespace {

using testing::KafkaCluster;
using testing::ServiceOptions;
using testing::ServiceProcess;

constexpr uint64_t kRows = 1'000'000;
constexpr uint64_t kRowsOfTransaction = 1000;
constexpr int kRounds = 2;
constexpr absl::Duration kTimeout = absl::Seconds(300);

// What one run of a tidemarkd has published, from the start of its process on.
struct Run {
  double seconds = std::numeric_limits<double>::infinity();
  double cpu_seconds = 0;
  uint64_t peak_bytes = 0;
  v1::Publisher publisher;
};

// The log of all rows in a journal, nothing of which is published.
absl::Status FillJournal(Database& database, const std::string& folder) {
  ServiceOptions options = database.Capture();
  options.data_folder = folder;
  auto service = StartService(options);
  if (!service.ok()) return service.status();
  absl::Status status = WriteRows(database, kRows, kRowsOfTransaction);
  if (!status.ok()) return status;
  absl::StatusOr<oracle::LogPosition> end = database.MarkEndOfLog();
  if (!end.ok()) return end.status();
  status = WaitForFrontier(**service, *end, kTimeout);
  if (!status.ok()) return status;
  return (*service)->Terminate().status();
}

// Until Kafka has the journal, which reaches to `end` of the log by then.
absl::StatusOr<Run> Finish(ServiceProcess& service, oracle::LogPosition end, absl::Time start) {
  if (absl::Status done = WaitForFrontier(service, end, kTimeout); !done.ok()) return done;
  absl::StatusOr<v1::Publisher> published = WaitUntilPublished(service, kTimeout);
  if (!published.ok()) return published.status();
  Run run;
  run.seconds = absl::ToDoubleSeconds(absl::Now() - start);
  run.publisher = *std::move(published);
  run.cpu_seconds = absl::ToDoubleSeconds(testing::CpuTime(service.process().pid()));
  run.peak_bytes = testing::PeakResidentBytes(service.process().pid());
  if (absl::StatusOr<int> code = service.Terminate(); !code.ok()) return code.status();
  return run;
}

// Rows that are written while it does not run go from the log through the journal to Kafka.
absl::StatusOr<Run> PublishLog(Database& database, ServiceProcess& service) {
  for (uint64_t first = kRows + 1; first <= 2 * kRows; first += kRowsOfTransaction) {
    absl::Status status =
        database.session().Exec(database.InsertRows(first, first + kRowsOfTransaction - 1));
    if (!status.ok()) return status;
  }
  absl::StatusOr<oracle::LogPosition> end = database.MarkEndOfLog();
  if (!end.ok()) return end.status();
  const absl::Time start = absl::Now();
  if (absl::Status started = service.StartAgain(); !started.ok()) return started;
  return Finish(service, *end, start);
}

// Kafka's own measuring program, with batches as large as ours, in transactions as long as ours.
// Its answer ends with "1000000 records sent, 250000.000000 records/sec (23.84 MB/sec), ...".
absl::StatusOr<double> RunProducerPerformance(const KafkaCluster& kafka, uint64_t record_bytes,
                                              const std::string& topic) {
  absl::Status made =
      testing::CreateKafkaTopic(kafka.bootstrap(), {.name = topic, .partitions = kPartitions});
  if (!made.ok()) return made;
  absl::StatusOr<std::string> output = testing::RunProgram(
      {absl::StrCat(testing::CacheFolder(), "/kafka-4/bin/kafka-run"), "-Xmx512m",
       "org.apache.kafka.tools.ProducerPerformance", "--bootstrap-server", kafka.bootstrap(),
       "--topic", topic, "--num-records", absl::StrCat(kRows), "--record-size",
       absl::StrCat(record_bytes), "--throughput", "-1", "--transaction-duration-ms", "100",
       "--command-property", "batch.size=1000000", "linger.ms=5"},
      kTimeout);
  if (!output.ok()) return output.status();
  const size_t sent = output->rfind(" records sent, ");
  double records_per_second = 0;
  if (sent == std::string::npos) return absl::InternalError(*output);
  const size_t number = output->find(", ", sent) + 2;
  if (!absl::SimpleAtod(output->substr(number, output->find(' ', number) - number),
                        &records_per_second)) {
    return absl::InternalError(*output);
  }
  return kRows / records_per_second;
}

std::string Speed(uint64_t record_bytes, double seconds) {
  return absl::StrFormat("%s, %.1f MB/s", RowsPerSecond(kRows, seconds),
                         static_cast<double>(kRows * record_bytes) / seconds / 1e6);
}

// The best of the rounds of each.
struct Rounds {
  Run ours;
  double java_seconds = std::numeric_limits<double>::infinity();
  uint64_t record_bytes = 0;
  std::unique_ptr<ServiceProcess> service;
};

absl::Status MeasureRound(const Database& database, const KafkaCluster& kafka,
                          const std::string& folder, int number, Rounds& rounds) {
  ServiceOptions options = Publish(database, kafka, absl::StrCat("round", number));
  options.data_folder = folder;
  const absl::Time start = absl::Now();
  auto service = ServiceProcess::Start(options);
  if (!service.ok()) return service.status();
  absl::StatusOr<Run> run = Finish(**service, oracle::LogPosition(), start);
  if (!run.ok()) return run.status();
  rounds.service = *std::move(service);
  rounds.record_bytes = run->publisher.bytes() / kRows;
  absl::StatusOr<double> java =
      RunProducerPerformance(kafka, rounds.record_bytes, absl::StrCat("java", number));
  if (!java.ok()) return java.status();
  Say(absl::StrFormat("  tidemarkd %.2f s, %.2f CPU s, %d transactions, ProducerPerformance %.2f s",
                      run->seconds, run->cpu_seconds, run->publisher.transactions(), *java));
  rounds.java_seconds = std::min(rounds.java_seconds, *java);
  if (run->seconds < rounds.ours.seconds) rounds.ours = *std::move(run);
  return absl::OkStatus();
}

void AddFigures(const Rounds& rounds, const Run& log, Report& report) {
  const std::string java = absl::StrCat("ProducerPerformance, transactions: ",
                                        Speed(rounds.record_bytes, rounds.java_seconds));
  report.Add({absl::StrFormat("journal of 1 M rows to Kafka, records of %d bytes (and headers)",
                              rounds.record_bytes),
              Speed(rounds.record_bytes, rounds.ours.seconds), java,
              Ratio(rounds.java_seconds, rounds.ours.seconds)});
  report.Add({"journal to Kafka, per CPU second of tidemarkd",
              Grouped(kRows / rounds.ours.cpu_seconds) + " rows"});
  report.Add({"log of 1 M rows, through the journal to Kafka",
              Speed(rounds.record_bytes, log.seconds), java,
              Ratio(rounds.java_seconds, log.seconds)});
  report.Add(
      {"log to Kafka, per CPU second of tidemarkd", Grouped(kRows / log.cpu_seconds) + " rows"});
  report.Add(
      {"to Kafka, peak resident memory", absl::StrCat("journal ", Mebibytes(rounds.ours.peak_bytes),
                                                      ", log ", Mebibytes(log.peak_bytes))});
}

}  // namespace

absl::Status MeasureKafka(Product product, Report& report) {
  auto database = StartDatabase(product);
  if (!database.ok()) return database.status();
  report.SetServer((*database)->title());
  auto kafka = StartBroker();
  if (!kafka.ok()) return kafka.status();
  const testing::TempFolder folder;
  Say("  writing 1 million rows in transactions of 1,000 into the journal");
  absl::Status status = FillJournal(**database, folder.File("data"));
  Rounds rounds;
  for (int number = 1; status.ok() && number <= kRounds; ++number) {
    status = MeasureRound(**database, **kafka, folder.File("data"), number, rounds);
  }
  if (!status.ok()) return status;
  Say("  1 million more through the log");
  absl::StatusOr<Run> log = PublishLog(**database, *rounds.service);
  if (!log.ok()) return log.status();
  AddFigures(rounds, *log, report);
  return absl::OkStatus();
}

}  // namespace tidemark::bench
