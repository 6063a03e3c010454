#include "service/kafka/debezium_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/service/kafka/tables.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;

v1::Type IntegerColumn() { return MakeType(v1::TYPE_KIND_INTEGER, 23, "integer"); }
v1::Type TextColumn() { return MakeType(v1::TYPE_KIND_TEXT, 25, "text"); }

// id integer primary key, name text not null default 'none', note text
v1::TableSchema Customers() {
  return MakeTable("public", "customers",
                   {MakeColumn("id", IntegerColumn(), false, "nextval('s'::regclass)"),
                    MakeColumn("name", TextColumn(), false, "'none'::text"),
                    MakeColumn("note", TextColumn(), true, "'x'::text")},
                   {0});
}

DebeziumOptions Postgres(bool with_schema) {
  DebeziumOptions options;
  options.connector = DebeziumConnector::kPostgres;
  options.name = "shop";
  options.database = "orders";
  options.version = "1.2";
  options.with_schema = with_schema;
  return options;
}

v1::Change MakeChange(v1::Op op) {
  v1::Change change;
  change.set_schema_id(3);
  change.set_op(op);
  change.mutable_position()->set_offset(24023128);
  change.set_transaction_id(555);
  change.set_commit_time_us(1'714'979'289'123'456);
  change.set_capture_time_us(1'714'979'290'000'001);
  if (op != v1::OP_TRUNCATE) *change.mutable_key() = MakeRow({Integer(7)});
  return change;
}

v1::Change MakeRead() {
  v1::Change change = MakeChange(v1::OP_READ);
  change.clear_transaction_id();
  change.clear_commit_time_us();
  change.set_snapshot_id(1);
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann"), v1::Value()});
  return change;
}

DebeziumTable Prepared(const v1::TableSchema& schema, const DebeziumOptions& options) {
  absl::StatusOr<DebeziumTable> table = DebeziumTable::Prepare(schema, options);
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

std::string ValueOf(const DebeziumTable& table, const v1::Change& change) {
  std::string out;
  const absl::Status status = table.AppendValue(out, change.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

std::string KeyOf(const DebeziumTable& table, const v1::Change& change) {
  std::string out;
  const absl::Status status = table.AppendKey(out, change.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

const std::string kLogSource =
    R"("source":{"version":"1.2","connector":"postgresql","name":"shop","ts_ms":1714979289123,)"
    R"("snapshot":"false","db":"orders","sequence":"[null,\"24023128\"]",)"
    R"("ts_us":1714979289123456,"ts_ns":1714979289123456000,"schema":"public",)"
    R"("table":"customers","txId":555,"lsn":24023128,"xmin":null,"origin":null,)"
    R"("origin_lsn":null},"transaction":null,)";
const std::string kTimes =
    R"("ts_ms":1714979290000,"ts_us":1714979290000001,"ts_ns":1714979290000001000})";

TEST(DebeziumJsonTest, CreateHasTheNewRowOnly) {
  v1::Change change = MakeChange(v1::OP_CREATE);
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann"), v1::Value()});
  EXPECT_EQ(ValueOf(Prepared(Customers(), Postgres(false)), change),
            R"({"before":null,"after":{"id":7,"name":"Ann","note":null},)" + kLogSource +
                R"("op":"c",)" + kTimes);
}

TEST(DebeziumJsonTest, UpdateHasTheOldRowWhereTheLogHasIt) {
  v1::Change change = MakeChange(v1::OP_UPDATE);
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann"), Unavailable()});
  const DebeziumTable table = Prepared(Customers(), Postgres(false));
  const std::string after =
      R"("after":{"id":7,"name":"Ann","note":"__debezium_unavailable_value"},)";
  EXPECT_EQ(ValueOf(table, change),
            R"({"before":null,)" + after + kLogSource + R"("op":"u",)" + kTimes);
  *change.mutable_before() = MakeRow({Integer(7), Text("An"), Text("n")});
  EXPECT_EQ(ValueOf(table, change), R"({"before":{"id":7,"name":"An","note":"n"},)" + after +
                                        kLogSource + R"("op":"u",)" + kTimes);
}

TEST(DebeziumJsonTest, DeleteHasTheKeyAtLeast) {
  v1::Change change = MakeChange(v1::OP_DELETE);
  const DebeziumTable table = Prepared(Customers(), Postgres(false));
  EXPECT_EQ(ValueOf(table, change),
            R"({"before":{"id":7,"name":"none","note":null},"after":null,)" + kLogSource +
                R"("op":"d",)" + kTimes);
  *change.mutable_before() = MakeRow({Integer(7), Text("An"), Text("n")});
  EXPECT_EQ(ValueOf(table, change), R"({"before":{"id":7,"name":"An","note":"n"},"after":null,)" +
                                        kLogSource + R"("op":"d",)" + kTimes);
}

TEST(DebeziumJsonTest, ReadIsOfAnIncrementalSnapshotAndHasNoTransaction) {
  EXPECT_EQ(
      ValueOf(Prepared(Customers(), Postgres(false)), MakeRead()),
      R"({"before":null,"after":{"id":7,"name":"Ann","note":null},)"
      R"("source":{"version":"1.2","connector":"postgresql","name":"shop","ts_ms":1714979290000,)"
      R"("snapshot":"incremental","db":"orders","sequence":"[null,\"24023128\"]",)"
      R"("ts_us":1714979290000001,"ts_ns":1714979290000001000,"schema":"public",)"
      R"("table":"customers","txId":null,"lsn":24023128,"xmin":null,"origin":null,)"
      R"("origin_lsn":null},"transaction":null,"op":"r",)" +
          kTimes);
}

TEST(DebeziumJsonTest, TruncateIsLeftOutUnlessAskedForAndHasNoKey) {
  DebeziumOptions options = Postgres(false);
  EXPECT_FALSE(Prepared(Customers(), options).Writes(model::Op::kTruncate));
  options.with_truncate = true;
  const DebeziumTable table = Prepared(Customers(), options);
  EXPECT_TRUE(table.Writes(model::Op::kTruncate));
  EXPECT_FALSE(table.HasKey(model::Op::kTruncate));
  EXPECT_EQ(ValueOf(table, MakeChange(v1::OP_TRUNCATE)),
            R"({"before":null,"after":null,)" + kLogSource + R"("op":"t",)" + kTimes);
}

TEST(DebeziumJsonTest, ValueWithItsSchema) {
  const std::string fields =
      R"("fields":[{"type":"int32","optional":false,"default":0,"field":"id"},)"
      R"({"type":"string","optional":false,"default":"none","field":"name"},)"
      R"({"type":"string","optional":true,"field":"note"}],)"
      R"("optional":true,"name":"shop.public.customers.Value",)";
  const std::string expected =
      R"({"schema":{"type":"struct","fields":[{"type":"struct",)" + fields +
      R"("field":"before"},{"type":"struct",)" + fields +
      R"("field":"after"},{"type":"struct","fields":[)"
      R"({"type":"string","optional":false,"field":"version"},)"
      R"({"type":"string","optional":false,"field":"connector"},)"
      R"({"type":"string","optional":false,"field":"name"},)"
      R"({"type":"int64","optional":false,"field":"ts_ms"},)"
      R"({"type":"string","optional":true,"name":"io.debezium.data.Enum","version":1,"parameters":)"
      R"({"allowed":"true,first,first_in_data_collection,last_in_data_collection,last,false,)"
      R"(incremental"},"default":"false","field":"snapshot"},)"
      R"({"type":"string","optional":false,"field":"db"},)"
      R"({"type":"string","optional":true,"field":"sequence"},)"
      R"({"type":"int64","optional":true,"field":"ts_us"},)"
      R"({"type":"int64","optional":true,"field":"ts_ns"},)"
      R"({"type":"string","optional":false,"field":"schema"},)"
      R"({"type":"string","optional":false,"field":"table"},)"
      R"({"type":"int64","optional":true,"field":"txId"},)"
      R"({"type":"int64","optional":true,"field":"lsn"},)"
      R"({"type":"int64","optional":true,"field":"xmin"},)"
      R"({"type":"string","optional":true,"field":"origin"},)"
      R"({"type":"int64","optional":true,"field":"origin_lsn"}],)"
      R"("optional":false,"name":"io.debezium.connector.postgresql.Source","version":1,)"
      R"("field":"source"},{"type":"struct","fields":[)"
      R"({"type":"string","optional":false,"field":"id"},)"
      R"({"type":"int64","optional":false,"field":"total_order"},)"
      R"({"type":"int64","optional":false,"field":"data_collection_order"}],)"
      R"("optional":true,"name":"event.block","version":1,"field":"transaction"},)"
      R"({"type":"string","optional":false,"field":"op"},)"
      R"({"type":"int64","optional":true,"field":"ts_ms"},)"
      R"({"type":"int64","optional":true,"field":"ts_us"},)"
      R"({"type":"int64","optional":true,"field":"ts_ns"}],)"
      R"("optional":false,"name":"shop.public.customers.Envelope","version":2},"payload":)";
  v1::Change change = MakeChange(v1::OP_CREATE);
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann"), v1::Value()});
  const std::string payload = ValueOf(Prepared(Customers(), Postgres(false)), change);
  EXPECT_EQ(ValueOf(Prepared(Customers(), Postgres(true)), change), expected + payload + "}");
}

// b text, a integer, c text; key (a, b)
v1::TableSchema TwoKeys() {
  return MakeTable("public", "pairs",
                   {MakeColumn("b", TextColumn(), false), MakeColumn("a", IntegerColumn(), false),
                    MakeColumn("c", TextColumn(), false)},
                   {1, 0});
}

TEST(DebeziumJsonTest, KeysOfSeveralColumnsAreInTheKeysOrder) {
  v1::Change change = MakeChange(v1::OP_DELETE);
  *change.mutable_key() = MakeRow({Integer(7), Text("x\"y")});
  EXPECT_EQ(KeyOf(Prepared(TwoKeys(), Postgres(false)), change), R"({"a":7,"b":"x\"y"})");
  EXPECT_EQ(KeyOf(Prepared(TwoKeys(), Postgres(true)), change),
            R"({"schema":{"type":"struct","fields":[)"
            R"({"type":"int32","optional":false,"field":"a"},)"
            R"({"type":"string","optional":false,"field":"b"}],)"
            R"("optional":false,"name":"shop.public.pairs.Key"},)"
            R"("payload":{"a":7,"b":"x\"y"}})");
  EXPECT_THAT(ValueOf(Prepared(TwoKeys(), Postgres(false)), change),
              HasSubstr(R"({"before":{"b":"x\"y","a":7,"c":""},"after":null,)"));
}

TEST(DebeziumJsonTest, TablesWithoutAKeyHaveNone) {
  v1::TableSchema schema = Customers();
  schema.clear_key_columns();
  const DebeziumTable table = Prepared(schema, Postgres(true));
  EXPECT_FALSE(table.HasKey(model::Op::kCreate));
  v1::Change change = MakeChange(v1::OP_DELETE);
  change.clear_key();
  EXPECT_THAT(ValueOf(table, change), HasSubstr(R"("payload":{"before":null,"after":null,)"));
}

TEST(DebeziumJsonTest, SourceOfMysqlNamesThePlaceInTheBinlog) {
  DebeziumOptions options = Postgres(false);
  options.connector = DebeziumConnector::kMysql;
  options.binlog_base_name = "mysql-bin";
  v1::TableSchema schema = MakeTable(
      "inventory", "t", {MakeColumn("id", MakeType(v1::TYPE_KIND_INTEGER, 3, "int"), false)}, {0});
  v1::Change change = MakeChange(v1::OP_CREATE);
  change.mutable_position()->set_file(uint64_t{2} << 32 | 7);
  change.set_transaction_index(4);
  *change.mutable_after() = MakeRow({Integer(7)});
  const std::string source =
      R"("name":"shop","ts_ms":1714979289123,"snapshot":"false","db":"inventory",)"
      R"("sequence":null,"ts_us":1714979289123456,"ts_ns":1714979289123456000,"table":"t",)"
      R"("server_id":0,"gtid":null,"file":"mysql-bin.000007","pos":24023128,"row":4,)"
      R"("thread":null,"query":null},"transaction":null,"op":"c",)";
  EXPECT_EQ(ValueOf(Prepared(schema, options), change),
            R"({"before":null,"after":{"id":7},"source":{"version":"1.2","connector":"mysql",)" +
                source + kTimes);
  options.connector = DebeziumConnector::kMariaDb;
  EXPECT_THAT(ValueOf(Prepared(schema, options), change),
              HasSubstr(R"("connector":"mariadb",)" + source));
}

TEST(DebeziumJsonTest, SourceSchemaOfMysqlAndMariaDb) {
  DebeziumOptions options = Postgres(true);
  options.connector = DebeziumConnector::kMariaDb;
  v1::Change change = MakeChange(v1::OP_DELETE);
  EXPECT_THAT(
      ValueOf(Prepared(Customers(), options), change),
      HasSubstr(R"({"type":"int64","optional":true,"field":"ts_ns"},)"
                R"({"type":"string","optional":true,"field":"table"},)"
                R"({"type":"int64","optional":false,"field":"server_id"},)"
                R"({"type":"string","optional":true,"field":"gtid"},)"
                R"({"type":"string","optional":false,"field":"file"},)"
                R"({"type":"int64","optional":false,"field":"pos"},)"
                R"({"type":"int32","optional":false,"field":"row"},)"
                R"({"type":"int64","optional":true,"field":"thread"},)"
                R"({"type":"string","optional":true,"field":"query"}],"optional":false,)"
                R"("name":"io.debezium.connector.mariadb.Source","version":1,"field":"source"})"));
}

TEST(DebeziumJsonTest, NamesAreEscaped) {
  DebeziumOptions options = Postgres(true);
  options.name = "sh\"op";
  const v1::TableSchema schema =
      MakeTable("public", "t\\", {MakeColumn("a\"b", IntegerColumn(), false)}, {0});
  EXPECT_EQ(KeyOf(Prepared(schema, options), MakeChange(v1::OP_DELETE)),
            R"({"schema":{"type":"struct","fields":[)"
            R"({"type":"int32","optional":false,"field":"a\"b"}],)"
            R"("optional":false,"name":"sh\"op.public.t\\.Key"},"payload":{"a\"b":7}})");
}

TEST(DebeziumJsonTest, WhatAnOlderCatalogSaysOfNullsAndDefaultsIsNotTaken) {
  v1::TableSchema schema = Customers();
  schema.set_catalog_current(false);
  v1::Change change = MakeChange(v1::OP_CREATE);
  *change.mutable_after() = MakeRow({Integer(7), v1::Value(), v1::Value()});
  EXPECT_THAT(ValueOf(Prepared(schema, Postgres(true)), change),
              AllOf(HasSubstr(R"({"type":"string","optional":true,"field":"name"})"),
                    HasSubstr(R"("after":{"id":7,"name":null,"note":null})")));
}

TEST(DebeziumJsonTest, NullInARequiredColumnIsAnError) {
  v1::Change change = MakeChange(v1::OP_CREATE);
  *change.mutable_after() = MakeRow({Integer(7), v1::Value(), v1::Value()});
  std::string out;
  const absl::Status status =
      Prepared(Customers(), Postgres(false)).AppendValue(out, change.SerializeAsString());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("column name of public.customers is NULL"));
}

TEST(DebeziumJsonTest, OldRowsOfPartialImagesHaveDefaultsInTheirGaps) {
  v1::Change change = MakeChange(v1::OP_UPDATE);
  const v1::TableSchema schema = MakeTable(
      "public", "customers",
      {MakeColumn("id", IntegerColumn(), false), MakeColumn("count", IntegerColumn(), false),
       MakeColumn("n", IntegerColumn(), true)},
      {0});
  *change.mutable_before() = MakeRow({Integer(7), Unavailable(), Unavailable()});
  *change.mutable_after() = MakeRow({Integer(7), Integer(1), Integer(2)});
  EXPECT_THAT(
      ValueOf(Prepared(schema, Postgres(false)), change),
      HasSubstr(R"({"before":{"id":7,"count":0,"n":null},"after":{"id":7,"count":1,"n":2},)"));
}

TEST(DebeziumJsonTest, KeyColumnsThatDebeziumLeavesOutAreRefused) {
  const v1::TableSchema schema =
      MakeTable("public", "t",
                {MakeColumn("k", MakeType(v1::TYPE_KIND_SERVER_TEXT, 3220, "pg_lsn"), false)}, {0});
  const absl::Status status = DebeziumTable::Prepare(schema, Postgres(true)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("key column k of public.t"));
}

TEST(DebeziumJsonTest, KeyColumnsOutsideTheTableAreRefused) {
  v1::TableSchema schema = Customers();
  schema.add_key_columns(3);
  EXPECT_EQ(DebeziumTable::Prepare(schema, Postgres(true)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

absl::Status StatusOf(const std::string& change) {
  std::string out;
  return Prepared(Customers(), Postgres(true)).AppendValue(out, change);
}

TEST(DebeziumJsonTest, ChangesOfAnotherSchemaAreRefused) {
  v1::Change change = MakeRead();
  change.set_schema_id(4);
  EXPECT_EQ(StatusOf(change.SerializeAsString()).code(), absl::StatusCode::kInvalidArgument);
}

TEST(DebeziumJsonTest, RowsWithAnotherNumberOfColumnsAreDataLoss) {
  v1::Change change = MakeRead();
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann")});
  EXPECT_EQ(StatusOf(change.SerializeAsString()).code(), absl::StatusCode::kDataLoss);
  *change.mutable_after() = MakeRow({Integer(7), Text("Ann"), Text("n"), Text("more")});
  EXPECT_EQ(StatusOf(change.SerializeAsString()).code(), absl::StatusCode::kDataLoss);
}

TEST(DebeziumJsonTest, NoPrefixOfAChangeIsReadBeyondItsEnd) {
  const std::string whole = MakeRead().SerializeAsString();
  for (size_t size = 0; size < whole.size(); ++size) {
    // Each in memory of its own, so that a sanitizer sees any byte too many.
    const std::vector<char> bytes(whole.begin(), whole.begin() + static_cast<long>(size));
    std::string out;
    const absl::Status status = Prepared(Customers(), Postgres(true))
                                    .AppendValue(out, std::string_view(bytes.data(), size));
    EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kDataLoss ||
                status.code() == absl::StatusCode::kInvalidArgument)
        << size;
  }
}

}  // namespace
}  // namespace tidemark::service::kafka
