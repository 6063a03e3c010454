// The consumers of Kafka's topics that docs/consumers.md offers hold exactly the source's rows.

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/examples/consumer_process.h"
#include "tests/support/kafka_cluster.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

using testing::ConsumerProcess;
using testing::KafkaCluster;

constexpr int kKills = 3;
constexpr absl::Duration kCatchUpTimeout = absl::Seconds(60);

// Lasts until the process ends.
KafkaCluster* SharedKafka() {
  static auto& shared = *new std::unique_ptr<KafkaCluster>;
  if (shared != nullptr) return shared.get();
  auto kafka = KafkaCluster::Start({});
  EXPECT_OK(kafka);
  if (!kafka.ok()) return nullptr;
  shared = *std::move(kafka);
  std::atexit([] { shared.reset(); });
  return shared.get();
}

class KafkaConsumersTest : public CaptureTest {
 protected:
  void SetUp() override {
    kafka_ = SharedKafka();
    ASSERT_NE(kafka_, nullptr);
    CaptureTest::SetUp();
    Sql("CREATE TABLE notes (id int PRIMARY KEY, note text, body text)");
    Sql("ALTER TABLE notes ALTER body SET STORAGE EXTERNAL");
  }

  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = CaptureTest::ServiceSettings();
    options.top_lines = {"kafka:", absl::StrCat("  brokers: \"", kafka_->bootstrap(), "\"")};
    const std::vector<std::string> lines = {
        "publish:",
        absl::StrCat("  format: ", format_),
        absl::StrCat("  topic: \"", format_, ".table.{table}\""),
        "  partitions: 3",
        "  truncates: true",
        absl::StrCat("  transactional_id: ", format_),
        absl::StrCat("  checkpoint_topic: ", format_, ".checkpoint")};
    options.source_lines.insert(options.source_lines.end(), lines.begin(), lines.end());
    return options;
  }

  // Whose topics begin with the format's name.
  void Publish(const std::string& format) {
    format_ = format;
    StartService();
  }

  void StartConsumer(const std::string& script, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--brokers", kafka_->bootstrap(), "--topics",
                                       absl::StrCat(format_, "\\.table\\..*")});
    consumer_.emplace(testing::PythonConsumer(script), arguments);
    ASSERT_OK(consumer_->Start());
  }

  // Leaves large texts alone, truncates, moves and deletes rows.
  void ChangeNotes(int round) {
    const int first = 100 * round;
    if (round % 2 == 1) Sql("TRUNCATE notes");
    Sql(
        absl::StrCat("INSERT INTO notes SELECT i, 'n', repeat(md5(i::text), 200) FROM "
                     "generate_series(",
                     first + 1, ", ", first + 60, ") i"));
    Sql("UPDATE notes SET note = 'changed'");
    Sql(absl::StrCat("UPDATE notes SET id = id + 1000 WHERE id <= ", first + 10));
    Sql(absl::StrCat("DELETE FROM notes WHERE id BETWEEN ", first + 20, " AND ", first + 30));
  }

  void KillAndStartAgain() {
    consumer_->Kill9();
    ASSERT_OK(consumer_->Start());
  }

  // Once nobody writes. `difference`: "" when what is held is what the source has. Then a consumer
  // that begins now must come to the same: it reads the partitions one by one, and not as they were
  // written.
  template <typename Difference>
  void ExpectExact(Difference difference) {
    WaitUntilNone(difference);
    consumer_->Kill9();
    consumer_->Forget();
    ASSERT_OK(consumer_->Start());
    WaitUntilNone(difference);
  }

  template <typename Difference>
  void WaitUntilNone(Difference difference) {
    const absl::Time end = absl::Now() + kCatchUpTimeout;
    std::string what = difference();
    while (!what.empty() && absl::Now() < end && consumer_->process().Running()) {
      absl::SleepFor(absl::Milliseconds(200));
      what = difference();
    }
    EXPECT_EQ(what, "") << consumer_->Output() << service().Log();
  }

  KafkaCluster* kafka_ = nullptr;
  std::string format_;
  std::optional<ConsumerProcess> consumer_;
};

TEST_P(KafkaConsumersTest, ProtobufIsFoldedToTheSourcesRows) {
  std::mt19937_64 random(testing::RandomSeed());
  const auto session = NewSession();
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, 2'000));
  Publish("protobuf");
  StartConsumer("consume_kafka.py", {"--schemas", "db.tidemark.schema"});
  ASSERT_FALSE(HasFatalFailure());
  workload::Writers writers(
      {.connection = ConnectionString(), .writers = 2, .transactions_per_second = 100});
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot());
  for (int kill = 0; kill < kKills; ++kill) {
    ChangeNotes(kill);
    absl::SleepFor(absl::Milliseconds(500 + random() % 500));
    KillAndStartAgain();
  }
  ASSERT_OK(service().WaitForSnapshot(snapshot.id()));
  ASSERT_OK(writers.Stop());
  std::vector<std::string> tables = workload::Tables();
  tables.push_back("public.notes");
  ExpectExact([&]() -> std::string {
    const auto held = testing::HeldRows(*consumer_);
    if (!held.ok()) return held.status().ToString();
    const auto comparison = oracle::CompareWithSource(*held, *session, {.tables = tables});
    if (!comparison.ok()) return comparison.status().ToString();
    return oracle::IsExact(*held, *comparison) ? "" : oracle::Verdict(*held, *comparison);
  });
}

TEST_P(KafkaConsumersTest, DebeziumJsonIsFoldedToTheSourcesRows) {
  std::mt19937_64 random(testing::RandomSeed());
  Sql("INSERT INTO notes SELECT -i, 'before', repeat(md5(i::text), 200) FROM "
      "generate_series(1, 500) i");
  Publish("debezium-json");
  StartConsumer("consume_debezium.py");
  ASSERT_FALSE(HasFatalFailure());
  for (int kill = 0; kill < kKills; ++kill) {
    ASSERT_OK(service().CreateSnapshot());
    ChangeNotes(kill);
    absl::SleepFor(absl::Milliseconds(500 + random() % 500));
    KillAndStartAgain();
  }
  const auto session = NewSession();
  ExpectExact([&]() -> std::string {
    auto held = consumer_->DumpLines();
    if (!held.ok()) return held.status().ToString();
    auto rows = session->Query(
        "SELECT 'debezium-json.table.notes' || E'\\t' || row_to_json(k) || E'\\t' || "
        "row_to_json(n) "
        "FROM notes n, LATERAL (SELECT n.id) k");
    if (!rows.ok()) return rows.status().ToString();
    std::vector<std::string> expected;
    for (const testing::SqlRow& row : *rows) expected.push_back(*row[0]);
    std::sort(held->begin(), held->end());
    std::sort(expected.begin(), expected.end());
    return *held == expected && expected.size() > 50
               ? ""
               : absl::StrCat(held->size(), " rows instead of ", expected.size(), ", or others");
  });
}

INSTANTIATE_TEST_SUITE_P(Postgres, KafkaConsumersTest,
                         ::testing::Values(testing::PostgresKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
