// Slots, publications, databases and data folders that are not what they should be: the source or
// the program stops with cause and remedy, and nothing is lost.

#include <sys/mount.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/fault/fault_test.h"
#include "tests/support/process.h"

namespace tidemark::fault {
namespace {

using testing::ServiceProcess;

class SetupTest : public FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    Sql("CREATE TABLE t (id int PRIMARY KEY, note text, version bigint)");
    Sql("INSERT INTO t SELECT i, 'n', 1 FROM generate_series(1, 50) i");
  }

  // Captures the table once, and stops.
  void CaptureAndStop() {
    StartService();
    ASSERT_FALSE(HasFatalFailure());
    Snapshot({"public.t"});
    CatchUp();
    StopService();
  }

  // The source of `service` gets into this state with an error that says all of this.
  static void ExpectError(ServiceProcess& service, v1::Source::State state,
                          const std::vector<std::string>& words) {
    const v1::Source source = WaitForError(service, words.front());
    EXPECT_EQ(source.state(), state) << source.ShortDebugString();
    for (const std::string& word : words) {
      EXPECT_TRUE(absl::StrContains(source.error(), word))
          << word << " is not in: " << source.error();
    }
  }

  // The program ends at once, and says all of this.
  void ExpectNoStart(const std::vector<std::string>& words) {
    const absl::Status started = service().StartAgain();
    EXPECT_EQ(started.code(), absl::StatusCode::kAborted) << started;
    for (const std::string& word : words) {
      EXPECT_TRUE(absl::StrContains(started.message(), word)) << word << " is not in: " << started;
    }
  }

  // The server removes what the slot still needs.
  void LoseTheLog() {
    ASSERT_OK(server().Exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'"));
    ASSERT_OK(server().Exec("SELECT pg_reload_conf()"));
    const std::string state = "SELECT wal_status FROM pg_replication_slots";
    for (int i = 0; i < 50 && Value(state) != "lost"; ++i) {
      Sql("UPDATE t SET version = version + 1");
      ASSERT_OK(server().Exec("SELECT pg_switch_wal()"));
      ASSERT_OK(server().Exec("CHECKPOINT"));
    }
    ASSERT_EQ(Value(state), "lost");
  }

  // The source has stopped, and tries again by itself.
  void WaitUntilItGoesOn() {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (absl::Now() < deadline) {
      ASSERT_OK_AND_ASSIGN(const v1::Source source, service().Status());
      if (source.state() == v1::Source::CAPTURING) return;
      absl::SleepFor(absl::Milliseconds(50));
    }
    FAIL() << "the source stays stopped\n" << service().Log();
  }

  // What was there is there, and new changes come.
  void ExpectGoesOn() {
    Sql("UPDATE t SET note = note || '+', version = version + 1 WHERE id % 3 = 0");
    ExpectExactNow({.tables = {"public.t"}});
  }
};

TEST_P(SetupTest, DroppedSlotStopsTheSource) {
  CaptureAndStop();
  Sql("SELECT pg_drop_replication_slot('tidemark')");
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED, {"slot tidemark is gone", "gap", "new snapshot"});
  // It made no new one behind our back.
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots"), "0");
}

TEST_P(SetupTest, SlotThatAnotherClientMovedStopsTheSource) {
  CaptureAndStop();
  Sql("UPDATE t SET version = 2");
  Sql("SELECT pg_replication_slot_advance('tidemark', pg_current_wal_lsn())");
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED,
              {"slot tidemark was moved on", "missing", "new snapshot"});
}

TEST_P(SetupTest, SlotThatLostItsLogStopsTheSource) {
  CaptureAndStop();
  LoseTheLog();
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED,
              {"lost its log", "max_slot_wal_keep_size", "new snapshot"});
}

TEST_P(SetupTest, SlotDroppedWhileCapturingStopsTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  // It comes back at once, so that this takes a few attempts.
  Sql("DO $$ BEGIN LOOP"
      "  PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active;"
      "  BEGIN PERFORM pg_drop_replication_slot('tidemark'); EXIT;"
      "  EXCEPTION WHEN object_in_use THEN NULL; END;"
      "END LOOP; END $$");
  Sql("UPDATE t SET version = 2");
  ExpectError(service(), v1::Source::STOPPED, {"slot tidemark is gone", "gap", "new snapshot"});
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots"), "0");
  EXPECT_TRUE(Changes(v1::OP_UPDATE, "public.t").empty());
}

TEST_P(SetupTest, SlotThatLosesItsLogWhileCapturingStopsTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  service().process().Signal(SIGSTOP);
  LoseTheLog();
  service().process().Signal(SIGCONT);
  ExpectError(service(), v1::Source::STOPPED,
              {"lost its log", "max_slot_wal_keep_size", "new snapshot"});
}

TEST_P(SetupTest, DroppedPublicationStopsTheSource) {
  CaptureAndStop();
  Sql("DROP PUBLICATION tidemark");
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED,
              {"publication tidemark was dropped", "drop the slot", "new snapshot"});
}

TEST_P(SetupTest, PublicationThatLacksATableIsRefused) {
  Sql("CREATE TABLE u (id int PRIMARY KEY); CREATE PUBLICATION tidemark FOR TABLE t");
  ASSERT_OK_AND_ASSIGN(const auto service,
                       ServiceProcess::Start({.connection = ConnectionString(),
                                              .postgres_lines = {"tables: [public.t, public.u]"}}));
  ExpectError(*service, v1::Source::STOPPED,
              {"table public.u is not in publication tidemark", "ADD TABLE"});
}

TEST_P(SetupTest, WrongDatabaseIsRefused) {
  ASSERT_OK_AND_ASSIGN(const auto service,
                       ServiceProcess::Start({.connection = server().ConnectionString("nosuch")}));
  ExpectError(*service, v1::Source::STOPPED, {"nosuch", "does not exist", "dbname"});
  // The slot of one database, from another.
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  StopService();
  ASSERT_OK_AND_ASSIGN(const auto other,
                       ServiceProcess::Start({.connection = server().ConnectionString()}));
  ExpectError(*other, v1::Source::STOPPED, {"belongs to database shop", "another slot name"});
}

TEST_P(SetupTest, SecondServiceOnTheSlotWaitsAndSaysWhoHoldsIt) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  ASSERT_OK_AND_ASSIGN(const auto second,
                       ServiceProcess::Start({.connection = ConnectionString()}));
  ExpectError(*second, v1::Source::CONNECTING, {"slot tidemark is in use by pid", "stop it"});
  ExpectGoesOn();
  EXPECT_EQ(service().Status()->restarts(), 0u);
}

TEST_P(SetupTest, SecondServiceOnTheDataFolderIsRefused) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  const absl::Status second = ServiceProcess::Start({.connection = ConnectionString(),
                                                     .data_folder = service().data_folder()})
                                  .status();
  EXPECT_EQ(second.code(), absl::StatusCode::kAborted);
  const std::string holder =
      absl::StrCat("in use by process ", service().process().pid(), "; stop that process");
  EXPECT_TRUE(absl::StrContains(second.message(), holder)) << second;
  ExpectGoesOn();
}

TEST_P(SetupTest, NewerDataFolderIsRefusedAndLeftAlone) {
  CaptureAndStop();
  const std::string format = service().data_folder() + "/FORMAT";
  const std::string old = testing::ReadFile(format);
  testing::WriteFile(format, "tidemark data folder, format 99\n");
  ExpectNoStart({"format 99", "run the newer Tidemark"});
  testing::WriteFile(format, old);
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectGoesOn();
}

TEST_P(SetupTest, DamagedDataFolderIsRefusedAndLeftAlone) {
  CaptureAndStop();
  const std::string current = service().data_folder() + "/db/CURRENT";
  const std::string old = testing::ReadFile(current);
  testing::WriteFile(current, "nonsense");
  ExpectNoStart({"is damaged", "restore the data folder from a backup"});
  testing::WriteFile(current, old);
  StartServiceAgain();
  ASSERT_FALSE(HasFatalFailure());
  ExpectGoesOn();
}

// Servers differ in what they do with changes for which there was no publication: old ones refuse
// to go on, new ones leave them out.
class PublicationGapTest : public SetupTest {};

TEST_P(PublicationGapTest, ChangesWithoutAPublicationStopTheSource) {
  CaptureAndStop();
  Sql("DROP PUBLICATION tidemark");
  Sql("UPDATE t SET note = 'not published', version = 2");
  Sql("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true)");
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED, {"dropped and made again", "new snapshot"});
}

TEST_P(PublicationGapTest, PublicationDroppedWhileCapturingStopsTheSource) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  Sql("DROP PUBLICATION tidemark");
  Sql("UPDATE t SET note = 'not published', version = 2");
  ExpectError(service(), v1::Source::STOPPED,
              {"publication tidemark was dropped", "drop the slot", "new snapshot"});
  EXPECT_TRUE(Changes(v1::OP_UPDATE, "public.t").empty());
}

TEST_P(PublicationGapTest, PublicationMadeAgainWhileCapturingStopsTheSourceForGood) {
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  Sql("DROP PUBLICATION tidemark; UPDATE t SET note = 'not published', version = 2;"
      "CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true)");
  ExpectError(service(), v1::Source::STOPPED, {"dropped and made again", "new snapshot"});
  StopService();
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED, {"dropped and made again", "new snapshot"});
}

// The publication goes on without it, and so would the stream, without a word.
TEST_P(PublicationGapTest, TableTakenOutOfThePublicationWhileCapturingIsTold) {
  Sql("CREATE TABLE u (id int PRIMARY KEY); CREATE PUBLICATION tidemark FOR TABLE t, u");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  Sql("ALTER PUBLICATION tidemark DROP TABLE t; UPDATE t SET version = 2");
  ExpectError(service(), v1::Source::STOPPED,
              {"table public.t was taken out of publication tidemark", "ADD TABLE", "snapshot"});
  EXPECT_TRUE(Changes(v1::OP_UPDATE, "public.t").empty());
  Sql("ALTER PUBLICATION tidemark ADD TABLE t");
  WaitUntilItGoesOn();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  ExpectGoesOn();
}

TEST_P(PublicationGapTest, TableTakenOutOfThePublicationForAWhileIsToldAtTheNextStart) {
  Sql("CREATE PUBLICATION tidemark FOR TABLE t");
  CaptureAndStop();
  Sql("ALTER PUBLICATION tidemark DROP TABLE t; UPDATE t SET version = 2;"
      "ALTER PUBLICATION tidemark ADD TABLE t");
  ASSERT_OK(service().StartAgain());
  ExpectError(service(), v1::Source::STOPPED,
              {"taken out of publication tidemark and put in again", "new snapshot"});
}

// What is written meanwhile is in the log under another name, which no copy of the table gets.
TEST_P(PublicationGapTest, PartitionsThatComeUnderOtherNamesAreTold) {
  Sql("CREATE TABLE p (id int PRIMARY KEY, version bigint) PARTITION BY RANGE (id);"
      "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1000);"
      "INSERT INTO p SELECT i, 1 FROM generate_series(1, 50) i");
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.p"});
  Sql("ALTER PUBLICATION tidemark SET (publish_via_partition_root = false);"
      "UPDATE p SET version = 2 WHERE id < 9");
  ExpectError(service(), v1::Source::STOPPED,
              {"publish_via_partition_root of publication tidemark was set to false",
               "SET (publish_via_partition_root = true)", "new snapshot of public.p"});
  Sql("ALTER PUBLICATION tidemark SET (publish_via_partition_root = true)");
  ExpectError(service(), v1::Source::STOPPED, {"was set to true", "new snapshot of public.p"});
  WaitUntilItGoesOn();
  ASSERT_FALSE(HasFatalFailure());
  CatchUp();
  EXPECT_TRUE(Changes(v1::OP_UPDATE, "public.p").empty());
  Snapshot({"public.p"});
  Sql("UPDATE p SET version = 3 WHERE id % 3 = 0");
  ExpectExactNow({.tables = {"public.p"}});
}

// A file system of 200 MiB in memory.
class SmallDisk {
 public:
  SmallDisk() { mounted_ = mount("none", folder_.path().c_str(), "tmpfs", 0, "size=200m") == 0; }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  std::string File(const char* name) const { return folder_.File(name); }

  void Fill() const {
    std::ofstream file(File("ballast"), std::ios::binary);
    const std::string block(64 << 10, 'b');
    while (std::filesystem::space(folder_.path()).available > block.size()) {
      file << block << std::flush;
    }
  }
  void Free() const { std::filesystem::remove(File("ballast")); }

 private:
  testing::TempFolder folder_;
  bool mounted_ = false;
};

// Around a server that hangs up on a reader that is silent for two seconds.
class FullDiskTest : public SetupTest {
 protected:
  testing::PostgresOptions ServerOptions() const override {
    return {.settings = {{"wal_sender_timeout", "2s"}}};
  }
  testing::ServiceOptions ServiceSettings() const override {
    return {.connection = ConnectionString(), .data_folder = disk_.File("data")};
  }

  SmallDisk disk_;
};

TEST_P(FullDiskTest, CaptureWaitsForSpaceAndGoesOn) {
  ASSERT_TRUE(disk_.mounted()) << "mounting a tmpfs needs root";
  StartService();
  ASSERT_FALSE(HasFatalFailure());
  Snapshot({"public.t"});
  disk_.Fill();
  Sql("UPDATE t SET note = 'while the disk was full', version = version + 1");
  // Much more than may wait for the merger: the log is not read any more, yet the server answered.
  Sql("INSERT INTO t SELECT i, repeat('x', 1500), 1 FROM generate_series(1000, 21000) i");
  ExpectError(service(), v1::Source::CAPTURING, {"is full", "free space"});
  absl::SleepFor(absl::Seconds(3));
  disk_.Free();
  ExpectGoesOn();
  EXPECT_EQ(service().Status()->error(), "");
  EXPECT_EQ(service().Status()->restarts(), 0u) << service().Log();
}

// Of a server for one reader.
class SmallServerTest : public SetupTest {
 protected:
  testing::PostgresOptions ServerOptions() const override {
    return {.settings = {{"max_replication_slots", "1"}, {"max_wal_senders", "1"}}};
  }
};

TEST_P(SmallServerTest, SlotsThatRunOutStopTheSource) {
  ASSERT_OK(server().Exec("SELECT pg_create_physical_replication_slot('another')"));
  ASSERT_OK_AND_ASSIGN(const auto service,
                       ServiceProcess::Start({.connection = ConnectionString()}));
  ExpectError(*service, v1::Source::STOPPED,
              {"all replication slots are in use", "53400", "raise max_replication_slots"});
  // It is not tried with less: that might work, and leave the slot without failover.
  const std::vector<std::string> refusals =
      absl::StrSplit(server().Log(), "ERROR:  all replication slots are in use");
  EXPECT_EQ(refusals.size(), 2u) << server().Log();
}

TEST_P(SmallServerTest, SendersThatRunOutAreWaitedFor) {
  ASSERT_OK_AND_ASSIGN(auto sender,
                       testing::SqlConnection::Open(ConnectionString() + " replication=database"));
  ASSERT_OK_AND_ASSIGN(const auto service,
                       ServiceProcess::Start({.connection = ConnectionString()}));
  ExpectError(*service, v1::Source::CONNECTING, {"53300", "raise", "max_wal_senders"});
  sender.reset();
  EXPECT_OK(service->WaitUntilCapturing());
}

TIDEMARK_ON_SYSTEM_SERVER(SetupTest);
TIDEMARK_ON_SYSTEM_SERVER(FullDiskTest);
TIDEMARK_ON_EVERY_POSTGRES(SmallServerTest);
TIDEMARK_ON_EVERY_POSTGRES(PublicationGapTest);

}  // namespace
}  // namespace tidemark::fault
