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

void AppendTextMember(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  AppendName(out, text);
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
    : connector_(options.connector), binlog_base_name_(options.binlog_base_name) {
  const bool postgres = connector_ == DebeziumConnector::kPostgres;
  head_ = "{\"version\":";
  AppendName(head_, options.version);
  AppendTextMember(head_, "connector", ConnectorName(connector_));
  AppendTextMember(head_, "name", options.name);
  head_ += ",\"ts_ms\":";
  AppendTextMember(database_, "db", postgres ? options.database : schema.namespace_());
  if (postgres) AppendTextMember(table_, "schema", schema.namespace_());
  AppendTextMember(table_, "table", schema.name());
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

void DebeziumSource::Append(std::string& out, const ChangeView& change) const {
  const bool read = change.op == model::Op::kRead;
  const uint64_t time_us = read ? change.capture_time_us : change.commit_time_us;
  out += head_;
  AppendNumber(out, time_us / 1000);
  out += read ? ",\"snapshot\":\"incremental\"" : ",\"snapshot\":\"false\"";
  out += database_;
  out += ",\"sequence\":";
  if (connector_ == DebeziumConnector::kPostgres) {
    out += "\"[null,\\\"";
    AppendNumber(out, change.position_offset);
    out += "\\\"]\"";
  } else {
    out += "null";
  }
  out += ",\"ts_us\":";
  AppendNumber(out, time_us);
  out += ",\"ts_ns\":";
  AppendNumber(out, time_us * 1000);
  out += table_;
  if (connector_ == DebeziumConnector::kPostgres) {
    AppendPostgresPlace(out, change);
  } else {
    AppendBinlogPlace(out, change);
  }
}

void DebeziumSource::AppendPostgresPlace(std::string& out, const ChangeView& change) const {
  out += ",\"txId\":";
  if (change.op == model::Op::kRead) {
    out += "null";
  } else {
    AppendNumber(out, change.transaction_id);
  }
  out += ",\"lsn\":";
  AppendNumber(out, static_cast<int64_t>(change.position_offset));
  out += ",\"xmin\":null,\"origin\":null,\"origin_lsn\":null}";
}

void DebeziumSource::AppendBinlogPlace(std::string& out, const ChangeView& change) const {
  constexpr auto kRowMax = static_cast<uint64_t>(std::numeric_limits<int32_t>::max());
  out += ",\"server_id\":0,\"gtid\":null,\"file\":";
  AppendFile(out, change);
  out += ",\"pos\":";
  AppendNumber(out, static_cast<int64_t>(change.position_offset));
  out += ",\"row\":";
  AppendNumber(out, std::min(change.transaction_index, kRowMax));
  out += ",\"thread\":null,\"query\":null}";
}

// "binlog.000007"
void DebeziumSource::AppendFile(std::string& out, const ChangeView& change) const {
  constexpr size_t kDigits = 6;
  std::string number;
  AppendNumber(number, static_cast<uint32_t>(change.position_file));
  if (number.size() < kDigits) number.insert(0, kDigits - number.size(), '0');
  AppendName(out, binlog_base_name_ + "." + number);
}

void AppendTimes(std::string& out, uint64_t time_us) {
  out += "\"ts_ms\":";
  AppendNumber(out, time_us / 1000);
  out += ",\"ts_us\":";
  AppendNumber(out, time_us);
  out += ",\"ts_ns\":";
  AppendNumber(out, time_us * 1000);
}

}  // namespace tidemark::service::kafka
