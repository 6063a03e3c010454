#include "tests/fault/fault_test.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/support/random_seed.h"

namespace tidemark::fault {

constexpr absl::Duration kRereadTimeout = absl::Seconds(20);
constexpr absl::Duration kErrorTimeout = absl::Seconds(30);
constexpr absl::Duration kPoll = absl::Milliseconds(30);

Environment WithoutSettle() { return {{"TIDEMARK_TEST_WITHOUT_SETTLE", "1"}}; }
Environment WithoutFolding() { return {{"TIDEMARK_TEST_WITHOUT_FOLDING", "1"}}; }
Environment WithoutExactView() { return {{"TIDEMARK_TEST_WITHOUT_EXACT_VIEW", "1"}}; }

void FaultTest::LoadShop() {
  const auto session = NewSession();
  ASSERT_NE(session, nullptr);
  ASSERT_OK(workload::CreateTables(*session));
  ASSERT_OK(workload::Load(*session, 8'000));
}

std::unique_ptr<workload::Writers> FaultTest::Write(int writers, int transactions_per_second) {
  return std::make_unique<workload::Writers>(
      workload::WriterOptions{.connection = ConnectionString(),
                              .writers = writers,
                              .seed = testing::RandomSeed(),
                              .transactions_per_second = transactions_per_second});
}

void FaultTest::SnapshotWhenItCaptures() {
  absl::StatusOr<v1::Snapshot> snapshot = service().CreateSnapshot();
  for (int i = 0; i < 300 && absl::IsUnavailable(snapshot.status()); ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    snapshot = service().CreateSnapshot();
  }
  ASSERT_OK(snapshot) << service().Log();
  ASSERT_OK(service().WaitForSnapshot(snapshot->id())) << service().Log();
}

void FaultTest::ExpectExactNow(const oracle::CompareOptions& options) {
  oracle::CompareOptions incomplete = options;
  incomplete.allow_unknown = true;
  const absl::Time deadline = absl::Now() + kRereadTimeout;
  for (;;) {
    CatchUp();
    if (HasFatalFailure()) return;
    const auto session = NewSession();
    ASSERT_NE(session, nullptr);
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                         oracle::CompareWithSource(fold(), *session, incomplete));
    ASSERT_TRUE(oracle::IsExact(fold(), found)) << oracle::Verdict(fold(), found) << "\n"
                                                << service().Log();
    if (found.unknown_values == 0) return;
    ASSERT_LT(absl::Now(), deadline) << found.unknown_values << " values were never completed\n"
                                     << service().Log();
    absl::SleepFor(kPoll);
  }
}

void FaultTest::WaitUntilExact() {
  const absl::Time deadline = absl::Now() + kRereadTimeout;
  for (;;) {
    CatchUp();
    if (HasFatalFailure()) return;
    ASSERT_OK_AND_ASSIGN(const oracle::Comparison found,
                         oracle::CompareWithSource(fold(), *NewSession(), {}));
    if (oracle::IsExact(fold(), found)) return;
    ASSERT_LT(absl::Now(), deadline) << oracle::Verdict(fold(), found) << "\n" << service().Log();
    absl::SleepFor(kPoll);
  }
}

v1::Source FaultTest::WaitForError(testing::ServiceProcess& service, const std::string& text) {
  const absl::Time deadline = absl::Now() + kErrorTimeout;
  for (;;) {
    const auto source = service.Status();
    EXPECT_OK(source);
    if (!source.ok() || absl::StrContains(source->error(), text))
      return source.value_or(v1::Source());
    if (absl::Now() > deadline) {
      ADD_FAILURE() << "no error with \"" << text << "\" came, but: " << source->error() << "\n"
                    << service.Log();
      return *source;
    }
    absl::SleepFor(kPoll);
  }
}

absl::Status FaultTest::TryCreate(const std::string& table, const std::string& predicate,
                                  const std::vector<std::string>& key) {
  v1::CreateSnapshotRequest request;
  v1::TableSelection* selection = request.add_tables();
  selection->set_table(table);
  selection->set_predicate(predicate);
  if (!key.empty()) {
    v1::KeyText* text = selection->add_keys();
    for (const std::string& column : key) text->add_columns(column);
  }
  return service().CreateSnapshot(request).status();
}

}  // namespace tidemark::fault
