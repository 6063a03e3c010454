#include "service/kafka/avro_schema.h"

#include <gtest/gtest.h>

#include "service/kafka/connect_type.h"
#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

std::string SchemaOf(const ConnectType& type, bool optional = false,
                     const std::string& default_json = "") {
  std::string connect;
  AppendSchema(connect, type, optional, default_json, "");
  const absl::StatusOr<std::string> schema = AvroSchema(connect);
  return schema.ok() ? *schema : schema.status().ToString();
}

TEST(AvroSchemaTest, NamesOfConnectAreKeptAsProperties) {
  EXPECT_EQ(SchemaOf(IntegerType(64)), R"("long")");
  EXPECT_EQ(SchemaOf(IntegerType(16)), R"({"type":"int","connect.type":"int16"})");
  EXPECT_EQ(SchemaOf(JsonType(), true),
            R"(["null",{"type":"string","connect.version":1,"connect.name":)"
            R"("io.debezium.data.Json"}])");
  EXPECT_EQ(SchemaOf(LabelsType("io.debezium.data.Enum",
                                MakeType(v1::TYPE_KIND_ENUM, 1, "mood", -1, {"a", "b"}),
                                LabelCommas::kEscaped)),
            R"({"type":"string","connect.version":1,"connect.parameters":{"allowed":"a,b"},)"
            R"("connect.name":"io.debezium.data.Enum"})");
}

TEST(AvroSchemaTest, DecimalsAreLogicalTypesWhereAvroHasTheirScale) {
  EXPECT_EQ(SchemaOf(DecimalType(10, 2)),
            R"({"type":"bytes","scale":2,"precision":10,"logicalType":"decimal",)"
            R"("connect.version":1,"connect.parameters":{"scale":"2",)"
            R"("connect.decimal.precision":"10"},)"
            R"("connect.name":"org.apache.kafka.connect.data.Decimal"})");
  for (const auto& [precision, scale] : {std::pair(4, -2), std::pair(2, 5)}) {
    EXPECT_EQ(SchemaOf(DecimalType(precision, scale)).find("logicalType"), std::string::npos);
  }
  EXPECT_NE(SchemaOf(DecimalType(0, 2)).find("\"precision\":64,\"logicalType\""),
            std::string::npos);
}

TEST(AvroSchemaTest, DefaultsStandAtTheFieldAndInTheType) {
  const absl::StatusOr<std::string> schema =
      AvroSchema(R"({"type":"struct","optional":false,"name":"a-b.Key","fields":[)"
                 R"({"type":"int64","optional":false,"default":9007199254740993,"field":"2nd"},)"
                 R"({"type":"bytes","optional":false,"default":"AP8=","field":"b"},)"
                 R"({"type":"string","optional":true,"default":"false","field":"snapshot"},)"
                 R"({"type":"string","optional":true,"field":"none"}]})");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(*schema,
            R"({"type":"record","name":"Key","namespace":"a_b","fields":[)"
            R"({"name":"_2nd","type":{"type":"long","connect.default":9007199254740993},)"
            R"("default":9007199254740993},)"
            "{\"name\":\"b\",\"type\":{\"type\":\"bytes\",\"connect.default\":\"\\u0000\xc3\xbf\"},"
            "\"default\":\"\\u0000\xc3\xbf\"},"
            R"({"name":"snapshot","type":[{"type":"string","connect.default":"false"},"null"],)"
            R"("default":"false"},)"
            R"({"name":"none","type":["null","string"],"default":null}],)"
            R"("connect.name":"a-b.Key"})");
}

TEST(AvroSchemaTest, ARecordIsWrittenOutOnce) {
  std::string connect = R"({"type":"struct","optional":false,"name":"t.V","fields":[)";
  AppendSchema(connect, PointType(Encoding::kPoint), true, "", "\"p\"");
  connect += ',';
  AppendSchema(connect, PointType(Encoding::kPoint), true, "", "\"q\"");
  const absl::StatusOr<std::string> schema = AvroSchema(connect + "]}");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_NE(schema->find(R"({"name":"q","type":["null","io.debezium.data.geometry.Point"],)"),
            std::string::npos)
      << *schema;
}

TEST(AvroSchemaTest, CharactersThatNamesCannotHaveAreReplaced) {
  const auto name_of = [](const std::string& name) {
    const absl::StatusOr<std::string> schema =
        AvroSchema(R"({"type":"struct","optional":false,"name":"x.)" + name + R"(","fields":[]})");
    return schema->substr(25, schema->find('"', 25) - 25);
  };
  EXPECT_EQ(name_of("a-b c"), "a_b_c");
  EXPECT_EQ(name_of("2024"), "_2024");
  EXPECT_EQ(name_of("\xc3\xa4"), "_");
  EXPECT_EQ(name_of("\xf0\x9f\x8c\x8a"), "__");
}

TEST(AvroSchemaTest, LiteralsAreBinary) {
  EXPECT_EQ(AvroLiteral(R"({"type":"int64","optional":false})", "-1"), "\1");
  EXPECT_EQ(AvroLiteral(R"({"type":"string","optional":true})", "\"ab\""), "\2\4ab");
  EXPECT_EQ(AvroLiteral(R"({"type":"string","optional":true})", "null"), std::string(1, '\0'));
  EXPECT_EQ(AvroLiteral(R"({"type":"bytes","optional":false})", "\"AP8=\""),
            std::string("\4\0\xff", 3));
  EXPECT_EQ(AvroLiteral(R"({"type":"array","optional":false,"items":{"type":"string",)"
                        R"("optional":true}})",
                        R"(["a",null])"),
            std::string("\4\2\2a\0\0", 6));
}

}  // namespace
}  // namespace tidemark::service::kafka
