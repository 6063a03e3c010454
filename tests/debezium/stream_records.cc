#include "tests/debezium/stream_records.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "service/kafka/debezium_json.h"

namespace tidemark::debezium {
namespace {

using service::kafka::DebeziumTable;

constexpr std::chrono::seconds kTimeout{60};

// The records of one source.
class Writer {
 public:
  explicit Writer(const StreamOptions& options) : options_(options) {}

  void NoteSchema(const v1::TableSchema& schema) { schemas_[schema.id()] = schema; }

  bool IsLast(const v1::Change& change) { return TableOf(change) == options_.last_table; }

  absl::Status Write(const v1::Change& change) {
    const bool read = change.op() == v1::OP_READ;
    const std::string& name = read ? options_.snapshot_name : options_.log_name;
    service::kafka::DebeziumOptions form = options_.form;
    form.name = name;
    absl::StatusOr<DebeziumTable> table =
        DebeziumTable::Prepare(schemas_[change.schema_id()], form);
    if (!table.ok()) return table.status();
    const auto op = static_cast<model::Op>(change.op());
    if (!table->Writes(op)) return absl::OkStatus();
    std::vector<Record>& topic = records_[absl::StrCat(name, ".", TableOf(change))];
    topic.push_back(ToRecord(*table, op, change.SerializeAsString()));
    if (change.op() == v1::OP_DELETE && topic.back().key) {
      topic.push_back({.key = topic.back().key, .value = std::nullopt});
    }
    return absl::OkStatus();
  }

  Records Take() { return std::move(records_); }

 private:
  std::string TableOf(const v1::Change& change) {
    const v1::TableSchema& schema = schemas_[change.schema_id()];
    return absl::StrCat(schema.namespace_(), ".", schema.name());
  }

  static Record ToRecord(const DebeziumTable& table, model::Op op, const std::string& change) {
    Record record;
    std::string value;
    if (table.HasKey(op)) record.refused = table.AppendKey(record.key.emplace(), change);
    if (record.refused.ok()) record.refused = table.AppendValue(value, change);
    if (record.refused.ok()) record.value = std::move(value);
    return record;
  }

  const StreamOptions& options_;
  std::map<uint32_t, v1::TableSchema> schemas_;
  Records records_;
};

}  // namespace

absl::StatusOr<Records> ReadRecords(v1::ChangeStream::StubInterface& stub,
                                    const StreamOptions& options) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kTimeout);
  v1::SubscribeRequest request;
  request.set_source(options.source);
  request.set_beginning(true);
  const auto reader = stub.Subscribe(&context, request);
  Writer writer(options);
  v1::SubscribeResponse response;
  while (reader->Read(&response)) {
    for (const v1::Event& event : response.events()) {
      if (event.has_schema()) writer.NoteSchema(event.schema());
      if (!event.has_change()) continue;
      absl::Status status = writer.Write(event.change());
      if (!status.ok()) return status;
      if (event.change().op() == v1::OP_READ || !writer.IsLast(event.change())) continue;
      context.TryCancel();
      return writer.Take();
    }
  }
  const grpc::Status ended = reader->Finish();
  return absl::Status(static_cast<absl::StatusCode>(ended.error_code()),
                      absl::StrCat("the stream ended: ", ended.error_message()));
}

}  // namespace tidemark::debezium
