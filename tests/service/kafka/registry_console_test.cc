// Kafka's own console consumer reads the formats with a schema registry, by deserializers of Java
// that are not ours (Apicurio's, dev/registry-serdes).
//
// Tombstones are left in their topics: for a record without value the console consumer gives its
// deserializer the word that it prints for one, which no deserializer of such records takes.

#include <gmock/gmock.h>

#include <filesystem>

#include "absl/strings/str_replace.h"
#include "capture/postgres/value_text.h"
#include "service/kafka/schema_registry.h"
#include "tests/service/kafka/registry_publisher_fixture.h"
#include "tests/support/cache_folder.h"
#include "tests/support/console_consumer.h"
#include "tests/support/process.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {
namespace {

using ::testing::HasSubstr;
using tidemark::testing::RunProgram;

struct Column {
  std::string name;
  model::TypeKind kind;
  uint32_t oid;
  std::string type;
  int32_t modifier = -1;
};

const std::vector<Column>& Columns() {
  static const auto& columns = *new std::vector<Column>{
      {"id", model::TypeKind::kInteger, 23, "integer"},
      {"note", model::TypeKind::kText, 25, "text"},
      {"amount", model::TypeKind::kDecimal, 1700, "numeric(10,2)", (10 << 16 | 2) + 4},
      {"paper", model::TypeKind::kBoolean, 16, "boolean"},
      {"weight", model::TypeKind::kDoublePrecision, 701, "double precision"},
      {"due", model::TypeKind::kDate, 1082, "date"},
      {"placed", model::TypeKind::kTimestamp, 1114, "timestamp"},
      {"paid", model::TypeKind::kTimestampWithZone, 1184, "timestamptz"},
      {"wait", model::TypeKind::kInterval, 1186, "interval"},
      {"scan", model::TypeKind::kBinary, 17, "bytea"}};
  return columns;
}

std::shared_ptr<const model::Type> TypeOf(const Column& column) {
  auto type = std::make_shared<model::Type>();
  type->kind = column.kind;
  type->name = column.type;
  type->oid = column.oid;
  type->modifier = column.modifier;
  return type;
}

std::shared_ptr<const model::TableSchema> SchemaOf(const std::string& table) {
  auto schema = std::make_shared<model::TableSchema>();
  schema->id = 3;
  schema->table_id = 3;
  schema->name_space = "public";
  schema->name = table;
  for (const Column& column : Columns()) {
    schema->columns.push_back({column.name, TypeOf(column), column.name != "id", false, {}});
  }
  schema->key_columns = {0};
  return schema;
}

// A row of the first columns from the server's texts; "NULL" is NULL.
std::string Row(const std::vector<std::string>& texts) {
  model::Bytes row;
  for (size_t i = 0; i < texts.size(); ++i) {
    bool misfit = false;
    if (texts[i] == "NULL") {
      model::AppendNull(row, 1);
    } else {
      EXPECT_TRUE(
          capture::postgres::AppendTextValue(row, 1, *TypeOf(Columns()[i]), texts[i], &misfit));
    }
  }
  return std::string(row.view());
}

// The table's schema, a row of it, what became of that row, and its deletion.
BlockMaker& AppendLife(BlockMaker& maker, const std::string& table) {
  const std::string key = Row({"7"});
  const std::string old_row =
      Row({"7", "h\u00e4lt \"2\"", "-12.50", "t", "1.5", "2024-05-06", "2024-05-06 07:08:09.123456",
           "2024-05-06 07:08:09.12+00", "P1Y2M3DT4H5M6.5S", "\\x00ff6162"});
  const std::string new_row =
      Row({"7", "NULL", "99999999.99", "f", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL"});
  return maker.Schema(SchemaOf(table))
      .Rows(3, model::Op::kCreate, key, "", old_row)
      .Rows(3, model::Op::kUpdate, key, old_row, new_row)
      .Rows(3, model::Op::kDelete, key, new_row, "")
      .End();
}

// As Avro prints records: a decimal is its unscaled number's bytes.
constexpr char kAvroOldRow[] =
    R"({"id": 7, "note": "hält \"2\"", "amount": "û\u001E", "paper": true, )"
    R"("weight": 1.5, "due": 19849, "placed": 1714979289123456, )"
    R"("paid": "2024-05-06T07:08:09.120000Z", "wait": 37091106500000, "scan": "\u0000ÿab"})";
constexpr char kAvroNewRow[] =
    R"({"id": 7, "note": null, "amount": "\u0002T\u000Bãÿ", "paper": false, )"
    R"("weight": null, "due": null, "placed": null, "paid": null, "wait": null, "scan": null})";

std::string AvroLine(const std::string& before, const std::string& after, int offset,
                     const std::string& op) {
  return absl::StrCat(
      R"({"id": 7}|{"before": )", before, R"(, "after": )", after, R"(, "source": {"version": ")",
      TIDEMARK_VERSION,
      R"(", "connector": "postgresql", "name": "shop", "ts_ms": 0, "snapshot": "false", )",
      R"("db": "orders", "sequence": "[null,\")", offset,
      R"(\"]", "ts_us": 0, "ts_ns": 0, "schema": "public", "table": "avro_console", "txId": 0, )",
      R"("lsn": )", offset, R"(, "xmin": null, "origin": null, "origin_lsn": null}, )",
      R"("transaction": null, "op": ")", op, R"(", "ts_ms": 0, "ts_us": 0, "ts_ns": 0})", "\n");
}

// As Protobuf prints messages; what is NULL is not there.
constexpr char kProtoOldRow[] = R"({
  id: 7
  note: "h\303\244lt \"2\""
  amount: "-12.50"
  paper: true
  weight: 1.5
  due: 19849
  placed: 1714979289123456
  paid: 1714979289120000
  wait {
    months: 14
    days: 3
    microseconds: 14706500000
  }
  scan: "\000\377ab"
}
)";
constexpr char kProtoNewRow[] = R"({
  id: 7
  amount: "99999999.99"
  paper: false
}
)";

std::string ProtoText(const std::string& op, const std::string& rows, int offset) {
  return absl::StrCat("id: 7\n|op: ", op, "\n", rows,
                      "source {\n  name: \"shop\"\n  namespace: \"public\"\n"
                      "  table: \"proto_console\"\n  position_offset: ",
                      offset, "\n}\n\n");
}

// Where Apicurio's own interface is, which its deserializers ask.
std::string NativeUrl(const std::string& url) {
  return absl::StrReplaceAll(url, {{"/apis/ccompat/v7", "/apis/registry/v3"}});
}

// Settings of the deserializers of keys and of values.
std::vector<std::string> Settings(const std::vector<std::string>& settings) {
  std::vector<std::string> properties;
  for (const std::string part : {"key", "value"}) {
    for (const std::string& setting : settings) {
      properties.push_back(absl::StrCat(part, ".deserializer.apicurio.", setting));
    }
  }
  return properties;
}

std::vector<std::string> Deserializers(const std::string& name) {
  return {"--key-deserializer", name, "--value-deserializer", name};
}

// Classes of Java, made from the schemas in the registry as their users make them.
class JavaClasses {
 public:
  // What `subject` has, and what that imports.
  void Write(SchemaRegistry& registry, const std::string& subject, const std::string& file) {
    const auto latest = registry.Latest({subject, "public.t"});
    ASSERT_TRUE(latest.ok() && latest->has_value()) << subject;
    const std::string path = folder_.File(file);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    tidemark::testing::WriteFile(path, (*latest)->text);
    files_.push_back(path);
  }
  void Compile() {
    std::vector<std::string> command = {TIDEMARK_PROTOC, "--proto_path=" + folder_.path(),
                                        "--java_out=" + folder_.path()};
    command.insert(command.end(), files_.begin(), files_.end());
    ASSERT_OK(RunProgram(command, absl::Seconds(60)));
    ASSERT_OK(RunProgram({tidemark::testing::CacheFolder() + "/registry-serdes/bin/serdes-run",
                          "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                          "org.eclipse.jdt.internal.compiler.batch.Main", "-17", "-nowarn",
                          "-proc:none", "-d", folder_.path(), folder_.path()},
                         absl::Seconds(120)));
  }
  const std::string& folder() const { return folder_.path(); }

 private:
  tidemark::testing::TempFolder folder_;
  std::vector<std::string> files_;
};

TEST_F(RegistryPublisherTest, AvroIsReadByTheConsoleConsumerOfJava) {
  BlockMaker maker(journal_->bounds().newest + 1);
  Append(AppendLife(maker, "avro_console"));
  Publish(Format::kAvro, server_->url(), true);
  WaitUntilPublished();
  const absl::StatusOr<std::string> output = tidemark::testing::RunConsoleConsumer(
      {.brokers = kafka_->bootstrap(),
       .topic = "shop.avro_console",
       .records = 3,
       .properties = Settings({"registry.url=" + NativeUrl(server_->url())}),
       .arguments = Deserializers("io.apicurio.registry.serde.avro.AvroKafkaDeserializer"),
       .registry_serdes = true});
  ASSERT_OK(output);
  EXPECT_THAT(*output, HasSubstr(AvroLine("null", kAvroOldRow, 102, "c") +
                                 AvroLine(kAvroOldRow, kAvroNewRow, 103, "u") +
                                 AvroLine(kAvroNewRow, "null", 104, "d")));
}

TEST_F(RegistryPublisherTest, ProtobufIsReadByTheConsoleConsumerOfJava) {
  BlockMaker maker(journal_->bounds().newest + 1);
  Append(AppendLife(maker, "proto_console"));
  Publish(Format::kRegistryProtobuf, server_->url());
  WaitUntilPublished();
  RegistryOptions options;
  options.urls = {server_->url()};
  SchemaRegistry registry(options, std::stop_token());
  JavaClasses classes;
  classes.Write(registry, "shop.proto_console-key", "order_key.proto");
  classes.Write(registry, "shop.proto_console-value", "order_value.proto");
  classes.Write(registry, "tidemark/v1/event.proto", "tidemark/v1/event.proto");
  classes.Compile();
  std::vector<std::string> settings =
      Settings({"registry.url=" + NativeUrl(server_->url()), "registry.serde.read-indexes=true",
                "registry.serde.read-type-ref=false"});
  const std::string package = "shop.public_.proto_console.";
  settings.push_back("key.deserializer.apicurio.registry.deserializer.key.return-class=" + package +
                     "OrderKey$Key");
  settings.push_back("value.deserializer.apicurio.registry.deserializer.value.return-class=" +
                     package + "OrderValue$Envelope");
  const absl::StatusOr<std::string> output = tidemark::testing::RunConsoleConsumer(
      {.brokers = kafka_->bootstrap(),
       .topic = "shop.proto_console",
       .records = 3,
       .properties = settings,
       .arguments = Deserializers("io.apicurio.registry.serde.protobuf.ProtobufKafkaDeserializer"),
       .registry_serdes = true,
       .class_folder = classes.folder()});
  ASSERT_OK(output);
  const std::string old_row = kProtoOldRow, new_row = kProtoNewRow;
  EXPECT_THAT(*output,
              HasSubstr(ProtoText("OP_CREATE", "after " + old_row, 102) +
                        ProtoText("OP_UPDATE", "before " + old_row + "after " + new_row, 103) +
                        ProtoText("OP_DELETE", "before " + new_row, 104)));
}

}  // namespace
}  // namespace tidemark::service::kafka
