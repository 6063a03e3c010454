#include "capture/postgres/timeline.h"

#include <gmock/gmock.h>

namespace tidemark::capture::postgres {
namespace {

using ::testing::HasSubstr;

constexpr char kHistory[] =
    "1\t0/3000148\tno recovery target specified\n"
    "\n"
    "# a comment\n"
    "3\t16/B374D848\tbefore 2026-01-01 10:00:00+00\n";

TEST(TimelineTest, WhatEndsBeforeTheSwitchIsThere) {
  EXPECT_TRUE(CheckHistory(kHistory, 1, 4, 0x3000148).ok());
  EXPECT_TRUE(CheckHistory(kHistory, 3, 4, 0x16B374D848).ok());
}

TEST(TimelineTest, WhatEndsBehindTheSwitchIsMissingAndNamed) {
  absl::Status status = CheckHistory(kHistory, 3, 4, 0x16B374D849);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("from 16/B374D848 to 16/B374D849"));
  EXPECT_EQ(CheckHistory(kHistory, 1, 4, 0x3000149).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(TimelineTest, TimelineThatIsNoAncestorIsRefused) {
  EXPECT_EQ(CheckHistory(kHistory, 2, 4, 1).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckHistory("", 1, 4, 1).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tidemark::capture::postgres
