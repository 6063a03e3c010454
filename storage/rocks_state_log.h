#ifndef TIDEMARK_STORAGE_ROCKS_STATE_LOG_H_
#define TIDEMARK_STORAGE_ROCKS_STATE_LOG_H_

#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/database.h"
#include "storage/journal.h"
#include "storage/state_log.h"

namespace tidemark::storage {

// The state log of one journal, whose appends write it. Thread-safe.
class RocksStateLog final : public StateLog {
 public:
  // `database` must outlive it.
  RocksStateLog(Database* database, const std::string& source);

  // `append`: the newest.
  absl::Status Load(uint64_t append);

  // Adds what an append writes of the state, and if changes are kept, the change. `change`: without
  // its records.
  rocksdb::Status Put(const AppendBatch& batch, StateChange change, rocksdb::WriteBatch* out) const;
  // `append` is durable.
  void Appended(uint64_t append);
  // Retention may drop what is older.
  model::Sequence keep_from() const;

  PublishedAs published_as() const override;
  absl::Status SetPublishedAs(const PublishedAs& name) override;
  absl::Status Keep(bool keep) override;
  absl::StatusOr<std::vector<StateChange>> After(uint64_t append, size_t bytes_max) const override;
  absl::StatusOr<StateChange> Whole() const override;
  absl::Status Forget(uint64_t append, model::Sequence next_sequence) override;

  // Adds what a journal begins with that goes on from `records`. `next`: its first event.
  // InvalidArgument: the records are not those of a source.
  static absl::Status PutRestored(const Database& database, const std::string& source,
                                  const std::vector<StateRecord>& records, model::Sequence next,
                                  const std::string& published_as, rocksdb::WriteBatch* out);

 private:
  absl::Status Damaged(const std::string& what) const;
  absl::Status EraseBefore(uint64_t append, rocksdb::WriteBatch* batch) const;
  absl::Status AddRecords(const rocksdb::ReadOptions& options, StateChange* whole) const;
  absl::Status AddJobs(const rocksdb::ReadOptions& options, StateChange* whole) const;

  Database* const database_;
  const std::string source_;

  mutable std::mutex mutex_;
  PublishedAs published_as_;
  bool keeps_ = false;
  // The oldest change that is kept, if it is there; the newest append.
  uint64_t first_ = 1;
  uint64_t newest_ = 0;
  model::Sequence keep_from_ = 0;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_ROCKS_STATE_LOG_H_
