#include "capture/postgres/log_setup.h"

#include <gmock/gmock.h>

namespace tidemark::capture::postgres {
namespace {

using ::testing::HasSubstr;

TEST(LogSetupTest, StandbyNamesAreReadAsTheServerReadsThem) {
  for (const char* setting : {"*", "tidemark", "a, Tidemark", "\"tidemark\"", "2 (a, tidemark)",
                              "FIRST 2(a,\"*\")", "any 1 ( tidemark )", "a,\"b,c\",tidemark"}) {
    EXPECT_TRUE(NamesStandby(setting, "tidemark")) << setting;
  }
  for (const char* setting :
       {"", "nosuch", "ANY 1 (a, b)", "\"tidemark,a\"", "tidemark2", "\"tide\"\"mark\"", "\"(\""}) {
    EXPECT_FALSE(NamesStandby(setting, "tidemark")) << setting;
  }
  EXPECT_TRUE(NamesStandby("\"tide\"\"mark\"", "tide\"mark"));
  EXPECT_FALSE(NamesStandby("a", ""));
}

TEST(LogSetupTest, SlotPastItsReserveIsOnlyWarnedOf) {
  SlotInfo slot;
  slot.plugin = "pgoutput";
  slot.database = "shop";
  slot.unreserved = true;
  std::vector<Problem> problems = SlotProblems(slot, "s", "shop");
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(problems[0].severity, Problem::Severity::kWarning);
  EXPECT_THAT(problems[0].message, HasSubstr("unreserved"));
  EXPECT_TRUE(ProblemsStatus(problems).ok());
  slot.two_phase = true;
  EXPECT_FALSE(ProblemsStatus(SlotProblems(slot, "s", "shop")).ok());
}

}  // namespace
}  // namespace tidemark::capture::postgres
