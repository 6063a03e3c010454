// What keeps events in Kafka whole when a data folder is lost, and what happens without it.

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/kafka_fault.h"

namespace tidemark::fault {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kGuardPatience = absl::Seconds(60);
constexpr absl::Duration kGuardPoll = absl::Milliseconds(20);

class KafkaGuardTest : public KafkaFaultTest {
 protected:
  // Rows that the journal has and Kafka has not; then the folder is gone. So long the server may
  // take to be told of them before: within the second, where it is told.
  void LoseFolderThatIsAheadOfKafka(absl::Duration patience) {
    ExpectExact();
    kafka().Freeze(0);
    kafka().Freeze(1);
    Sql(absl::StrCat("INSERT INTO bulk SELECT i, 'x' FROM ", Rows(1, 100)));
    const std::string end = Value("SELECT pg_current_wal_flush_lsn()");
    ASSERT_OK_AND_ASSIGN(const oracle::LogPosition written, oracle::EndOfLog(*NewSession()));
    WaitFor([&] {
      auto source = publisher()->Status();
      return source.ok() && oracle::LogPosition(source->frontier()) >= written;
    });
    const std::string acknowledged =
        absl::StrCat("SELECT confirmed_flush_lsn >= '", end,
                     "' FROM pg_replication_slots WHERE slot_name = 'tidemark'");
    const absl::Time deadline = absl::Now() + patience;
    do {
      absl::SleepFor(kGuardPoll);
      acknowledged_ = Value(acknowledged);
    } while (acknowledged_ != "t" && absl::Now() < deadline);
    publisher()->Kill9();
    RemoveFolder(*publisher());
    kafka().Thaw(0);
    kafka().Thaw(1);
  }

  template <typename Condition>
  void WaitFor(Condition condition) {
    const absl::Time deadline = absl::Now() + kGuardPatience;
    while (!condition()) {
      ASSERT_LT(absl::Now(), deadline) << publisher()->Log();
      absl::SleepFor(kGuardPoll);
    }
  }

  // Of what Kafka has not: "t" or "f".
  std::string acknowledged_;
};

TEST_P(KafkaGuardTest, ServerKeepsWhatOnlyALostFolderHad) {
  StartPublishing();
  if (HasFatalFailure()) return;
  LoseFolderThatIsAheadOfKafka(absl::Seconds(2));
  if (HasFatalFailure()) return;
  EXPECT_EQ(acknowledged_, "f");
  StartAgain();
  ExpectExact();
}

TEST_P(KafkaGuardTest, WithoutThatALostFolderStopsTheSourceRatherThanLeaveAGap) {
  StartPublishing({"acknowledge_after_kafka: false"});
  if (HasFatalFailure()) return;
  LoseFolderThatIsAheadOfKafka(kGuardPatience);
  if (HasFatalFailure()) return;
  EXPECT_EQ(acknowledged_, "t");
  ASSERT_OK(publisher()->StartAgain());
  WaitUntilStopped(*publisher(), "slot tidemark was moved on");
  ASSERT_OK_AND_ASSIGN(const v1::Source source, publisher()->Status());
  EXPECT_THAT(source.error(), HasSubstr("new snapshot"));
  ReadMore();
  EXPECT_TRUE(fold().violations().empty());
}

TIDEMARK_ON_SYSTEM_SERVER(KafkaGuardTest);

}  // namespace
}  // namespace tidemark::fault
