#include "service/kafka/avro_encoder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/kafka/avro_schema.h"
#include "service/kafka/debezium_json.h"

namespace tidemark::service::kafka {
namespace {

// A table's records behind the ids of their schemas.
class AvroTable final : public TableEncoder {
 public:
  AvroTable(DebeziumTable table, int32_t key_id, int32_t value_id) : table_(std::move(table)) {
    AppendSchemaId(key_head_, key_id);
    AppendSchemaId(value_head_, value_id);
  }

  bool Writes(model::Op op) const override { return table_.Writes(op); }
  bool HasKey(model::Op op) const override { return table_.HasKey(op); }

  absl::Status AppendKey(std::string& out, std::string_view change) const override {
    out += key_head_;
    return table_.AppendKey(out, change);
  }
  absl::Status AppendValue(std::string& out, std::string_view change) const override {
    out += value_head_;
    return table_.AppendValue(out, change);
  }

  const std::vector<std::string>& left_out() const override { return table_.left_out(); }

 private:
  DebeziumTable table_;
  std::string key_head_;
  std::string value_head_;
};

}  // namespace

AvroEncoders::AvroEncoders(const DebeziumOptions& options, SchemaRegistry* registry)
    : options_(options), registry_(registry) {
  options_.form = ConnectForm::kAvro;
}

absl::StatusOr<std::unique_ptr<TableEncoder>> AvroEncoders::Prepare(const v1::TableSchema& schema,
                                                                    const std::string& topic) {
  absl::StatusOr<DebeziumTable> table = DebeziumTable::Prepare(schema, options_);
  if (!table.ok()) return table.status();
  const std::string name = absl::StrCat(schema.namespace_(), ".", schema.name());
  absl::StatusOr<int32_t> key_id = 0;  // none is written
  if (!schema.key_columns().empty()) {
    key_id = Register({topic + "-key", name}, table->KeySchema());
    if (!key_id.ok()) return key_id.status();
  }
  const absl::StatusOr<int32_t> value_id = Register({topic + "-value", name}, table->ValueSchema());
  if (!value_id.ok()) return value_id.status();
  return std::make_unique<AvroTable>(*std::move(table), *key_id, *value_id);
}

absl::StatusOr<int32_t> AvroEncoders::Register(const SchemaSubject& subject,
                                               const std::string& connect_schema) {
  const absl::StatusOr<std::string> text = AvroSchema(connect_schema);
  if (!text.ok()) {
    return absl::FailedPreconditionError(
        absl::StrCat(text.status().message(), ", for ", subject.name, " of table ", subject.table,
                     "; leave one of them out of the topic, or write it in another format"));
  }
  return registry_->Register(subject, {"AVRO", *text});
}

}  // namespace tidemark::service::kafka
