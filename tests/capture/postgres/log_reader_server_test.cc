#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "capture/postgres/resume_token.h"
#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class LogReaderTest : public SourceTest {
 protected:
  std::string ConfirmedFlush() {
    return Value(
        absl::StrCat("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '",
                     options_.slot, "'"));
  }
  void SetStandbyNames(const std::string& names) {
    ASSERT_OK(Server().Exec("ALTER SYSTEM SET synchronous_standby_names = '" + names + "'"));
    ASSERT_OK(Server().Exec("SELECT pg_reload_conf()"));
    std::this_thread::sleep_for(milliseconds(300));
  }
  // Of the sessions that begin from now on.
  void SetSenderTimeout(const std::string& timeout) {
    ASSERT_OK(Server().Exec("ALTER SYSTEM SET wal_sender_timeout = '" + timeout + "'"));
    ASSERT_OK(Server().Exec("SELECT pg_reload_conf()"));
    EXPECT_TRUE(AwaitValue("SHOW wal_sender_timeout", timeout));
  }
  // The walsender has not given up, and goes on.
  void ExpectSameSession() {
    Exec("CREATE TABLE last (id int PRIMARY KEY); INSERT INTO last VALUES (1)");
    ReadUntil([](const Delivered& d) {
      return !d.schemas.empty() && d.schemas.back().name() == "last";
    });
  }
  // Sessions that wait for the transaction of `session` to end.
  static std::string WaitsFor(const testing::SqlConnection& session) {
    return absl::StrCat(
        "SELECT count(*) FROM pg_locks w JOIN pg_locks h USING (locktype, transactionid)"
        " WHERE locktype = 'transactionid' AND NOT w.granted AND h.granted AND h.pid = ",
        session.backend_pid());
  }
  bool AwaitValue(const std::string& sql, const std::string& wanted) {
    return AwaitValueOn(*sql_, sql, wanted);
  }
  static bool AwaitValueOn(testing::SqlConnection& session, const std::string& sql,
                           const std::string& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      if (session.QueryValue(sql).value_or("") == wanted) return true;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return false;
  }
  std::string EmitArguments() {
    return Value(
        "SELECT pg_get_function_identity_arguments(oid) FROM pg_proc WHERE proname ="
        " 'pg_logical_emit_message' AND proargtypes[2] = 'text'::regtype");
  }
  absl::Status OpenStatus(const std::string& resume = "") {
    return source().OpenLog({.token = resume}, &registry_, {}).status();
  }
};

TEST_F(LogReaderTest, CreatesPublicationAndSlotAndDeliversEveryKindOfChange) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
  OpenLog();
  Exec("INSERT INTO t VALUES (1, 'a')");
  Exec("UPDATE t SET v = 'b' WHERE id = 1");
  Exec("UPDATE t SET id = 2 WHERE id = 1");
  Exec("DELETE FROM t WHERE id = 2");
  Exec("TRUNCATE t");
  Delivered delivered = ReadChanges(6);
  std::vector<v1::Op> ops;
  for (const v1::Change& change : delivered.changes) ops.push_back(change.op());
  EXPECT_THAT(ops, ::testing::ElementsAre(v1::OP_CREATE, v1::OP_UPDATE, v1::OP_DELETE,
                                          v1::OP_CREATE, v1::OP_DELETE, v1::OP_TRUNCATE));
  EXPECT_EQ(delivered.changes[3].key().values(0).integer(), 2);
  ASSERT_EQ(delivered.schemas.size(), 1u);
  EXPECT_EQ(delivered.schemas[0].table_id(), TableOf("t"));
}

TEST_F(LogReaderTest, UnchangedToastIsUnavailable) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, n int, big text)");
  Exec("ALTER TABLE t ALTER big SET STORAGE EXTERNAL");
  OpenLog();
  Exec("INSERT INTO t VALUES (1, 1, repeat('x', 100000))");
  Exec("UPDATE t SET n = 2");
  Delivered delivered = ReadChanges(2);
  EXPECT_EQ(delivered.changes[0].after().values(2).text().size(), 100000u);
  EXPECT_TRUE(delivered.changes[1].after().values(2).unavailable());
  EXPECT_TRUE(delivered.events.back().partial || delivered.events[2].partial ||
              delivered.events[3].partial);
}

TEST_F(LogReaderTest, PartitionsComeUnderTheirRoot) {
  Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Exec("CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
  OpenLog();
  Exec("INSERT INTO p VALUES (1), (11)");
  Delivered delivered = ReadChanges(2);
  ASSERT_EQ(delivered.schemas.size(), 1u);
  EXPECT_EQ(delivered.schemas[0].table_id(), TableOf("p"));
  EXPECT_EQ(delivered.schemas[0].name(), "p");
}

TEST_F(LogReaderTest, PartitionWithAnotherReplicaIdentityEndsTheLog) {
  Exec("CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Exec("ALTER TABLE p REPLICA IDENTITY FULL");
  OpenLog();
  Exec("INSERT INTO p VALUES (1, 1); UPDATE p SET v = 2");
  absl::Status status = FirstError();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ALTER TABLE public.p1 REPLICA IDENTITY FULL"));
}

TEST_F(LogReaderTest, PartitionWhoseReplicaIdentityChangesEndsTheLog) {
  Exec("CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Exec("ALTER TABLE p REPLICA IDENTITY FULL; ALTER TABLE p1 REPLICA IDENTITY FULL");
  OpenLog();
  Exec("INSERT INTO p VALUES (1, 1); UPDATE p SET v = 2");
  Delivered delivered = ReadChanges(2);
  EXPECT_EQ(delivered.changes[1].before().values(1).integer(), 1);
  Exec("ALTER TABLE p1 REPLICA IDENTITY DEFAULT");
  Exec("UPDATE p SET v = 3; DELETE FROM p");
  absl::Status status = FirstError();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ALTER TABLE public.p1 REPLICA IDENTITY FULL"));
}

TEST_F(LogReaderTest, CompositeThatIsAlteredComesThroughAndIsDescribedAnew) {
  Exec("CREATE TYPE pair AS (a int, b text)");
  Exec("CREATE TABLE t (id int PRIMARY KEY, p pair)");
  OpenLog();
  Exec("INSERT INTO t VALUES (1, ROW(1, 'one'))");
  Delivered before = ReadChanges(1);
  EXPECT_EQ(before.changes[0].after().values(1).composite().fields_size(), 2);
  Exec("ALTER TYPE pair ADD ATTRIBUTE c int");
  Exec("INSERT INTO t VALUES (2, ROW(2, 'two', 22))");
  Delivered after = ReadChanges(1);
  ASSERT_EQ(after.schemas.size(), 1u);
  EXPECT_NE(after.schemas[0].id(), before.schemas[0].id());
  const v1::Composite& composite = after.changes[0].after().values(1).composite();
  ASSERT_EQ(composite.fields_size(), 3);
  EXPECT_EQ(composite.fields(2).integer(), 22);
  // What a chunk reads has the same version.
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  ASSERT_OK_AND_ASSIGN(Chunk chunk, chunks_->Read(request, {}));
  EXPECT_EQ(chunk.schema->id, after.schemas[0].id());
}

TEST_F(LogReaderTest, CompositeFromBeforeItsTypeWasAlteredIsTheServersText) {
  Exec("CREATE TYPE pair AS (a int, b text)");
  Exec("CREATE TABLE t (id int PRIMARY KEY, p pair)");
  OpenLog();
  // Both are written before either is read.
  Exec("INSERT INTO t VALUES (1, ROW(1, 'one'))");
  Exec("ALTER TYPE pair ADD ATTRIBUTE c int");
  Exec("INSERT INTO t VALUES (2, ROW(2, 'two', 22))");
  Delivered delivered = ReadChanges(2);
  EXPECT_EQ(delivered.changes[0].after().values(1).server_text(), "(1,one)");
  EXPECT_EQ(delivered.changes[1].after().values(1).composite().fields_size(), 3);
}

TEST_F(LogReaderTest, CompositeThatAChunkFoundAlteredIsDescribedAnewBeforeItMisfits) {
  Exec("CREATE TYPE pair AS (a int, b text)");
  Exec("CREATE TABLE t (id int PRIMARY KEY, p pair)");
  OpenLog();
  Exec("INSERT INTO t VALUES (1, ROW(1, 'one'))");
  ReadChanges(1);
  Exec("ALTER TYPE pair RENAME ATTRIBUTE b TO word");
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  ASSERT_OK_AND_ASSIGN(Chunk chunk, chunks_->Read(request, {}));
  Exec("INSERT INTO t VALUES (2, ROW(2, 'two'))");
  Delivered after = ReadChanges(1);
  ASSERT_EQ(after.schemas.size(), 1u);
  EXPECT_EQ(after.schemas[0].id(), chunk.schema->id);
  EXPECT_EQ(after.schemas[0].columns(1).type().fields(1).name(), "word");
}

TEST_F(LogReaderTest, SynchronousStandbyIsRefusedAtOpeningAndLater) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  SetStandbyNames("*");
  absl::Status status = FirstError();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("synchronous_standby_names"));
  log_.reset();
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  SetStandbyNames("ANY 1 (other, \"Tidemark\")");
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  SetStandbyNames("nosuch");
  EXPECT_OK(OpenStatus());
}

// The log has its commit, which waits for a standby and is not seen yet.
TEST_F(LogReaderTest, AlteredTableIsDescribedAsItsTransactionLeftIt) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  OpenLog();
  Exec("INSERT INTO t VALUES (1, 1)");
  ReadChanges(1);
  ASSERT_OK_AND_ASSIGN(auto writer, Server().Connect(database_));
  SetStandbyNames("nosuch");
  ASSERT_OK(
      writer->Send("BEGIN; ALTER TABLE t ALTER v SET NOT NULL, ADD w int NOT NULL DEFAULT 7;"
                   " INSERT INTO t VALUES (2, 2); COMMIT"));
  ASSERT_TRUE(
      AwaitValue("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1"));
  std::jthread releasing([&] {
    std::this_thread::sleep_for(milliseconds(300));
    SetStandbyNames("");
  });
  const Delivered delivered = ReadChanges(1);
  releasing.join();
  EXPECT_OK(writer->Finish());
  ASSERT_EQ(delivered.schemas.size(), 1u);
  const v1::TableSchema& schema = delivered.schemas[0];
  EXPECT_TRUE(schema.catalog_current());
  EXPECT_FALSE(schema.columns(1).nullable());
  EXPECT_FALSE(schema.columns(2).nullable());
  EXPECT_EQ(schema.columns(2).default_expression(), "7");
}

// T1 starts after the slot's first running-transactions record and holds the slot up; T2 commits
// before the slot is consistent, so that the log does not name it, and is not visible yet.
TEST_F(LogReaderTest, NewSlotWaitsForCommitsThatTheLogDoesNotNameAndNobodySeesYet) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  ASSERT_OK_AND_ASSIGN(auto t0, Server().Connect(database_));
  ASSERT_OK_AND_ASSIGN(auto t1, Server().Connect(database_));
  ASSERT_OK_AND_ASSIGN(auto t2, Server().Connect(database_));
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  ASSERT_OK(t0->Exec("BEGIN; INSERT INTO t VALUES (1)"));
  std::atomic<bool> opened = false;
  std::jthread opening([&] {
    OpenLog();
    opened = true;
  });
  ASSERT_TRUE(AwaitValue(WaitsFor(*t0), "1"));
  ASSERT_OK(t1->Exec("BEGIN; INSERT INTO t VALUES (2)"));
  ASSERT_OK(t0->Exec("ROLLBACK"));
  ASSERT_TRUE(AwaitValue(WaitsFor(*t1), "1"));
  SetStandbyNames("nosuch");
  ASSERT_OK(t2->Send("INSERT INTO t VALUES (3)"));
  ASSERT_TRUE(
      AwaitValue("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", "1"));
  ASSERT_OK(t1->Exec("ROLLBACK"));
  std::this_thread::sleep_for(milliseconds(1500));
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + options_.slot +
                  "' AND confirmed_flush_lsn IS NOT NULL"),
            "1");
  EXPECT_FALSE(opened);
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "0");
  SetStandbyNames("");
  opening.join();
  EXPECT_OK(t2->Finish());
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "1");
}

TEST_F(LogReaderTest, StopWhileTheSlotIsMadeLeavesNone) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION tidemark FOR ALL TABLES");
  ASSERT_OK_AND_ASSIGN(auto writer, Server().Connect(database_));
  ASSERT_OK(writer->Exec("BEGIN; INSERT INTO t VALUES (1)"));
  std::stop_source stop;
  absl::Status opened;
  std::jthread opening(
      [&] { opened = source().OpenLog({}, &registry_, stop.get_token()).status(); });
  ASSERT_TRUE(AwaitValue(WaitsFor(*writer), "1"));
  const auto start = std::chrono::steady_clock::now();
  stop.request_stop();
  opening.join();
  EXPECT_EQ(opened.code(), absl::StatusCode::kCancelled) << opened;
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1000));
  EXPECT_TRUE(AwaitValue(WaitsFor(*writer), "0"));
  EXPECT_TRUE(AwaitValue(
      "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" + options_.slot + "'", "0"));
}

TEST_F(LogReaderTest, RevokedLogicalMessagesEndTheLogWithTheGrant) {
  const std::string role = "emit_" + database_;
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  Exec("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_logical_emit_message(" + EmitArguments() +
       ") FROM PUBLIC");
  Exec("CREATE ROLE " + role + " LOGIN REPLICATION");
  options_.connection = Server().ConnectionString(database_, role);
  bool told = false;
  for (const Problem& problem : source().Check({}).problems) {
    told = told || problem.remedy.find("GRANT EXECUTE ON FUNCTION pg_log") != std::string::npos;
  }
  EXPECT_TRUE(told);
  OpenLog();
  log_->RequestFrontier({.file = 0, .offset = UINT64_MAX / 2});
  absl::Status status = FirstError();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  const size_t at = status.message().find("GRANT EXECUTE");
  ASSERT_NE(at, std::string::npos) << status;
  Exec(std::string(status.message().substr(at)));
  OpenLog();
  log_->RequestFrontier({.file = 0, .offset = UINT64_MAX / 2});
  EXPECT_OK(log_->Read(1 << 20, milliseconds(500)));
  log_.reset();
  Exec("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(LogReaderTest, FirstBatchCanBeResumedEvenWithoutEvents) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  Exec("INSERT INTO t VALUES (1)");
  OpenLog(batch.resume);
  EXPECT_EQ(ReadChanges(1).changes.size(), 1u);
}

TEST_F(LogReaderTest, ResumeNeitherLosesNorRepeatsAlsoInsideABigTransaction) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
  OpenLog();
  Exec("INSERT INTO t SELECT i, repeat('v', 50) FROM generate_series(1, 20000) i");
  Exec("INSERT INTO t VALUES (20001, 'last')");
  std::vector<int64_t> ids;
  std::string resume;
  size_t restarts_inside = 0;
  while (ids.size() < 20001) {
    Delivered part = ReadUntil([](const Delivered& d) { return !d.changes.empty(); }, 100000);
    ASSERT_FALSE(part.changes.empty());
    for (const v1::Change& change : part.changes) ids.push_back(change.key().values(0).integer());
    resume = part.resume;
    if (part.mid_transaction && ++restarts_inside <= 5) OpenLog(resume);
  }
  EXPECT_GE(restarts_inside, 5u);
  ASSERT_EQ(ids.size(), 20001u);
  for (size_t i = 0; i < ids.size(); ++i) ASSERT_EQ(ids[i], static_cast<int64_t>(i + 1));
}

TEST_F(LogReaderTest, ServerForgetsOnlyWhatWasAcknowledged) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  const std::string before = ConfirmedFlush();
  Exec("INSERT INTO t VALUES (1)");
  Delivered delivered = ReadChanges(1);
  (void)log_->Read(1 << 20, milliseconds(300));
  EXPECT_EQ(ConfirmedFlush(), before);
  log_->Acknowledge(delivered.frontier);
  (void)log_->Read(1 << 20, milliseconds(300));
  (void)log_->Read(1 << 20, milliseconds(300));
  EXPECT_EQ(ConfirmedFlush(), model::ToString(delivered.frontier));
}

TEST_F(LogReaderTest, FrontierReachesAnIdleServersEndWithin200Milliseconds) {
  constexpr int kRounds = 10;
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  std::vector<double> took_ms;
  for (int round = 0; round < kRounds; ++round) {
    // Written in other databases, or not flushed: nothing the slot would send by itself.
    Exec(
        "SET synchronous_commit = off; CREATE TEMP TABLE x (i int); INSERT INTO x VALUES (1); DROP "
        "TABLE x");
    const std::string lsn = Value("SELECT (pg_current_wal_insert_lsn() - '0/0')::text");
    const model::Position wanted{.file = 0, .offset = std::stoull(lsn)};
    const auto start = std::chrono::steady_clock::now();
    log_->RequestFrontier(wanted);
    Delivered delivered = ReadUntil([&](const Delivered& d) { return d.frontier >= wanted; });
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    took_ms.push_back(took.count());
    EXPECT_TRUE(delivered.changes.empty());
  }
  // The middle one: a machine that other tests share may hold a single round up.
  std::nth_element(took_ms.begin(), took_ms.begin() + kRounds / 2, took_ms.end());
  EXPECT_LT(took_ms[kRounds / 2], 200);
}

TEST_F(LogReaderTest, RequestEndsAWaitThatRuns) {
  OpenLog();
  const std::string lsn = Value("SELECT (pg_current_wal_insert_lsn() - '0/0')::text");
  const model::Position wanted{.file = 0, .offset = std::stoull(lsn) + 1};
  std::thread asking([&] {
    std::this_thread::sleep_for(milliseconds(100));
    log_->RequestFrontier(wanted);
  });
  const auto start = std::chrono::steady_clock::now();
  ReadUntil([&](const Delivered& d) { return d.frontier >= wanted; });
  asking.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1000));
}

// For each of the tables the commit is waited for, seconds long: nobody sees it.
TEST_F(LogReaderTest, ConnectionStaysAliveWhileACommitIsWaitedFor) {
  SetSenderTimeout("1s");
  Exec("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE u (id int PRIMARY KEY)");
  OpenLog();
  ReadUntil([](const Delivered&) { return true; });
  ASSERT_OK_AND_ASSIGN(auto writer, Server().Connect(database_));
  SetStandbyNames("nosuch");
  ASSERT_OK(writer->Send("BEGIN; INSERT INTO t VALUES (1); INSERT INTO u VALUES (1); COMMIT"));
  const auto start = std::chrono::steady_clock::now();
  ReadChanges(2);
  EXPECT_GT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  SetStandbyNames("");
  EXPECT_OK(writer->Finish());
  ExpectSameSession();
}

TEST_F(LogReaderTest, ConnectionStaysAliveWhileTheCatalogIsWaitedFor) {
  SetSenderTimeout("1s");
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  ReadUntil([](const Delivered&) { return true; });
  ASSERT_OK_AND_ASSIGN(auto holder, Server().Connect(database_));
  ASSERT_OK(holder->Exec("BEGIN; LOCK TABLE pg_attrdef IN ACCESS EXCLUSIVE MODE"));
  Exec("INSERT INTO t VALUES (1)");
  std::jthread releasing([&] {
    EXPECT_TRUE(AwaitValueOn(*holder, "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND"
                                      " relation = 'pg_attrdef'::regclass AND"
                                      " waitstart < clock_timestamp() - interval '2500 ms'",
                             "t"));
    EXPECT_OK(holder->Exec("ROLLBACK"));
  });
  ReadChanges(1);
  ExpectSameSession();
}

TEST_F(LogReaderTest, ConnectionStaysAliveWhileNobodyReads) {
  SetSenderTimeout("1s");
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  for (int i = 0; i < 8; ++i) {
    std::this_thread::sleep_for(milliseconds(400));
    ASSERT_OK(log_->KeepAlive());
  }
  Exec("INSERT INTO t VALUES (1)");
  EXPECT_EQ(ReadChanges(1).changes.size(), 1u);
}

TEST_F(LogReaderTest, SlotIsFreeOnceTheReaderIsGone) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  Exec("INSERT INTO t SELECT generate_series(1, 300000)");
  ASSERT_OK(log_->Read(1000, milliseconds(1000)));
  const auto start = std::chrono::steady_clock::now();
  log_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(1500));
  EXPECT_EQ(
      Value("SELECT active FROM pg_replication_slots WHERE slot_name = '" + options_.slot + "'"),
      "f");
}

TEST_F(LogReaderTest, SecondReaderIsToldWhoHoldsTheSlot) {
  OpenLog();
  absl::Status second = OpenStatus();
  EXPECT_EQ(second.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.message()), HasSubstr("in use by pid "));
  EXPECT_THAT(std::string(second.message()), HasSubstr("127.0.0.1"));
}

TEST_F(LogReaderTest, MissingSlotIsNeverReplacedSilently) {
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  Exec("SELECT pg_drop_replication_slot('" + options_.slot + "')");
  absl::Status status = OpenStatus(batch.resume);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is gone"));
}

TEST_F(LogReaderTest, SlotThatAnotherClientMovedOnIsRefused) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  Exec("INSERT INTO t VALUES (1)");
  Exec("SELECT pg_replication_slot_advance('" + options_.slot + "', pg_current_wal_lsn())");
  absl::Status status = OpenStatus(batch.resume);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("moved on"));
}

TEST_F(LogReaderTest, SlotThatLostItsLogIsRefused) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  ASSERT_OK(Server().Exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'"));
  ASSERT_OK(Server().Exec("SELECT pg_reload_conf()"));
  for (int i = 0; i < 6; ++i)
    Exec("INSERT INTO t VALUES (" + std::to_string(i) + "); SELECT pg_switch_wal()");
  Exec("CHECKPOINT");
  absl::Status status = OpenStatus(batch.resume);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("has lost its log"));
}

TEST_F(LogReaderTest, SlotOfAnotherPluginIsRefused) {
  Exec("SELECT pg_create_physical_replication_slot('" + options_.slot + "')");
  absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogReaderTest, AnotherClusterIsRefused) {
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  ASSERT_OK_AND_ASSIGN(ResumeToken token, ResumeToken::Decode(batch.resume));
  token.system_id = "7000000000000000001";
  absl::Status status = OpenStatus(token.Encode());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("another cluster"));
}

// Restored from a backup, or a standby that had not received everything.
TEST_F(LogReaderTest, ServerWhoseLogEndsBeforeTheJournalsIsRefused) {
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  ASSERT_OK_AND_ASSIGN(ResumeToken token, ResumeToken::Decode(batch.resume));
  token.lsn += uint64_t{1} << 32;
  const absl::Status status = OpenStatus(token.Encode());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("but the journal has it up to"));
}

TEST_F(LogReaderTest, ServerPromotedBeforeTheJournalsEndIsRefused) {
  auto primary = testing::PostgresServer::Start({.version = Server().version()});
  ASSERT_OK(primary);
  auto standby = testing::PostgresServer::StartStandby(**primary, {});
  ASSERT_OK(standby);
  ASSERT_OK((*standby)->Exec("SELECT pg_promote()"));
  options_.connection = (*standby)->ConnectionString();
  OpenLog();
  ASSERT_OK_AND_ASSIGN(LogBatch batch, log_->Read(1 << 20, milliseconds(0)));
  log_.reset();
  EXPECT_OK(OpenStatus(batch.resume));
  ASSERT_OK_AND_ASSIGN(ResumeToken token, ResumeToken::Decode(batch.resume));
  EXPECT_EQ(token.timeline, 2u);
  token.timeline = 1;
  absl::Status status = OpenStatus(token.Encode());
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("was promoted (timeline 2)"));
  source_.reset();
}

TEST_F(LogReaderTest, DatabaseInSqlAsciiIsRefused) {
  const std::string name = database_ + "_ascii";
  ASSERT_OK(Server().Exec("CREATE DATABASE " + name + " ENCODING 'SQL_ASCII' TEMPLATE template0"));
  options_.connection = Server().ConnectionString(name);
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kFailedPrecondition);
  bool told = false;
  for (const Problem& problem : source().Check({}).problems) {
    told = told || problem.message.find("SQL_ASCII") != std::string::npos;
  }
  EXPECT_TRUE(told);
}

TEST_F(LogReaderTest, SlotForTwoPhaseIsRefused) {
  Exec("SELECT pg_create_logical_replication_slot('" + options_.slot +
       "', 'pgoutput', twophase => true)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("two_phase"));
}

TEST_F(LogReaderTest, WithoutLeaveToCreateItSaysTheSql) {
  options_.create_publication = false;
  absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("CREATE PUBLICATION \"tidemark\" FOR ALL TABLES"));
  source_.reset();
  options_.create_publication = true;
  options_.create_slot = false;
  status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("pg_create_logical_replication_slot"));
}

TEST_F(LogReaderTest, TableMissingFromThePublicationIsNamedWithTheSql) {
  Exec("CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)");
  Exec("CREATE PUBLICATION tidemark FOR TABLE a WITH (publish_via_partition_root = true)");
  options_.tables = {"public.a", "public.b"};
  absl::Status status = OpenStatus();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ALTER PUBLICATION \"tidemark\" ADD TABLE \"public\".\"b\""));
}

TEST_F(LogReaderTest, ServerThatStopsEndsTheLogAsUnavailable) {
  auto server = testing::PostgresServer::Start({});
  ASSERT_OK(server);
  options_.connection = (*server)->ConnectionString();
  OpenLog();
  std::jthread reading([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      auto batch = log_->Read(1 << 20, milliseconds(20));
      if (!batch.ok()) {
        EXPECT_EQ(batch.status().code(), absl::StatusCode::kUnavailable) << batch.status();
        return;
      }
      log_->Acknowledge(batch->frontier);
    }
  });
  const auto start = std::chrono::steady_clock::now();
  ASSERT_OK((*server)->Stop(testing::PostgresServer::StopMode::kFast));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  reading.join();
  log_.reset();
  EXPECT_EQ(OpenStatus().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tidemark::capture::postgres
