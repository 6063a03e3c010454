#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/cli/commands.h"
#include "service/cli/tail.h"

namespace tidemark::service {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Options with some of them set.
template <typename Options, typename Set>
Options With(Set set) {
  Options options;
  set(options);
  return options;
}

#define TAIL(...) With<TailOptions>([]([[maybe_unused]] auto& o) { __VA_ARGS__; })
#define SNAPSHOT(...) With<SnapshotOptions>([]([[maybe_unused]] auto& o) { __VA_ARGS__; })

TEST(CliRequestTest, TailStartsNowOrWithoutFollowingAtTheBeginning) {
  EXPECT_TRUE(MakeSubscribeRequest(TAIL(), 0)->now());
  EXPECT_TRUE(MakeSubscribeRequest(TAIL(o.follow = false), 0)->beginning());
  EXPECT_TRUE(MakeSubscribeRequest(TAIL(o.from = "now"; o.follow = false), 0)->now());
  EXPECT_EQ(MakeSubscribeRequest(TAIL(o.from_sequence = 9), 0)->sequence(), 9u);
  EXPECT_EQ(MakeSubscribeRequest(TAIL(o.consumer = "c"), 0)->consumer(), "c");
}

TEST(CliRequestTest, TailTakesTimesAndDurations) {
  EXPECT_EQ(MakeSubscribeRequest(TAIL(o.from_time = "10s"), 60'000'000)->time_us(), 50'000'000u);
  EXPECT_EQ(MakeSubscribeRequest(TAIL(o.from_time = "1970-01-01T00:01:00Z"), 0)->time_us(),
            60'000'000u);
  EXPECT_EQ(MakeSubscribeRequest(TAIL(o.from_time = "18446744073709552ms"), 60'000'000)->time_us(),
            0u);
  EXPECT_THAT(std::string(MakeSubscribeRequest(TAIL(o.from_time = "soon"), 0).status().message()),
              HasSubstr("--from-time: expected"));
}

TEST(CliRequestTest, TailRefusesTwoStartsAndUnknownOps) {
  EXPECT_FALSE(MakeSubscribeRequest(TAIL(o.from = "now"; o.consumer = "c"), 0).ok());
  EXPECT_THAT(std::string(MakeSubscribeRequest(TAIL(o.ops = {"upsert"}), 0).status().message()),
              HasSubstr("--ops: expected"));
  EXPECT_THAT(MakeSubscribeRequest(TAIL(o.ops = {"create", "READ"}), 0)->ops(),
              ElementsAre(v1::OP_CREATE, v1::OP_READ));
}

TEST(CliRequestTest, SnapshotsTakeAllOrTablesAndKeys) {
  EXPECT_FALSE(MakeCreateRequest(SNAPSHOT()).ok());
  EXPECT_FALSE(MakeCreateRequest(SNAPSHOT(o.tables = {"a.b"}; o.all = true)).ok());
  EXPECT_FALSE(MakeCreateRequest(SNAPSHOT(o.tables = {"a.b", "a.c"}; o.predicate = "x")).ok());
  EXPECT_EQ(MakeCreateRequest(SNAPSHOT(o.all = true))->tables_size(), 0);
  EXPECT_THAT(MakeCreateRequest(SNAPSHOT(o.all = true; o.except = {"a.b", "c.*"}))->except_tables(),
              ElementsAre("a.b", "c.*"));
  auto request = MakeCreateRequest(SNAPSHOT(o.tables = {"a.b"}; o.keys = {"7,x\\,y", "8,"}));
  ASSERT_TRUE(request.ok());
  EXPECT_THAT(request->tables(0).keys(0).columns(), ElementsAre("7", "x,y"));
  EXPECT_THAT(request->tables(0).keys(1).columns(), ElementsAre("8", ""));
}

}  // namespace
}  // namespace tidemark::service
