#include "service/log.h"

#include <gtest/gtest.h>

#include "service/json_text.h"

namespace tidemark::service {
namespace {

TEST(LogTest, TextQuotesOnlyWhereNeeded) {
  EXPECT_EQ(FormatLogEntry(LogFormat::kText, "listening", {{"port", 7654}, {"why", "a \"b\"\n"}}),
            R"(listening port=7654 why="a \"b\"\n")");
}

TEST(LogTest, JsonIsOneObjectsMembers) {
  EXPECT_EQ(FormatLogEntry(LogFormat::kJson, "listening", {{"port", 7654}}),
            R"("event":"listening","port":"7654")");
}

TEST(JsonTextTest, EscapesControlsAndReplacesWhatIsNoUtf8) {
  std::string out;
  AppendJsonString(out, std::string_view("a\x01\"\\\xC3\xA9\xFF\xED\xA0\x80\xF0\x9F\x8C\x8A", 14));
  EXPECT_EQ(out,
            "\"a\\u0001\\\"\\\\\xC3\xA9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "\xF0\x9F\x8C\x8A\"");
}

}  // namespace
}  // namespace tidemark::service
