// What becomes of a publication that carries less than it did.

#include <gmock/gmock.h>

#include "tests/capture/postgres/source_fixture.h"

namespace tidemark::capture::postgres {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class PublicationTest : public SourceTest {
 protected:
  void SetUp() override {
    SourceTest::SetUp();
    Exec("CREATE TABLE a (id int PRIMARY KEY, v int); CREATE TABLE b (id int PRIMARY KEY)");
  }

  // A publication of both, and its log read until nothing is new in it.
  void Start() {
    Exec("CREATE PUBLICATION tidemark FOR TABLE a, b WITH (publish_via_partition_root = true)");
    OpenLog();
    ReadAll();
  }

  // Reads up to a row of its own in b.
  void ReadAll() {
    Exec(absl::StrCat("INSERT INTO b VALUES (", ++last_, ")"));
    read_ = ReadUntil([this](const Delivered& d) {
      return !d.changes.empty() && !d.mid_transaction &&
             d.changes.back().key().values(0).integer() == last_;
    });
    ASSERT_FALSE(read_.resume.empty());
  }

  // It goes on where it was left, and nothing is amiss.
  void ExpectGoesOn() {
    OpenLog(read_.resume);
    ASSERT_FALSE(HasFatalFailure());
    ReadAll();
  }

  // The log ends with the operator to act, and says all of this.
  template <typename Words>
  void ExpectStops(const Words& words) {
    const absl::Status status = FirstError(&read_);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), words);
    log_.reset();
  }

  // It cannot be opened, which says all of this.
  template <typename Words>
  void ExpectStaysStopped(const Words& words) {
    const absl::Status status =
        source().OpenLog(ResumeAt(read_.resume), &registry_, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), words);
  }

  int64_t last_ = 100;
  Delivered read_;
};

const auto kTakenOut =
    AllOf(HasSubstr("table public.a was taken out of publication tidemark"),
          HasSubstr("ALTER PUBLICATION \"tidemark\" ADD TABLE \"public\".\"a\""),
          HasSubstr("snapshot"));
const auto kPutInAgain =
    AllOf(HasSubstr("table public.a was taken out of publication tidemark and put in again"),
          HasSubstr("snapshot"));

const auto kUnderTheirOwnNames = ::testing::StrEq(
    "publish_via_partition_root of publication tidemark was set to false: from there on changes of "
    "the partitions of public.p come under their own names, and not under the partitioned table's "
    "any more; run: ALTER PUBLICATION \"tidemark\" SET (publish_via_partition_root = true), and "
    "then take a new snapshot of public.p. If they are to come under their own, take a new "
    "snapshot of each partition. The source goes on by itself after this");
const auto kUnderTheRootsName = ::testing::StrEq(
    "publish_via_partition_root of publication tidemark was set to true: from there on changes of "
    "the partitions of public.p come under the partitioned table's name, and not under their own "
    "any more; take a new snapshot of public.p. If they are to come under their own, run: ALTER "
    "PUBLICATION \"tidemark\" SET (publish_via_partition_root = false), and then take a new "
    "snapshot of each partition. The source goes on by itself after this");

TEST_F(PublicationTest, ATableThatIsTakenOutEndsTheLogOnce) {
  Start();
  Exec("ALTER PUBLICATION tidemark DROP TABLE a; INSERT INTO a VALUES (1)");
  ExpectStops(kTakenOut);
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark ADD TABLE a");
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark SET TABLE b");
  ExpectStops(kTakenOut);
}

TEST_F(PublicationTest, ATableThatIsNamedAndTakenOutStopsTheLogUntilItIsBack) {
  options_.tables = {"public.a", "b"};
  Start();
  Exec("ALTER PUBLICATION tidemark DROP TABLE a");
  const auto words = AllOf(HasSubstr("table public.a is not in publication tidemark"),
                           HasSubstr("ALTER PUBLICATION \"tidemark\" ADD TABLE \"public\".\"a\""),
                           HasSubstr("take a new snapshot"));
  ExpectStops(words);
  ExpectStaysStopped(words);
  Exec("ALTER PUBLICATION tidemark ADD TABLE a");
  ExpectGoesOn();
}

TEST_F(PublicationTest, ATableThatWasOutForAWhileEndsTheLogOnce) {
  Start();
  Exec("BEGIN; ALTER PUBLICATION tidemark DROP TABLE a; INSERT INTO a VALUES (1);"
       "ALTER PUBLICATION tidemark ADD TABLE a; COMMIT");
  ExpectStops(kPutInAgain);
  ExpectGoesOn();
}

TEST_F(PublicationTest, WhatHappensToItBetweenTwoSessionsIsSeenToo) {
  Start();
  log_.reset();
  Exec("ALTER PUBLICATION tidemark DROP TABLE a; INSERT INTO a VALUES (1);"
       "ALTER PUBLICATION tidemark ADD TABLE a");
  OpenLog(read_.resume);
  ExpectStops(kPutInAgain);
  Exec("ALTER PUBLICATION tidemark DROP TABLE a");
  OpenLog(read_.resume);
  ExpectStops(kTakenOut);
  ExpectGoesOn();
}

TEST_F(PublicationTest, ATableMadeAnewUnderAListedNameIsMissed) {
  Start();
  Exec("DROP TABLE a; CREATE TABLE a (id int PRIMARY KEY, v int)");
  ExpectStops(kTakenOut);
}

TEST_F(PublicationTest, ChangesThatTakeNothingOutEndNothing) {
  Start();
  Exec("CREATE TABLE c (id int PRIMARY KEY); ALTER PUBLICATION tidemark ADD TABLE c");
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark SET TABLE a, b, c");
  ExpectGoesOn();
  Exec("ALTER TABLE a RENAME TO renamed");
  ExpectGoesOn();
  Exec("DROP TABLE renamed");
  ExpectGoesOn();
  if (Server().version() < 15) return;
  Exec("CREATE TABLE d (id int PRIMARY KEY, v int); ALTER PUBLICATION tidemark ADD TABLE d (id)");
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark SET TABLE b, c, d (id, v)");
  ExpectGoesOn();
}

TEST_F(PublicationTest, TheTablesOfASchemaAreTakenOutWithIt) {
  if (Server().version() < 15) return;
  Exec("CREATE SCHEMA s; CREATE TABLE s.c (id int PRIMARY KEY)");
  Exec("CREATE PUBLICATION tidemark FOR TABLE a, b, TABLES IN SCHEMA s");
  OpenLog();
  ReadAll();
  Exec("CREATE TABLE s.d (id int PRIMARY KEY)");
  ExpectGoesOn();
  Exec("ALTER TABLE s.c SET SCHEMA public");
  ExpectStops(HasSubstr("table s.c was taken out of publication tidemark"));
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark DROP TABLES IN SCHEMA s");
  ExpectStops(HasSubstr("table s.d was taken out of publication tidemark"));
}

TEST_F(PublicationTest, PartitionsThatComeUnderOtherNamesEndTheLogOnce) {
  Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
       "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50) PARTITION BY RANGE (id);"
       "CREATE TABLE p2 PARTITION OF p1 FOR VALUES FROM (0) TO (50)");
  Exec("CREATE PUBLICATION tidemark FOR TABLE b, p WITH (publish_via_partition_root = true)");
  OpenLog();
  ReadAll();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = false);"
       "INSERT INTO p VALUES (1)");
  ExpectStops(kUnderTheirOwnNames);
  ExpectGoesOn();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = true)");
  ExpectStops(kUnderTheRootsName);
  ExpectGoesOn();
  log_.reset();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = false)");
  OpenLog(read_.resume);
  ExpectStops(kUnderTheirOwnNames);
  ExpectGoesOn();
}

TEST_F(PublicationTest, OtherNamesAndKindsOfChangesThatAreLeftOutAreToldTogether) {
  Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
       "CREATE PUBLICATION tidemark FOR TABLE b, p WITH (publish_via_partition_root = true)");
  OpenLog();
  ReadAll();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = false, publish = 'insert')");
  ExpectStops(AllOf(HasSubstr("leaves out: update, delete, truncate"),
                    HasSubstr("publish_via_partition_root of publication tidemark was set to false")));
}

TEST_F(PublicationTest, PartitionsOfAPublicationOfAllTablesAreSeenToo) {
  Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
       "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (50) PARTITION BY RANGE (id)");
  Exec("CREATE PUBLICATION tidemark FOR ALL TABLES WITH (publish_via_partition_root = true)");
  OpenLog();
  ReadAll();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = false)");
  ExpectStops(kUnderTheirOwnNames);
  ExpectGoesOn();
}

TEST_F(PublicationTest, NamesOfPartitionsEndNothingWhereNoneArePublished) {
  Start();
  Exec("CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id);"
       "ALTER PUBLICATION tidemark SET (publish_via_partition_root = false)");
  ExpectGoesOn();
  log_.reset();
  Exec("ALTER PUBLICATION tidemark SET (publish_via_partition_root = true)");
  ExpectGoesOn();
}

TEST_F(PublicationTest, KindsOfChangesThatAreLeftOutStopTheLog) {
  Start();
  Exec("ALTER PUBLICATION tidemark SET (publish = 'insert')");
  const auto words = AllOf(HasSubstr("publication tidemark leaves out: update, delete, truncate"),
                           HasSubstr("SET (publish = 'insert, update, delete, truncate')"),
                           HasSubstr("take a new snapshot"));
  ExpectStops(words);
  ExpectStaysStopped(words);
  Exec("ALTER PUBLICATION tidemark SET (publish = 'insert, update, delete, truncate')");
  ExpectGoesOn();
}

TEST_F(PublicationTest, ARowFilterStopsTheLog) {
  if (Server().version() < 15) return;
  Start();
  Exec("ALTER PUBLICATION tidemark SET TABLE a WHERE (id > 5), b");
  const std::string remedy =
      "ALTER PUBLICATION \"tidemark\" DROP TABLE \"public\".\"a\"; "
      "ALTER PUBLICATION \"tidemark\" ADD TABLE \"public\".\"a\"";
  const auto words =
      AllOf(HasSubstr("filters the rows of table public.a"), HasSubstr(remedy),
            HasSubstr("take a new snapshot"));
  ExpectStops(words);
  ExpectStaysStopped(words);
  Exec(remedy);
  OpenLog(read_.resume);
  ExpectStops(kPutInAgain);
  ExpectGoesOn();
}

TEST_F(PublicationTest, ARowFilterIsRefusedAtTheFirstStart) {
  if (Server().version() < 15) return;
  Exec("CREATE PUBLICATION tidemark FOR TABLE a WHERE (id > 5), b");
  ExpectStaysStopped(HasSubstr("filters the rows of table public.a"));
  EXPECT_EQ(Value("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" +
                  options_.slot + "'"),
            "0");
}

}  // namespace
}  // namespace tidemark::capture::postgres
