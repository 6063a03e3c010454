#include "tests/service/kafka/registry_records.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "tests/service/kafka/tables.h"
#include "tests/support/process.h"
#include "tests/support/schema_registry_server.h"
#include "tests/support/temp_folder.h"

namespace tidemark::service::kafka {
namespace {

// What MakeRegistryChange sets, in the format registry-protobuf.
std::string SourceJson(const std::string& name_space, const std::string& table) {
  return absl::StrCat(R"("source":{"name":"shop","namespace":")", name_space, R"(","table":")",
                      table,
                      R"(","positionFile":7,"positionOffset":24023128,"transactionId":555,)"
                      R"("transactionIndex":2,"commitTimeUs":1714979289123456},)"
                      R"("captureTimeUs":1714979290000001})");
}

}  // namespace

v1::Change MakeRegistryChange(v1::Op op) {
  v1::Change change;
  change.set_schema_id(3);
  change.set_op(op);
  change.mutable_position()->set_file(7);
  change.mutable_position()->set_offset(24023128);
  change.set_transaction_id(555);
  change.set_transaction_index(2);
  change.set_commit_time_us(1'714'979'289'123'456);
  change.set_capture_time_us(1'714'979'290'000'001);
  if (op != v1::OP_TRUNCATE) *change.mutable_key() = MakeRow({Integer(7)});
  return change;
}

std::string RowJson(const std::vector<TypedValue>& values) {
  std::string json = R"({"id":7)";
  for (const TypedValue& value : values) {
    absl::StrAppend(&json, ",\"", value.column, "\":", value.proto_json);
  }
  return json + "}";
}

std::string EnvelopeJson(const std::string& op, const std::string& rows,
                         const std::string& name_space, const std::string& table) {
  return absl::StrCat("{\"op\":\"", op, "\",", rows, SourceJson(name_space, table));
}

std::string KeyOf(const TableEncoder& table, const v1::Change& change) {
  std::string out;
  const absl::Status status = table.AppendKey(out, change.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

std::string ValueOf(const TableEncoder& table, const v1::Change& change) {
  std::string out;
  const absl::Status status = table.AppendValue(out, change.SerializeAsString());
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

int SchemaIdOf(const std::string& record) {
  int id = 0;
  for (char c : record.substr(1, 4)) id = id << 8 | static_cast<unsigned char>(c);
  return record[0] == '\0' ? id : -1;
}

absl::Status ReadWithConfluentsClient(const std::string& format, const std::string& url,
                                      const std::string& topic,
                                      const std::vector<ExpectedRecord>& records,
                                      const std::string& bootstrap) {
  const testing::TempFolder folder;
  std::string lines;
  for (const ExpectedRecord& record : records) {
    absl::StrAppend(&lines, record.part, " ", absl::Base64Escape(record.bytes), " ", record.json,
                    "\n");
  }
  testing::WriteFile(folder.File("records"), lines);
  std::vector<std::string> command = {
      testing::RegistryPython(), TIDEMARK_READ_RECORDS, format, url, topic, folder.File("records")};
  if (!bootstrap.empty()) command.push_back(bootstrap);
  const absl::StatusOr<std::string> output = testing::RunProgram(command, absl::Seconds(120));
  if (!output.ok()) return output.status();
  EXPECT_EQ(*output, absl::StrCat(records.size(), " records, 0 differ\n"));
  return absl::OkStatus();
}

}  // namespace tidemark::service::kafka
