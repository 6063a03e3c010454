// The control of the campaign: without the guard the oracle must find doubled events.

#include "gmock/gmock.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/kafka_fault.h"

namespace tidemark::fault {
namespace {

using ::testing::HasSubstr;

constexpr int kKillsMost = 20;

class KafkaCheckpointTest : public KafkaFaultTest {};

// The control of all rounds: they would find what it prevents.
TEST_P(KafkaCheckpointTest, WithoutTheCheckpointInTheirTransactionEventsComeTwice) {
  StartPublishing({}, {{"TIDEMARK_TEST_WITHOUT_CHECKPOINT_IN_TRANSACTION", "1"}});
  if (HasFatalFailure()) return;
  // Events are read before the checkpoint that says so is there.
  for (int kill = 0; kill < kKillsMost && fold().violations().empty(); ++kill) {
    ReadUpToNewMark();
    if (HasFatalFailure()) return;
    publisher()->Kill9();
    StartAgain();
    if (HasFatalFailure()) return;
  }
  EXPECT_THAT(fold().violations(), ::testing::Contains(HasSubstr("comes after event")));
}

TIDEMARK_ON_SYSTEM_SERVER(KafkaCheckpointTest);

}  // namespace
}  // namespace tidemark::fault
