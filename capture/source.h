#ifndef TIDEMARK_CAPTURE_SOURCE_H_
#define TIDEMARK_CAPTURE_SOURCE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "capture/log_batch.h"
#include "capture/log_retention.h"
#include "capture/rewrite_marks.h"
#include "capture/schema_registry.h"
#include "model/bytes.h"
#include "model/event.h"
#include "model/schema.h"
#include "model/transaction.h"

namespace tidemark::capture {

// The port through which everything else sees a database server. Drivers: capture/postgres.
//
// Status codes of all methods:
//   Unavailable         the server or the connection is gone: open again, with backoff
//   Aborted             redo this unit (a chunk whose table changed under it, a lost deadlock, a
//                       timeout; of a log: open it again, with backoff)
//   FailedPrecondition  an operator must act; the message names cause and remedy
//   InvalidArgument     what the user asked for is wrong: predicate, key, table name
//   NotFound            no such table
//   OutOfRange          a chunk's bound or key is the text of no key any more (a label was renamed,
//   the key changed): plan the table anew, the key is gone
//   DataLoss            the log is gone or unreadable: fail closed
//   Cancelled           the stop token was triggered

// Reads the log. One thread owns it, but for Acknowledge and RequestFrontier.
class LogReader {
 public:
  virtual ~LogReader() = default;

  // The next piece of the log: returns as soon as something was decoded and the connection has
  // nothing more at hand, or about `bytes_max` of frames are decoded, or `wait` has passed (then
  // the batch may be empty of events; its frontier may still have moved). Answers the server's
  // keepalives.
  virtual absl::StatusOr<LogBatch> Read(size_t bytes_max, std::chrono::milliseconds wait) = 0;

  // Keeps the connection alive without taking anything from it: called at least twice a second
  // while the pipeline behind is full.
  virtual absl::Status KeepAlive() = 0;

  // Everything up to `durable` is in the journal and settled: the server may forget it. Sent with
  // the next keepalive at the latest. Thread-safe.
  virtual void Acknowledge(const model::Position& durable) = 0;

  // A window waits for the frontier to reach `position`: makes sure that it does soon, on an idle
  // server too, without writing to user tables. Thread-safe.
  virtual void RequestFrontier(const model::Position& position) = 0;

  // Newest position that the server has reported; its distance from the frontier is the lag.
  // Thread-safe.
  virtual model::Position ServerPosition() const = 0;

  // What the server keeps of its log; Read asks now and then. Thread-safe.
  virtual LogRetention Retention() const = 0;

  // Read calls it where one call may take for minutes, as often as that comes further. To be set
  // before the first Read.
  virtual void OnProgress(std::function<void()> /*progressed*/) {}
};

// A key: the server's text of each key column, in key order. Never compared or ordered by us.
using KeyText = std::vector<std::string>;

// Keys above `lower` up to and including `upper`, in the server's order. Empty: unbounded.
struct KeyRange {
  KeyText lower;
  KeyText upper;
};

// What to read from a table: every row of `range` that `predicate` accepts, or exactly the rows
// with `keys`.
struct ChunkRequest {
  model::TableId table = 0;
  KeyRange range;
  std::string predicate;
  // If not empty, `range` must be unbounded.
  std::vector<KeyText> keys;
  // Of a range, look at so many rows at most, the lowest keys first; 0: at all of them. A predicate
  // does not raise what is looked at, so that no read holds its view for long.
  uint64_t rows_max = 0;
  // Stop reading (at a row) past so many bytes of frames; 0: no bound.
  size_t bytes_max = 0;
  // Goes into every READ.
  uint64_t snapshot_id = 0;
};

// The rows of a chunk, encoded as READ frames without sequence and position.
struct Chunk {
  model::Bytes frames;
  std::vector<model::FrameExtent> rows;
  // The version of the table under which the rows were read, and what tells it from rewritten ones.
  std::shared_ptr<const model::TableSchema> schema;
  RewriteMarks marks;
  // The set V that the SELECT saw.
  std::shared_ptr<const model::ReadView> view;
  // H: every transaction in V ends at or before it.
  model::Position bound;
  // True: every row of the request is here. False: a bound was reached; every row of the range up
  // to `last_key` is here, or of the first `keys_read` keys.
  bool exhausted = true;
  KeyText last_key;
  size_t keys_read = 0;
  // Rows looked at, as far as it is known; never fewer than there are rows here.
  uint64_t rows_scanned = 0;
};

// Says what a settle step waits for ("commit of transactions 734, 735 to become visible"); "" when
// it is over.
using WaitReporter = std::function<void(const std::string&)>;

// Reads chunks on a connection of its own. One thread owns it.
class ChunkReader {
 public:
  virtual ~ChunkReader() = default;

  // Step 2 of the exact-window rule: returns once every one of `merged` is visible to reads that
  // start afterwards, with a view that shows it. Polls; waits as long as it takes, or Cancelled
  // when stopped.
  virtual absl::StatusOr<std::shared_ptr<const model::ReadView>> Settle(
      absl::Span<const model::TransactionRef> merged, const WaitReporter& report,
      std::stop_token stop) = 0;

  // Steps 3 and 4: reads under a new read view, then takes the bound.
  virtual absl::StatusOr<Chunk> Read(const ChunkRequest& request, std::stop_token stop) = 0;

  // Cuts the key space of a table into about `count` ranges of similar size by sampling its key
  // index. Together the ranges cover every key exactly once. May return fewer; {unbounded} for a
  // small table.
  virtual absl::StatusOr<std::vector<KeyRange>> PlanRanges(model::TableId table, size_t count,
                                                           std::stop_token stop) = 0;
};

// A captured table as it is now.
struct TableInfo {
  model::TableId id = 0;
  std::string name_space;
  std::string name;
  // From the server's statistics; 0: unknown.
  uint64_t rows_estimated = 0;
  // Why this table cannot be read exactly, with the remedy; empty: it can.
  std::vector<std::string> obstacles;
};

struct Problem {
  enum class Severity { kError = 1, kWarning = 2 };
  Severity severity = Severity::kError;
  std::string message;
  std::string remedy;
};

struct CheckResult {
  // "PostgreSQL 15.20 at 10.0.0.7:5432, database shop"; empty if it could not be reached.
  std::string server;
  std::vector<Problem> problems;
};

// What a server is called in formats that say so.
struct ServerNames {
  // "PostgreSQL", "MySQL", "MariaDB"; "" until connected once.
  std::string product;
  // PostgreSQL: the database.
  std::string database = "";
};

// Where a log goes on, as its driver left it.
struct LogResume {
  // LogBatch.resume of the newest durable batch; empty: the log is read from now on.
  std::string token = "";
  // All that LogBatch.records stored and did not erase since, by name.
  std::vector<model::DriverRecord> records = {};
};

// One server. Factory of readers; every method opens connections of its own. Thread-safe. Once
// `stop` is triggered nothing waits for the server any more, not even in a reader that was opened
// with it.
class Source {
 public:
  virtual ~Source() = default;

  // Every problem at once. Never fails: what cannot be examined is a problem too.
  virtual CheckResult Check(std::stop_token stop) = 0;

  // Starts the log at `resume`; with an empty token from now on, which creates what the driver
  // needs (PostgreSQL: publication and slot). `registry` must outlive the reader.
  virtual absl::StatusOr<std::unique_ptr<LogReader>> OpenLog(const LogResume& resume,
                                                             SchemaRegistry* registry,
                                                             std::stop_token stop) = 0;

  virtual absl::StatusOr<std::unique_ptr<ChunkReader>> OpenChunkReader(SchemaRegistry* registry,
                                                                       std::stop_token stop) = 0;

  // The captured tables now.
  virtual absl::StatusOr<std::vector<TableInfo>> ListTables(std::stop_token stop) = 0;

  // Validates a predicate and keys of a chunk request without reading rows.
  virtual absl::Status Validate(const ChunkRequest& request, std::stop_token stop) = 0;

  // "PostgreSQL 15.20 at 10.0.0.7:5432, database shop"; "" until connected once.
  virtual std::string Server() const = 0;
  virtual ServerNames Names() const = 0;

  // What an operator does so that a table which exists is captured, with "it" for the table: "add
  // it to publication shop". The end of a message, without connecting.
  virtual std::string CaptureRemedy() const = 0;
};

}  // namespace tidemark::capture

#endif  // TIDEMARK_CAPTURE_SOURCE_H_
