#include "service/http/metric_list.h"

#include <cstring>

#include "model/check.h"

namespace tidemark::service {
namespace {

constexpr MetricInfo kMetrics[] = {
    {"tidemark_build_info", MetricType::kGauge, "version", "1; the version of tidemarkd"},
    {"tidemark_ready", MetricType::kGauge, "", "1: what /readyz says is ready"},
    {"tidemark_healthy", MetricType::kGauge, "", "1: what /healthz says is alive"},
    {"tidemark_certificate_expiry_timestamp_seconds", MetricType::kGauge, "use",
     "when the certificate that is shown now expires, since 1970-01-01 UTC"},
    {"process_cpu_seconds_total", MetricType::kCounter, "", "user and system CPU time"},
    {"process_resident_memory_bytes", MetricType::kGauge, "", "resident memory"},
    {"process_virtual_memory_bytes", MetricType::kGauge, "", "virtual memory"},
    {"process_open_fds", MetricType::kGauge, "", "open file descriptors"},
    {"process_max_fds", MetricType::kGauge, "", "file descriptors that may be open"},
    {"process_start_time_seconds", MetricType::kGauge, "",
     "when the process started, since 1970-01-01 UTC"},
    {"tidemark_source_info", MetricType::kGauge, "source, kind, server",
     "1; the server as it was last connected to"},
    {"tidemark_source_state", MetricType::kGauge, "source, state",
     "1 for the state that the source is in, 0 for the others"},
    {"tidemark_source_restarts_total", MetricType::kCounter, "source, cause",
     "times the log was connected to again, by what had ended it"},
    {"tidemark_source_session_failures_total", MetricType::kCounter, "source, cause",
     "log connections that ended or were not had"},
    {"tidemark_source_lag_seconds", MetricType::kGauge, "source",
     "the journal has all that the server was known to have so long ago; grows while the server is "
     "not connected"},
    {"tidemark_source_lag_bytes", MetricType::kGauge, "source",
     "log that the server has and the journal has not; left out while the server is not connected"},
    {"tidemark_source_commit_to_journal_seconds", MetricType::kHistogram, "source, le",
     "from the commit at the source until it is durable in the journal, by the source's clock and "
     "ours; one observation for each append, of its newest transaction"},
    {"tidemark_source_events_total", MetricType::kCounter, "source, op",
     "events that are durable in the journal"},
    {"tidemark_source_event_bytes_total", MetricType::kCounter, "source, op",
     "their size, encoded"},
    {"tidemark_source_queue_bytes", MetricType::kGauge, "source",
     "decoded log that waits for the merge thread"},
    {"tidemark_source_log_retained_bytes", MetricType::kGauge, "source",
     "PostgreSQL: log that the slot makes the server keep; MySQL and MariaDB: all binlogs that the "
     "server has"},
    {"tidemark_source_log_safe_bytes", MetricType::kGauge, "source",
     "PostgreSQL: what may still be written before the slot may lose log (safe_wal_size); left out "
     "where there is no limit, and for MySQL and MariaDB, which drop by age"},
    {"tidemark_source_log_expire_seconds", MetricType::kGauge, "source",
     "MySQL and MariaDB: age at which the server drops binlogs; left out where it never does, and "
     "for PostgreSQL"},
    {"tidemark_source_log_status", MetricType::kGauge, "source, status",
     "PostgreSQL: 1 for the slot's wal_status, 0 for the others"},
    {"tidemark_source_log_examined_timestamp_seconds", MetricType::kGauge, "source",
     "when the four above were asked for, since 1970-01-01 UTC"},
    {"tidemark_source_thread_turn_age_seconds", MetricType::kGauge, "source, thread",
     "since the thread has made a turn; 0 while it waits for a server that is down"},
    {"tidemark_windows_open", MetricType::kGauge, "source", "windows that are open"},
    {"tidemark_chunks_done_total", MetricType::kCounter, "source",
     "chunks whose rows are in the journal"},
    {"tidemark_chunks_redone_total", MetricType::kCounter, "source",
     "chunks that were read and had to be read again"},
    {"tidemark_reread_tables_failing", MetricType::kGauge, "source",
     "tables with rows that the log brought incomplete and that cannot be read again now"},
    {"tidemark_chunk_rows_folded_total", MetricType::kCounter, "source",
     "rows of chunks that were completed with what the log says of them"},
    {"tidemark_chunk_rows_dropped_total", MetricType::kCounter, "source",
     "rows of chunks that were dropped, since the stream has a newer state"},
    {"tidemark_snapshots", MetricType::kGauge, "source, state",
     "snapshots by state; of those that have ended the newest hundred"},
    {"tidemark_snapshots_ended_total", MetricType::kCounter, "source, state",
     "snapshots that have ended"},
    {"tidemark_snapshot_rows_done", MetricType::kGauge, "source, snapshot",
     "rows that are in the journal"},
    {"tidemark_snapshot_rows_estimated", MetricType::kGauge, "source, snapshot",
     "rows that there will be, by the server's statistics"},
    {"tidemark_snapshot_rows_per_second", MetricType::kGauge, "source, snapshot", "speed lately"},
    {"tidemark_snapshot_eta_seconds", MetricType::kGauge, "source, snapshot",
     "time left at that speed; left out while it is not known"},
    {"tidemark_snapshot_waiting", MetricType::kGauge, "source, snapshot",
     "1: it waits for something outside, which tidemark snapshot watch says"},
    {"tidemark_journal_bytes", MetricType::kGauge, "source", "events that are retained, encoded"},
    {"tidemark_journal_oldest_sequence", MetricType::kGauge, "source",
     "the oldest event that is retained"},
    {"tidemark_journal_newest_sequence", MetricType::kGauge, "source", "the newest event"},
    {"tidemark_journal_append_seconds", MetricType::kHistogram, "source, le",
     "time of an append until it is on disk; its count is that of the appends"},
    {"tidemark_journal_stalled", MetricType::kGauge, "source",
     "1: the disk is full, and the journal takes nothing"},
    {"tidemark_store_disk_free_bytes", MetricType::kGauge, "",
     "free on the disk of the data folder"},
    {"tidemark_store_disk_used_bytes", MetricType::kGauge, "",
     "RocksDB's files, its write-ahead log not included"},
    {"tidemark_store_memory_bytes", MetricType::kGauge, "", "RocksDB's write buffers and cache"},
    {"tidemark_store_write_stalls_total", MetricType::kCounter, "condition",
     "times that RocksDB began to delay or stop writes"},
    {"tidemark_store_write_stalled", MetricType::kGauge, "condition", "1: it does so now"},
    {"tidemark_store_background_errors_total", MetricType::kCounter, "",
     "flushes and compactions that failed"},
    {"tidemark_store_examined_timestamp_seconds", MetricType::kGauge, "",
     "when the store's sizes were asked for, since 1970-01-01 UTC"},
    {"tidemark_consumer_connected", MetricType::kGauge, "source, consumer",
     "1: a stream is open under the name"},
    {"tidemark_consumer_lag_events", MetricType::kGauge, "source, consumer",
     "events that are newer than what it has acknowledged"},
    {"tidemark_consumer_lag_bytes", MetricType::kGauge, "source, consumer",
     "their size, to about 8 MiB"},
    {"tidemark_consumer_lag_seconds", MetricType::kGauge, "source, consumer",
     "how long the oldest of them has been in the journal"},
    {"tidemark_grpc_streams", MetricType::kGauge, "source", "streams that are open"},
    {"tidemark_grpc_streams_opened_total", MetricType::kCounter, "source",
     "streams that were opened"},
    {"tidemark_grpc_sent_bytes_total", MetricType::kCounter, "source",
     "events given to gRPC, over all streams"},
    {"tidemark_kafka_state", MetricType::kGauge, "source, state",
     "1 for the state that the publisher is in, 0 for the others"},
    {"tidemark_kafka_lag_events", MetricType::kGauge, "source",
     "events that the journal has and Kafka has not"},
    {"tidemark_kafka_lag_bytes", MetricType::kGauge, "source", "their size"},
    {"tidemark_kafka_lag_seconds", MetricType::kGauge, "source",
     "how long the oldest of them has been in the journal"},
    {"tidemark_kafka_transactions_total", MetricType::kCounter, "source",
     "transactions that were committed"},
    {"tidemark_kafka_bytes_total", MetricType::kCounter, "source", "records that were committed"},
    {"tidemark_kafka_errors_total", MetricType::kCounter, "source, cause",
     "sessions with the brokers that ended with an error"},
};

}  // namespace

std::span<const MetricInfo> AllMetrics() { return kMetrics; }

const MetricInfo& FindMetric(const char* name) {
  const MetricInfo* found = kMetrics;
  for (const MetricInfo& metric : kMetrics) {
    if (std::strcmp(metric.name, name) == 0) found = &metric;
  }
  TIDEMARK_CHECK(std::strcmp(found->name, name) == 0);
  return *found;
}

}  // namespace tidemark::service
