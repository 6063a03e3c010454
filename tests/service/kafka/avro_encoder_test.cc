// The format avro against a schema registry, and read by Confluent's client.

#include "service/kafka/avro_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "service/kafka/debezium_json.h"
#include "tests/service/kafka/every_type.h"
#include "tests/service/kafka/registry_fixture.h"
#include "tests/service/kafka/registry_records.h"
#include "tests/service/kafka/tables.h"
#include "tests/support/status_matchers.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

DebeziumOptions Options(DebeziumConnector connector) {
  DebeziumOptions options;
  options.connector = connector;
  options.name = "shop";
  options.database = "orders";
  options.version = "1.2";
  options.with_schema = false;
  options.with_truncate = true;
  return options;
}

class AvroEncoderTest : public RegistryTest {
 protected:
  std::unique_ptr<TableEncoder> Prepared(const v1::TableSchema& schema, const std::string& topic,
                                         DebeziumConnector connector) {
    AvroEncoders encoders(Options(connector), &registry_);
    absl::StatusOr<std::unique_ptr<TableEncoder>> table = encoders.Prepare(schema, topic);
    EXPECT_TRUE(table.ok()) << table.status();
    return *std::move(table);
  }

  // That Confluent's client reads the changes as what the JSON format says.
  void ExpectAsInJson(const v1::TableSchema& schema, const std::string& topic,
                      DebeziumConnector connector, const std::vector<v1::Change>& changes) {
    const std::unique_ptr<TableEncoder> table = Prepared(schema, topic, connector);
    ASSERT_OK_AND_ASSIGN(const DebeziumTable json,
                         DebeziumTable::Prepare(schema, Options(connector)));
    std::vector<ExpectedRecord> records;
    for (const v1::Change& change : changes) {
      const std::string bytes = change.SerializeAsString();
      ExpectedRecord value{"value", ValueOf(*table, change), ""};
      ASSERT_OK(json.AppendValue(value.json, bytes));
      records.push_back(std::move(value));
      if (!table->HasKey(static_cast<model::Op>(change.op()))) continue;
      ExpectedRecord key{"key", KeyOf(*table, change), ""};
      ASSERT_OK(json.AppendKey(key.json, bytes));
      records.push_back(std::move(key));
    }
    EXPECT_OK(ReadWithConfluentsClient("avro", server_->url(), topic, records));
  }
};

std::vector<v1::Change> ChangesOf(const v1::Row& row) {
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  *create.mutable_after() = row;
  v1::Change update = MakeRegistryChange(v1::OP_UPDATE);
  *update.mutable_before() = row;
  *update.mutable_after() = row;
  for (int i = 1; i < row.values_size(); ++i) update.mutable_before()->mutable_values(i)->Clear();
  v1::Change read = MakeRegistryChange(v1::OP_READ);
  *read.mutable_after() = row;
  return {create, update, read, MakeRegistryChange(v1::OP_DELETE),
          MakeRegistryChange(v1::OP_TRUNCATE)};
}

TEST_F(AvroEncoderTest, EveryTypeOfPostgresIsReadAsInJson) {
  const std::vector<TypedValue> values = PostgresValues();
  ExpectAsInJson(TableOf("everything", values, true), "pg.everything", DebeziumConnector::kPostgres,
                 ChangesOf(RowOf(values)));
}

TEST_F(AvroEncoderTest, EveryTypeOfMysqlIsReadAsInJson) {
  const std::vector<TypedValue> values = MysqlValues();
  ExpectAsInJson(TableOf("everything", values, false), "my.everything", DebeziumConnector::kMysql,
                 ChangesOf(RowOf(values)));
}

TEST_F(AvroEncoderTest, ColumnsThatCannotBeNullHaveNoUnionAndTheirStandInsAreTheirs) {
  std::vector<v1::Column> columns = {
      MakeColumn("id", MakeType(v1::TYPE_KIND_INTEGER, 23, "integer"), false)};
  for (const TypedValue& value : PostgresValues()) {
    columns.push_back(MakeColumn(value.column, value.type, false));
  }
  const v1::TableSchema schema = MakeTable("public", "strict", columns, {0});
  v1::Change create = MakeRegistryChange(v1::OP_CREATE);
  *create.mutable_after() = RowOf(PostgresValues());
  ExpectAsInJson(schema, "pg.strict", DebeziumConnector::kPostgres,
                 {create, MakeRegistryChange(v1::OP_DELETE)});
}

TEST_F(AvroEncoderTest, DefaultsNamesAndMarksAreReadAsInJson) {
  const v1::Type integer = MakeType(v1::TYPE_KIND_INTEGER, 23, "integer");
  const v1::Type text = MakeType(v1::TYPE_KIND_TEXT, 25, "text");
  const v1::TableSchema schema = MakeTable(
      "public", "odd-name",
      {MakeColumn("id", integer, false, "nextval('s'::regclass)"),
       MakeColumn("2nd \xc3\xa4", text, false, "'it''s'::text"), MakeColumn("a b", text, true),
       MakeColumn("price", MakeType(v1::TYPE_KIND_DECIMAL, 1700, "numeric(9,2)", (9 << 16 | 2) + 4),
                  false, "'-1.5'::numeric"),
       MakeColumn("big", MakeType(v1::TYPE_KIND_INTEGER, 20, "bigint"), false,
                  "'9007199254740993'::bigint"),
       MakeColumn("list", ArrayOf(text, 1009), true)},
      {0});
  v1::Change update = MakeRegistryChange(v1::OP_UPDATE);
  v1::Value number;
  number.set_decimal("12.50");
  *update.mutable_after() =
      MakeRow({Integer(7), Unavailable(), Unavailable(), number, Integer(1), Unavailable()});
  ExpectAsInJson(schema, "pg.odd", DebeziumConnector::kPostgres,
                 {update, MakeRegistryChange(v1::OP_DELETE)});
}

TEST_F(AvroEncoderTest, ARecordOfOtherContentIsNoticedByTheReader) {
  const v1::TableSchema schema = TableOf("control", MysqlValues(), false);
  const std::unique_ptr<TableEncoder> table =
      Prepared(schema, "control", DebeziumConnector::kMysql);
  const std::string key = KeyOf(*table, MakeRegistryChange(v1::OP_DELETE));
  EXPECT_OK(
      ReadWithConfluentsClient("avro", server_->url(), "control", {{"key", key, "{\"id\":7}"}}));
  EXPECT_THAT(MessageOf(ReadWithConfluentsClient("avro", server_->url(), "control",
                                                 {{"key", key, "{\"id\":8}"}}),
                        absl::StatusCode::kAborted),
              HasSubstr("must be {\"id\":8}"));
}

TEST_F(AvroEncoderTest, ATableWithoutKeyRegistersNone) {
  v1::TableSchema schema = TableOf("keyless", {}, true);
  schema.clear_key_columns();
  const std::unique_ptr<TableEncoder> table =
      Prepared(schema, "keyless", DebeziumConnector::kPostgres);
  EXPECT_FALSE(table->HasKey(model::Op::kCreate));
  EXPECT_FALSE(Latest("keyless-key").has_value());
  EXPECT_TRUE(Latest("keyless-value").has_value());
}

TEST_F(AvroEncoderTest, TwoColumnsOfTheSameNameInAvroAreRefusedByName) {
  const v1::Type text = MakeType(v1::TYPE_KIND_TEXT, 25, "text");
  AvroEncoders encoders(Options(DebeziumConnector::kPostgres), &registry_);
  const v1::TableSchema schema =
      MakeTable("public", "t", {MakeColumn("a b", text, true), MakeColumn("a-b", text, true)});
  EXPECT_THAT(
      MessageOf(encoders.Prepare(schema, "same").status(), absl::StatusCode::kFailedPrecondition),
      AllOf(HasSubstr("columns a b and a-b"), HasSubstr("public.t")));
}

TEST_F(AvroEncoderTest, ANullableColumnMayComeAndGoAndARequiredOneIsRefusedInTheRegistrysWords) {
  const v1::Type text = MakeType(v1::TYPE_KIND_TEXT, 25, "text");
  const v1::Column id = MakeColumn("id", MakeType(v1::TYPE_KIND_INTEGER, 23, "integer"), false);
  AvroEncoders encoders(Options(DebeziumConnector::kPostgres), &registry_);
  EXPECT_OK(encoders.Prepare(MakeTable("public", "t", {id}, {0}), "grows"));
  EXPECT_OK(encoders.Prepare(MakeTable("public", "t", {id, MakeColumn("note", text, true)}, {0}),
                             "grows"));
  EXPECT_OK(encoders.Prepare(MakeTable("public", "t", {id}, {0}), "grows"));
  const v1::TableSchema refused =
      MakeTable("public", "t", {id, MakeColumn("must", text, false)}, {0});
  EXPECT_THAT(
      MessageOf(encoders.Prepare(refused, "grows").status(), absl::StatusCode::kFailedPrecondition),
      AllOf(HasSubstr("subject grows-value of table public.t"),
            HasSubstr("reader union lacking writer type: RECORD at /fields/1/type/1"),
            HasSubstr("set the subject's compatibility")));
}

}  // namespace
}  // namespace tidemark::service::kafka
