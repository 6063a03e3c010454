// The consumers that docs/consumers.md offers hold exactly the source's rows, whatever kills them.

#include <gmock/gmock.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/contract/capture_test.h"
#include "tests/examples/consumer_process.h"
#include "tests/support/certificates.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::contract {
namespace {

using testing::ConsumerProcess;
using ::testing::HasSubstr;

constexpr int kKills = 4;
constexpr absl::Duration kCatchUpTimeout = absl::Seconds(60);

class ConsumersTest : public CaptureTest {
 protected:
  struct Named {
    std::string name;
    std::unique_ptr<ConsumerProcess> process;
  };

  static constexpr char kToken[] = "the-token-of-the-consumers";

  void SetUp() override {
    ASSERT_OK(testing::MakeAuthority(files_.path(), "ca"));
    for (const char* name : {"server", "client"}) {
      ASSERT_OK(testing::IssueCertificate(files_.path(), "ca", name));
    }
    for (const char* name : {"tokens", "token"}) testing::WriteFile(files_.File(name), kToken);
    CaptureTest::SetUp();
    Sql("CREATE TABLE notes (id int PRIMARY KEY, note text, body text)");
    Sql("ALTER TABLE notes ALTER body SET STORAGE EXTERNAL");
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    consumers_.push_back(MakeConsumer("python", testing::PythonConsumer()));
    consumers_.push_back(MakeConsumer("go", testing::GoConsumer()));
    consumers_.push_back(MakeConsumer("cpp", testing::CppConsumer()));
    for (Named& consumer : consumers_) ASSERT_OK(consumer.process->Start());
  }

  // Who calls it needs a certificate and a token.
  testing::ServiceOptions ServiceSettings() const override {
    testing::ServiceOptions options = CaptureTest::ServiceSettings();
    options.top_lines = {absl::StrCat("tls: {cert: ", files_.File("server.pem"),
                                      ", key: ", files_.File("server.key"),
                                      ", client_ca: ", files_.File("ca.pem"), "}"),
                         absl::StrCat("tokens: {file: ", files_.File("tokens"), "}")};
    options.credentials = grpc::CompositeChannelCredentials(
        grpc::SslCredentials({Content("ca.pem"), Content("client.key"), Content("client.pem")}),
        grpc::AccessTokenCredentials(kToken));
    return options;
  }

  std::string Content(const std::string& name) const {
    return testing::ReadFile(files_.File(name));
  }

  Named MakeConsumer(const std::string& name, testing::ConsumerProgram program) {
    const std::vector<std::string> arguments = {"--server",     service().address(),
                                                "--source",     testing::ServiceProcess::kSource,
                                                "--consumer",   name,
                                                "--ca",         files_.File("ca.pem"),
                                                "--cert",       files_.File("client.pem"),
                                                "--key",        files_.File("client.key"),
                                                "--token-file", files_.File("token")};
    return {name, std::make_unique<ConsumerProcess>(std::move(program), arguments)};
  }

  uint64_t Acknowledged(const std::string& name) {
    grpc::ClientContext context;
    v1::ListConsumersResponse response;
    EXPECT_TRUE(service().consumers().List(&context, v1::ListConsumersRequest(), &response).ok());
    for (const v1::Consumer& consumer : response.consumers()) {
      if (consumer.name() == name) return consumer.acknowledged_sequence();
    }
    return 0;
  }

  uint64_t NewestSequence() {
    grpc::ClientContext context;
    v1::GetBoundsRequest request;
    v1::GetBoundsResponse response;
    request.set_source(testing::ServiceProcess::kSource);
    EXPECT_TRUE(service().change_stream().GetBounds(&context, request, &response).ok());
    return response.newest_sequence();
  }

  void WaitUntilAcknowledged(const Named& consumer, uint64_t sequence) {
    const absl::Time end = absl::Now() + kCatchUpTimeout;
    while (Acknowledged(consumer.name) < sequence) {
      ASSERT_TRUE(consumer.process->process().Running()) << consumer.process->Output();
      ASSERT_LT(absl::Now(), end) << consumer.process->Output();
      absl::SleepFor(absl::Milliseconds(50));
    }
  }

  // What nobody was told is stored may be lost; what was acknowledged may not.
  void Kill9(Named& consumer) {
    consumer.process->Kill9();
    const uint64_t acknowledged = Acknowledged(consumer.name);
    ASSERT_OK_AND_ASSIGN(const auto dump, consumer.process->Dump());
    EXPECT_GE(ConsumerProcess::SequenceOf(dump), acknowledged) << consumer.name;
  }

  // Truncates, alters, and leaves large texts alone.
  void ChangeNotes(int round) {
    const int first = 100 * round;
    Sql("TRUNCATE notes");
    Sql(
        absl::StrCat("INSERT INTO notes SELECT i, 'n', repeat(md5(i::text), 200) FROM "
                     "generate_series(",
                     first + 1, ", ", first + 40, ") i"));
    Sql(absl::StrCat("ALTER TABLE notes ADD COLUMN added", round, " int"));
    Sql(absl::StrCat("UPDATE notes SET note = 'changed', added", round, " = id"));
    Sql(absl::StrCat("UPDATE notes SET id = id + 1000 WHERE id <= ", first + 10));
    Sql(absl::StrCat("DELETE FROM notes WHERE id BETWEEN ", first + 20, " AND ", first + 30));
  }

  void ExpectSourcesRows(const Named& consumer) {
    std::vector<std::string> tables = workload::Tables();
    tables.push_back("public.notes");
    const auto session = NewSession();
    ASSERT_OK_AND_ASSIGN(const auto held, testing::HeldRows(*consumer.process));
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison comparison,
                         oracle::CompareWithSource(held, *session, {.tables = tables}));
    EXPECT_TRUE(oracle::IsExact(held, comparison))
        << consumer.name << ": " << oracle::Verdict(held, comparison) << consumer.process->Output();
    EXPECT_GT(comparison.rows, 1000u);
  }

  testing::TempFolder files_;
  std::vector<Named> consumers_;
};

TEST_P(ConsumersTest, HoldTheSourcesRowsHoweverOftenTheyAreKilled) {
  const auto seed = testing::RandomSeed();
  std::mt19937_64 random(seed);
  const auto session = NewSession();
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, 3'000));
  workload::Writers writers({.connection = ConnectionString(),
                             .writers = 2,
                             .seed = seed,
                             .transactions_per_second = 100});
  v1::CreateSnapshotRequest request;
  request.mutable_limits()->set_rows_per_second_max(1'000);
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot(request));
  for (int round = 0; round < kKills; ++round) {
    for (Named& consumer : consumers_) {
      WaitUntilAcknowledged(consumer, Acknowledged(consumer.name) + 1);
      absl::SleepFor(absl::Milliseconds(random() % 400));
      Kill9(consumer);
      ASSERT_FALSE(HasFatalFailure());
    }
    ChangeNotes(round);
    for (Named& consumer : consumers_) ASSERT_OK(consumer.process->Start());
  }
  service().Kill9();
  ASSERT_OK(service().StartAgain());
  ASSERT_OK(service().WaitForSnapshot(snapshot.id()));
  ASSERT_OK(writers.Stop());
  ExpectExact();
  for (Named& consumer : consumers_) {
    WaitUntilAcknowledged(consumer, NewestSequence());
    ASSERT_FALSE(HasFatalFailure());
    consumer.process->Kill9();
    ExpectSourcesRows(consumer);
  }
}

TEST_P(ConsumersTest, EndWhereTheyAreRefused) {
  for (Named& consumer : consumers_) consumer.process->Kill9();
  testing::WriteFile(files_.File("token"), "a-token-that-is-unknown");
  for (Named& consumer : consumers_) {
    ASSERT_OK(consumer.process->Start());
    ASSERT_OK_AND_ASSIGN(const int code, consumer.process->process().Wait(absl::Seconds(30)));
    EXPECT_EQ(code, 1) << consumer.name;
    EXPECT_THAT(consumer.process->Output(), HasSubstr("token")) << consumer.name;
  }
}

TEST_P(ConsumersTest, EndWhereTheirStateIsNotWhatTheyAcknowledged) {
  Sql("INSERT INTO notes VALUES (1, 'n', 'b')");
  CatchUp();
  for (Named& consumer : consumers_) {
    WaitUntilAcknowledged(consumer, NewestSequence());
    ASSERT_FALSE(HasFatalFailure());
    consumer.process->Kill9();
    consumer.process->Forget();
    ASSERT_OK(consumer.process->Start());
    ASSERT_OK_AND_ASSIGN(const int code, consumer.process->process().Wait(absl::Seconds(30)));
    EXPECT_EQ(code, 1);
    EXPECT_THAT(consumer.process->Output(), HasSubstr("tidemark consumer delete " + consumer.name));
  }
}

INSTANTIATE_TEST_SUITE_P(Postgres, ConsumersTest,
                         ::testing::Values(testing::PostgresKinds().front()), KindName);

}  // namespace
}  // namespace tidemark::contract
