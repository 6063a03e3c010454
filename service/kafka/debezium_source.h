#ifndef TIDEMARK_SERVICE_KAFKA_DEBEZIUM_SOURCE_H_
#define TIDEMARK_SERVICE_KAFKA_DEBEZIUM_SOURCE_H_

#include <string>

#include "service/kafka/change_view.h"
#include "service/kafka/connect_writer.h"
#include "tidemark/v1/event.pb.h"

namespace tidemark::service::kafka {

enum class DebeziumConnector { kPostgres, kMysql, kMariaDb };

// What the events of one source have in common.
struct DebeziumOptions {
  DebeziumConnector connector = DebeziumConnector::kPostgres;
  // Debezium's topic.prefix: begins every schema's name, and is source.name.
  std::string name;
  // PostgreSQL: the database. Others: it is the table's namespace.
  std::string database;
  // source.version
  std::string version;
  // MySQL and MariaDB: what the names of binlog files begin with, up to the dot.
  std::string binlog_base_name = "binlog";
  ConnectForm form = ConnectForm::kJson;
  // JSON only. True: {"schema":...,"payload":...}. False: the payload alone.
  bool with_schema = true;
  // True: TRUNCATE is an event too. Debezium's default (skipped.operations=t) leaves it out.
  bool with_truncate = false;
};

// The `source` block of the events of one table. Immutable, so thread-safe.
//
//   ts_*        when the source committed; of a READ, when Tidemark read the row
//   snapshot    "incremental" of a READ, since Tidemark's chunks are merged into the log
//   PostgreSQL  lsn: where the transaction's commit record starts, the same for all its changes; of
//   a
//               READ the place at which the row is exact. sequence: without the commit before it
//   others      file, pos: where the transaction starts; row: place of the change within it
//   null or 0   xmin, origin, origin_lsn, server_id, gtid, thread, query: no event holds them
class DebeziumSource {
 public:
  DebeziumSource(const v1::TableSchema& schema, const DebeziumOptions& options);

  // The Connect schema as JSON, as the field "source" of the envelope.
  void AppendSchema(std::string& out) const;
  // REQUIRES: a writer of DebeziumOptions::form.
  void Write(ConnectWriter& out, const ChangeView& change) const;

 private:
  void PrepareHead(const DebeziumOptions& options);
  void PrepareAfterTime(std::string& text, std::string_view snapshot, const std::string& database,
                        ConnectForm form) const;
  void PrepareTable(const v1::TableSchema& schema, ConnectForm form);
  void PrepareNulls();
  void WritePostgresPlace(ConnectWriter& out, const ChangeView& change) const;
  void WriteBinlogPlace(ConnectWriter& out, const ChangeView& change) const;
  void WriteFile(ConnectWriter& out, const ChangeView& change) const;

  DebeziumConnector connector_;
  ConnectForm form_;
  std::string binlog_base_name_;
  // What every event has, in the form: up to the value of ts_ms, from there up to that of sequence
  // (of a READ and of others), the table's name, and the members at the end that are always null.
  std::string head_;
  std::string read_;
  std::string logged_;
  std::string table_;
  std::string nulls_;
};

// ts_ms, ts_us and ts_ns of the envelope.
void WriteTimes(ConnectWriter& out, uint64_t time_us);

}  // namespace tidemark::service::kafka

#endif  // TIDEMARK_SERVICE_KAFKA_DEBEZIUM_SOURCE_H_
