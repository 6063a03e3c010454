// The service that publishes to Kafka, its data folder and the brokers fail at random points, under
// writers and snapshots: whoever reads what is committed in Kafka sees every event once, in order.

#include <algorithm>
#include <cstdio>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/kafka_fault.h"
#include "tests/support/random_seed.h"
#include "tests/support/soak.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::ServiceProcess;

// The deck of faults holds 13.
constexpr int kRoundsInCi = 14;
constexpr int kRoundsInSoak = 50;
// Every so many rounds a transaction comes that does not fit into one of Kafka.
constexpr int kLargeEvery = 14;
constexpr int kLargeRows = 24'000;
constexpr char kSuperseded[] = "published by another service";

class KafkaRoundsTest : public KafkaFaultTest {
 protected:
  using Self = KafkaRoundsTest;
  using Fault = void (Self::*)();

  void SetUp() override {
    KafkaFaultTest::SetUp();
    if (HasFatalFailure()) return;
    seed_ = testing::RandomSeed();
    random_.seed(seed_);
    StartPublishing();
    if (!HasFatalFailure()) ExpectExact();
  }

  int64_t Pick(int64_t count) { return static_cast<int64_t>(random_() % count); }
  absl::Duration UpTo(int64_t ms) { return absl::Milliseconds(Pick(ms)); }

  void Round(int round) {
    round_ = round;
    workload::Writers writers({.connection = ConnectionString(),
                               .writers = 2,
                               .seed = seed_ + static_cast<uint64_t>(round),
                               .transactions_per_second = 150});
    if (Pick(2) == 0) StartSnapshot();
    if (round % kLargeEvery == kLargeEvery - 1) WriteLargeTransaction();
    absl::SleepFor(UpTo(400));
    Strike();
    if (HasFatalFailure()) return;
    absl::SleepFor(UpTo(200));
    ASSERT_OK(writers.Stop());
    ExpectExact();
    ASSERT_OK(kafka().StartAgain());
  }

  // It goes on over as many rounds as it takes.
  void StartSnapshot() {
    v1::CreateSnapshotRequest request;
    request.mutable_limits()->set_rows_per_second_max(2'000 + Pick(20'000));
    EXPECT_OK(publisher()->CreateSnapshot(request));
  }

  void WriteLargeTransaction() {
    Sql(absl::StrCat("TRUNCATE TABLE bulk; INSERT INTO bulk SELECT i, repeat('x', 1500) FROM ",
                     Rows(1, kLargeRows)));
  }

  // From a deck that is shuffled whenever it is empty, so that each comes within the first rounds.
  void Strike() {
    if (deck_.empty()) {
      deck_ = {&Self::KillService,        &Self::KillService,          &Self::KillService,
               &Self::LoseFolder,         &Self::LoseFolder,           &Self::LoseFolder,
               &Self::FreezeBroker,       &Self::FreezeBroker,         &Self::KillBroker,
               &Self::FreezeService,      &Self::ReplaceFrozenService, &Self::StartSecondService,
               &Self::StartOldFolderAgain};
      std::shuffle(deck_.begin(), deck_.end(), random_);
    }
    const Fault fault = deck_.back();
    deck_.pop_back();
    (this->*fault)();
  }

  void KillService() {
    Note("the service is killed");
    publisher()->Kill9();
    while (Pick(3) == 0) ASSERT_OK(publisher()->StartAgainAndKill9(UpTo(500)));
    StartAgain();
  }

  void LoseFolder() {
    Note("the service is killed, and its folder lost");
    publisher()->Kill9();
    RemoveFolder(*publisher());
    while (Pick(3) == 0) {
      ASSERT_OK(publisher()->StartAgainAndKill9(UpTo(1000)));
      if (Pick(2) == 0) RemoveFolder(*publisher());
    }
    StartAgain();
  }

  // It is away until the round is over; then two of three must do.
  void KillBroker() {
    Note("a broker is killed");
    kafka().Kill9(static_cast<int>(Pick(kafka().brokers())));
    absl::SleepFor(UpTo(1000));
    if (Pick(2) == 0) return;
    if (Pick(2) == 0) return KillService();
    return LoseFolder();
  }

  void FreezeBroker() {
    Note("a broker is frozen");
    const int broker = static_cast<int>(Pick(kafka().brokers()));
    kafka().Freeze(broker);
    absl::SleepFor(UpTo(3000));
    if (Pick(3) == 0) KillService();
    kafka().Thaw(broker);
  }

  // For longer than its transaction may take.
  void FreezeService() {
    Note("the service is frozen");
    publisher()->process().Freeze();
    absl::SleepFor(kTransactionTimeout + 2 * kTimeoutCheck);
    publisher()->process().Thaw();
  }

  // As where its machine is cut off, and comes back.
  void ReplaceFrozenService() {
    Note("a frozen service is replaced");
    // A walsender whose client is frozen and behind blocks in saying goodbye, and keeps the slot.
    CatchUp();
    if (HasFatalFailure()) return;
    publisher()->process().Freeze();
    EndSessionsOfServices();
    std::unique_ptr<ServiceProcess> old = std::exchange(publisher(), NewService());
    ASSERT_NE(publisher(), nullptr);
    ASSERT_OK(publisher()->WaitUntilCapturing()) << publisher()->Log();
    CatchUp();
    old->process().Thaw();
    if (!HasFatalFailure()) WaitUntilStopped(*old, kSuperseded);
  }

  // Beside one that runs, on a folder of its own: it takes over, and the first one stops.
  void StartSecondService() {
    Note("a second service is started");
    const std::unique_ptr<ServiceProcess> first = std::exchange(publisher(), NewService());
    ASSERT_NE(publisher(), nullptr);
    CatchUp();
    if (!HasFatalFailure()) WaitUntilStopped(*first, kSuperseded);
  }

  void StartOldFolderAgain() {
    Note("a folder that was replaced comes back");
    publisher()->Kill9();
    std::unique_ptr<ServiceProcess> old = std::exchange(publisher(), NewService());
    ASSERT_NE(publisher(), nullptr);
    CatchUp();
    if (HasFatalFailure()) return;
    ASSERT_OK(old->StartAgain());
    WaitUntilStopped(*old, kSuperseded);
  }

  // What the network does to those of a machine that is cut off.
  void EndSessionsOfServices() {
    if (engine() == testing::Engine::kPostgres) {
      return Sql(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
          "'tidemark%'");
    }
    ASSERT_OK_AND_ASSIGN(const testing::SqlRows ids,
                         NewSession()->Query("SELECT ID FROM information_schema.PROCESSLIST WHERE "
                                             "USER = 'tidemark'"));
    // One may have ended by itself.
    for (const testing::SqlRow& id : ids) {
      NewSession()->Exec(absl::StrCat("KILL ", *id[0])).IgnoreError();
    }
  }

  // So that a failure tells what came before it.
  void Note(const std::string& fault) {
    std::printf("round %d: %s\n", round_, fault.c_str());
    std::fflush(stdout);
  }

  uint64_t seed_ = 0;
  std::mt19937_64 random_;
  std::vector<Fault> deck_;
  int round_ = 0;
};

TEST_P(KafkaRoundsTest, EachEventIsThereOnceAndInOrderAfterEachOfManyFaults) {
  const int rounds = static_cast<int>(testing::Repeats(kRoundsInCi, kRoundsInSoak));
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_, ", round ", round));
    Round(round);
    if (HasFailure()) return;
  }
  // Those that run are brought to their end.
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot last, publisher()->CreateSnapshot());
  ASSERT_OK(publisher()->WaitForSnapshot(last.id())) << publisher()->Log();
  ExpectExact();
  EXPECT_EQ(fold().Missing(), "");
}

TIDEMARK_ON_EACH_MAKE(KafkaRoundsTest);

}  // namespace
}  // namespace tidemark::fault
