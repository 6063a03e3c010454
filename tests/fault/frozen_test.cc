// The server does not answer any more, though its kernel still takes connections and bytes: the
// service can be stopped all the same, and nothing is lost.

#include <functional>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/random_seed.h"
#include "tests/workload/workload.h"

namespace tidemark::fault {
namespace {

using testing::FromGrpc;
using testing::ServiceProcess;

constexpr int kRounds = 4;
constexpr absl::Duration kStopMost = absl::Seconds(5);

class FrozenTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    seed_ = testing::RandomSeed();
    random_.seed(seed_);
    ASSERT_NO_FATAL_FAILURE(LoadShop());
  }

  // Nobody else may have to wait for a frozen server.
  std::optional<testing::MysqlOptions> MysqlServerOptions() const override {
    return testing::MysqlOptions{};
  }

  // True of every row, and slow.
  std::string SlowPredicate() const {
    return engine() == testing::Engine::kPostgres ? "pg_catalog.pg_sleep(0.0002) IS NOT NULL"
                                                  : "SLEEP(0.0002) = 0";
  }

  absl::Duration UpTo(int64_t ms) {
    return absl::Milliseconds(static_cast<int64_t>(random_() % static_cast<uint64_t>(ms)));
  }

  // SIGTERM ends the service cleanly, and in time.
  static void ExpectStops(ServiceProcess& service) {
    const absl::Time start = absl::Now();
    ASSERT_OK_AND_ASSIGN(const int code, service.Terminate());
    EXPECT_EQ(code, 0) << service.Log();
    EXPECT_LT(absl::Now() - start, kStopMost) << service.Log();
  }

  void Round(const std::string& predicate) {
    workload::Writers writers({.connection = ConnectionString(),
                               .writers = 3,
                               .seed = random_(),
                               .transactions_per_second = 250,
                               .reconnect = true});
    v1::CreateSnapshotRequest request;
    for (const std::string& table : workload::Tables(database().name_space())) {
      v1::TableSelection* selection = request.add_tables();
      selection->set_table(table);
      selection->set_predicate(predicate);
    }
    request.mutable_limits()->set_rows_per_second_max(20'000);
    ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot(request));
    absl::SleepFor(UpTo(300));
    database().Freeze();
    absl::SleepFor(UpTo(1500));
    ExpectStops(service());
    database().Thaw();
    StartServiceAgain();
    ASSERT_FALSE(HasFatalFailure());
    ASSERT_OK(service().WaitForSnapshot(snapshot.id())) << service().Log();
    ASSERT_OK(writers.Stop());
    ExpectExactNow();
  }

  uint64_t seed_ = 0;
  std::mt19937_64 random_;
};

TEST_P(FrozenTest, ServiceThatCapturesAndReadsStopsInTimeAndIsExactAfterwards) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("seed ", seed_, ", round ", round));
    // Every other one is sure to be inside of a read.
    Round(round % 2 == 0 ? "" : SlowPredicate());
    if (HasFailure()) return;
  }
}

// Nothing but the service's own threads has asked the server yet; then users do, too.
TEST_P(FrozenTest, ServiceThatIsStartingStopsInTimeAndSoDoCallsThatWait) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot();
  StopService();
  database().Freeze();
  ASSERT_OK(service().StartAgain());
  absl::Status created, checked;
  std::thread creating([&] { created = service().CreateSnapshot().status(); });
  std::thread checking([&] {
    grpc::ClientContext context;
    v1::CheckSourceRequest request;
    request.set_source(ServiceProcess::kSource);
    v1::CheckSourceResponse response;
    checked = FromGrpc(service().sources().Check(&context, request, &response));
    if (checked.ok() && response.problems_size() > 0) {
      checked = absl::CancelledError(response.problems(0).message());
    }
  });
  absl::SleepFor(absl::Seconds(1));
  ExpectStops(service());
  creating.join();
  checking.join();
  EXPECT_FALSE(created.ok());
  EXPECT_FALSE(checked.ok());
  database().Thaw();
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  Sql("UPDATE customers SET version = version + 1");
  Snapshot();
  ExpectExactNow();
}

TIDEMARK_ON_EACH_MAKE(FrozenTest);

}  // namespace
}  // namespace tidemark::fault
