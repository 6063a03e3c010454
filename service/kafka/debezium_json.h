#ifndef TIDEMARK_SERVICE_KAFKA_DEBEZIUM_JSON_H_
#define TIDEMARK_SERVICE_KAFKA_DEBEZIUM_JSON_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/event.h"
#include "service/kafka/debezium_row.h"
#include "service/kafka/debezium_source.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

// Changes as Debezium's connectors write them through Kafka Connect's JsonConverter, at the
// defaults of both, so that what reads theirs reads ours; or, with ConnectForm::kAvro, as its
// AvroConverter writes them, without what a registry puts before them (avro_encoder.h).
// ARCHITECTURE.md lists the differences. Source: Debezium 3.7.
//
//   key    {"schema":{...},"payload":{"id":7}}
//   value  {"schema":{...},"payload":{"before":null,"after":{"id":7,...},"source":{...},
//           "transaction":null,"op":"c","ts_ms":...,"ts_us":...,"ts_ns":...}}
//
// One version of one table, prepared once: what does not change from event to event is text
// already.
//
//   absl::StatusOr<DebeziumTable> table = DebeziumTable::Prepare(schema, options);
//   if (!table->Writes(op)) ...;  // Debezium sends nothing
//   absl::Status status = table->AppendKey(key, change);  // if HasKey(op); else the key is null
//   if (status.ok()) status = table->AppendValue(value, change);
//
// A tombstone, by choice, is the DELETE's key again with no value at all. Immutable, so
// thread-safe.
class DebeziumTable {
 public:
  // FailedPrecondition: a key column is of a type that Debezium's rows leave out, so that keys
  // would no longer differ; the message names it. InvalidArgument: an index outside the columns.
  static absl::StatusOr<DebeziumTable> Prepare(const v1::TableSchema& schema,
                                               const DebeziumOptions& options);

  // The Connect schemas of key and value, as JSON.
  std::string KeySchema() const;
  std::string ValueSchema() const;

  // Columns that Debezium's rows do not have: composites, multiranges, ...
  const std::vector<std::string>& left_out() const { return rows_.left_out(); }

  bool Writes(model::Op op) const { return op != model::Op::kTruncate || with_truncate_; }
  // False: the record's key is null.
  bool HasKey(model::Op op) const { return has_key_ && op != model::Op::kTruncate; }

  // Append the bytes of the record. `change`: a serialized tidemark.v1.Change, as model::EventView
  // has it in `body`. InvalidArgument: a change of another schema. DataLoss: malformed, or with a
  // value that Debezium's form cannot hold. After an error `out` has a part of the record.
  absl::Status AppendKey(std::string& out, std::string_view change) const;
  absl::Status AppendValue(std::string& out, std::string_view change) const;

 private:
  DebeziumTable(const v1::TableSchema& schema, const DebeziumOptions& options);

  absl::Status Write(ConnectWriter& out, const ChangeView& change) const;
  absl::Status WriteBefore(ConnectWriter& out, const ChangeView& change) const;
  absl::Status WriteAfter(ConnectWriter& out, const ChangeView& change) const;

  model::SchemaId id_;
  ConnectForm form_;
  // Begins the names of the schemas: "shop.public.orders".
  std::string prefix_;
  bool has_key_;
  bool with_truncate_;
  RowForm keys_;
  RowForm rows_;
  // For each column its place in the key; -1: none.
  std::vector<int> key_places_;
  DebeziumSource source_;
  // What stands before and after the payloads.
  std::string key_head_;
  std::string value_head_;
  std::string tail_;
};

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_DEBEZIUM_JSON_H_
