#include "service/kafka/event_writer.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/wall_clock.h"
#include "model/wire.h"
#include "service/json_text.h"
#include "service/kafka/change_view.h"
#include "service/kafka/value_text.h"
#include "service/log.h"
#include "tidemark/v1/event.pb.h"
#include "tidemark/v1/kafka.pb.h"

namespace tidemark::service::kafka {
namespace {

// Of a key in an error.
constexpr size_t kKeyBytesMost = 200;

std::string_view OpName(model::Op op) {
  switch (op) {
    case model::Op::kCreate:
      return "create";
    case model::Op::kUpdate:
      return "update";
    case model::Op::kDelete:
      return "delete";
    case model::Op::kTruncate:
      return "truncate";
    case model::Op::kRead:
      return "read";
    case model::Op::kNone:
      break;
  }
  return "";
}

// The tidemark.v1.Event in a frame.
std::string_view EventOf(std::string_view frame) {
  model::WireReader reader(frame);
  uint32_t field = 0;
  model::WireType type;
  std::string_view event;
  return reader.ReadTag(&field, &type) && reader.ReadLength(&event) ? event : std::string_view();
}

// Not later than now: brokers refuse records that are more than an hour ahead of them, as those of
// a source whose clock is wrong, or of MySQL's SET timestamp.
int64_t TimeMs(const ChangeView& change) {
  const uint64_t time_us =
      change.commit_time_us != 0 ? change.commit_time_us : change.capture_time_us;
  return static_cast<int64_t>(std::min(time_us, model::NowUs()) / 1000);
}

// In the order of the key.
std::vector<std::string> KeyColumns(const v1::TableSchema& schema) {
  std::vector<std::string> names;
  for (const uint32_t column : schema.key_columns()) {
    names.push_back(schema.columns(static_cast<int>(column)).name());
  }
  return names;
}

// For a message to a person: {"id":"42"}, as far as it goes. `key`: a tidemark.v1.Row.
std::string KeyText(const std::vector<std::string>& columns, std::string_view key) {
  std::string text = "{";
  ValuesReader values(key);
  ValueView value;
  for (const std::string& column : columns) {
    if (!values.Next(&value)) break;
    if (text.size() > 1) text += ',';
    AppendJsonString(text, column);
    text += ':';
    std::string plain;
    if (value.null || !AppendValueText(plain, value)) {
      text += "null";
    } else {
      AppendJsonString(text, plain);
    }
  }
  text += '}';
  if (text.size() <= kKeyBytesMost) return text;
  size_t size = kKeyBytesMost;
  while ((static_cast<uint8_t>(text[size]) & 0xC0) == 0x80) --size;  // whole characters
  return absl::StrCat(text.substr(0, size), "...");
}

bool InProtobuf(Format format) {
  return format == Format::kProtobuf || format == Format::kRegistryProtobuf;
}

}  // namespace

absl::StatusOr<EventWriter::Table*> EventWriter::TableOf(model::SchemaId id, std::stop_token stop) {
  auto known = tables_.find(id);
  if (known != tables_.end()) return &known->second;
  absl::StatusOr<std::string> frame = parts_.journal->SchemaFrame(id);
  if (!frame.ok()) return frame.status();
  const std::string_view bytes = EventOf(*frame);
  v1::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return MalformedEvent();
  Table table;
  absl::Status prepared = Prepare(event.schema(), &table, std::move(stop));
  if (!prepared.ok()) return ForOperator(prepared);
  return &tables_.emplace(id, std::move(table)).first->second;
}

absl::Status EventWriter::Prepare(const v1::TableSchema& schema, Table* table,
                                  std::stop_token stop) {
  table->name = absl::StrCat(schema.namespace_(), ".", schema.name());
  absl::StatusOr<std::string> topic = parts_.router->TopicOf(schema);
  if (!topic.ok()) return topic.status();
  table->topic = *std::move(topic);
  if (const TransformOptions* options = parts_.transforms->Of(schema)) {
    absl::StatusOr<TableTransform> transform = TableTransform::Prepare(schema, *options);
    if (!transform.ok()) return transform.status();
    for (const std::string& warning : transform->warnings()) {
      LogWarning("transform", {{"source", parts_.source}, {"warning", warning}});
    }
    if (transform->changes_rows()) table->transform = *std::move(transform);
  }
  absl::StatusOr<Topic> about = Ensure(table->topic, NewTopic(), std::move(stop));
  if (!about.ok()) return about.status();
  table->record_bytes_max = std::min(about->batch_bytes_max, parts_.producer->record_bytes_max());
  const v1::TableSchema& written = table->transform ? table->transform->schema() : schema;
  table->key_columns = KeyColumns(written);
  auto encoder = parts_.encoders->Prepare(written, table->topic);
  if (!encoder.ok()) return encoder.status();
  table->encoder = *std::move(encoder);
  for (const std::string& column : table->encoder->left_out()) {
    LogWarning("the format has no form for a column; it is left out",
               {{"source", parts_.source}, {"table", table->name}, {"column", column}});
  }
  return absl::OkStatus();
}

absl::StatusOr<Topic> EventWriter::Ensure(const std::string& topic, const TopicOptions& options,
                                          std::stop_token stop) {
  absl::StatusOr<Topic> about = parts_.topics->Ensure(topic, options, std::move(stop));
  if (!about.ok()) return ForOperator(about.status());
  if (about->batch_bytes_max >= parts_.producer->batch_bytes_max()) return about;
  batch_bytes_wanted_ = about->batch_bytes_max;
  return absl::AbortedError(
      absl::StrCat("topic ", topic, " takes batches of ", about->batch_bytes_max, " bytes"));
}

TopicOptions EventWriter::NewTopic() const {
  return {parts_.options->partitions, parts_.options->replication, parts_.options->topic_settings};
}

absl::Status EventWriter::Write(const model::EventView& event, uint64_t piece,
                                std::stop_token stop) {
  switch (event.kind) {
    case model::EventKind::kChange:
      return WriteChange(event, piece, stop);
    case model::EventKind::kSchema:
      return WriteOther(parts_.options->schema_topic, "schema", event, stop);
    case model::EventKind::kTransactionEnd:
      return WriteOther(parts_.options->transaction_topic, "transaction_end", event, stop);
    case model::EventKind::kSnapshotMark:
      return WriteOther(parts_.options->transaction_topic, "snapshot", event, stop);
    case model::EventKind::kMessage:
      return WriteOther(parts_.options->message_topic, "message", event, stop);
    default:
      return absl::OkStatus();
  }
}

absl::Status EventWriter::WriteChange(model::EventView event, uint64_t piece,
                                      std::stop_token stop) {
  absl::StatusOr<Table*> found = TableOf(event.schema, stop);
  if (!found.ok()) return found.status();
  Table& table = **found;
  if (!table.encoder->Writes(event.op)) return absl::OkStatus();
  if (event.op == model::Op::kTruncate && !parts_.options->truncates) return absl::OkStatus();
  if (table.transform) {
    change_.clear();
    absl::Status applied = table.transform->Apply(event.body, change_);
    if (!applied.ok()) return applied;
    event.body = change_;
  }
  ChangeView change;
  if (!ReadChange(event.body, &change)) return MalformedEvent();
  const std::string sequence = absl::StrCat(event.sequence);
  const std::string index = absl::StrCat(change.transaction_index);
  const std::string piece_text = absl::StrCat(piece);
  const std::string position = model::ToString({change.position_file, change.position_offset});
  Record record;
  record.time_ms = TimeMs(change);
  record.headers = {{"source", parts_.source},
                    {"table", table.name},
                    {"op", OpName(event.op)},
                    {"sequence", sequence},
                    {"position", position}};
  if (event.op != model::Op::kRead) {
    record.headers.emplace_back("index", index);
    if (piece > 1) record.headers.emplace_back("piece", piece_text);
  }
  key_.clear();
  value_.clear();
  if (table.encoder->HasKey(event.op)) {
    absl::Status status = table.encoder->AppendKey(key_, event.body);
    if (!status.ok()) return status;
    record.key = key_;
  }
  absl::Status status = table.encoder->AppendValue(value_, event.body);
  if (!status.ok()) return status;
  table.encoder->AppendSequence(value_, event.sequence);
  record.value = value_;
  if (BatchBytes(record) > table.record_bytes_max) {
    return WriteOversize(table, event, std::move(record), stop);
  }
  return WriteChangeTo(table, event, std::move(record), stop);
}

absl::Status EventWriter::WriteChangeTo(const Table& table, const model::EventView& event,
                                        Record record, std::stop_token stop) {
  if (event.op == model::Op::kTruncate) return WriteTruncate(table, std::move(record), stop);
  if (!record.key) record.partition = 0;
  if (absl::Status status = Produce(table.topic, record, stop); !status.ok()) return status;
  return WriteTombstone(table, event, std::move(record), std::move(stop));
}

absl::Status EventWriter::WriteTombstone(const Table& table, const model::EventView& event,
                                         Record record, std::stop_token stop) {
  if (event.op != model::Op::kDelete || !parts_.options->tombstones || !record.key) {
    return absl::OkStatus();
  }
  record.value.reset();
  if (BatchBytes(record) > table.record_bytes_max) return absl::OkStatus();  // the key alone
  return Produce(table.topic, record, std::move(stop));
}

// Rows go to partitions that were added as soon as the client knows them.
absl::Status EventWriter::WriteTruncate(const Table& table, Record record, std::stop_token stop) {
  absl::StatusOr<int32_t> partitions = parts_.topics->Partitions(table.topic, stop);
  if (absl::IsNotFound(partitions.status())) {
    return absl::AbortedError(partitions.status().message());
  }
  if (!partitions.ok()) return ForOperator(partitions.status());
  for (int32_t partition = 0; partition < *partitions; ++partition) {
    record.partition = partition;
    if (absl::Status status = Produce(table.topic, record, stop); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status EventWriter::WriteOversize(const Table& table, const model::EventView& event,
                                        Record record, std::stop_token stop) {
  ChangeView change;
  if (!ReadChange(event.body, &change)) return MalformedEvent();
  if (parts_.options->oversize == Oversize::kStop) {
    return absl::PermissionDeniedError(absl::StrCat(
        "event ", event.sequence, ", a change of ", table.name,
        change.key ? " with the key " + KeyText(table.key_columns, *change.key) : " without a key",
        ", does not fit into topic ", table.topic, ": its record has ", BatchBytes(record),
        " bytes, the limit is ", table.record_bytes_max,
        "; raise message.max.bytes in kafka.properties and max.message.bytes of the topic, or set "
        "publish.oversize: dead_letter (tidemark tail ",
        parts_.source, " --from-sequence ", event.sequence, " --limit 1 shows it)"));
  }
  // Else a compacted topic keeps the row for ever.
  absl::Status deleted = WriteTombstone(table, event, record, stop);
  if (!deleted.ok()) return deleted;
  absl::StatusOr<Topic> topic = Ensure(parts_.options->dead_letter_topic, NewTopic(), stop);
  if (!topic.ok()) return topic.status();
  v1::DeadLetter letter;
  letter.set_source(parts_.source);
  letter.set_table(table.name);
  letter.set_topic(table.topic);
  letter.set_sequence(event.sequence);
  letter.set_record_bytes(BatchBytes(record));
  letter.set_record_bytes_max(table.record_bytes_max);
  if (change.key) {
    letter.mutable_key()->ParseFromArray(change.key->data(), static_cast<int>(change.key->size()));
  }
  value_.clear();
  google::protobuf::util::MessageToJsonString(letter, &value_);
  record.value = value_;
  if (!record.key) record.partition = 0;
  return Produce(parts_.options->dead_letter_topic, record, stop);
}

absl::Status EventWriter::WriteOther(const std::string& topic, std::string_view kind,
                                     const model::EventView& event, std::stop_token stop) {
  if (topic.empty()) return absl::OkStatus();
  TopicOptions options{/*partitions=*/1, parts_.options->replication};
  if (event.kind == model::EventKind::kSchema) options.settings = {{"cleanup.policy", "compact"}};
  absl::StatusOr<Topic> about = Ensure(topic, options, stop);
  if (!about.ok()) return about.status();
  const std::string sequence = absl::StrCat(event.sequence);
  absl::StatusOr<v1::Event> reduced = Reduced(event);
  if (!reduced.ok()) return reduced.status();
  value_.clear();
  if (InProtobuf(parts_.options->format)) {
    reduced->AppendToString(&value_);
  } else {
    google::protobuf::util::MessageToJsonString(*reduced, &value_);
  }
  Record record;
  record.headers = {{"source", parts_.source}, {"op", kind}, {"sequence", sequence}};
  key_ = absl::StrCat(event.schema);
  if (event.kind == model::EventKind::kSchema) record.key = key_;
  record.value = value_;
  record.partition = 0;
  return Produce(topic, record, stop);
}

absl::StatusOr<v1::Event> EventWriter::Reduced(const model::EventView& event) const {
  const std::string_view bytes = EventOf(event.frame);
  v1::Event reduced;
  if (!reduced.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return MalformedEvent();
  if (event.kind == model::EventKind::kSchema) {
    const TransformOptions* options = parts_.transforms->Of(reduced.schema());
    if (options == nullptr) return reduced;
    absl::StatusOr<TableTransform> transform = TableTransform::Prepare(reduced.schema(), *options);
    if (!transform.ok()) return ForOperator(transform.status());
    *reduced.mutable_schema() = transform->schema();
  }
  // The bounds of chunks are keys, which may be hashed in the rows.
  const auto hashes = [](const TransformOptions& options) { return !options.hash.empty(); };
  const std::vector<TransformOptions>& all = parts_.options->transforms;
  if (reduced.has_snapshot() && std::any_of(all.begin(), all.end(), hashes)) {
    reduced.mutable_snapshot()->clear_lower_key();
    reduced.mutable_snapshot()->clear_upper_key();
  }
  return reduced;
}

absl::Status EventWriter::Produce(const std::string& topic, const Record& record,
                                  std::stop_token stop) {
  bytes_ += record.key.value_or("").size() + record.value.value_or("").size();
  return parts_.producer->Produce(topic, record, std::move(stop));
}

}  // namespace tidemark::service::kafka
