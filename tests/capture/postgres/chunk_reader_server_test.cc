#include <gmock/gmock.h>

#include <set>
#include <thread>

#include "capture/postgres/postgres_chunk_reader.h"
#include "capture/postgres/session.h"
#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

class ChunkReaderTest : public SourceTest {
 protected:
  void Publish() {
    Exec("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true)");
  }

  Chunk ReadChunk(const ChunkRequest& request) {
    auto chunk = chunks_->Read(request, {});
    EXPECT_OK(chunk);
    return chunk.ok() ? *std::move(chunk) : Chunk{};
  }

  static std::vector<v1::Change> Rows(const Chunk& chunk) {
    v1::SubscribeResponse response;
    EXPECT_TRUE(
        response.ParseFromArray(chunk.frames.data(), static_cast<int>(chunk.frames.size())));
    std::vector<v1::Change> rows;
    for (const v1::Event& event : response.events()) rows.push_back(event.change());
    return rows;
  }

  // Every key of the table, chunk after chunk; fails if one comes twice.
  std::multiset<std::string> ReadAll(ChunkRequest request) {
    std::multiset<std::string> keys;
    for (int chunks = 0; chunks < 10000; ++chunks) {
      Chunk chunk = ReadChunk(request);
      for (const v1::Change& row : Rows(chunk)) keys.insert(row.key().SerializeAsString());
      if (chunk.exhausted) return keys;
      request.range.lower = chunk.last_key;
    }
    ADD_FAILURE() << "no end";
    return keys;
  }

  void ExpectEachOnce(const std::multiset<std::string>& keys, size_t count) {
    EXPECT_EQ(keys.size(), count);
    EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), count);
  }

  static model::TransactionRef Transaction(uint64_t xid) {
    return {.number = xid, .domain = 0, .commit = {}};
  }

  std::string Explain(const ChunkRequest& request) {
    SessionFactory sessions(options_);
    auto sql = sessions.OpenSql();
    EXPECT_OK(sql);
    PostgresChunkReader reader(*std::move(sql), options_.publication, false, &registry_);
    auto plan = reader.Explain(request);
    EXPECT_OK(plan);
    return plan.value_or("");
  }
};

TEST_F(ChunkReaderTest, CompositeKeysAreReadOnceEachInChunks) {
  Exec("CREATE TABLE t (b text, a int, v text, PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT 'k' || i % 7, i / 7, 'v' FROM generate_series(0, 9999) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.rows_max = 777;
  ExpectEachOnce(ReadAll(request), 10000);
}

TEST_F(ChunkReaderTest, TextKeysFollowTheServersCollation) {
  Exec("CREATE COLLATION ci (provider = icu, locale = 'und', deterministic = true)");
  Exec("CREATE TABLE t (k text COLLATE ci PRIMARY KEY)");
  Exec(
      "INSERT INTO t VALUES ('a'), ('A'), ('a '), ('ä'), ('Z'), ('z'), (''), ('\t'), ('o''x'), "
      "(E'b\\\\s'), ('_'), ('É')");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.rows_max = 1;
  ExpectEachOnce(ReadAll(request), 12);
}

TEST_F(ChunkReaderTest, ExtensionTypesCompareByTheirOwnOperators) {
  Exec("CREATE EXTENSION citext");
  Exec("CREATE TABLE t (k citext, n int, PRIMARY KEY (k, n))");
  Exec(
      "INSERT INTO t SELECT chr(65 + i % 26 + 32 * (i % 2)) || i / 52, i FROM generate_series(0, "
      "499) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.rows_max = 7;
  ExpectEachOnce(ReadAll(request), 500);
}

TEST_F(ChunkReaderTest, CharAndNumericAndDomainKeysAreNotCutByCasts) {
  Exec("CREATE DOMAIN code AS varchar(10)");
  Exec("CREATE TABLE t (a char(5), b numeric(10, 2), c code, d bit(3), PRIMARY KEY (a, b, c, d))");
  Exec(
      "INSERT INTO t SELECT 'ab' || i % 3, i / 100.0, 'code' || i % 5, (i % 8)::bit(3) FROM "
      "generate_series(1, 300) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.rows_max = 11;
  ExpectEachOnce(ReadAll(request), 300);
}

TEST_F(ChunkReaderTest, PredicateAndRangeBothHold) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  Exec("INSERT INTO t SELECT i, i % 10 FROM generate_series(1, 1000) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.range = {.lower = {"100"}, .upper = {"200"}};
  request.predicate = "v = 3 OR v = 4 -- both";
  EXPECT_EQ(ReadChunk(request).rows.size(), 20u);
}

TEST_F(ChunkReaderTest, PredicateFindsNamesOfTheRolesSearchPath) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  Exec("CREATE FUNCTION odd(i int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT i % 2 = 1'");
  Exec("INSERT INTO t SELECT i, i FROM generate_series(1, 10) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "odd(v)";
  EXPECT_EQ(ReadChunk(request).rows.size(), 5u);
}

TEST_F(ChunkReaderTest, KeyListGivesExactlyThoseRows) {
  Exec("CREATE TABLE t (a int, b text, PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT i, 'x' || i FROM generate_series(1, 1000) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.keys = {{"5", "x5"}, {"6", "x7"}, {"1000", "x1000"}};
  Chunk chunk = ReadChunk(request);
  EXPECT_EQ(chunk.rows.size(), 2u);
  EXPECT_TRUE(chunk.exhausted);
}

TEST_F(ChunkReaderTest, ByteBoundEndsTheChunkAndGoesOnFromItsLastKey) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
  Exec("INSERT INTO t SELECT i, repeat('v', 500) FROM generate_series(1, 20000) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.bytes_max = 300000;
  Chunk first = ReadChunk(request);
  EXPECT_FALSE(first.exhausted);
  EXPECT_LT(first.frames.size(), 302000u);
  EXPECT_GT(first.bound.offset, 0u);
  ExpectEachOnce(ReadAll(request), 20000);
}

TEST_F(ChunkReaderTest, ByteBoundEndsAListOfKeysAndTheRestGoesOn) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v text)");
  Exec(
      "INSERT INTO t SELECT i, repeat('v', CASE WHEN i < 20 THEN 10 ELSE 100000 END) "
      "FROM generate_series(1, 60) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.bytes_max = 250000;
  for (int i = 1; i <= 80; ++i) request.keys.push_back({std::to_string(i)});
  std::multiset<std::string> keys;
  int chunks = 0;
  for (bool more = true; more; ++chunks) {
    Chunk chunk = ReadChunk(request);
    EXPECT_LT(chunk.frames.size(), 360000u);
    EXPECT_GT(chunk.bound.offset, 0u);
    for (const v1::Change& row : Rows(chunk)) keys.insert(row.key().SerializeAsString());
    more = !chunk.exhausted;
    ASSERT_GT(chunk.keys_read, 0u);
    request.keys.erase(request.keys.begin(), request.keys.begin() + chunk.keys_read);
  }
  EXPECT_TRUE(request.keys.empty());
  ExpectEachOnce(keys, 60);
  EXPECT_GT(chunks, 10);
  EXPECT_LT(chunks, 45);
}

TEST_F(ChunkReaderTest, ASparsePredicateLooksAtABoundedNumberOfRows) {
  Exec("CREATE TABLE t (a int, b text, v int, PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT i, 'k', i FROM generate_series(1, 10000) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "v IN (4000, 9999)";
  request.rows_max = 1000;
  request.bytes_max = 100000;
  Chunk first = ReadChunk(request);
  EXPECT_EQ(first.rows.size(), 0u);
  EXPECT_FALSE(first.exhausted);
  EXPECT_EQ(first.last_key, (KeyText{"1000", "k"}));
  EXPECT_EQ(first.rows_scanned, 1000u);
  ExpectEachOnce(ReadAll(request), 2);
  request.range = {.lower = {"8500", "k"}, .upper = {"9200", "k"}};
  EXPECT_TRUE(ReadChunk(request).exhausted);
  // All that is looked at is taken.
  request.range = {};
  request.predicate = "v > 0";
  ExpectEachOnce(ReadAll(request), 10000);
  request.bytes_max = 10000;
  ExpectEachOnce(ReadAll(request), 10000);
  EXPECT_THAT(Explain(request), HasSubstr("Index"));
}

TEST_F(ChunkReaderTest, PlannedRangesCoverEveryKeyOnce) {
  Exec("CREATE TABLE t (a int, b int, v text, PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT i / 10, i % 10, repeat('v', 50) FROM generate_series(0, 49999) i");
  Exec("CREATE TABLE small (id int PRIMARY KEY)");
  Publish();
  OpenChunks();
  ASSERT_OK_AND_ASSIGN(std::vector<KeyRange> ranges, chunks_->PlanRanges(TableOf("t"), 8, {}));
  EXPECT_EQ(ranges.size(), 8u);
  std::multiset<std::string> keys;
  for (const KeyRange& range : ranges) {
    ChunkRequest request;
    request.table = TableOf("t");
    request.range = range;
    std::multiset<std::string> part = ReadAll(request);
    EXPECT_GT(part.size(), 1000u);
    keys.insert(part.begin(), part.end());
  }
  ExpectEachOnce(keys, 50000);
  ASSERT_OK_AND_ASSIGN(ranges, chunks_->PlanRanges(TableOf("small"), 8, {}));
  EXPECT_EQ(ranges.size(), 1u);
}

TEST_F(ChunkReaderTest, PartitionedTableIsReadAndPlannedAsOne) {
  Exec("CREATE TABLE p (id int PRIMARY KEY, v text) PARTITION BY HASH (id)");
  for (int i = 0; i < 4; ++i) {
    Exec(absl::StrCat("CREATE TABLE p", i, " PARTITION OF p FOR VALUES WITH (MODULUS 4, REMAINDER ",
                      i, ")"));
  }
  Exec("INSERT INTO p SELECT i, repeat('v', 50) FROM generate_series(1, 30000) i");
  Publish();
  OpenChunks();
  ASSERT_OK_AND_ASSIGN(std::vector<KeyRange> ranges, chunks_->PlanRanges(TableOf("p"), 4, {}));
  EXPECT_EQ(ranges.size(), 4u);
  ChunkRequest request;
  request.table = TableOf("p");
  request.rows_max = 5000;
  ExpectEachOnce(ReadAll(request), 30000);
}

TEST_F(ChunkReaderTest, InheritanceChildrenAreTablesOfTheirOwn) {
  Exec("CREATE TABLE parent (id int PRIMARY KEY)");
  Exec("CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)");
  Exec("INSERT INTO parent VALUES (1); INSERT INTO child VALUES (2)");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("parent");
  EXPECT_EQ(ReadChunk(request).rows.size(), 1u);
}

TEST_F(ChunkReaderTest, ChunksUseTheKeysIndexAndWholeTablesDoNot) {
  Exec("CREATE TABLE t (a int, b int, v text, PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT i, 0, 'v' FROM generate_series(1, 1000000) i; ANALYZE t");
  Publish();
  ChunkRequest request;
  request.table = TableOf("t");
  EXPECT_THAT(Explain(request), HasSubstr("Seq Scan"));
  request.range.lower = {"500000", "0"};
  request.rows_max = 10000;
  EXPECT_THAT(Explain(request), ::testing::AllOf(HasSubstr("Index Scan using t_pkey"),
                                                 Not(HasSubstr("Sort")), HasSubstr("Index Cond")));
  request.range.upper = {"600000", "0"};
  EXPECT_THAT(Explain(request), HasSubstr("Index Scan using t_pkey"));
  request = {};
  request.table = TableOf("t");
  request.keys = {{"1", "0"}, {"77", "0"}};
  EXPECT_THAT(Explain(request), HasSubstr("t_pkey"));
}

TEST_F(ChunkReaderTest, SettleWaitsForACommitThatIsNotVisibleYet) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1)");
  Publish();
  OpenLog();
  OpenChunks();
  ASSERT_OK(Server().Exec("ALTER SYSTEM SET synchronous_standby_names = 'nosuch'"));
  ASSERT_OK(Server().Exec("SELECT pg_reload_conf()"));
  std::this_thread::sleep_for(milliseconds(200));
  ASSERT_OK_AND_ASSIGN(auto writer, Server().Connect(database_));
  ASSERT_OK(writer->Send("UPDATE t SET v = 2"));
  Delivered delivered = ReadChanges(1);
  ASSERT_EQ(delivered.changes.size(), 1u);
  const model::TransactionRef merged{
      .number = delivered.changes[0].transaction_id(), .domain = 0, .commit = delivered.frontier};
  std::vector<std::string> reports;
  std::atomic<bool> released = false;
  std::thread releasing([&] {
    std::this_thread::sleep_for(milliseconds(1200));
    released = true;
    EXPECT_OK(Server().Exec("ALTER SYSTEM RESET synchronous_standby_names"));
    EXPECT_OK(Server().Exec("SELECT pg_reload_conf()"));
  });
  auto view =
      chunks_->Settle({&merged, 1}, [&](const std::string& r) { reports.push_back(r); }, {});
  EXPECT_TRUE(released);
  releasing.join();
  ASSERT_OK(view);
  EXPECT_TRUE((*view)->Contains(merged));
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_THAT(reports[0], HasSubstr(std::to_string(merged.number)));
  EXPECT_EQ(reports[1], "");
  EXPECT_OK(writer->Finish());
}

TEST_F(ChunkReaderTest, SettleEndsWhenStopped) {
  Publish();
  OpenChunks();
  const model::TransactionRef future =
      Transaction(std::stoull(Value("SELECT pg_snapshot_xmax(pg_current_snapshot())")) + 100);
  std::stop_source stop;
  std::thread stopping([&] {
    std::this_thread::sleep_for(milliseconds(100));
    stop.request_stop();
  });
  EXPECT_EQ(chunks_->Settle({&future, 1}, nullptr, stop.get_token()).status().code(),
            absl::StatusCode::kCancelled);
  stopping.join();
}

TEST_F(ChunkReaderTest, ViewHoldsWhatTheSelectSawAndTheBoundCoversIt) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  Publish();
  OpenChunks();
  const uint64_t before =
      std::stoull(Value("INSERT INTO t VALUES (1) RETURNING pg_current_xact_id()::text"));
  ASSERT_OK_AND_ASSIGN(auto open, Server().Connect(database_));
  ASSERT_OK(open->Exec("BEGIN; INSERT INTO t VALUES (2)"));
  ASSERT_OK_AND_ASSIGN(std::string running, open->QueryValue("SELECT pg_current_xact_id()::text"));
  ChunkRequest request;
  request.table = TableOf("t");
  Chunk chunk = ReadChunk(request);
  EXPECT_EQ(chunk.rows.size(), 1u);
  EXPECT_TRUE(chunk.view->Contains(Transaction(before)));
  EXPECT_FALSE(chunk.view->Contains(Transaction(std::stoull(running))));
  EXPECT_GE(Value("SELECT pg_current_wal_insert_lsn() >= '" + model::ToString(chunk.bound) + "'"),
            "t");
  // Each chunk has a view of its own.
  ASSERT_OK(open->Exec("COMMIT"));
  chunk = ReadChunk(request);
  EXPECT_EQ(chunk.rows.size(), 2u);
  EXPECT_TRUE(chunk.view->Contains(Transaction(std::stoull(running))));
}

TEST_F(ChunkReaderTest, TableThatIsRenamedOrDroppedSaysSo) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  ReadChunk(request);
  Exec("ALTER TABLE t RENAME TO u");
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReadChunk(request).schema->name, "u");
  Exec("DROP TABLE u");
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ChunkReaderTest, RenamedSchemaIsRedoneAndAnUnpublishedTableIsNot) {
  Exec("CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY)");
  Exec("CREATE PUBLICATION tidemark FOR TABLE a.t");
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("a.t");
  ReadChunk(request);
  Exec("ALTER SCHEMA a RENAME TO b");
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReadChunk(request).schema->name_space, "b");
  Exec("ALTER PUBLICATION tidemark DROP TABLE b.t");
  absl::Status status = chunks_->Read(request, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("ALTER PUBLICATION \"tidemark\" ADD TABLE \"b\".\"t\""));
}

TEST_F(ChunkReaderTest, MissingTableOfAPredicateIsTheUsersFault) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Exec("CREATE TABLE other (id int PRIMARY KEY)");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "id NOT IN (SELECT id FROM public.other)";
  EXPECT_EQ(ReadChunk(request).rows.size(), 1u);
  Exec("DROP TABLE other");
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kInvalidArgument);
}

// Between the lock, which keeps the table but not its schema's name, and the SELECT.
TEST_F(ChunkReaderTest, SchemaRenamedUnderTheLockIsRedone) {
  Exec("CREATE SCHEMA a; CREATE TABLE a.t (id int PRIMARY KEY); INSERT INTO a.t VALUES (1)");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("a.t");
  std::jthread renaming([&](std::stop_token stop) {
    auto sql = Server().Connect(database_);
    ASSERT_OK(sql);
    for (bool there = true; !stop.stop_requested(); there = !there) {
      EXPECT_OK((*sql)->Exec(there ? "ALTER SCHEMA a RENAME TO b" : "ALTER SCHEMA b RENAME TO a"));
    }
  });
  for (int i = 0; i < 300; ++i) {
    auto chunk = chunks_->Read(request, {});
    if (chunk.ok()) continue;
    ASSERT_EQ(chunk.status().code(), absl::StatusCode::kAborted) << chunk.status();
  }
}

TEST_F(ChunkReaderTest, InternalErrorOfTheServerIsNotRedone) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Exec(
      "CREATE FUNCTION breaks() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN"
      " RAISE EXCEPTION 'bad' USING ERRCODE = 'XX000'; END $$");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "public.breaks()";
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ChunkReaderTest, KeyBoundsKeepTheColumnsCollationAndNoDomainsChecks) {
  Exec("CREATE DOMAIN word AS text COLLATE \"POSIX\" CHECK (VALUE <> 'm')");
  Exec("CREATE TABLE t (a word COLLATE \"C\", b name COLLATE \"POSIX\", PRIMARY KEY (a, b))");
  Exec("INSERT INTO t SELECT chr(97 + i % 5), 'n' || i FROM generate_series(1, 50) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.rows_max = 7;
  ExpectEachOnce(ReadAll(request), 50);
  request.range = {.lower = {"m", ""}, .upper = {"m", "z"}};
  EXPECT_TRUE(ReadChunk(request).rows.empty());
  request = {};
  request.table = TableOf("t");
  request.keys = {{"a", "n5"}};
  EXPECT_EQ(ReadChunk(request).rows.size(), 1u);
}

TEST_F(ChunkReaderTest, TransactionTimeoutOfTheRoleDoesNotEndOurs) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Publish();
  if (Value("SELECT current_setting('server_version_num')::int >= 170000") == "t") {
    Exec("ALTER DATABASE " + database_ + " SET transaction_timeout = '100ms'");
  }
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "pg_sleep(0.5) IS NOT NULL";
  EXPECT_EQ(ReadChunk(request).rows.size(), 1u);
}

TEST_F(ChunkReaderTest, RewritingAlterCannotComeBetweenSnapshotAndRead) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  Exec("INSERT INTO t SELECT i, i FROM generate_series(1, 1000) i");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  std::jthread altering([&](std::stop_token stop) {
    auto sql = Server().Connect(database_);
    ASSERT_OK(sql);
    for (bool big = true; !stop.stop_requested(); big = !big) {
      EXPECT_OK((*sql)->Exec(absl::StrCat("ALTER TABLE t ALTER v TYPE ", big ? "bigint" : "int")));
    }
  });
  for (int i = 0; i < 200; ++i) ASSERT_EQ(ReadChunk(request).rows.size(), 1000u);
}

TEST_F(ChunkReaderTest, MarksTellARewriteInPlaceFromWhatChangesNoValue) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  Exec("CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000)");
  Publish();
  OpenChunks();
  for (const std::string name : {"t", "p"}) {
    Exec(absl::StrCat("INSERT INTO ", name, " SELECT i, i FROM generate_series(1, 10) i"));
    ChunkRequest request;
    request.table = TableOf(name);
    // True if the statement makes earlier chunks stale.
    auto rewrites = [&](const std::string& statement) {
      Chunk before = ReadChunk(request);
      Exec(absl::StrCat("ALTER TABLE ", name, " ", statement));
      Chunk after = ReadChunk(request);
      return RowsRewritten({before.schema, before.marks}, {after.schema, after.marks});
    };
    EXPECT_TRUE(rewrites("ALTER v TYPE int USING v + 1"));
    EXPECT_TRUE(rewrites("DROP v, ADD v int"));
    EXPECT_TRUE(rewrites("DROP v, ADD v int DEFAULT 7"));
    EXPECT_FALSE(rewrites("ALTER v SET NOT NULL"));
    EXPECT_FALSE(rewrites("ADD w int"));
    EXPECT_FALSE(rewrites("DROP w"));
    // A default that was never written to the rows is written now.
    Exec("VACUUM FULL " + name);
    Chunk filled = ReadChunk(request);
    Exec("VACUUM FULL " + name);
    Exec("VACUUM FULL pg_attribute");
    Chunk after = ReadChunk(request);
    EXPECT_NE(filled.marks.storage, after.marks.storage);
    EXPECT_FALSE(RowsRewritten({filled.schema, filled.marks}, {after.schema, after.marks}));
    EXPECT_EQ(after.marks, ReadChunk(request).marks);
  }
}

TEST_F(ChunkReaderTest, BoundsAndKeysThatAreNoKeysAnyMoreSaySo) {
  Exec("CREATE TYPE mood AS ENUM ('bad', 'fine', 'good')");
  Exec("CREATE TABLE t (m mood, id int, PRIMARY KEY (m, id))");
  Exec(
      "INSERT INTO t SELECT m, i FROM unnest('{bad,fine,good}'::mood[]) m, generate_series(1, 9) "
      "i");
  Publish();
  OpenChunks();
  ChunkRequest range;
  range.table = TableOf("t");
  range.range = {.lower = {"fine", "3"}, .upper = {}};
  range.rows_max = 100;
  ChunkRequest keys;
  keys.table = range.table;
  keys.keys = {{"good", "1"}, {"fine", "1"}};
  EXPECT_EQ(ReadChunk(range).rows.size(), 15u);
  Chunk before = ReadChunk(keys);
  EXPECT_EQ(before.rows.size(), 2u);
  Exec("ALTER TYPE mood RENAME VALUE 'fine' TO 'well'");
  EXPECT_EQ(chunks_->Read(range, {}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(chunks_->Read(keys, {}).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(source().Validate(keys, {}).code(), absl::StatusCode::kInvalidArgument);
  range.range.lower = {"well", "3"};
  Chunk after = ReadChunk(range);
  EXPECT_EQ(after.rows.size(), 15u);
  EXPECT_TRUE(RowsRewritten({before.schema, before.marks}, {after.schema, after.marks}));
  // Not a bound's fault.
  range.predicate = "1 / (id - id) = 1";
  EXPECT_EQ(chunks_->Read(range, {}).status().code(), absl::StatusCode::kInvalidArgument);
  range.predicate = "";
  Exec("ALTER TABLE t DROP CONSTRAINT t_pkey, ADD COLUMN n serial PRIMARY KEY");
  EXPECT_EQ(chunks_->Read(range, {}).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(ChunkReaderTest, StopCancelsALongRead) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2)");
  Publish();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "pg_sleep(30) IS NOT NULL";
  std::stop_source stop;
  std::thread stopping([&] {
    std::this_thread::sleep_for(milliseconds(200));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(chunks_->Read(request, stop.get_token()).status().code(), absl::StatusCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  stopping.join();
  request.predicate = "";
  EXPECT_EQ(ReadChunk(request).rows.size(), 2u);
}

}  // namespace
}  // namespace tidemark::capture::postgres
