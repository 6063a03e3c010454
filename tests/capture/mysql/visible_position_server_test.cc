#include "capture/mysql/visible_position.h"

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "capture/mysql/commit_places.h"
#include "capture/mysql/xa_id.h"
#include "tests/capture/mysql/log_test.h"

namespace tidemark::capture::mysql {
namespace {

using model::Position;
using ::testing::HasSubstr;

constexpr char kXid[] = "X'61ff',X'62',7";

class VisiblePositionTest : public ServerTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(Share());
    ASSERT_OK(server().Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)"));
    Reopen();
  }
  void TearDown() override {
    if (prepared_) Write("XA ROLLBACK ");
  }

  void Reopen() {
    MysqlOptions options;
    options.connection = OptionsFor(server());
    sessions_ = std::make_unique<SessionFactory>(options);
    ASSERT_OK_AND_ASSIGN(session_, sessions_->OpenSql());
    ASSERT_OK_AND_ASSIGN(writer_, Open());
  }
  void Write(const std::string& statement) { ASSERT_OK(writer_->Execute(statement + kXid)); }
  void Prepare() {
    Write("XA START ");
    ASSERT_OK(writer_->Execute("INSERT INTO test.t VALUES (2)"));
    Write("XA END ");
    Write("XA PREPARE ");
    prepared_ = true;
  }
  void CommitPrepared() {
    Write("XA COMMIT ");
    prepared_ = false;
  }
  Position Load() {
    auto place = LoadVisiblePosition(*session_.connection, session_.origin, *sessions_, {});
    EXPECT_OK(place);
    return place.value_or(Position());
  }
  void Step() { ASSERT_OK(proof().Step(*session_.connection, session_.origin, {})); }
  VisibilityProof& proof() {
    if (!proof_) proof_.emplace(sessions_.get());
    return *proof_;
  }
  CommitPlaces& places() { return sessions_->commit_places(); }
  Position Visible() { return places().Visible({}); }
  Position End() {
    auto end = LoadBinlogEnd(*session_.connection, {});
    EXPECT_OK(end);
    return end.ok() ? sessions_->PositionOf(end->file, end->offset) : Position();
  }

  std::unique_ptr<SessionFactory> sessions_;
  SessionFactory::Session session_;
  std::unique_ptr<Connection> writer_;
  std::optional<VisibilityProof> proof_;
  bool prepared_ = false;
};
INSTANTIATE_TEST_SUITE_P(Products, VisiblePositionTest,
                         ::testing::Values(testing::MysqlProduct::kMariaDb10,
                                           testing::MysqlProduct::kMariaDb11),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(VisiblePositionTest, TransactionsBeforeThePlaceAreFoundInASmallFile) {
  ASSERT_NO_FATAL_FAILURE(StartOwn());
  Reopen();
  ASSERT_OK(server().Exec("CREATE TABLE test.t (id int PRIMARY KEY)"));
  EXPECT_EQ(Load(), Position());
  const auto pass = [&] {
    auto end = LoadBinlogEnd(*session_.connection, {});
    ASSERT_OK(end);
    places().Begin();
    ASSERT_OK(PassCommitsBefore(*session_.connection, session_.origin, end->file, end->offset,
                                places(), {}));
  };
  for (const char* statement :
       {"INSERT INTO test.t VALUES (1)", "ALTER TABLE test.t ADD n int",
        "CREATE TABLE test.u ENGINE=InnoDB SELECT 1 AS id", "DROP TABLE test.u"}) {
    ASSERT_OK(server().Exec(statement));
    pass();
    EXPECT_EQ(Load(), End()) << statement;
  }
  ASSERT_OK(server().Exec("FLUSH BINARY LOGS"));
  pass();
  EXPECT_EQ(Load(), Position());
}

TEST_P(VisiblePositionTest, XaCommitCountsOnceItIsNotListedAsPrepared) {
  Prepare();
  ASSERT_FALSE(HasFatalFailure());
  const XaId xid{.format = 7, .gtrid = "a\xff", .bqual = "b"};
  places().Pass({.start = {1, 100}, .end = {1, 200}, .xid = xid.Key()});
  places().Pass({.start = {1, 200}, .end = {1, 300}, .xid = ""});
  EXPECT_EQ(places().Visible({1, 300}), (Position{1, 100}));
  EXPECT_EQ(Load(), (Position{1, 100}));
  CommitPrepared();
  EXPECT_EQ(Load(), (Position{1, 300}));
}

TEST_P(VisiblePositionTest, AllIsVisibleAfterOneMoreCommit) {
  Step();
  const Position end = End();
  EXPECT_EQ(Visible(), Position());
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (3)"));
  Step();
  EXPECT_EQ(Visible(), end);
}

TEST_P(VisiblePositionTest, CommitsProveNothingWhileATransactionIsPrepared) {
  Prepare();
  ASSERT_FALSE(HasFatalFailure());
  Step();
  ASSERT_OK(server().Exec("INSERT INTO t VALUES (3)"));
  Step();
  EXPECT_EQ(Visible(), Position());
  CommitPrepared();
  Step();
  EXPECT_NE(Visible(), Position());
}

TEST_P(VisiblePositionTest, AllIsVisibleOnAServerWithoutCommitsAfterAWhile) {
  const Position end = End();
  const absl::Time start = absl::Now();
  while (Visible() == Position()) {
    Step();
    ASSERT_LT(absl::Now(), start + absl::Seconds(60));
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_EQ(Visible(), end);
  EXPECT_GE(absl::Now() - start, absl::Seconds(3));
}

class MariaDbCommitsTest : public LogTest {};
INSTANTIATE_TEST_SUITE_P(Products, MariaDbCommitsTest,
                         ::testing::Values(testing::MysqlProduct::kMariaDb10,
                                           testing::MysqlProduct::kMariaDb11),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(MariaDbCommitsTest, ServerThatDoesNotCommitInItsGroupsIsRefused) {
  ASSERT_NO_FATAL_FAILURE(
      StartOwn({.settings = {{"binlog_optimize_thread_scheduling", "OFF"}}}));
  MakeSource(server());
  const absl::Status refused = OpenLog();
  EXPECT_TRUE(absl::IsFailedPrecondition(refused)) << refused;
  EXPECT_THAT(refused.message(), HasSubstr("binlog_optimize_thread_scheduling is OFF"));
}

}  // namespace
}  // namespace tidemark::capture::mysql
