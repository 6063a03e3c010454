#include "capture/postgres/published_tables.h"

#include <gtest/gtest.h>

namespace tidemark::capture::postgres {
namespace {

TEST(PublicationWatchTest, RecordsOfOthersArePassedOver) {
  auto watch = PublicationWatch::Load(std::vector<model::DriverRecord>{{"another", "x"}});
  ASSERT_TRUE(watch.ok()) << watch.status();
  EXPECT_FALSE(watch->has_changes());
}

TEST(PublicationWatchTest, DamagedRecordsAreDataLoss) {
  for (const model::DriverRecord& record : std::vector<model::DriverRecord>{
           {"published 16385", "\x0a\x7f"}, {"published t", ""}, {"publication", "\x08"}}) {
    auto watch = PublicationWatch::Load(std::vector<model::DriverRecord>{record});
    EXPECT_EQ(watch.status().code(), absl::StatusCode::kDataLoss) << record.name;
  }
}

}  // namespace
}  // namespace tidemark::capture::postgres
