#include "service/kafka/connect_json.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace tidemark::service::kafka {
namespace {

template <typename Real>
std::string RealText(Real value) {
  std::string out;
  AppendReal(out, value);
  return out;
}

std::string StringText(std::string_view text) {
  std::string out;
  EXPECT_TRUE(AppendString(out, text)) << text;
  return out;
}

TEST(ConnectJsonTest, NumbersHaveJavasLayout) {
  EXPECT_EQ(RealText(0.0), "0.0");
  EXPECT_EQ(RealText(-0.0), "-0.0");
  EXPECT_EQ(RealText(1.0), "1.0");
  EXPECT_EQ(RealText(-12.5), "-12.5");
  EXPECT_EQ(RealText(100.0), "100.0");
  EXPECT_EQ(RealText(0.001), "0.001");
  EXPECT_EQ(RealText(0.00012), "1.2E-4");
  EXPECT_EQ(RealText(9999999.0), "9999999.0");
  EXPECT_EQ(RealText(10000000.0), "1.0E7");
  EXPECT_EQ(RealText(1.7976931348623157e308), "1.7976931348623157E308");
  EXPECT_EQ(RealText(5e-324), "4.9E-324");
  EXPECT_EQ(RealText(1e-45f), "1.4E-45");
  EXPECT_EQ(RealText(1.1f), "1.1");
  EXPECT_EQ(RealText(16777216.0f), "1.6777216E7");
}

TEST(ConnectJsonTest, NumbersThatJsonLacksAreStrings) {
  EXPECT_EQ(RealText(std::numeric_limits<double>::quiet_NaN()), "\"NaN\"");
  EXPECT_EQ(RealText(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(RealText(-std::numeric_limits<float>::infinity()), "\"-Infinity\"");
}

TEST(ConnectJsonTest, StringsAreEscapedAsJacksonDoes) {
  EXPECT_EQ(StringText(""), "\"\"");
  EXPECT_EQ(StringText("plain"), "\"plain\"");
  EXPECT_EQ(StringText("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(StringText("\b\t\n\f\r"), R"("\b\t\n\f\r")");
  EXPECT_EQ(StringText(std::string("\0\x1f\x7f", 3)), "\"\\u0000\\u001F\x7f\"");
  EXPECT_EQ(StringText("ä€\n"), "\"ä€\\n\"");
  EXPECT_EQ(StringText("a😀b"), "\"a\\uD83D\\uDE00b\"");
}

TEST(ConnectJsonTest, BytesThatAreNoUtf8AreRefusedInValuesAndReplacedInNames) {
  for (std::string_view wrong :
       {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82z"}) {
    std::string out;
    EXPECT_FALSE(AppendString(out, wrong));
  }
  std::string name;
  AppendName(name, "a\xff\"b");
  EXPECT_EQ(name, "\"a\xEF\xBF\xBD\\\"b\"");
}

TEST(ConnectJsonTest, BytesAreBase64WithPadding) {
  const std::pair<std::string_view, const char*> cases[] = {{"", "\"\""},
                                                            {"f", "\"Zg==\""},
                                                            {"fo", "\"Zm8=\""},
                                                            {"foo", "\"Zm9v\""},
                                                            {"foob", "\"Zm9vYg==\""},
                                                            {"fooba", "\"Zm9vYmE=\""},
                                                            {"foobar", "\"Zm9vYmFy\""}};
  for (const auto& [bytes, expected] : cases) {
    std::string out;
    AppendBase64(out, bytes);
    EXPECT_EQ(out, expected);
  }
  std::string out;
  AppendBase64(out, "\xfb\xff");
  EXPECT_EQ(out, "\"+/8=\"");
}

}  // namespace
}  // namespace tidemark::service::kafka
