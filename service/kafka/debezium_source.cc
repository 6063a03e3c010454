#include "service/kafka/debezium_source.h"

#include <algorithm>
#include <cstdint>
#include <limits>

#include "service/kafka/connect_json.h"

namespace tidemark::service::kafka {
namespace {

std::string_view ConnectorName(DebeziumConnector connector) {
  switch (connector) {
    case DebeziumConnector::kPostgres:
      return "postgresql";
    case DebeziumConnector::kMysql:
      return "mysql";
    case DebeziumConnector::kMariaDb:
      return "mariadb";
  }
  return "";
}

void WriteNameMember(ConnectWriter& out, std::string_view member, std::string_view text) {
  out.Member(member);
  out.Name(text);
}

void WriteOptionalNumber(ConnectWriter& out, std::string_view member, uint64_t number) {
  out.Member(member);
  out.Present();
  out.Integer(static_cast<int64_t>(number));
}

void WriteNullMember(ConnectWriter& out, std::string_view member) {
  out.Member(member);
  out.Null();
}

// What stands around the number in `sequence`, [null,"24023128"], in each form.
struct SequenceText {
  std::string_view head;
  std::string_view tail;
};
constexpr SequenceText kSequenceInJson = {R"([null,\")", R"(\"])"};
constexpr SequenceText kSequenceInAvro = {R"([null,")", R"("])"};

void WriteSequence(ConnectWriter& out, ConnectForm form, uint64_t lsn) {
  const SequenceText& text = form == ConnectForm::kJson ? kSequenceInJson : kSequenceInAvro;
  out.Present();
  const size_t mark = out.BeginPlainText();
  out.Raw(text.head);
  AppendNumber(out.out(), lsn);
  out.Raw(text.tail);
  out.EndPlainText(mark);
}

void AppendField(std::string& out, std::string_view name, std::string_view type, bool optional) {
  if (out.back() == '}') out += ',';
  out.append("{\"type\":\"").append(type).append("\",\"optional\":");
  out.append(optional ? "true" : "false").append(",\"field\":\"").append(name).append("\"}");
}

constexpr std::string_view kSnapshotField =
    ",{\"type\":\"string\",\"optional\":true,\"name\":\"io.debezium.data.Enum\",\"version\":1,"
    "\"parameters\":{\"allowed\":\"true,first,first_in_data_collection,last_in_data_collection,"
    "last,false,incremental\"},\"default\":\"false\",\"field\":\"snapshot\"}";

void AppendCommonFields(std::string& out) {
  AppendField(out, "version", "string", false);
  AppendField(out, "connector", "string", false);
  AppendField(out, "name", "string", false);
  AppendField(out, "ts_ms", "int64", false);
  out += kSnapshotField;
  AppendField(out, "db", "string", false);
  AppendField(out, "sequence", "string", true);
  AppendField(out, "ts_us", "int64", true);
  AppendField(out, "ts_ns", "int64", true);
}

void AppendPostgresFields(std::string& out) {
  AppendField(out, "schema", "string", false);
  AppendField(out, "table", "string", false);
  AppendField(out, "txId", "int64", true);
  AppendField(out, "lsn", "int64", true);
  AppendField(out, "xmin", "int64", true);
  AppendField(out, "origin", "string", true);
  AppendField(out, "origin_lsn", "int64", true);
}

void AppendBinlogFields(std::string& out) {
  AppendField(out, "table", "string", true);
  AppendField(out, "server_id", "int64", false);
  AppendField(out, "gtid", "string", true);
  AppendField(out, "file", "string", false);
  AppendField(out, "pos", "int64", false);
  AppendField(out, "row", "int32", false);
  AppendField(out, "thread", "int64", true);
  AppendField(out, "query", "string", true);
}

}  // namespace

DebeziumSource::DebeziumSource(const v1::TableSchema& schema, const DebeziumOptions& options)
    : connector_(options.connector),
      form_(options.form),
      binlog_base_name_(options.binlog_base_name) {
  const bool postgres = connector_ == DebeziumConnector::kPostgres;
  const std::string& database = postgres ? options.database : schema.namespace_();
  PrepareHead(options);
  PrepareAfterTime(read_, "incremental", database, options.form);
  PrepareAfterTime(logged_, "false", database, options.form);
  PrepareTable(schema, options.form);
  PrepareNulls();
}

void DebeziumSource::PrepareHead(const DebeziumOptions& options) {
  WithWriter(options.form, head_, [&](ConnectWriter& out) {
    out.BeginStruct();
    WriteNameMember(out, ",\"version\":", options.version);
    WriteNameMember(out, ",\"connector\":", ConnectorName(connector_));
    WriteNameMember(out, ",\"name\":", options.name);
    out.Member(",\"ts_ms\":");
  });
}

void DebeziumSource::PrepareAfterTime(std::string& text, std::string_view snapshot,
                                      const std::string& database, ConnectForm form) const {
  text = ' ';  // of ts_ms; so that a comma comes first
  WithWriter(form, text, [&](ConnectWriter& out) {
    out.Member(",\"snapshot\":");
    out.PresentByDefault();
    out.Name(snapshot);
    WriteNameMember(out, ",\"db\":", database);
    out.Member(",\"sequence\":");
  });
  text.erase(0, 1);
}

void DebeziumSource::PrepareTable(const v1::TableSchema& schema, ConnectForm form) {
  table_ = ' ';  // likewise
  WithWriter(form, table_, [&](ConnectWriter& out) {
    const bool postgres = connector_ == DebeziumConnector::kPostgres;
    if (postgres) WriteNameMember(out, ",\"schema\":", schema.namespace_());
    out.Member(",\"table\":");
    if (!postgres) out.Present();
    out.Name(schema.name());
  });
  table_.erase(0, 1);
}

void DebeziumSource::AppendSchema(std::string& out) const {
  out += "{\"type\":\"struct\",\"fields\":[";
  AppendCommonFields(out);
  if (connector_ == DebeziumConnector::kPostgres) {
    AppendPostgresFields(out);
  } else {
    AppendBinlogFields(out);
  }
  out += "],\"optional\":false,\"name\":\"io.debezium.connector.";
  out += ConnectorName(connector_);
  out += ".Source\",\"version\":1,\"field\":\"source\"}";
}

void DebeziumSource::PrepareNulls() {
  nulls_ = ' ';  // likewise
  WithWriter(form_, nulls_, [&](ConnectWriter& out) {
    if (connector_ == DebeziumConnector::kPostgres) {
      for (const char* member : {",\"xmin\":", ",\"origin\":", ",\"origin_lsn\":"}) {
        WriteNullMember(out, member);
      }
      return;
    }
    WriteNullMember(out, ",\"thread\":");
    WriteNullMember(out, ",\"query\":");
  });
  nulls_.erase(0, 1);
}

void DebeziumSource::Write(ConnectWriter& out, const ChangeView& change) const {
  const bool read = change.op == model::Op::kRead;
  const uint64_t time_us = read ? change.capture_time_us : change.commit_time_us;
  out.Raw(head_);
  out.Integer(static_cast<int64_t>(time_us / 1000));
  out.Raw(read ? read_ : logged_);
  if (connector_ == DebeziumConnector::kPostgres) {
    WriteSequence(out, form_, change.position_offset);
  } else {
    out.Null();
  }
  WriteOptionalNumber(out, ",\"ts_us\":", time_us);
  WriteOptionalNumber(out, ",\"ts_ns\":", time_us * 1000);
  out.Raw(table_);
  if (connector_ == DebeziumConnector::kPostgres) {
    WritePostgresPlace(out, change);
  } else {
    WriteBinlogPlace(out, change);
  }
  out.EndStruct();
}

void DebeziumSource::WritePostgresPlace(ConnectWriter& out, const ChangeView& change) const {
  if (change.op == model::Op::kRead) {
    WriteNullMember(out, ",\"txId\":");
  } else {
    WriteOptionalNumber(out, ",\"txId\":", change.transaction_id);
  }
  WriteOptionalNumber(out, ",\"lsn\":", change.position_offset);
  out.Raw(nulls_);
}

void DebeziumSource::WriteBinlogPlace(ConnectWriter& out, const ChangeView& change) const {
  constexpr auto kRowMax = static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
  out.Member(",\"server_id\":");
  out.Integer(0);
  WriteNullMember(out, ",\"gtid\":");
  out.Member(",\"file\":");
  WriteFile(out, change);
  out.Member(",\"pos\":");
  out.Integer(static_cast<int64_t>(change.position_offset));
  out.Member(",\"row\":");
  out.Integer(static_cast<int64_t>(std::min(change.transaction_index, kRowMax)));
  out.Raw(nulls_);
}

// "binlog.000007"
void DebeziumSource::WriteFile(ConnectWriter& out, const ChangeView& change) const {
  constexpr size_t kDigits = 6;
  std::string number;
  AppendNumber(number, static_cast<uint32_t>(change.position_file));
  if (number.size() < kDigits) number.insert(0, kDigits - number.size(), '0');
  out.Name(binlog_base_name_ + "." + number);
}

void WriteTimes(ConnectWriter& out, uint64_t time_us) {
  WriteOptionalNumber(out, ",\"ts_ms\":", time_us / 1000);
  WriteOptionalNumber(out, ",\"ts_us\":", time_us);
  WriteOptionalNumber(out, ",\"ts_ns\":", time_us * 1000);
}

}  // namespace tidemark::service::kafka
