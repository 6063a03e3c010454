#include "tests/fault/hot_rows_test.h"

#include <algorithm>
#include <cstdio>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/time.h"
#include "tests/support/random_seed.h"

namespace tidemark::fault {

namespace {

constexpr size_t kSnapshotsAtOnce = 16;
constexpr uint64_t kWindowsBetweenLooks = 20;
constexpr absl::Duration kFoldTimeout = absl::Seconds(20);
constexpr absl::Duration kFoldPoll = absl::Milliseconds(30);

// Rows of which the fold does not know the column; of a table that it does not know, one.
uint64_t Incomplete(const oracle::Fold& fold, const std::string& name, size_t column) {
  const oracle::HeldTable* table = fold.FindTable(name);
  EXPECT_NE(table, nullptr);
  if (table == nullptr) return 1;
  return static_cast<uint64_t>(
      std::count_if(table->rows.begin(), table->rows.end(), [&](const auto& row) {
        return oracle::Unpack(row.second.cells)[column].state == oracle::Cell::State::kUnknown;
      }));
}

}  // namespace

std::optional<testing::MysqlOptions> HotRowsTest::MysqlServerOptions() const {
  return testing::MysqlOptions{.fsync = true, .settings = {{"sync_binlog", "1"}}};
}

testing::ServiceOptions HotRowsTest::ServiceSettings() const {
  testing::ServiceOptions options = FaultTest::ServiceSettings();
  options.source_lines = {"readers: 4"};
  // With TLS, Connector/C reads the machine's bundle of authorities for each connection, which
  // takes longer than a snapshot of so few rows.
  if (engine() != testing::Engine::kPostgres) {
    options.mysql_lines.push_back("tls: {mode: disabled}");
  }
  return options;
}

void HotRowsTest::SetUp() {
  FaultTest::SetUp();
  seed_ = testing::RandomSeed();
  Sql("CREATE TABLE hot (id int PRIMARY KEY, note text, body text, version bigint)");
  if (engine() == testing::Engine::kPostgres)
    Sql("ALTER TABLE hot ALTER body SET STORAGE EXTERNAL");
  Sql(absl::StrCat("INSERT INTO hot SELECT i, '', '', 1 FROM ", Rows(1, rows())));
}

void HotRowsTest::TearDown() {
  StopWriters();
  FaultTest::TearDown();
}

std::string HotRowsTest::Update(int writer, uint64_t id) const {
  return absl::Substitute("UPDATE hot SET note = 'w$0', version = version + 1 WHERE id = $1",
                          writer, id);
}

void HotRowsTest::StartWriters(int count, absl::Duration pause) {
  for (int number = 0; number < count; ++number) {
    writers_.emplace_back(
        [this, number, pause](std::stop_token stop) { Write(stop, number, pause); });
  }
}

void HotRowsTest::StopWriters() {
  for (std::jthread& writer : writers_) writer.request_stop();
  writers_.clear();
}

void HotRowsTest::Write(std::stop_token stop, int number, absl::Duration pause) {
  const auto session = NewSession();
  if (session == nullptr) return;
  std::mt19937_64 random(seed_ + static_cast<uint64_t>(number));
  while (!stop.stop_requested()) {
    const absl::Status status =
        session->Exec(Update(number, 1 + random() % static_cast<uint64_t>(rows())));
    if (!status.ok()) {
      ADD_FAILURE() << status;
      return;
    }
    ++updates_;
    absl::SleepFor(pause);
  }
}

uint64_t HotRowsTest::Windows(uint64_t count, absl::FunctionRef<bool()> enough) {
  std::atomic<uint64_t> windows = 0;
  std::atomic<bool> ended = false;
  std::vector<std::jthread> askers;
  for (size_t i = 0; i < kSnapshotsAtOnce; ++i) {
    askers.emplace_back([&] {
      while (!ended && windows < count) {
        const uint64_t read = ReadOnce();
        if (read == 0) ended = true;
        windows += read;
      }
    });
  }
  uint64_t looked = 0;
  while (!ended && windows < count) {
    absl::SleepFor(kFoldPoll);
    if (windows - looked < kWindowsBetweenLooks) continue;
    looked = windows;
    if (enough()) ended = true;
  }
  askers.clear();
  return windows;
}

uint64_t HotRowsTest::ReadOnce() {
  const auto snapshot = service().CreateSnapshot({Named("hot")});
  EXPECT_OK(snapshot);
  if (!snapshot.ok()) return 0;
  const auto done = service().WaitForSnapshot(snapshot->id());
  EXPECT_OK(done) << service().Log();
  return done.ok() ? done->tables(0).chunks_done() : 0;
}

bool HotRowsTest::WentBack() {
  CatchUp();
  return !fold().violations().empty();
}

void HotRowsTest::Report(uint64_t windows) {
  std::printf("%zu stale rows in %llu windows, %llu updates\n", fold().violations().size(),
              static_cast<unsigned long long>(windows),
              static_cast<unsigned long long>(updates_.load()));
}

void HotRowsTest::FoldFrom(const v1::Snapshot& snapshot, oracle::Fold& fold) {
  const oracle::StreamOptions options = {.source = testing::ServiceProcess::kSource,
                                         .first_sequence = snapshot.first_sequence(),
                                         .until_snapshot_ended = snapshot.id()};
  EXPECT_OK(oracle::FoldStream(service().change_stream(), options, fold));
}

uint64_t HotRowsTest::RowsLeftIncomplete(int snapshots, size_t column) {
  uint64_t incomplete = 0;
  for (int i = 0; i < snapshots && incomplete == 0 && !HasFatalFailure(); ++i) {
    const v1::Snapshot snapshot = Snapshot({Named("hot")});
    oracle::Fold fold({.first_sequence = snapshot.first_sequence(), .engine = engine()});
    FoldFrom(snapshot, fold);
    incomplete = Incomplete(fold, Named("hot"), column);
  }
  return incomplete;
}

void HotRowsTest::ExpectCompletedLater(const v1::Snapshot& snapshot, size_t column) {
  oracle::Fold fold({.first_sequence = snapshot.first_sequence(), .engine = engine()});
  FoldFrom(snapshot, fold);
  const absl::Time deadline = absl::Now() + kFoldTimeout;
  while (Incomplete(fold, Named("hot"), column) > 0 && absl::Now() < deadline) {
    EXPECT_OK(oracle::FoldMore(service().change_stream(), testing::ServiceProcess::kSource,
                               kFoldPoll, fold));
  }
  EXPECT_EQ(Incomplete(fold, Named("hot"), column), 0u) << service().Log();
}

}  // namespace tidemark::fault
