// The format registry-protobuf against a schema registry, and read by Confluent's client.

#include "service/kafka/proto_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/service/kafka/every_type.h"
#include "tests/service/kafka/registry_fixture.h"
#include "tests/service/kafka/registry_records.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

v1::Type IntegerColumn() { return MakeType(v1::TYPE_KIND_INTEGER, 23, "integer"); }
v1::Type TextColumn() { return MakeType(v1::TYPE_KIND_TEXT, 25, "text"); }

v1::TableSchema Table(std::vector<v1::Column> more) {
  more.insert(more.begin(), MakeColumn("id", IntegerColumn(), false));
  return MakeTable("public", "t", std::move(more), {0});
}

class ProtoEncoderTest : public RegistryTest {
 protected:
  // By encoders that know nothing of earlier ones, as after a restart.
  std::unique_ptr<TableEncoder> Prepared(const v1::TableSchema& schema, const std::string& topic) {
    SchemaRegistry registry(OptionsOf(server_->url()), std::stop_token());
    ProtoEncoders encoders("shop", &registry);
    absl::StatusOr<std::unique_ptr<TableEncoder>> table = encoders.Prepare(schema, topic);
    EXPECT_TRUE(table.ok()) << table.status();
    return *std::move(table);
  }

  void ExpectRead(const std::string& topic, const std::vector<ExpectedRecord>& records) {
    EXPECT_OK(ReadWithConfluentsClient("protobuf", server_->url(), topic, records));
  }
};

TEST_F(ProtoEncoderTest, EveryTypeOfPostgresIsRead) {
  const std::vector<TypedValue> values = PostgresValues();
  const auto table = Prepared(TableOf("everything", values, true), "pg.everything");
  v1::Change update = MakeRegistryChange(v1::OP_UPDATE);
  *update.mutable_before() = RowOf(values);
  *update.mutable_after() = RowOf(values);
  const std::string row = RowJson(values);
  ExpectRead("pg.everything",
             {{"key", KeyOf(*table, update), R"({"id":7})"},
              {"value", ValueOf(*table, update),
               EnvelopeJson("OP_UPDATE", absl::StrCat("\"before\":", row, ",\"after\":", row, ","),
                            "public", "everything")}});
}

TEST_F(ProtoEncoderTest, EveryTypeOfMysqlIsRead) {
  const std::vector<TypedValue> values = MysqlValues();
  const auto table = Prepared(TableOf("everything", values, false), "my.everything");
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  *create.mutable_after() = RowOf(values);
  ExpectRead("my.everything",
             {{"value", ValueOf(*table, create),
               EnvelopeJson("OP_CREATE", absl::StrCat("\"after\":", RowJson(values), ","), "shop",
                            "everything")}});
}

TEST_F(ProtoEncoderTest, DeletesAndTruncatesHaveNoRowsAndATruncateNoKey) {
  const auto table = Prepared(Table({}), "ends");
  EXPECT_TRUE(table->HasKey(model::Op::kDelete));
  EXPECT_FALSE(table->HasKey(model::Op::kTruncate));
  const v1::Change deletion = MakeRegistryChange(v1::OP_DELETE);
  ExpectRead("ends",
             {{"key", KeyOf(*table, deletion), R"({"id":7})"},
              {"value", ValueOf(*table, deletion), EnvelopeJson("OP_DELETE", "", "public", "t")},
              {"value", ValueOf(*table, MakeRegistryChange(v1::OP_TRUNCATE)),
               EnvelopeJson("OP_TRUNCATE", "", "public", "t")}});
}

TEST_F(ProtoEncoderTest, ValuesThatDoNotFitAndThoseTheLogDidNotCarryAreKeptApart) {
  const v1::Type date = MakeType(v1::TYPE_KIND_DATE, 1082, "date");
  const auto table = Prepared(
      Table({MakeColumn("day", date, true), MakeColumn("zero", date, true),
             MakeColumn("bytes", TextColumn(), true), MakeColumn("lost", TextColumn(), true),
             MakeColumn("none", TextColumn(), true)}),
      "apart");
  v1::Value infinity;
  infinity.set_infinity(false);
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  *create.mutable_after() = MakeRow(
      {Integer(7), infinity, ServerText("0000-00-00"), Text("\xff"), Unavailable(), v1::Value()});
  // id is 3, day 4, zero 5, bytes 6, lost 7.
  ExpectRead("apart",
             {{"value", ValueOf(*table, create),
               EnvelopeJson("OP_CREATE",
                            R"("after":{"unavailableFields":[7],"irregularValues":)"
                            R"({"4":"LWluZmluaXR5","5":"MDAwMC0wMC0wMA==","6":"/w=="},"id":7},)",
                            "public", "t")}});
}

TEST_F(ProtoEncoderTest, NumbersSurviveDroppedMovedAndRetypedColumnsAndRestarts) {
  Prepared(Table({MakeColumn("a", TextColumn(), true), MakeColumn("b", TextColumn(), true)}),
           "moves");
  Prepared(Table({MakeColumn("c", TextColumn(), true), MakeColumn("b", TextColumn(), true)}),
           "moves");
  const auto table =
      Prepared(Table({MakeColumn("b", IntegerColumn(), true), MakeColumn("c", TextColumn(), true)}),
               "moves");
  EXPECT_THAT(Latest("moves-value")->text,
              HasSubstr("  optional sint64 id = 3 [json_name = \"id\"];\n"
                        "  optional string a = 4 [deprecated = true, json_name = "
                        "\"a (dropped 4)\"];\n"
                        "  optional string b = 5 [deprecated = true, json_name = "
                        "\"b (dropped 5)\"];\n"
                        "  optional string c = 6 [json_name = \"c\"];\n"
                        "  optional sint64 b_v2 = 7 [json_name = \"b (field 7)\"];\n"));
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  *create.mutable_after() = MakeRow({Integer(7), Integer(1), Text("c")});
  ExpectRead("moves", {{"value", ValueOf(*table, create),
                        EnvelopeJson("OP_CREATE", R"x("after":{"id":7,"b (field 7)":1,"c":"c"},)x",
                                     "public", "t")}});
}

TEST_F(ProtoEncoderTest, AnEarlierVersionOfTheTableHasItsIdAgain) {
  const v1::TableSchema first = Table({MakeColumn("a", TextColumn(), true)});
  const v1::Change change = MakeRegistryChange(v1::OP_DELETE);
  const int id = SchemaIdOf(ValueOf(*Prepared(first, "again"), change));
  const int without = SchemaIdOf(ValueOf(*Prepared(Table({}), "again"), change));
  EXPECT_NE(id, without);
  EXPECT_EQ(SchemaIdOf(ValueOf(*Prepared(first, "again"), change)), id);
  EXPECT_EQ(SchemaIdOf(ValueOf(*Prepared(Table({}), "again"), change)), without);
}

TEST_F(ProtoEncoderTest, NamesThatProtobufDoesNotHaveAreMadeItsAndJsonKeepsThem) {
  const auto table = Prepared(
      MakeTable("tidemark", "odd-\xc3\xa4",
                {MakeColumn("2nd \"x\"", TextColumn(), true), MakeColumn("a_b", TextColumn(), true),
                 MakeColumn("aB", TextColumn(), true), MakeColumn("message", TextColumn(), true),
                 MakeColumn("unavailable_fields", TextColumn(), true),
                 MakeColumn("t", MakeType(v1::TYPE_KIND_INTERVAL, 1186, "interval"), true)}),
      "names");
  EXPECT_FALSE(table->HasKey(model::Op::kCreate));
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  create.clear_key();
  *create.mutable_after() =
      MakeRow({Text("1"), Text("2"), Text("3"), Text("4"), Text("5"), v1::Value()});
  ExpectRead("names", {{"value", ValueOf(*table, create),
                        EnvelopeJson("OP_CREATE",
                                     R"("after":{"2nd \"x\"":"1","a_b":"2","aB":"3",)"
                                     R"x("message":"4","unavailable_fields (field 7)":"5"},)x",
                                     "tidemark", "odd-\xc3\xa4")}});
}

// The console consumer's test compiles such a class.
TEST_F(ProtoEncoderTest, WordsOfJavaAreNoPartsOfItsPackages) {
  Prepared(Table({}), "java");
  EXPECT_THAT(Latest("java-value")->text, HasSubstr("package shop.public.t;\n\n"
                                                    "option java_package = \"shop.public_.t\";\n"));
  EXPECT_THAT(Latest("java-key")->text, HasSubstr("java_package = \"shop.public_.t\""));
  Prepared(MakeTable("shop", "while", {MakeColumn("a", TextColumn(), true)}), "java2");
  EXPECT_THAT(Latest("java2-value")->text, HasSubstr("java_package = \"shop.shop.while_\""));
  Prepared(MakeTable("shop", "Public", {MakeColumn("a", TextColumn(), true)}), "java3");
  EXPECT_THAT(Latest("java3-value")->text, Not(HasSubstr("java_package")));
}

TEST_F(ProtoEncoderTest, AnotherFormatsSubjectIsRefusedWithTheRemedy) {
  ASSERT_OK(registry_.Register({"taken-value", "public.t"}, {"AVRO", "\"string\""}));
  ProtoEncoders encoders("shop", &registry_);
  EXPECT_THAT(MessageOf(encoders.Prepare(Table({}), "taken").status(),
                        absl::StatusCode::kFailedPrecondition),
              AllOf(HasSubstr("taken-value of table public.t"), HasSubstr("delete the subject")));
}

TEST_F(ProtoEncoderTest, AChangeOfAnotherSchemaAndAMalformedOneAreErrors) {
  const auto table = Prepared(Table({}), "errors");
  v1::Change other = MakeRegistryChange(v1::OP_DELETE);
  other.set_schema_id(4);
  std::string out;
  EXPECT_EQ(table->AppendValue(out, other.SerializeAsString()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(table->AppendValue(out, "\xff").code(), absl::StatusCode::kDataLoss);
  v1::Change longer = MakeRegistryChange(v1::OP_CREATE);
  *longer.mutable_after() = MakeRow({Integer(7), Integer(8)});
  EXPECT_THAT(
      MessageOf(table->AppendValue(out, longer.SerializeAsString()), absl::StatusCode::kDataLoss),
      HasSubstr("public.t"));
  v1::Change wrong = MakeRegistryChange(v1::OP_CREATE);
  v1::Value number;
  number.set_double_precision(1);
  *wrong.mutable_after() = MakeRow({number});
  EXPECT_EQ(table->AppendValue(out, wrong.SerializeAsString()).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tidemark::service::kafka
