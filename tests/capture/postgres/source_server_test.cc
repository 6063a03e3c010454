#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PostgresSourceTest : public SourceTest {
 protected:
  void TearDown() override {
    for (const std::string& role : roles_) {
      (void)sql_->Exec("DROP OWNED BY " + role);
      (void)sql_->Exec("DROP ROLE " + role);
    }
    SourceTest::TearDown();
  }

  // A role of this test, which the source then uses.
  std::string UseRole(const std::string& attributes) {
    std::string role = "role_" + database_;
    Exec("CREATE ROLE " + role + " LOGIN " + attributes);
    roles_.push_back(role);
    options_.connection = Server().ConnectionString(database_, role);
    return role;
  }

  // The problem whose message holds `part`; fails if there is none.
  Problem Find(const CheckResult& result, const std::string& part) {
    for (const Problem& problem : result.problems) {
      if (absl::StrContains(problem.message, part)) return problem;
    }
    ADD_FAILURE() << "no problem with: " << part << "\n" << All(result);
    return {};
  }

  static std::string All(const CheckResult& result) {
    std::string all;
    for (const Problem& problem : result.problems) {
      absl::StrAppend(&all, problem.message, " | ", problem.remedy, "\n");
    }
    return all;
  }

  static size_t Errors(const CheckResult& result) {
    return static_cast<size_t>(
        std::count_if(result.problems.begin(), result.problems.end(),
                      [](const Problem& p) { return p.severity == Problem::Severity::kError; }));
  }

  // The server's only walsender, once its place is free.
  static std::unique_ptr<testing::SqlConnection> TakeSender(testing::PostgresServer& server) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    auto sender = testing::SqlConnection::Open(server.ConnectionString() + " replication=database");
    while (!sender.ok() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      sender = testing::SqlConnection::Open(server.ConnectionString() + " replication=database");
    }
    EXPECT_OK(sender);
    return sender.ok() ? *std::move(sender) : nullptr;
  }

  std::vector<std::string> roles_;
};

TEST_F(PostgresSourceTest, CheckOfAGoodServerFindsNoError) {
  Exec("CREATE TABLE t (id int PRIMARY KEY)");
  CheckResult before = source().Check({});
  EXPECT_EQ(Errors(before), 0u) << All(before);
  EXPECT_THAT(before.server, HasSubstr("PostgreSQL 1"));
  EXPECT_THAT(before.server, HasSubstr("database " + database_));
  OpenLog();
  CheckResult running = source().Check({});
  EXPECT_EQ(Errors(running), 0u) << All(running);
  EXPECT_EQ(source().Server(), running.server);
}

TEST_F(PostgresSourceTest, CheckWarnsOfASlotThatAnotherReaderUses) {
  OpenLog();
  EXPECT_THAT(All(source().Check({})), Not(HasSubstr("is in use")));
  CheckResult other = MakePostgresSource(options_)->Check({});
  EXPECT_EQ(Find(other, "is in use by pid").severity, Problem::Severity::kWarning);
}

TEST_F(PostgresSourceTest, SendersThatAreTakenAreNoProblemIfOneSendsTheLog) {
  ASSERT_OK_AND_ASSIGN(const auto server,
                       testing::PostgresServer::Start({.version = Server().version(),
                                                       .settings = {{"max_wal_senders", "1"}}}));
  options_.connection = server->ConnectionString();
  OpenLog();
  EXPECT_EQ(Errors(source().Check({})), 0u) << All(source().Check({}));
  CheckResult other = MakePostgresSource(options_)->Check({});
  EXPECT_EQ(Errors(other), 0u) << All(other);
  Find(other, "is in use by pid");
  log_.reset();
  const auto sender = TakeSender(*server);
  const CheckResult taken = source().Check({});
  EXPECT_THAT(Find(taken, "all 1 senders (max_wal_senders) are taken").remedy,
              HasSubstr("raise max_wal_senders and restart"));
  EXPECT_EQ(Errors(taken), 1u) << All(taken);
  source_.reset();
}

TEST_F(PostgresSourceTest, SlotsThatAreAllTakenAreToldWithOneRemedy) {
  ASSERT_OK_AND_ASSIGN(
      const auto server,
      testing::PostgresServer::Start(
          {.version = Server().version(), .settings = {{"max_replication_slots", "1"}}}));
  ASSERT_OK(server->Exec("SELECT pg_create_physical_replication_slot('another')"));
  options_.connection = server->ConnectionString();
  const absl::Status status = source().OpenLog({}, &registry_, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(status.message(),
            absl::StrCat("creating slot ", options_.slot,
                         ": the server refused a statement: all replication slots are in use "
                         "(SQLSTATE 53400); raise max_replication_slots and restart the server, or "
                         "drop an unused slot"));
  source_.reset();
}

TEST_F(PostgresSourceTest, CheckListsAllProblemsOfABrokenSetUpAtOnce) {
  const std::string role = UseRole("");
  Exec(
      "CREATE TABLE no_key (id int); CREATE TABLE nothing (id int PRIMARY KEY);"
      "ALTER TABLE nothing REPLICA IDENTITY NOTHING;"
      "CREATE TABLE maybe (id int UNIQUE); ALTER TABLE maybe REPLICA IDENTITY FULL;"
      "CREATE TABLE secret (id int PRIMARY KEY); ALTER TABLE secret ENABLE ROW LEVEL SECURITY;"
      "GRANT SELECT ON secret, no_key, nothing, maybe TO " +
      role +
      ";"
      "CREATE TABLE hidden (id int PRIMARY KEY);"
      "CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "GRANT SELECT ON part TO " +
      role +
      ";"
      "CREATE TABLE gen (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id + 1) STORED);"
      "GRANT SELECT ON gen TO " +
      role +
      ";"
      "CREATE SCHEMA closed; CREATE TABLE closed.t (id int PRIMARY KEY);"
      "GRANT SELECT ON closed.t TO " +
      role +
      ";"
      "CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish = 'insert, update')");
  Exec("SELECT pg_create_physical_replication_slot('" + options_.slot + "')");
  CheckResult result = source().Check({});
  EXPECT_THAT(Find(result, "may not replicate").remedy, HasSubstr("ALTER ROLE " + role));
  EXPECT_THAT(Find(result, "leaves out: delete, truncate").remedy, HasSubstr("ALTER PUBLICATION"));
  EXPECT_THAT(Find(result, "table public.hidden: no SELECT").remedy,
              HasSubstr("GRANT SELECT ON \"public\".\"hidden\""));
  EXPECT_EQ(Find(result, "is not of plugin pgoutput").severity, Problem::Severity::kError);
  EXPECT_EQ(Find(result, "table closed.t: no USAGE").remedy,
            "run: GRANT USAGE ON SCHEMA \"closed\" TO \"" + role + "\"");
  Find(result, "table public.no_key: it has no primary key");
  Find(result, "table public.no_key: no usable key");
  Find(result, "table public.nothing: replica identity is nothing");
  Find(result, "table public.maybe: no usable key: its unique index");
  Find(result, "table public.secret: row-level security");
  EXPECT_EQ(Find(result, "names partitions").severity, Problem::Severity::kWarning);
  EXPECT_EQ(Find(result, "unlogged tables").severity, Problem::Severity::kWarning);
  EXPECT_EQ(Find(result, "table public.gen: generated columns").severity,
            Problem::Severity::kWarning);
  EXPECT_EQ(Find(result, "max_slot_wal_keep_size is -1").severity, Problem::Severity::kWarning);
}

TEST_F(PostgresSourceTest, CheckTellsAtOnceOfTheLevelTheSlotsAndTheSenders) {
  ASSERT_OK_AND_ASSIGN(const auto server,
                       testing::PostgresServer::Start({.version = Server().version(),
                                                       .settings = {{"wal_level", "replica"},
                                                                    {"max_replication_slots", "1"},
                                                                    {"max_wal_senders", "1"}}}));
  options_.connection = server->ConnectionString();
  EXPECT_EQ(Errors(source().Check({})), 1u) << All(source().Check({}));
  ASSERT_OK(server->Exec("SELECT pg_create_physical_replication_slot('another')"));
  const auto sender = TakeSender(*server);
  const CheckResult result = source().Check({});
  EXPECT_THAT(Find(result, "wal_level is replica").remedy,
              HasSubstr("ALTER SYSTEM SET wal_level = logical and restart"));
  EXPECT_THAT(Find(result, "all 1 replication slots are taken").remedy,
              HasSubstr("raise max_replication_slots and restart"));
  EXPECT_THAT(Find(result, "all 1 senders (max_wal_senders) are taken").remedy,
              HasSubstr("raise max_wal_senders and restart"));
  EXPECT_EQ(Errors(result), 3u) << All(result);
  source_.reset();
}

// Then it says too what would be wrong with the tables.
TEST_F(PostgresSourceTest, CheckBeforeThereIsAPublicationLooksAtTheTablesItWouldCarry) {
  const std::string role = UseRole("");
  Exec(
      "CREATE TABLE no_key (id int); CREATE TABLE \"Hid\"\"den\" (id int PRIMARY KEY);"
      "CREATE TABLE part (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE part1 PARTITION OF part FOR VALUES FROM (0) TO (9)");
  CheckResult result = source().Check({});
  Find(result, "publication tidemark does not exist and this role may not create it");
  Find(result, "table public.no_key: no usable key");
  Find(result, "table public.part: no SELECT");
  EXPECT_THAT(Find(result, "table public.Hid\"den: no SELECT").remedy,
              HasSubstr("GRANT SELECT ON \"public\".\"Hid\"\"den\" TO \"" + role + "\""));
  EXPECT_THAT(All(result), Not(HasSubstr("part1")));
  Exec("CREATE VIEW view AS SELECT 1");
  options_.tables = {"Hid\"den", "part1", "typo", "public.view"};
  result = MakePostgresSource(options_)->Check({});
  Find(result, "table public.Hid\"den: no SELECT");
  Find(result, "table public.part1: no SELECT");
  Find(result, "table typo does not exist");
  Find(result, "public.view is no ordinary table");
  EXPECT_THAT(All(result), Not(HasSubstr("no_key")));
}

TEST_F(PostgresSourceTest, CheckTellsOfASchemaThatTheRoleMayNotUse) {
  UseRole("REPLICATION");
  Exec("CREATE SCHEMA closed; CREATE TABLE closed.t (id int PRIMARY KEY)");
  options_.tables = {"closed.t", "closed.typo"};
  auto check = [this] { return MakePostgresSource(options_)->Check({}); };
  CheckResult result = check();
  Find(result, "table closed.t: no USAGE");
  Find(result, "table closed.typo does not exist");
  EXPECT_THAT(All(result), Not(HasSubstr("cannot examine")));
  Exec("CREATE PUBLICATION tidemark FOR TABLE closed.t");
  result = check();
  Find(result, "table closed.t: no USAGE");
  Find(result, "closed.typo");
  EXPECT_THAT(All(result), Not(HasSubstr("cannot examine")));
}

TEST_F(PostgresSourceTest, CheckTellsOfATableThatOnlyItsOwnerCanPublish) {
  const std::string role = UseRole("REPLICATION");
  Exec("CREATE TABLE theirs (id int PRIMARY KEY); GRANT SELECT ON theirs TO " + role);
  Exec("GRANT CREATE ON DATABASE " + database_ + " TO " + role);
  options_.tables = {"theirs"};
  const Problem problem = Find(MakePostgresSource(options_)->Check({}), "belongs to another role");
  EXPECT_EQ(problem.severity, Problem::Severity::kError);
  EXPECT_THAT(problem.remedy, HasSubstr("FOR TABLE \"public\".\"theirs\""));
}

TEST_F(PostgresSourceTest, RoleWithReplicationAndSelectIsEnough) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true)");
  Exec("GRANT SELECT ON t TO " + UseRole("REPLICATION"));
  CheckResult result = source().Check({});
  EXPECT_EQ(Errors(result), 0u) << All(result);
  OpenLog();
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  ASSERT_OK_AND_ASSIGN(Chunk chunk, chunks_->Read(request, {}));
  EXPECT_EQ(chunk.rows.size(), 1u);
  log_->RequestFrontier(chunk.bound);
  ReadUntil([&](const Delivered& d) { return d.frontier >= chunk.bound; });
}

TEST_F(PostgresSourceTest, PolicyThatAppearsLaterFailsTheRead) {
  Exec("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  Exec("GRANT SELECT ON t TO " + UseRole("REPLICATION"));
  OpenChunks();
  Exec("ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  ChunkRequest request;
  request.table = TableOf("t");
  EXPECT_EQ(chunks_->Read(request, {}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PostgresSourceTest, CheckOfAnUnreachableServerSaysSo) {
  options_.connection = "host=127.0.0.1 port=1 dbname=x user=y";
  options_.password = "sesame";
  CheckResult result = source().Check({});
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.server, "");
  EXPECT_EQ(All(result).find("sesame"), std::string::npos);
}

TEST_F(PostgresSourceTest, ErrorsOfConnectingAreToldApart) {
  options_.connection = Server().ConnectionString("nosuch");
  EXPECT_EQ(source().ListTables({}).status().code(), absl::StatusCode::kFailedPrecondition);
  source_.reset();
  options_.connection = "host=127.0.0.1 port=1 dbname=x user=y";
  EXPECT_EQ(source().ListTables({}).status().code(), absl::StatusCode::kUnavailable);
  source_.reset();
  options_.connection = Server().ConnectionString(database_) + " options='-c idle_setting=1'";
  absl::Status old = source().ListTables({}).status();
  EXPECT_EQ(old.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(old.message()), HasSubstr("PostgreSQL 14 to 18 only"));
  source_.reset();
  options_.connection = "no keywords";
  EXPECT_EQ(source().ListTables({}).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PostgresSourceTest, TablesComeWithTheirObstacles) {
  Exec(
      "CREATE TABLE good (id int PRIMARY KEY); INSERT INTO good SELECT generate_series(1, 100);"
      "ANALYZE good; CREATE TABLE bad (id int)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  ASSERT_OK_AND_ASSIGN(std::vector<TableInfo> tables, source().ListTables({}));
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].name, "bad");
  EXPECT_FALSE(tables[0].obstacles.empty());
  EXPECT_EQ(tables[1].name, "good");
  EXPECT_EQ(tables[1].rows_estimated, 100u);
  EXPECT_TRUE(tables[1].obstacles.empty());
}

TEST_F(PostgresSourceTest, PartitionsThatTheLogWouldGetWrongAreObstacles) {
  Exec("CREATE TABLE p (id int PRIMARY KEY, v int) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
  Exec("CREATE UNLOGGED TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20)");
  Exec("CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw");
  Exec("CREATE TABLE q (id int NOT NULL, v int) PARTITION BY RANGE (id)");
  Exec("CREATE TABLE q1 PARTITION OF q FOR VALUES FROM (0) TO (10)");
  Exec("CREATE FOREIGN TABLE q2 PARTITION OF q FOR VALUES FROM (10) TO (20) SERVER far");
  Exec("CREATE UNIQUE INDEX q_id ON ONLY q (id)");
  Exec("CREATE UNIQUE INDEX q1_id ON q1 (id); ALTER INDEX q_id ATTACH PARTITION q1_id");
  Exec("ALTER TABLE q REPLICA IDENTITY FULL");
  Exec("CREATE PUBLICATION tidemark FOR TABLE p, q WITH (publish_via_partition_root = true)");
  CheckResult result = source().Check({});
  EXPECT_THAT(Find(result, "partition public.p2 is not logged").remedy, HasSubstr("SET LOGGED"));
  EXPECT_EQ(Find(result, "partition public.q2 is a foreign").severity, Problem::Severity::kError);
  EXPECT_THAT(Find(result, "partition public.q1 logs old rows by no column").remedy,
              HasSubstr("ALTER TABLE public.q1 REPLICA IDENTITY FULL"));
  EXPECT_THAT(Find(result, "TRUNCATE, ATTACH and DETACH").message, HasSubstr("public.p"));
  Exec("ALTER TABLE q1 REPLICA IDENTITY FULL; ALTER TABLE p2 SET LOGGED");
  ASSERT_OK_AND_ASSIGN(std::vector<TableInfo> tables, source().ListTables({}));
  EXPECT_TRUE(tables.at(0).obstacles.empty());
  EXPECT_THAT(tables.at(1).obstacles, ::testing::Contains(HasSubstr("q2 is a foreign")));
  EXPECT_THAT(tables.at(1).obstacles, Not(::testing::Contains(HasSubstr("public.q1"))));
}

// pg_publication_tables is right, but waits for locks.
TEST_F(PostgresSourceTest, TheTablesAreThoseThatTheServerSaysArePublished) {
  Exec(
      "CREATE SCHEMA s; CREATE TABLE s.t (id int PRIMARY KEY); CREATE TABLE a (id int PRIMARY KEY);"
      "CREATE UNLOGGED TABLE u (id int PRIMARY KEY); CREATE VIEW v AS SELECT 1;"
      "CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (id);"
      "CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5);"
      "CREATE TABLE s.p2 PARTITION OF p FOR VALUES FROM (9) TO (20)");
  std::vector<std::string> publications = {"ALL TABLES",  "TABLE a, p", "TABLE p1", "TABLE p, p1",
                                           "TABLE p11, a", "TABLE s.p2, p11"};
  const bool newer = Server().version() >= 15;
  if (newer) {
    publications.insert(publications.end(),
                        {"TABLES IN SCHEMA s", "TABLE p, TABLES IN SCHEMA s",
                         "TABLE a WHERE (id > 1), s.t WHERE (id > 1), p",
                         "TABLE a WHERE (id > 1), TABLES IN SCHEMA public"});
  }
  const std::string published = absl::StrCat(
      "SELECT string_agg(concat(schemaname, '.', tablename",
      newer ? ", CASE WHEN rowfilter <> '' THEN ' filtered' END" : "",
      "), ', ' ORDER BY schemaname, tablename) FROM pg_publication_tables");
  for (const std::string& publication : publications) {
    for (const std::string via_root : {"true", "false"}) {
      Exec("CREATE PUBLICATION tidemark FOR " + publication +
           " WITH (publish_via_partition_root = " + via_root + ")");
      ASSERT_OK_AND_ASSIGN(const std::vector<TableInfo> tables, source().ListTables({}));
      std::vector<std::string> listed;
      for (const TableInfo& table : tables) {
        const bool filtered = absl::StrContains(absl::StrJoin(table.obstacles, " "), "filters");
        listed.push_back(
            absl::StrCat(table.name_space, ".", table.name, filtered ? " filtered" : ""));
      }
      EXPECT_EQ(absl::StrJoin(listed, ", "), Value(published)) << publication << ", " << via_root;
      Exec("DROP PUBLICATION tidemark");
    }
  }
}

TEST_F(PostgresSourceTest, ValidateTakesOnlyOneExpressionAndKeysThatFit) {
  Exec("CREATE TABLE t (id int PRIMARY KEY, v int)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  ChunkRequest request;
  request.table = TableOf("t");
  request.predicate = "v > 3 OR v IS NULL";
  EXPECT_OK(source().Validate(request, {}));
  for (const char* bad : {"nosuch = 1", "v >", "true) OR (true", "true; DROP TABLE t", "v = 'x'",
                          "true)) TO STDOUT; DROP TABLE t; --", "v", "true ORDER BY v"}) {
    request.predicate = bad;
    EXPECT_EQ(source().Validate(request, {}).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  request.predicate = "";
  request.keys = {{"1"}, {"2"}};
  EXPECT_OK(source().Validate(request, {}));
  request.keys = {{"1", "2"}};
  EXPECT_EQ(source().Validate(request, {}).code(), absl::StatusCode::kInvalidArgument);
  request.keys = {{"one"}};
  EXPECT_EQ(source().Validate(request, {}).code(), absl::StatusCode::kInvalidArgument);
  request.table = 1;
  EXPECT_EQ(source().Validate(request, {}).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Value("SELECT count(*) FROM t"), "0");
}

TEST_F(PostgresSourceTest, TypesResolveWithTheirShape) {
  Exec(
      "CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN age AS int CHECK (VALUE > 0);"
      "CREATE TYPE pair AS (a int, b text[]); CREATE EXTENSION hstore; CREATE EXTENSION citext;"
      "CREATE TABLE t (id int PRIMARY KEY, m mood, a age, p pair, n numeric(10,2), r int4range,"
      " mr datemultirange, bs box[], h hstore, c citext, v int2vector, ms mood[])");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES");
  OpenChunks();
  ChunkRequest request;
  request.table = TableOf("t");
  ASSERT_OK_AND_ASSIGN(Chunk chunk, chunks_->Read(request, {}));
  const std::vector<model::Column>& columns = chunk.schema->columns;
  using model::TypeKind;
  EXPECT_THAT(columns[1].type->labels, ::testing::ElementsAre("sad", "ok"));
  EXPECT_EQ(columns[2].type->kind, TypeKind::kInteger);
  EXPECT_EQ(columns[2].type->name, "public.age");
  ASSERT_EQ(columns[3].type->fields.size(), 2u);
  EXPECT_EQ(columns[3].type->fields[1].type->element->kind, TypeKind::kText);
  EXPECT_EQ(columns[4].type->name, "numeric(10,2)");
  EXPECT_EQ(columns[5].type->element->kind, TypeKind::kInteger);
  EXPECT_EQ(columns[6].type->kind, TypeKind::kMultiRange);
  EXPECT_EQ(columns[6].type->element->kind, TypeKind::kDate);
  EXPECT_EQ(columns[7].type->delimiter, ';');
  EXPECT_EQ(columns[8].type->kind, TypeKind::kServerText);
  EXPECT_EQ(columns[9].type->kind, TypeKind::kText);
  EXPECT_EQ(columns[10].type->kind, TypeKind::kServerText);
  EXPECT_EQ(columns[11].type->element->labels.size(), 2u);
}

}  // namespace
}  // namespace tidemark::capture::postgres
