// The program `tidemark` against a real tidemarkd that captures a real PostgreSQL.

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/support/postgres_server.h"
#include "tests/support/process.h"
#include "tests/support/service_process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PostgresServer;
using testing::Process;
using testing::ServiceProcess;
using ::testing::StartsWith;

constexpr absl::Duration kPatience = absl::Seconds(60);

// One server and one service for all of them; each test has tables and consumers of its own.
class CliServiceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TempFolder;
    auto server = PostgresServer::Start({.settings = {{"max_slot_wal_keep_size", "4GB"}}});
    ASSERT_OK(server);
    server_ = server->release();
    ASSERT_OK(server_->Exec(
        "CREATE TABLE many (id int PRIMARY KEY, note text);"
        "INSERT INTO many SELECT i, 'a note' FROM generate_series(1, 20000) i; ANALYZE many"));
    auto service = ServiceProcess::Start({.connection = server_->ConnectionString()});
    ASSERT_OK(service);
    service_ = service->release();
    ASSERT_OK(service_->WaitUntilCapturing());
  }
  static void TearDownTestSuite() {
    delete service_;
    delete server_;
    delete folder_;
  }
  void SetUp() override { ASSERT_NE(service_, nullptr); }

  static std::unique_ptr<Process> Start(std::vector<std::string> arguments) {
    static int outputs = 0;
    const std::string program =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tidemark";
    arguments.insert(arguments.begin(), {program, "--server", service_->address()});
    auto started = Process::Start({.command = std::move(arguments),
                                   .output_file = folder_->File(absl::StrCat("out", ++outputs))});
    EXPECT_OK(started);
    return started.ok() ? *std::move(started) : nullptr;
  }
  // Runs it to its end; the exit code.
  int Run(std::vector<std::string> arguments) {
    const std::unique_ptr<Process> process = Start(std::move(arguments));
    if (process == nullptr) return -1;
    const int code = process->Wait(kPatience).value_or(-1);
    output_ = process->Output();
    return code;
  }
  const std::string& Output() const { return output_; }
  std::vector<std::string> Lines() const {
    return absl::StrSplit(output_, '\n', absl::SkipEmpty());
  }
  // The number in "snapshot 3 of db: ..."
  std::string Id() const {
    const std::vector<std::string> words = absl::StrSplit(output_, ' ');
    return words.size() > 1 ? words[1] : "";
  }

  static void Sql(const std::string& sql) { ASSERT_OK(server_->Exec(sql)) << sql; }
  // Waits until the stream has an event with this text.
  static void AwaitEvent(const std::string& text) {
    const std::unique_ptr<Process> tail = Start({"tail", "db", "--from", "beginning"});
    ASSERT_NE(tail, nullptr);
    ASSERT_OK(tail->WaitForLine(text, kPatience));
  }

  static testing::TempFolder* folder_;
  static PostgresServer* server_;
  static ServiceProcess* service_;
  std::string output_;
};

testing::TempFolder* CliServiceTest::folder_ = nullptr;
PostgresServer* CliServiceTest::server_ = nullptr;
ServiceProcess* CliServiceTest::service_ = nullptr;

TEST_F(CliServiceTest, CheckEndsWithZeroOnlyWithoutErrors) {
  EXPECT_EQ(Run({"check"}), 0);
  EXPECT_THAT(Output(), AllOf(StartsWith("db (PostgreSQL 1"),
                              HasSubstr("database postgres): no problems\n")));
  Sql("CREATE TABLE keyless (id int); ALTER TABLE many REPLICA IDENTITY NOTHING");
  for (const std::vector<std::string>& check :
       {std::vector<std::string>{"check"}, {"check", "db"}}) {
    EXPECT_EQ(Run(check), 1);
    EXPECT_THAT(Output(), AllOf(HasSubstr(": 3 errors, 0 warnings\n"),
                                ContainsRegex("\n  error    table public.keyless: no usable key"),
                                ContainsRegex("\n  error    table public.many: replica identity"),
                                HasSubstr("no usable key\n   remedy  add a primary key\n")));
  }
  Sql("DROP TABLE keyless; ALTER TABLE many REPLICA IDENTITY DEFAULT");
  EXPECT_EQ(Run({"check", "nosuch"}), 1);
  EXPECT_THAT(Output(), AllOf(StartsWith("tidemark: "), HasSubstr("nosuch")));
}

TEST_F(CliServiceTest, StatusTellsStateStreamAndLag) {
  Sql("CREATE TABLE seen (id int PRIMARY KEY); INSERT INTO seen VALUES (1)");
  AwaitEvent("public.seen  id=1");
  EXPECT_EQ(Run({"status"}), 0);
  EXPECT_THAT(
      Output(),
      AllOf(StartsWith("db: capturing, PostgreSQL 1"), HasSubstr("\n  stream       events 1 to "),
            ContainsRegex("\n  frontier     [0-9A-F]+/[0-9A-F]+, acknowledged [0-9A-F]+/[0-9A-F]+"),
            ContainsRegex("\n  lag          .* of log; newest transaction in the stream after "),
            HasSubstr(", 0 reconnects\n")));
}

TEST_F(CliServiceTest, SnapshotIsMadeWatchedAndListed) {
  EXPECT_EQ(Run({"snapshot", "create", "db", "--table", "public.many", "--where", "id <= 1000",
                 "--watch"}),
            0);
  const std::string id = Id();
  // No terminal: plain lines.
  EXPECT_THAT(Output(), AllOf(HasSubstr(absl::StrCat("snapshot ", id, " of db: ")),
                              HasSubstr("completed, 1,000 rows\n"), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(Run({"snapshot", "list"}), 0);
  ASSERT_GE(Lines().size(), 2u);
  EXPECT_THAT(Lines()[0], ContainsRegex("^ID +SOURCE +STATE +TABLES +ROWS +CREATED +SEQUENCES"));
  EXPECT_THAT(Lines()[1],
              ContainsRegex(absl::StrCat(
                  "^", id, " +db +completed +public.many +1,000 +20.*Z +[0-9]+-[0-9]+$")));
  EXPECT_EQ(Run({"snapshot", "create", "db", "--table", "public.nosuch"}), 1);
  EXPECT_THAT(Output(), AllOf(StartsWith("tidemark: "), HasSubstr("public.nosuch")));
}

TEST_F(CliServiceTest, SnapshotIsPausedSetResumedAndCancelled) {
  const std::vector<std::string> slow = {
      "snapshot", "create", "db", "--table", "public.many", "--rows-per-second", "2000"};
  EXPECT_EQ(Run(slow), 0);
  EXPECT_THAT(Output(), HasSubstr(" of db: running, "));
  const std::string id = Id();
  EXPECT_EQ(Run({"snapshot", "pause", id}), 0);
  EXPECT_THAT(Output(), StartsWith(absl::StrCat("snapshot ", id, " of db: paused, ")));
  EXPECT_EQ(Run({"snapshot", "list", "db"}), 0);
  EXPECT_THAT(Output(), ContainsRegex(absl::StrCat("\n", id, " +db +paused ")));
  EXPECT_EQ(Run({"snapshot", "set", id, "--rows-per-second", "0", "--readers", "1"}), 0);
  EXPECT_THAT(Output(), HasSubstr(" of db: paused, "));
  ASSERT_OK_AND_ASSIGN(const v1::Snapshot set, service_->GetSnapshot(std::stoull(id)));
  EXPECT_EQ(set.limits().rows_per_second_max(), 0u);
  EXPECT_EQ(set.limits().readers_max(), 1u);
  EXPECT_EQ(Run({"snapshot", "resume", id}), 0);
  EXPECT_THAT(Output(), StartsWith(absl::StrCat("snapshot ", id, " of db: running, ")));
  EXPECT_EQ(Run({"snapshot", "watch", id}), 0);
  EXPECT_THAT(Lines().back(), HasSubstr("completed, 20,000 rows"));

  EXPECT_EQ(Run(slow), 0);
  const std::string other = Id();
  const std::unique_ptr<Process> watch = Start({"snapshot", "watch", other});
  ASSERT_OK(watch->WaitForLine("running", kPatience));
  EXPECT_EQ(Run({"snapshot", "cancel", other}), 0);
  EXPECT_THAT(Output(), StartsWith(absl::StrCat("snapshot ", other, " of db: cancelled, ")));
  ASSERT_OK_AND_ASSIGN(const int code, watch->Wait(kPatience));
  EXPECT_EQ(code, 1);
  EXPECT_THAT(watch->Output(), HasSubstr(absl::StrCat("tidemark: snapshot ", other, " cancelled")));
  EXPECT_EQ(Run({"snapshot", "resume", other}), 1);
  EXPECT_THAT(Output(), AllOf(HasSubstr("is cancelled"), HasSubstr("create a new one")));
}

TEST_F(CliServiceTest, TailBeginsAtATimeAndKeepsToTables) {
  Sql("CREATE TABLE kept (id int PRIMARY KEY, note text);"
      "CREATE TABLE left_out (id int PRIMARY KEY); INSERT INTO kept VALUES (1, 'early one')");
  AwaitEvent("early one");
  const std::string time = absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone());
  Sql("INSERT INTO left_out VALUES (7); INSERT INTO kept VALUES (2, 'late \"one\"')");
  AwaitEvent("late");
  const std::vector<std::string> tail = {"tail",     "db",          "--no-follow",
                                         "--tables", "public.kept", "--from-time"};
  auto from = [&tail](const std::string& start) {
    std::vector<std::string> arguments = tail;
    arguments.push_back(start);
    return arguments;
  };
  EXPECT_EQ(Run(from("1h")), 0);
  EXPECT_THAT(Output(), AllOf(HasSubstr("early one"), HasSubstr("late"),
                              Not(HasSubstr("left_out")), Not(HasSubstr("public.many"))));
  EXPECT_EQ(Run(from(time)), 0);
  EXPECT_THAT(Output(), AllOf(Not(HasSubstr("early one")), HasSubstr("late"),
                              Not(HasSubstr("left_out"))));
  EXPECT_EQ(Run(from("yesterday")), 2);
  EXPECT_THAT(Output(), HasSubstr("--from-time: expected a time such as"));
}

TEST_F(CliServiceTest, TailPrintsAnObjectOfJsonPerLine) {
  Sql("CREATE TABLE json (id int PRIMARY KEY, note text);"
      "INSERT INTO json VALUES (5, 'a \"quoted\" \\ note')");
  AwaitEvent("public.json  id=5");
  EXPECT_EQ(Run({"tail", "db", "--no-follow", "--json", "--tables", "public.json"}), 0);
  int rows = 0;
  for (const std::string& line : Lines()) {
    google::protobuf::Struct event;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(line, &event).ok()) << line;
    EXPECT_GT(event.fields().at("sequence").number_value(), 0);
    if (!event.fields().contains("change")) continue;
    const auto& change = event.fields().at("change").struct_value().fields();
    EXPECT_EQ(change.at("op").string_value(), "create");
    EXPECT_EQ(change.at("table").string_value(), "public.json");
    const auto& after = change.at("after").struct_value().fields();
    EXPECT_EQ(after.at("id").number_value(), 5);
    EXPECT_EQ(after.at("note").string_value(), "a \"quoted\" \\ note");
    ++rows;
  }
  EXPECT_EQ(rows, 1);
}

TEST_F(CliServiceTest, ConsumerIsListedAndReset) {
  Sql("CREATE TABLE c (id int PRIMARY KEY); INSERT INTO c VALUES (1)");
  AwaitEvent("public.c  id=1");
  const std::vector<std::string> tail = {"tail", "db", "--consumer", "billing", "--no-follow"};
  EXPECT_EQ(Run(tail), 0);
  EXPECT_THAT(Output(), HasSubstr("public.c  id=1"));
  EXPECT_EQ(Run({"consumer", "list"}), 0);
  EXPECT_THAT(Output(), AllOf(ContainsRegex("^SOURCE +NAME +ACKNOWLEDGED +LAG +CONNECTED"),
                              ContainsRegex("\ndb +billing +[0-9]+ +0 events +no +20.*Z\n")));
  EXPECT_EQ(Run(tail), 0);
  EXPECT_EQ(Output(), "");
  EXPECT_EQ(Run({"consumer", "reset", "billing", "--source", "db", "--to", "beginning"}), 0);
  EXPECT_THAT(Output(), ContainsRegex("\ndb +billing +0 +[1-9][0-9,]* events? "));
  EXPECT_EQ(Run(tail), 0);
  EXPECT_THAT(Output(), HasSubstr("public.c  id=1"));
  EXPECT_EQ(Run({"consumer", "reset", "billing", "--to", "beginning"}), 0);
  EXPECT_EQ(Run({"consumer", "reset", "billing", "--to", "now"}), 0);
  EXPECT_EQ(Run(tail), 0);
  EXPECT_EQ(Output(), "");
}

}  // namespace
}  // namespace tidemark::service
