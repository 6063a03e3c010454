#include "capture/postgres/pg_snapshot.h"

#include <gtest/gtest.h>

#include "capture/postgres/replay_view.h"

namespace tidemark::capture::postgres {
namespace {

bool Sees(const PgSnapshot& snapshot, uint32_t xid) { return snapshot.Contains({xid, 0, {}}); }

TEST(PgSnapshotTest, SeesWhatHadEndedWhenItWasTaken) {
  auto snapshot = PgSnapshot::Parse("100:110:103,107");
  ASSERT_TRUE(snapshot.ok());
  for (uint32_t xid : {3u, 99u, 100u, 102u, 104u, 109u}) EXPECT_TRUE(Sees(*snapshot, xid)) << xid;
  for (uint32_t xid : {103u, 107u, 110u, 111u, 5000u}) EXPECT_FALSE(Sees(*snapshot, xid)) << xid;
}

TEST(PgSnapshotTest, NoneRunning) {
  auto snapshot = PgSnapshot::Parse("734:734:");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_TRUE(Sees(*snapshot, 733));
  EXPECT_FALSE(Sees(*snapshot, 734));
}

TEST(PgSnapshotTest, WidensAroundTheWrapFromBothSides) {
  // Just after the wrap: xids before it belong to the epoch before.
  auto after = PgSnapshot::Parse("8589934590:8589934600:8589934591,8589934595");
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->Widen(0xfffffffe), 8589934590u);
  EXPECT_EQ(after->Widen(3), 8589934595u);
  EXPECT_TRUE(Sees(*after, 0xfffffffd));
  EXPECT_TRUE(Sees(*after, 0xfffffffe));
  EXPECT_FALSE(Sees(*after, 0xffffffff));
  EXPECT_FALSE(Sees(*after, 3));
  EXPECT_TRUE(Sees(*after, 4));
  EXPECT_FALSE(Sees(*after, 8));
  // Just before it: xids after it are of the next epoch, and not visible.
  auto before = PgSnapshot::Parse("4294967290:4294967295:4294967292");
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->Widen(5), 4294967301u);
  EXPECT_FALSE(Sees(*before, 5));
  EXPECT_FALSE(Sees(*before, 4294967292));
  EXPECT_TRUE(Sees(*before, 4294967294));
  EXPECT_FALSE(Sees(*before, 4294967295));
}

TEST(PgSnapshotTest, InTheFirstEpochNothingIsBelowZero) {
  auto snapshot = PgSnapshot::Parse("10:12:");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_FALSE(Sees(*snapshot, 0xfffffff0));
  EXPECT_TRUE(Sees(*snapshot, 11));
}

TEST(PgSnapshotTest, OtherTextsAreDataLoss) {
  for (const char* text : {"", "1", "1:2", "a:b:", "5:4:", "1:9:0", "1:9:9", "1:9:3,", "1:9:,3",
                           "1:9:3 4", "-1:2:", "1:2:x", "99999999999999999999:1:"}) {
    EXPECT_EQ(PgSnapshot::Parse(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(ReplayViewTest, HoldsCommitsWhoseRecordStartsBeforeTheReplayedEnd) {
  const ReplayView view(1000);
  EXPECT_TRUE(view.Contains({.number = 7, .commit = {.file = 0, .offset = 952}}));
  EXPECT_FALSE(view.Contains({.number = 8, .commit = {.file = 0, .offset = 1000}}));
}

}  // namespace
}  // namespace tidemark::capture::postgres
