#ifndef TIDEMARK_BENCH_PARTS_H_
#define TIDEMARK_BENCH_PARTS_H_

#include "absl/status/status.h"
#include "bench/database.h"
#include "bench/report.h"

namespace tidemark::bench {

// Each part starts a server and a tidemarkd of its own, measures, and adds its figures.

// Reading a table of 3 million rows: the server's own reader, which discards, and a snapshot
// through tidemarkd into one gRPC consumer, in turn, the best of three each.
absl::Status MeasureSnapshot(Product product, Report& report);

// PostgreSQL: a log of 1 million inserted rows, written before anybody reads it, through
// pg_recvlogical, a client that discards, and tidemarkd into its durable journal, in turn, the best
// of two each.
absl::Status MeasureWal(Report& report);

// MySQL and MariaDB: a binlog of 3 million inserted rows through `mysqlbinlog --raw` and tidemarkd
// into its durable journal, likewise, the best of three each.
absl::Status MeasureBinlog(Product product, Report& report);

// Time from commit to a gRPC consumer at 1,000 and 5,000 transactions a second.
absl::Status MeasureLatency(Product product, Report& report);

// Resident memory under what should make it grow: one transaction of 1 million rows, and a
// snapshot of them while a consumer reads nothing.
absl::Status MeasureMemory(Product product, Report& report);

// A journal of 1 million rows, and then 1 million rows of the log, into one broker of Kafka, beside
// Kafka's own measuring program with records of the same size; the best of two for the journal.
absl::Status MeasureKafka(Product product, Report& report);

// Time from commit to a read_committed consumer of Kafka at 5,000 and 20,000 events a second.
absl::Status MeasureKafkaLatency(Product product, Report& report);

}  // namespace tidemark::bench

#endif  // TIDEMARK_BENCH_PARTS_H_
