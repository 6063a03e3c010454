#include "capture/postgres/postgres_source.h"

#include <gtest/gtest.h>

namespace tidemark::capture::postgres {
namespace {

TEST(PostgresSourceTest, TheRemedyForATableThatIsNotCapturedNamesThePublication) {
  PostgresOptions options;
  options.publication = "tidemark_shop";
  EXPECT_EQ(MakePostgresSource(options)->CaptureRemedy(), "add it to publication tidemark_shop");
}

}  // namespace
}  // namespace tidemark::capture::postgres
