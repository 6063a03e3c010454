#include "service/kafka/proto_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::ElementsAre;

v1::TableSchema Table(const std::vector<std::pair<std::string, v1::TypeKind>>& columns) {
  std::vector<v1::Column> made;
  for (const auto& [name, kind] : columns)
    made.push_back(MakeColumn(name, MakeType(kind, 1, ""), true));
  return MakeTable("public", "t", made);
}

// Of a table with all columns in the message, after `earlier`.
std::vector<ProtoField> Assigned(const std::vector<ProtoField>& earlier,
                                 const std::vector<std::pair<std::string, v1::TypeKind>>& columns) {
  std::vector<uint32_t> all;
  for (uint32_t i = 0; i < columns.size(); ++i) all.push_back(i);
  return AssignProtoFields(earlier, Table(columns), all);
}

std::vector<std::string> Shown(const std::vector<ProtoField>& fields) {
  std::vector<std::string> shown;
  for (const ProtoField& field : fields) {
    shown.push_back(absl::StrCat(field.number, " ", field.name, " ", field.type, " of ",
                                 field.column, field.dropped ? " dropped" : ""));
  }
  return shown;
}

std::vector<ProtoField> ReadBack(const std::vector<ProtoField>& fields) {
  std::string text =
      "syntax = \"proto3\";\nmessage Other { int32 x = 9; }\nmessage Row {\n"
      "  repeated uint32 unavailable_fields = 1;\n";
  AppendProtoFields(text, fields);
  const absl::StatusOr<std::vector<ProtoField>> read = ReadProtoFields(text + "}\n", "Row");
  EXPECT_TRUE(read.ok()) << read.status();
  return *read;
}

TEST(ProtoFieldsTest, WhatIsWrittenIsReadBack) {
  std::vector<ProtoField> fields = Assigned({}, {{"a \"quoted\" \\ \xc3\xa4", v1::TYPE_KIND_TEXT},
                                                 {"b", v1::TYPE_KIND_INTERVAL},
                                                 {"c", v1::TYPE_KIND_BINARY}});
  EXPECT_EQ(Shown(ReadBack(fields)), Shown(fields));
  fields = Assigned(fields, {{"c", v1::TYPE_KIND_BINARY}, {"b", v1::TYPE_KIND_REAL}});
  EXPECT_EQ(Shown(ReadBack(fields)), Shown(fields));
}

TEST(ProtoFieldsTest, ADroppedColumnThatComesBackIsTheSameField) {
  const auto first = Assigned({}, {{"a", v1::TYPE_KIND_TEXT}, {"b", v1::TYPE_KIND_TEXT}});
  const auto without = Assigned(ReadBack(first), {{"b", v1::TYPE_KIND_TEXT}});
  EXPECT_THAT(Shown(without), ElementsAre("3 a string of a dropped", "4 b string of b"));
  const auto back =
      Assigned(ReadBack(without), {{"b", v1::TYPE_KIND_TEXT}, {"a", v1::TYPE_KIND_JSON}});
  EXPECT_EQ(Shown(back), Shown(first));
}

TEST(ProtoFieldsTest, ARetypedColumnIsAnotherField) {
  const auto text = Assigned({}, {{"a", v1::TYPE_KIND_TEXT}});
  const auto number = Assigned(ReadBack(text), {{"a", v1::TYPE_KIND_INTEGER}});
  EXPECT_THAT(Shown(number), ElementsAre("3 a string of a dropped", "4 a_v2 sint64 of a"));
  const auto real = Assigned(ReadBack(number), {{"a", v1::TYPE_KIND_REAL}});
  EXPECT_THAT(Shown(real), ElementsAre("3 a string of a dropped", "4 a_v2 sint64 of a dropped",
                                       "5 a_v3 float of a"));
}

TEST(ProtoFieldsTest, NumbersThatProtobufReservesAreLeftOut) {
  const std::vector<ProtoField> earlier = {{"a", "a", "string", 18999, false}};
  EXPECT_THAT(Shown(Assigned(earlier, {{"a", v1::TYPE_KIND_TEXT}, {"b", v1::TYPE_KIND_TEXT}})),
              ElementsAre("18999 a string of a", "20000 b string of b"));
}

TEST(ProtoFieldsTest, NamesDifferInCamelCaseToo) {
  EXPECT_THAT(Shown(Assigned({}, {{"a_b", v1::TYPE_KIND_TEXT},
                                  {"aB", v1::TYPE_KIND_TEXT},
                                  {"a b", v1::TYPE_KIND_TEXT},
                                  {"_x", v1::TYPE_KIND_TEXT},
                                  {"1", v1::TYPE_KIND_TEXT}})),
              ElementsAre("3 a_b string of a_b", "4 aB_v2 string of aB", "5 a_b_v3 string of a b",
                          "6 c_x string of _x", "7 c1 string of 1"));
}

TEST(ProtoFieldsTest, WhatIsNoSchemaOfProtobufIsAnError) {
  for (const char* text : {"", "\"string\"", "{\"type\":\"record\"}", "message Row {"}) {
    EXPECT_EQ(ReadProtoFields(text, "Row").status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

}  // namespace
}  // namespace tidemark::service::kafka
