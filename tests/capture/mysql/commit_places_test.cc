#include "capture/mysql/commit_places.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tidemark::capture::mysql {
namespace {

using model::Position;

// Alone in its group.
void Commit(CommitPlaces& places, const Position& end) {
  places.Pass({.start = {}, .end = end, .xid = ""});
}
void CommitXa(CommitPlaces& places, const Position& start, const Position& end,
              const std::string& xid = "x") {
  places.Pass({.start = start, .end = end, .xid = xid});
}

TEST(CommitPlacesTest, EndOfACommitCountsOnceItWasRead) {
  CommitPlaces places;
  EXPECT_EQ(places.Visible({1, 500}), Position());
  Commit(places, {1, 500});
  EXPECT_EQ(places.Visible({1, 500}), (Position{1, 500}));
}

// Heads of files, checkpoints and places within a commit.
TEST(CommitPlacesTest, OtherPlacesDoNotCount) {
  CommitPlaces places;
  Commit(places, {1, 500});
  EXPECT_EQ(places.Visible({1, 500}), (Position{1, 500}));
  Commit(places, {1, 4200});
  for (const Position shown : {Position{1, 4100}, {2, 4}, {2, 387}, {2, 5000}, {3, 4}}) {
    EXPECT_EQ(places.Visible(shown), (Position{1, 500})) << model::ToString(shown);
  }
}

TEST(CommitPlacesTest, WhatIsVisibleStaysSo) {
  CommitPlaces places;
  Commit(places, {1, 500});
  Commit(places, {1, 700});
  EXPECT_EQ(places.Visible({1, 700}), (Position{1, 700}));
  EXPECT_EQ(places.Visible({1, 500}), (Position{1, 700}));
  places.NoteVisible({1, 600});
  EXPECT_EQ(places.Visible({1, 4}), (Position{1, 700}));
  places.NoteVisible({2, 387});
  EXPECT_EQ(places.Visible({1, 700}), (Position{2, 387}));
}

// A group that waited while the next one began a file shows its old offset there, until the file's
// first group is visible.
TEST(CommitPlacesTest, OffsetsOfTheFileBeforeDoNotCount) {
  CommitPlaces places;
  for (const uint64_t end : {600, 1200, 3000, 4200}) Commit(places, {1, end});
  for (const uint64_t end : {1200, 3000, 4200}) Commit(places, {2, end});
  EXPECT_EQ(places.Visible({2, 3000}), Position());
  EXPECT_EQ(places.Visible({2, 1200}), (Position{2, 1200}));
  EXPECT_EQ(places.Visible({2, 4200}), (Position{2, 4200}));
}

// However many transactions a group has.
TEST(CommitPlacesTest, TransactionsOfOneGroupAreOne) {
  CommitPlaces places;
  Commit(places, {1, 600});
  for (uint64_t end = 1000; end <= 4200; end += 100) {
    places.Pass({.start = {}, .end = {1, end}, .commit_id = 77, .xid = ""});
  }
  for (uint64_t end = 500; end <= 600; end += 100) {
    places.Pass({.start = {}, .end = {2, end}, .commit_id = 78, .xid = ""});
  }
  EXPECT_EQ(places.Visible({2, 600}), Position());
  EXPECT_EQ(places.Visible({2, 500}), (Position{2, 500}));
}

TEST(CommitPlacesTest, FirstGroupsOfAFileDoNotCountWhereTheFileBeforeIsNotKnown) {
  CommitPlaces places;
  Commit(places, {7, 4200});
  for (const uint64_t end : {600, 1200, 1800}) Commit(places, {8, end});
  EXPECT_EQ(places.Visible({8, 1200}), Position());
  EXPECT_EQ(places.Visible({8, 1800}), (Position{8, 1800}));
}

// Of a move's binlog too.
TEST(CommitPlacesTest, TheFirstFileHasNoneBefore) {
  CommitPlaces places;
  constexpr uint64_t kMoved = uint64_t{3} << 32 | 1;
  Commit(places, {1, 600});
  EXPECT_EQ(places.Visible({1, 600}), (Position{1, 600}));
  Commit(places, {kMoved, 600});
  EXPECT_EQ(places.Visible({kMoved, 600}), (Position{kMoved, 600}));
}

// The leader shows the place of a later commit while the engine has still to commit it.
TEST(CommitPlacesTest, NothingCountsFromAnXaCommitOnUntilItIsKnown) {
  CommitPlaces places;
  Commit(places, {1, 500});
  CommitXa(places, {1, 500}, {1, 600});
  CommitXa(places, {1, 600}, {1, 700}, "y");
  Commit(places, {1, 800});
  EXPECT_EQ(places.Visible({1, 800}), (Position{1, 500}));
  ASSERT_EQ(places.XaCommits().size(), 2u);
  EXPECT_EQ(places.XaCommits()[1].xid, "y");
  places.NoteCommitted({{1, 600}});
  EXPECT_EQ(places.Visible({1, 4}), (Position{1, 500}));
  places.NoteCommitted({{1, 500}});
  EXPECT_EQ(places.Visible({1, 4}), (Position{1, 800}));
}

TEST(CommitPlacesTest, XaCommitsBeforeAVisiblePlaceAreKnown) {
  CommitPlaces places;
  CommitXa(places, {1, 500}, {1, 600});
  places.NoteVisible({1, 900});
  CommitXa(places, {1, 700}, {1, 800});
  EXPECT_TRUE(places.XaCommits().empty());
  EXPECT_EQ(places.Visible({1, 4}), (Position{1, 900}));
}

TEST(CommitPlacesTest, ManyXaCommitsAreKnownTogether) {
  CommitPlaces places;
  const uint64_t last = CommitPlaces::kXaCommitsMax + 1;
  CommitXa(places, {1, 1}, {1, 2});
  const std::vector<Position> first = {places.XaCommits()[0].start};
  for (uint64_t start = 2; start <= last; ++start) CommitXa(places, {1, start}, {1, start + 1});
  Commit(places, {1, 5000});
  EXPECT_TRUE(places.XaCommits().empty());
  places.NoteCommitted(first);
  EXPECT_EQ(places.Visible({1, 5000}), (Position{1, 1}));
  places.NoteVisible({1, last});
  EXPECT_EQ(places.Visible({1, 5000}), (Position{1, 1}));
  places.NoteVisible({1, last + 1});
  EXPECT_EQ(places.Visible({1, 5000}), (Position{1, 5000}));
}

TEST(CommitPlacesTest, OldEndsAreForgotten) {
  CommitPlaces places;
  for (uint64_t i = 1; i <= CommitPlaces::kEndsMax + 1; ++i) Commit(places, {1, i * 100});
  EXPECT_EQ(places.Visible({1, 100}), Position());
  EXPECT_EQ(places.Visible({1, 200}), (Position{1, 200}));
}

TEST(CommitPlacesTest, AnotherReadingBeginsWithNothing) {
  CommitPlaces places;
  Commit(places, {1, 500});
  EXPECT_EQ(places.Visible({1, 500}), (Position{1, 500}));
  places.Begin();
  EXPECT_EQ(places.Visible({1, 500}), Position());
}

}  // namespace
}  // namespace tidemark::capture::mysql
