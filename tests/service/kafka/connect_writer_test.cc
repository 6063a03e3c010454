#include "service/kafka/connect_writer.h"

#include <gtest/gtest.h>

namespace tidemark::service::kafka {
namespace {

// {"a":[1,"x"],"b":{"k":"v"},"c":[[1,0.5]]} with texts and maps of each kind.
std::string Written(ConnectForm form) {
  std::string text;
  WithWriter(form, text, [](ConnectWriter& out) {
    out.BeginStruct();
    out.Member(",\"a\":");
    out.BeginArray(2);
    for (int64_t number : {-1, 64}) {
      out.Item();
      out.Present();
      out.Integer(number);
    }
    out.EndArray();
    out.Member(",\"b\":");
    out.BeginMap(1);
    out.Key("k");
    const size_t mark = out.BeginPlainText();
    out.out() += "v";
    out.EndPlainText(mark);
    out.EndMap();
    out.Member(",\"c\":");
    out.BeginEntry();
    out.Item();
    out.Boolean(true);
    out.Item();
    out.Null();
    out.EndEntry();
    out.EndStruct();
  });
  return text;
}

TEST(ConnectWriterTest, OneWalkIsWrittenInBothForms) {
  EXPECT_EQ(Written(ConnectForm::kJson), R"({"a":[-1,64],"b":{"k":"v"},"c":[true,null]})");
  EXPECT_EQ(Written(ConnectForm::kAvro), std::string("\4\2\1\2\x80\1\0\2\2k\2v\0\1\0", 15));
}

TEST(ConnectWriterTest, NumbersOfAvroAreLittleEndian) {
  std::string out;
  AvroWriter writer(out);
  writer.Real(1.0f);
  writer.Real(-2.0);
  EXPECT_EQ(out, std::string("\0\0\x80\x3f"
                             "\0\0\0\0\0\0\0\xc0",
                             12));
}

TEST(ConnectWriterTest, TextsThatAreNoUtf8AreToldAndNamesMended) {
  std::string out;
  AvroWriter writer(out);
  EXPECT_FALSE(writer.Text("a\xff"));
  EXPECT_FALSE(writer.Text("\xed\xa0\x80"));  // a surrogate
  EXPECT_EQ(out, "");
  EXPECT_TRUE(writer.Text("\xf0\x9f\x8c\x8a"));
  writer.Name("a\xff");
  EXPECT_EQ(out,
            "\x08\xf0\x9f\x8c\x8a\x08"
            "a\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tidemark::service::kafka
