// Requests that make no sense: refused with the cause, nothing done.

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/match.h"
#include "tests/fault/fault_test.h"

namespace tidemark::fault {
namespace {

using absl::StatusCode;
using testing::FromGrpc;

void ExpectRefusal(const absl::Status& status, StatusCode code,
                   const std::vector<std::string>& words) {
  EXPECT_EQ(status.code(), code) << status;
  for (const std::string& word : words) {
    EXPECT_TRUE(absl::StrContains(status.message(), word)) << word << " is not in: " << status;
  }
}

class RequestsTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
    Sql(absl::StrCat("INSERT INTO t SELECT i, 'n', 1 FROM ", Rows(1, 50)));
    Sql("CREATE TABLE without_key (note text); INSERT INTO without_key VALUES ('x')");
    StartService();
  }

  // After every refusal: the table is whole, no snapshot was made, and a good one is exact.
  void ExpectNothingDone() {
    const std::string t = Named("t");
    EXPECT_EQ(Value("SELECT count(*) FROM t"), "50");
    grpc::ClientContext context;
    v1::ListSnapshotsResponse listed;
    EXPECT_OK(FromGrpc(service().snapshots().List(&context, {}, &listed)));
    EXPECT_EQ(listed.snapshots_size(), 0) << listed.ShortDebugString();
    Snapshot({t});
    ExpectExactNow({.tables = {t}});
  }

  bool postgres() const { return engine() == testing::Engine::kPostgres; }

  absl::Status TrySubscribe(const v1::SubscribeRequest& request) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    const auto reader = service().change_stream().Subscribe(&context, request);
    v1::SubscribeResponse response;
    while (reader->Read(&response)) {
    }
    return FromGrpc(reader->Finish());
  }
};

TEST_P(RequestsTest, TablesThatCannotBeReadAreRefused) {
  ExpectRefusal(TryCreate(Named("nosuch")), StatusCode::kNotFound,
                {Named("nosuch"), "does not exist", postgres() ? "publication" : "grant SELECT"});
  ExpectRefusal(TryCreate("t"), StatusCode::kInvalidArgument, {"namespace.name", "\"t\""});
  ExpectRefusal(TryCreate(""), StatusCode::kInvalidArgument, {"tables[0].table"});
  const std::string keyless = Named("without_key");
  const std::vector<std::string> remedy =
      postgres() ? std::vector<std::string>{keyless, "no usable key", "add a primary key"}
                 : std::vector<std::string>{keyless, "neither a primary key nor", "add one"};
  ExpectRefusal(TryCreate(keyless), StatusCode::kFailedPrecondition, remedy);
  ExpectRefusal(service().CreateSnapshot().status(), StatusCode::kFailedPrecondition, remedy);
  ExpectRefusal(service().CreateSnapshot({Named("t"), Named("t")}).status(),
                StatusCode::kInvalidArgument, {"tables[1]", "twice"});
  ExpectNothingDone();
}

TEST_P(RequestsTest, TheOthersAreReadIfThoseThatCannotBeAreExcepted) {
  v1::CreateSnapshotRequest request;
  request.add_except_tables("without_key");
  ExpectRefusal(service().CreateSnapshot(request).status(), StatusCode::kInvalidArgument,
                {"except_tables[0]", "namespace.name", "\"without_key\""});
  request.set_except_tables(0, Named("without_kye"));
  ExpectRefusal(service().CreateSnapshot(request).status(), StatusCode::kNotFound,
                {"except " + Named("without_kye"), "correct it"});
  request.set_except_tables(0, Named("*"));
  ExpectRefusal(service().CreateSnapshot(request).status(), StatusCode::kNotFound,
                {"no table is left"});
  request.set_except_tables(0, Named("without_key"));
  request.add_tables()->set_table(Named("*"));
  request.mutable_tables(0)->set_predicate("id > 40");
  ExpectRefusal(service().CreateSnapshot(request).status(), StatusCode::kInvalidArgument,
                {"tables[0].table", "one table beside a predicate"});
  request.mutable_tables(0)->clear_predicate();
  ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot(request));
  ASSERT_OK_AND_ASSIGN(snapshot, service().WaitForSnapshot(snapshot.id()));
  ASSERT_EQ(snapshot.tables_size(), 1);
  EXPECT_EQ(snapshot.tables(0).table(), Named("t"));
  ExpectExactNow({.tables = {Named("t")}});
}

TEST_P(RequestsTest, PredicatesThatAreNoConditionAreRefused) {
  std::vector<std::string> bad = {"nosuch = 1",
                                  "note =",
                                  "true) --",

                                  "1; drop table t",
                                  "true; drop table t",
                                  "true) OR (true",
                                  "id = 1); DELETE FROM t; --",
                                  "true UNION SELECT * FROM t",
                                  "true ORDER BY id",
                                  "true LIMIT 1",
                                  "true /*",
                                  "'",
                                  "\"",
                                  "$1 = 1",
                                  "id = (DELETE FROM t RETURNING id)",
                                  "count(*) > 1"};
  if (postgres()) {
    bad.insert(bad.end(), {"id", "true) TO STDOUT; DROP TABLE t; --"});
  } else {
    bad.insert(bad.end(), {"true) INTO OUTFILE '/tmp/t'; --", "true FOR UPDATE", "? = 1",
                          "true) OR (true #", "true /*! ) OR (true */"});
  }
  for (const std::string& predicate : bad) {
    SCOPED_TRACE(predicate);
    const absl::Status refused = TryCreate(Named("t"), predicate);
    ExpectRefusal(refused, StatusCode::kInvalidArgument,
                  {absl::StrCat("table ", Named("t"), ": "), postgres() ? "SQLSTATE" : "(error 1"});
    // A misspelt column is no table that was altered.
    EXPECT_FALSE(absl::StrContains(refused.message(), "meanwhile")) << refused;
  }
  ExpectNothingDone();
}

TEST_P(RequestsTest, PredicateWithACommentIsOne) {
  v1::CreateSnapshotRequest request;
  request.add_tables()->set_table(Named("t"));
  request.mutable_tables(0)->set_predicate("id > 40 -- OR true");
  ASSERT_OK_AND_ASSIGN(v1::Snapshot snapshot, service().CreateSnapshot(request));
  ASSERT_OK_AND_ASSIGN(snapshot, service().WaitForSnapshot(snapshot.id()));
  EXPECT_EQ(snapshot.rows_done(), 10u);
}

TEST_P(RequestsTest, PredicateThatFailsOnARowEndsItsSnapshotOnly) {
  v1::CreateSnapshotRequest request;
  request.add_tables()->set_table(Named("t"));
  request.mutable_tables(0)->set_predicate(postgres() ? "1 / (id - 7) < 1000"
                                                      : "18446744073709551600 + id > 0");
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot snapshot, service().CreateSnapshot(request));
  const absl::Status ended = service().WaitForSnapshot(snapshot.id()).status();
  ExpectRefusal(ended, StatusCode::kAborted,
                {"FAILED", postgres() ? "division by zero" : "out of range"});
  Snapshot({Named("t")});
  ExpectExactNow({.tables = {Named("t")}});
}

class PostgresRequestsTest : public RequestsTest {};

TEST_P(PostgresRequestsTest, ValuesOfARowOnWhichAPredicateFailsAreNotTold) {
  // The server's own message would have the row's value.
  Sql("ALTER TABLE t ADD secret text DEFAULT 'hidden'");
  v1::CreateSnapshotRequest request;
  request.add_tables()->set_table("public.t");
  request.mutable_tables(0)->set_predicate("secret::int > 1");
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot second, service().CreateSnapshot(request));
  const absl::Status told = service().WaitForSnapshot(second.id()).status();
  ExpectRefusal(told, StatusCode::kAborted, {"FAILED", "invalid text representation", "22P02"});
  EXPECT_FALSE(absl::StrContains(told.ToString(), "hidden")) << told;
  Snapshot({Named("t")});
  ExpectExactNow({.tables = {Named("t")}});
}

TEST_P(RequestsTest, KeysThatAreNoneAreRefused) {
  ExpectRefusal(TryCreate(Named("t"), "", {"1", "2"}), StatusCode::kInvalidArgument, {"key"});
  ExpectRefusal(TryCreate(Named("t"), "", {"one"}), StatusCode::kInvalidArgument, {"one"});
  ExpectRefusal(TryCreate(Named("t"), "", {"1'; DROP TABLE t; --"}), StatusCode::kInvalidArgument,
                {"DROP TABLE"});
  ExpectNothingDone();
}

TEST_P(RequestsTest, NamesThatAreNotThereAreRefused) {
  grpc::ClientContext get_context, pause_context, update_context, source_context;
  v1::Snapshot snapshot;
  v1::GetSnapshotRequest get;
  get.set_id(999);
  ExpectRefusal(FromGrpc(service().snapshots().Get(&get_context, get, &snapshot)),
                StatusCode::kNotFound, {"999"});
  v1::PauseSnapshotRequest pause;
  pause.set_id(999);
  ExpectRefusal(FromGrpc(service().snapshots().Pause(&pause_context, pause, &snapshot)),
                StatusCode::kNotFound, {"999"});
  ExpectRefusal(FromGrpc(service().snapshots().Update(&update_context, {}, &snapshot)),
                StatusCode::kInvalidArgument, {"rows_per_second_max", "expected"});
  v1::GetSourceRequest source;
  source.set_source("nosuch");
  v1::Source found;
  ExpectRefusal(FromGrpc(service().sources().Get(&source_context, source, &found)),
                StatusCode::kNotFound, {"nosuch", testing::ServiceProcess::kSource});
  ExpectNothingDone();
}

TEST_P(RequestsTest, StreamsThatCannotStartAreRefused) {
  v1::SubscribeRequest request;
  request.set_source(testing::ServiceProcess::kSource);
  ExpectRefusal(TrySubscribe(request), StatusCode::kInvalidArgument, {"start", "expected one of"});
  request.set_sequence(1'000'000);
  ExpectRefusal(TrySubscribe(request), StatusCode::kOutOfRange, {"1000000"});
  request.set_beginning(true);
  request.add_tables("t");
  ExpectRefusal(TrySubscribe(request), StatusCode::kInvalidArgument, {"tables"});
  request.clear_tables();
  request.set_batch_bytes_max(1);
  ExpectRefusal(TrySubscribe(request), StatusCode::kInvalidArgument, {"batch_bytes_max"});
  request.set_batch_bytes_max(0);
  request.set_source("nosuch");
  ExpectRefusal(TrySubscribe(request), StatusCode::kNotFound, {"nosuch"});
  ExpectNothingDone();
}

TEST_P(RequestsTest, BytesThatAreNoMessageAreRefused) {
  const auto channel = grpc::CreateChannel(service().address(), grpc::InsecureChannelCredentials());
  grpc::GenericStub stub(channel);
  for (const char* method : {"/tidemark.v1.Snapshots/Create", "/tidemark.v1.Sources/Get",
                             "/tidemark.v1.ChangeStream/GetBounds", "/tidemark.v1.No/Such"}) {
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    const grpc::Slice garbage("\xff\xff\xff\xff\x01");
    const grpc::ByteBuffer request(&garbage, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok));
    EXPECT_FALSE(status.ok()) << method;
    queue.Shutdown();
  }
  ExpectNothingDone();
}

TIDEMARK_ON_EACH_MAKE(RequestsTest);
TIDEMARK_ON_SYSTEM_SERVER(PostgresRequestsTest);

}  // namespace
}  // namespace tidemark::fault
