#ifndef TIDEMARK_STORAGE_JOURNAL_H_
#define TIDEMARK_STORAGE_JOURNAL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/driver_record.h"
#include "model/event.h"
#include "model/position.h"
#include "model/schema.h"
#include "storage/state_log.h"

namespace tidemark::storage {

// A run of events as it is stored, kept in memory and sent: concatenated frames (model/event.h)
// whose sequences are consecutive. Immutable and shared.
struct Block {
  model::Sequence first = 0;
  uint32_t count = 0;
  // When it was appended, microseconds since 1970-01-01 UTC. Never before the block before: Append
  // raises it to that if the clock went back.
  uint64_t time_us = 0;
  // Every schema id that a change in it uses, sorted, without repeats.
  std::vector<model::SchemaId> schemas;
  std::string_view frames;
  // Keeps `frames` alive.
  std::shared_ptr<const void> owner;

  model::Sequence last() const { return first + count - 1; }
};

// A key that must still be read again because the log's image was partial.
struct PendingReread {
  model::TableId table = 0;
  std::vector<std::string> key;
  // Of the event that showed the need: its identity.
  model::Sequence sequence = 0;
};

// What must be stored atomically with the events it belongs to.
struct Checkpoint {
  // Everything up to here is in the journal.
  model::Position frontier;
  // The driver's token (capture::LogBatch.resume).
  std::string resume;
  model::Sequence next_sequence = 1;
  // Counts the appends; the journal sets it.
  uint64_t append = 0;
};

// One record of a snapshot job. `part` tells it from the job's others (snapshot/job_state.h).
struct JobRecord {
  uint64_t id = 0;
  std::string part;
  // To be stored; nullopt: the record is to be erased.
  std::optional<std::string> value;
};

// One atomic, synced write.
struct AppendBatch {
  std::vector<Block> blocks;
  Checkpoint checkpoint;
  // Schemas that `blocks` announce, with the sequence of the announcing event.
  std::vector<std::pair<model::Sequence, std::shared_ptr<const model::TableSchema>>> schemas;
  // Applied in order.
  std::vector<JobRecord> jobs;
  // Keys to remember for re-reading, and those that were read, by their sequence. A record each:
  // there may be millions.
  std::vector<PendingReread> rereads_added;
  std::vector<model::Sequence> rereads_done;
  // Of the source's driver, in step with checkpoint.resume; applied in order.
  std::vector<model::DriverRecord> driver_records;
};

struct Bounds {
  // oldest = newest + 1: nothing is retained.
  model::Sequence oldest = 1;
  model::Sequence newest = 0;
  model::Position frontier;
  uint64_t bytes = 0;
  // Bytes of events since the journal began, dropped or not.
  uint64_t end_bytes = 0;
};

// What a reader of the journal has still to get.
struct Backlog {
  uint64_t events = 0;
  // About: milestones are 8 MiB apart.
  uint64_t bytes = 0;
  // When the oldest of it was appended, microseconds since 1970-01-01 UTC; 0: there is none.
  uint64_t since_us = 0;
};

// Reads blocks in order. Not thread-safe; any number of cursors may read while the journal is
// appended to. Holds no resource of the database between calls.
class Cursor {
 public:
  virtual ~Cursor() = default;

  // The block that holds the next sequence, cut so that it starts there; nullopt: nothing newer is
  // durable yet. OutOfRange: the place is older than the retained tail; the message has the oldest
  // sequence and the remedy.
  virtual absl::StatusOr<std::optional<Block>> Next() = 0;
  // The sequence that Next will return first.
  virtual model::Sequence place() const = 0;
};

// An event is dropped once it is older than `age_s_max`, or once the newer ones alone fill
// `bytes_max` (frames); 0: that bound is off (both 0: keep for ever). Dropped are whole blocks, and
// never the newest one; the disk space comes back by whole files, somewhat later.
struct Retention {
  uint64_t age_s_max = 0;
  uint64_t bytes_max = 0;
};

struct ConsumerPlace {
  std::string name;
  model::Sequence acknowledged = 0;
  int64_t acknowledge_time_us = 0;
};

// The durable merged stream of one source. Append is called by one thread; everything else is
// thread-safe.
class Journal {
 public:
  virtual ~Journal() = default;

  // Durable when it returns; only then are the events visible to cursors. REQUIRES: the first block
  // starts at the checkpoint's next sequence of the append before, and blocks follow each other
  // without a gap. ResourceExhausted: the disk is full; nothing was written; try again later.
  // DataLoss: stop.
  virtual absl::Status Append(AppendBatch batch) = 0;

  // As of the newest append.
  virtual Checkpoint checkpoint() const = 0;
  virtual Bounds bounds() const = 0;

  // What follows `place`, of what is retained. May read a block from disk.
  virtual absl::StatusOr<Backlog> Behind(model::Sequence place) const = 0;

  // All schemas, by id.
  virtual absl::StatusOr<std::vector<std::shared_ptr<const model::TableSchema>>> Schemas()
      const = 0;
  // The announcing frame of a schema with its original sequence; NotFound.
  virtual absl::StatusOr<std::string> SchemaFrame(model::SchemaId id) const = 0;

  // Keys that still must be read again (AppendBatch.rereads_added without rereads_done), with
  // sequences of at least `from`, the oldest first, at most `max`. Each is a record of its own in
  // the store: an append never rewrites the others.
  virtual absl::StatusOr<std::vector<PendingReread>> Rereads(size_t max,
                                                             model::Sequence from) const = 0;

  // The driver's records that are not erased, by name.
  virtual absl::StatusOr<std::vector<model::DriverRecord>> DriverRecords() const = 0;

  // Starts at `from`, which may be one past the newest. OutOfRange otherwise.
  virtual absl::StatusOr<std::unique_ptr<Cursor>> Read(model::Sequence from) = 0;
  // The first sequence appended at or after the time; newest + 1 if there is none.
  virtual absl::StatusOr<model::Sequence> FindTime(uint64_t time_us) const = 0;

  // Calls `wake` once, from the appending thread or from this call, as soon as the journal holds
  // `sequence`; `wake` must be quick and must not call the journal. Returns a handle for
  // StopWaiting.
  virtual uint64_t WaitFor(model::Sequence sequence, std::function<void()> wake) = 0;
  // After it returns, the `wake` of that handle is not running and will not run.
  virtual void StopWaiting(uint64_t handle) = 0;

  // Named consumers. Durable when the call returns. Places never go back but by ResetConsumer: an
  // older sequence is ignored. OutOfRange: newer than the newest. InvalidArgument: the name is
  // empty or holds a zero byte.
  virtual absl::Status Acknowledge(const std::string& consumer, model::Sequence sequence) = 0;
  // `next`: the next event it gets. A new name is created. OutOfRange: that is not retained.
  virtual absl::Status ResetConsumer(const std::string& consumer, model::Sequence next) = 0;
  // NotFound.
  virtual absl::Status DeleteConsumer(const std::string& consumer) = 0;
  virtual absl::StatusOr<std::vector<ConsumerPlace>> Consumers() const = 0;

  // The changes of the state beside the events.
  virtual StateLog& state_log() = 0;

  // Drops what is older than the retention, but for what StateLog::Keep holds back. Called now and
  // then, from any one thread.
  virtual absl::Status Trim(const Retention& retention, uint64_t now_us) = 0;
};

struct StoreOptions {
  // Created if missing.
  std::string folder;
  // Recent blocks of each source that are kept in memory for followers.
  size_t tail_bytes_max = 8 << 20;
  // Memory of RocksDB for writes, over all sources.
  size_t write_buffer_bytes = 16 << 20;
};

// How the store itself does. Counts are since it was opened.
struct StoreStatus {
  // Of the disk of the data folder.
  uint64_t disk_free_bytes = 0;
  // Files of RocksDB without the write-ahead log; its write buffers and cache.
  uint64_t disk_used_bytes = 0;
  uint64_t memory_bytes = 0;
  // Times that writes began to be delayed and stopped, and whether they are now.
  uint64_t write_delays = 0;
  uint64_t write_stops = 0;
  bool delayed = false;
  bool stopped = false;
  // Flushes and compactions that failed.
  uint64_t background_errors = 0;
};

// The data folder of a service: one RocksDB for all sources. Thread-safe.
class Store {
 public:
  // FailedPrecondition: another process has the folder (says which), or its format is
  // another one.
  // DataLoss: it is damaged; the message says what to do.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const StoreOptions& options);
  virtual ~Store() = default;

  // Opens a source's journal, creating it if it is not there. The journal lives as long as the
  // store; opening the same name again returns the same one.
  virtual absl::StatusOr<Journal*> OpenJournal(const std::string& source) = 0;

  // True if something was appended to the source's journal.
  virtual absl::StatusOr<bool> HasState(const std::string& source) const = 0;
  // Makes the journal of a source without state go on from the state as of an append of another
  // one: `records` of the journal that was published as `published_as` (StateLog). Its first event
  // will be `next`. All or nothing. FailedPrecondition: it has state or is open, or a snapshot of
  // another source has the id of one of its own. InvalidArgument: the records are not those of a
  // source.
  virtual absl::Status Restore(const std::string& source, const std::vector<StateRecord>& records,
                               model::Sequence next, const std::string& published_as) = 0;

  // Records of the snapshot jobs of all sources, by job and part; all have a value. New ids come
  // from NextJobId, unique for ever.
  virtual absl::StatusOr<std::vector<JobRecord>> Jobs() const = 0;
  virtual absl::StatusOr<uint64_t> NextJobId() = 0;

  // Asks RocksDB, which takes its lock for a moment, and the disk.
  virtual StoreStatus status() const = 0;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_JOURNAL_H_
