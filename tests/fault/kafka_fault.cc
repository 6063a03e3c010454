#include "tests/fault/kafka_fault.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::KafkaCluster;
using testing::ServiceProcess;

constexpr absl::Duration kPatience = absl::Seconds(150);
constexpr absl::Duration kPoll = absl::Milliseconds(20);
constexpr uint64_t kRows = 6'000;

// Lasts until the process ends: three brokers take a while to start.
KafkaCluster* SharedKafka() {
  static auto& shared = *new std::unique_ptr<KafkaCluster>;
  if (shared != nullptr) return shared.get();
  auto kafka = KafkaCluster::Start(
      {.brokers = 3,
       .settings = {{"transaction.abort.timed.out.transaction.cleanup.interval.ms", "500"}}});
  EXPECT_OK(kafka);
  if (!kafka.ok()) return nullptr;
  shared = *std::move(kafka);
  std::atexit([] { shared.reset(); });
  return shared.get();
}

}  // namespace

void KafkaFaultTest::SetUp() {
  static int number = 0;
  prefix_ = absl::StrCat("shop", ++number);
  kafka_ = SharedKafka();
  ASSERT_NE(kafka_, nullptr);
  CaptureTest::SetUp();
  if (HasFatalFailure()) return;
  const auto session = NewSession();
  ASSERT_NE(session, nullptr);
  if (engine() != testing::Engine::kPostgres) {
    ASSERT_OK(
        session->Exec("CREATE USER IF NOT EXISTS tidemark@'%'; GRANT ALL ON *.* TO tidemark@'%'"));
  }
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, kRows));
  ASSERT_OK(session->Exec("CREATE TABLE marks (id bigint PRIMARY KEY)"));
  ASSERT_OK(session->Exec("CREATE TABLE bulk (id bigint PRIMARY KEY, note varchar(2000))"));
  ASSERT_OK_AND_ASSIGN(consumer_,
                       testing::KafkaConsumer::Open(kafka_->bootstrap(), prefix_ + "\\..*"));
  fold_.emplace(oracle::KafkaFold::Options{.source = ServiceProcess::kSource,
                                           .engine = engine(),
                                           .partitions = kPartitions,
                                           .transaction_topic = prefix_ + ".transaction",
                                           .schema_topic = prefix_ + ".schema",
                                           .message_topic = prefix_ + ".message"});
}

void KafkaFaultTest::TearDown() {
  publisher_.reset();
  if (kafka_ != nullptr) {
    for (int i = 0; i < kafka_->brokers(); ++i) kafka_->Thaw(i);
    EXPECT_OK(kafka_->StartAgain());
  }
  CaptureTest::TearDown();
}

testing::ServiceOptions KafkaFaultTest::ServiceSettings() const {
  testing::ServiceOptions options = CaptureTest::ServiceSettings();
  // A user of its own, by which its sessions are known.
  std::replace(options.mysql_lines.begin(), options.mysql_lines.end(), std::string("user: root"),
               std::string("user: tidemark"));
  options.top_lines = {"kafka:", absl::StrCat("  brokers: \"", kafka_->bootstrap(), "\""),
                       absl::StrCat("  properties: {transaction.timeout.ms: ",
                                    absl::ToInt64Milliseconds(TransactionTimeout()), "}")};
  const std::vector<std::string> lines = {
      "publish:",
      absl::StrCat("  topic: \"", prefix_, ".table.{table}\""),
      absl::StrCat("  partitions: ", kPartitions),
      absl::StrCat("  transaction_topic: ", prefix_, ".transaction"),
      absl::StrCat("  schema_topic: ", prefix_, ".schema"),
      absl::StrCat("  message_topic: ", prefix_, ".message"),
      absl::StrCat("  transactional_id: tidemark-", prefix_),
      absl::StrCat("  checkpoint_topic: tidemark.checkpoint.", prefix_)};
  options.source_lines.insert(options.source_lines.end(), lines.begin(), lines.end());
  for (const std::string& line : publish_lines_) options.source_lines.push_back("  " + line);
  return options;
}

std::unique_ptr<ServiceProcess> KafkaFaultTest::NewService(
    const std::vector<std::string>& publish_lines,
    const std::vector<std::pair<std::string, std::string>>& environment) {
  publish_lines_ = publish_lines;
  testing::ServiceOptions options = ServiceSettings();
  options.environment = environment;
  auto service = ServiceProcess::Start(options);
  EXPECT_OK(service);
  return service.ok() ? *std::move(service) : nullptr;
}

void KafkaFaultTest::StartPublishing(
    const std::vector<std::string>& publish_lines,
    const std::vector<std::pair<std::string, std::string>>& environment) {
  publisher_ = NewService(publish_lines, environment);
  ASSERT_NE(publisher_, nullptr);
  ASSERT_OK(publisher_->WaitUntilCapturing()) << publisher_->Log();
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, publisher_->CreateSnapshot());
  ASSERT_OK(publisher_->WaitForSnapshot(snapshot.id())) << publisher_->Log();
}

void KafkaFaultTest::StartAgain() {
  ASSERT_OK(publisher_->StartAgain());
  ASSERT_OK(publisher_->WaitUntilCapturing()) << publisher_->Log();
}

void KafkaFaultTest::RemoveFolder(const ServiceProcess& service) {
  std::filesystem::remove_all(service.data_folder());
}

void KafkaFaultTest::WaitUntilStopped(ServiceProcess& service, const std::string& reason) {
  const absl::Time deadline = absl::Now() + kPatience;
  for (;;) {
    const absl::StatusOr<v1::Source> source = service.Status();
    ASSERT_OK(source) << service.Log();
    if (source->state() == v1::Source::STOPPED && absl::StrContains(source->error(), reason))
      return;
    ASSERT_LT(absl::Now(), deadline) << source->ShortDebugString() << "\n" << service.Log();
    absl::SleepFor(kPoll);
  }
}

bool KafkaFaultTest::HasMark(int64_t id) const {
  const oracle::HeldTable* marks = fold_->fold().FindTable(Named("marks"));
  if (marks == nullptr) return false;
  v1::Row key;
  key.add_values()->set_integer(id);
  const auto row = marks->rows.find(key.SerializeAsString());
  return row != marks->rows.end() && row->second.present;
}

void KafkaFaultTest::ReadMore() {
  ASSERT_OK_AND_ASSIGN(const std::vector<testing::KafkaRecord> records, consumer_->ReadToEnds());
  fold_->Apply(records);
}

void KafkaFaultTest::CatchUp() {
  ReadUpToNewMark();
  if (HasFatalFailure()) return;
  ASSERT_TRUE(fold_->violations().empty()) << absl::StrJoin(fold_->violations(), "\n");
}

void KafkaFaultTest::ReadUpToNewMark() {
  Sql(absl::StrCat("INSERT INTO marks VALUES (", ++marks_, ")"));
  const absl::Time deadline = absl::Now() + kPatience;
  for (;;) {
    ReadMore();
    // What is wrong already does not get better.
    if (HasFatalFailure() || HasMark(marks_) || !fold_->violations().empty()) return;
    if (absl::Now() > deadline) {
      const auto source = publisher_->Status();
      FAIL() << "no mark " << marks_ << "; " << fold_->Missing() << "\n"
             << (source.ok() ? source->ShortDebugString() : source.status().ToString()) << "\n"
             << publisher_->Log();
    }
    absl::SleepFor(kPoll);
  }
}

void KafkaFaultTest::ExpectExact() {
  const absl::Time deadline = absl::Now() + kPatience;
  CatchUp();
  while (!HasFatalFailure()) {
    ASSERT_TRUE(fold_->violations().empty()) << absl::StrJoin(fold_->violations(), "\n");
    const auto session = NewSession();
    ASSERT_NE(session, nullptr);
    // Rows that are read again after a key change whose log image was partial come later.
    ASSERT_OK_AND_ASSIGN(
        const oracle::Comparison found,
        oracle::CompareWithSource(fold_->fold(), *session, {.allow_unknown = true}));
    ASSERT_TRUE(oracle::IsExact(fold_->fold(), found)) << oracle::Verdict(fold_->fold(), found);
    if (found.unknown_values == 0) return;
    ASSERT_LT(absl::Now(), deadline) << found.unknown_values << " values were never completed";
    absl::SleepFor(kPoll);
    ReadMore();
  }
}

}  // namespace tidemark::fault
