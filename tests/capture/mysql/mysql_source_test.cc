#include "capture/mysql/mysql_source.h"

#include <gtest/gtest.h>

namespace tidemark::capture::mysql {
namespace {

TEST(MysqlSourceTest, TheRemedyForATableThatIsNotCapturedNamesUserAndConfiguration) {
  MysqlOptions options;
  options.connection.user = "tidemark";
  EXPECT_EQ(MakeMysqlSource(options)->CaptureRemedy(), "grant SELECT on it to user tidemark");
  options.tables = {"crm.contacts"};
  EXPECT_EQ(MakeMysqlSource(options)->CaptureRemedy(),
            "add it to `tables` of the source in the configuration and grant SELECT on it to user "
            "tidemark");
}

}  // namespace
}  // namespace tidemark::capture::mysql
