#include "service/cli/event_format.h"

#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "model/position.h"
#include "service/cli/value_format.h"
#include "service/json_text.h"
#include "service/units.h"

namespace tidemark::service {
namespace {

using google::protobuf::util::MessageDifferencer;
using v1::Event;

std::string Quote(const std::string& text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string TableName(const v1::TableSchema& schema) {
  return absl::StrCat(schema.namespace_(), ".", schema.name());
}

std::string JsonTime(uint64_t us) { return Quote(FormatTimestamp(us) + "Z"); }

// The schema's column that a value of a row belongs to.
const v1::Column& ColumnAt(const v1::TableSchema& schema, int index) {
  static const v1::Column kNone;
  return index < schema.columns_size() ? schema.columns(index) : kNone;
}

const v1::Column& KeyColumnAt(const v1::TableSchema& schema, int index) {
  bool known = index < schema.key_columns_size();
  return ColumnAt(schema,
                  known ? static_cast<int>(schema.key_columns(index)) : schema.columns_size());
}

bool IsKeyColumn(const v1::TableSchema& schema, int index) {
  for (uint32_t key : schema.key_columns()) {
    if (key == static_cast<uint32_t>(index)) return true;
  }
  return false;
}

std::string NameOf(const v1::Column& column, int index) {
  return column.name().empty() ? absl::StrCat("column", index + 1) : column.name();
}

template <typename ColumnOf>
std::string JsonRow(const v1::Row& row, ColumnOf column_of) {
  std::string out = "{";
  for (int i = 0; i < row.values_size(); ++i) {
    const v1::Column& column = column_of(i);
    absl::StrAppend(&out, i > 0 ? "," : "", Quote(NameOf(column, i)), ":");
    AppendJsonValue(out, row.values(i), column.type());
  }
  return out + "}";
}

std::string JsonChange(const v1::Change& change, const v1::TableSchema& schema) {
  auto column = [&](int i) -> const v1::Column& { return ColumnAt(schema, i); };
  auto key_column = [&](int i) -> const v1::Column& { return KeyColumnAt(schema, i); };
  std::string out =
      absl::StrCat("{\"op\":\"", OpName(change.op()), "\",\"table\":", Quote(TableName(schema)),
                   ",\"schema_id\":", change.schema_id(),
                   ",\"position\":", Quote(FormatPosition(change.position())));
  if (change.op() == v1::OP_READ) {
    absl::StrAppend(&out, ",\"snapshot_id\":", change.snapshot_id());
  } else {
    absl::StrAppend(&out, ",\"transaction_id\":", change.transaction_id(),
                    ",\"transaction_index\":", change.transaction_index(),
                    ",\"last_in_transaction\":", change.last_in_transaction() ? "true" : "false",
                    ",\"commit_time\":", JsonTime(change.commit_time_us()));
  }
  absl::StrAppend(&out, ",\"capture_time\":", JsonTime(change.capture_time_us()));
  if (change.has_key()) absl::StrAppend(&out, ",\"key\":", JsonRow(change.key(), key_column));
  if (change.has_before()) absl::StrAppend(&out, ",\"before\":", JsonRow(change.before(), column));
  if (change.has_after()) absl::StrAppend(&out, ",\"after\":", JsonRow(change.after(), column));
  return out + "}";
}

std::string JsonSchema(const v1::TableSchema& schema) {
  std::string out = absl::StrCat("{\"id\":", schema.id(), ",\"table_id\":", schema.table_id(),
                                 ",\"table\":", Quote(TableName(schema)), ",\"columns\":[");
  for (int i = 0; i < schema.columns_size(); ++i) {
    const v1::Column& column = schema.columns(i);
    absl::StrAppend(&out, i > 0 ? "," : "", "{\"name\":", Quote(column.name()),
                    ",\"type\":", Quote(column.type().name()),
                    ",\"nullable\":", column.nullable() ? "true" : "false",
                    ",\"generated\":", column.generated() ? "true" : "false",
                    ",\"key\":", IsKeyColumn(schema, i) ? "true" : "false", "}");
  }
  return out + "]}";
}

std::string MarkName(v1::SnapshotMark::Kind kind) {
  return absl::AsciiStrToLower(v1::SnapshotMark::Kind_Name(kind));
}

template <typename Texts>
std::string JsonTexts(const Texts& texts) {
  std::string out = "[";
  for (const std::string& text : texts) {
    absl::StrAppend(&out, out.size() > 1 ? "," : "", Quote(text));
  }
  return out + "]";
}

std::string JsonMark(const v1::SnapshotMark& mark, const std::string& table) {
  std::string out = absl::StrCat("{\"snapshot_id\":", mark.snapshot_id(), ",\"kind\":\"",
                                 MarkName(mark.kind()), "\"");
  if (mark.table_id() != 0) {
    absl::StrAppend(&out, ",\"table_id\":", mark.table_id(), ",\"table\":", Quote(table));
  }
  if (mark.kind() == v1::SnapshotMark::CHUNK_DONE) {
    absl::StrAppend(&out, ",\"lower_key\":", JsonTexts(mark.lower_key()),
                    ",\"upper_key\":", JsonTexts(mark.upper_key()));
  }
  absl::StrAppend(&out, ",\"rows\":", mark.rows(),
                  ",\"position\":", Quote(FormatPosition(mark.position())));
  if (!mark.reason().empty()) absl::StrAppend(&out, ",\"reason\":", Quote(mark.reason()));
  return out + "}";
}

std::string JsonMessage(const v1::LogicalMessage& message) {
  return absl::StrCat("{\"prefix\":", Quote(message.prefix()),
                      ",\"content\":", Quote(absl::Base64Escape(message.content())),
                      ",\"position\":", Quote(FormatPosition(message.position())),
                      ",\"transaction_id\":", message.transaction_id(),
                      ",\"transaction_index\":", message.transaction_index(), "}");
}

std::string JsonEnd(const v1::TransactionEnd& end) {
  return absl::StrCat("{\"transaction_id\":", end.transaction_id(),
                      ",\"position\":", Quote(FormatPosition(end.position())),
                      ",\"commit_time\":", JsonTime(end.commit_time_us()),
                      ",\"change_count\":", end.change_count(), "}");
}

std::string JsonHeartbeat(const v1::Heartbeat& heartbeat) {
  return absl::StrCat("{\"frontier\":", Quote(FormatPosition(heartbeat.frontier())),
                      ",\"time\":", JsonTime(heartbeat.time_us()), "}");
}

std::string Clock(uint64_t us) {
  return us == 0 ? ""
                 : absl::StrFormat("%02d:%02d:%02d.%03d", us / 3'600'000'000 % 24,
                                   us / 60'000'000 % 60, us / 1'000'000 % 60, us / 1000 % 1000);
}

std::string Line(uint64_t sequence, uint64_t time_us, const std::string& what,
                 const std::string& detail) {
  return absl::StrFormat("%8d  %-12s  %-8s  %s", sequence, Clock(time_us), what, detail);
}

std::string HumanKey(const v1::Row& key, const v1::TableSchema& schema) {
  std::string out;
  for (int i = 0; i < key.values_size(); ++i) {
    const v1::Column& column = KeyColumnAt(schema, i);
    absl::StrAppend(&out, i > 0 ? "," : "", NameOf(column, i), "=",
                    HumanValue(key.values(i), column.type()));
  }
  return out;
}

// "name=value", "name=old → new"; "" where there is nothing to show.
std::string HumanColumn(const v1::Change& change, const v1::TableSchema& schema, int index) {
  const v1::Value& value = change.after().values(index);
  if (IsKeyColumn(schema, index) || value.has_unavailable()) return "";
  const v1::Column& column = ColumnAt(schema, index);
  std::string after = HumanValue(value, column.type());
  std::string name = NameOf(column, index) + "=";
  if (index >= change.before().values_size()) return name + after;
  const v1::Value& old = change.before().values(index);
  if (MessageDifferencer::Equals(old, value)) return "";
  return absl::StrCat(name, HumanValue(old, column.type()), " → ", after);
}

std::string HumanChange(const v1::Change& change, const v1::TableSchema& schema) {
  std::string out = TableName(schema);
  if (change.has_key()) absl::StrAppend(&out, "  ", HumanKey(change.key(), schema));
  std::string columns;
  for (int i = 0; i < change.after().values_size(); ++i) {
    std::string column = HumanColumn(change, schema, i);
    if (!column.empty()) absl::StrAppend(&columns, columns.empty() ? "  " : " ", column);
  }
  return out + columns;
}

std::string HumanSchema(const v1::TableSchema& schema) {
  std::string out = TableName(schema) + " (";
  for (int i = 0; i < schema.columns_size(); ++i) {
    absl::StrAppend(&out, i > 0 ? ", " : "", schema.columns(i).name(), " ",
                    schema.columns(i).type().name(), IsKeyColumn(schema, i) ? " key" : "");
  }
  return out + ")";
}

std::string HumanMark(const v1::SnapshotMark& mark, const std::string& table) {
  std::string kind = MarkName(mark.kind());
  for (char& c : kind) c = c == '_' ? ' ' : c;
  std::string out = absl::StrCat(mark.snapshot_id(), " ", kind);
  if (mark.table_id() != 0) absl::StrAppend(&out, " ", table);
  if (mark.kind() != v1::SnapshotMark::STARTED) {
    absl::StrAppend(&out, ", ", FormatCount(mark.rows(), "row"));
  }
  if (!mark.reason().empty()) absl::StrAppend(&out, ": ", mark.reason());
  return out;
}

std::string HumanMessage(const v1::LogicalMessage& message) {
  std::string content;
  AppendJsonString(content, message.content());
  return absl::StrCat(message.prefix(), " ", content);
}

}  // namespace

std::string FormatPosition(const v1::Position& position) {
  return model::ToString(model::Position{position.file(), position.offset()});
}

std::string OpName(v1::Op op) {
  // OP_CREATE: "create"
  return absl::AsciiStrToLower(v1::Op_Name(op).substr(3));
}

void EventFormat::Learn(const v1::Event& event) {
  if (!event.has_schema()) return;
  schemas_[event.schema().id()] = event.schema();
  tables_[event.schema().table_id()] = TableName(event.schema());
}

const v1::TableSchema& EventFormat::SchemaOf(const v1::Change& change) const {
  auto found = schemas_.find(change.schema_id());
  return found == schemas_.end() ? unknown_ : found->second;
}

std::string EventFormat::JsonLine(const v1::Event& event) {
  Learn(event);
  std::string out = absl::StrCat("{\"sequence\":", event.sequence(), ",");
  switch (event.body_case()) {
    case Event::kChange:
      absl::StrAppend(&out, "\"change\":", JsonChange(event.change(), SchemaOf(event.change())));
      break;
    case Event::kSchema:
      absl::StrAppend(&out, "\"schema\":", JsonSchema(event.schema()));
      break;
    case Event::kTransactionEnd:
      absl::StrAppend(&out, "\"transaction_end\":", JsonEnd(event.transaction_end()));
      break;
    case Event::kSnapshot:
      absl::StrAppend(
          &out, "\"snapshot\":", JsonMark(event.snapshot(), tables_[event.snapshot().table_id()]));
      break;
    case Event::kMessage:
      absl::StrAppend(&out, "\"message\":", JsonMessage(event.message()));
      break;
    case Event::kHeartbeat:
      absl::StrAppend(&out, "\"heartbeat\":", JsonHeartbeat(event.heartbeat()));
      break;
    case Event::BODY_NOT_SET:
      absl::StrAppend(&out, "\"unknown\":true");
      break;
  }
  return out + "}";
}

std::string EventFormat::HumanLine(const v1::Event& event) {
  Learn(event);
  uint64_t sequence = event.sequence();
  switch (event.body_case()) {
    case Event::kChange: {
      const v1::Change& change = event.change();
      uint64_t time =
          change.op() == v1::OP_READ ? change.capture_time_us() : change.commit_time_us();
      return Line(sequence, time, absl::AsciiStrToUpper(OpName(change.op())),
                  HumanChange(change, SchemaOf(change)));
    }
    case Event::kSchema:
      return Line(sequence, 0, "schema", HumanSchema(event.schema()));
    case Event::kTransactionEnd: {
      const v1::TransactionEnd& end = event.transaction_end();
      return Line(sequence, end.commit_time_us(), "commit",
                  absl::StrCat("transaction ", end.transaction_id(), ", ", end.change_count(),
                               end.change_count() == 1 ? " change" : " changes", " at ",
                               FormatPosition(end.position())));
    }
    case Event::kSnapshot:
      return Line(sequence, 0, "snapshot",
                  HumanMark(event.snapshot(), tables_[event.snapshot().table_id()]));
    case Event::kMessage:
      return Line(sequence, event.message().commit_time_us(), "message",
                  HumanMessage(event.message()));
    case Event::kHeartbeat:
      return Line(sequence, event.heartbeat().time_us(), "idle",
                  "up to " + FormatPosition(event.heartbeat().frontier()));
    case Event::BODY_NOT_SET:
      break;
  }
  return Line(sequence, 0, "unknown", "an event of a newer version");
}

}  // namespace tidemark::service
