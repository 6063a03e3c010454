#ifndef TIDEMARK_STORAGE_ROCKS_JOURNAL_H_
#define TIDEMARK_STORAGE_ROCKS_JOURNAL_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/block_reader.h"
#include "storage/consumer_places.h"
#include "storage/database.h"
#include "storage/journal.h"
#include "storage/layout.h"
#include "storage/milestones.h"
#include "storage/rocks_state_log.h"
#include "storage/tail.h"
#include "storage/waiters.h"

namespace tidemark::storage {

// A journal in its own family of the database. Concurrency: `mutex_` guards what readers see and is
// never held over I/O; appending is one thread's, trimming is one thread's, and each writes only
// its own part.
class RocksJournal final : public Journal {
 public:
  // `database` must outlive it. DataLoss: the journal and its checkpoint do not fit each other.
  static absl::StatusOr<std::unique_ptr<RocksJournal>> Open(Database* database,
                                                            const std::string& source,
                                                            size_t tail_bytes_max);

  absl::Status Append(AppendBatch batch) override;
  Checkpoint checkpoint() const override;
  Bounds bounds() const override;
  absl::StatusOr<Backlog> Behind(model::Sequence place) const override;
  absl::StatusOr<std::vector<std::shared_ptr<const model::TableSchema>>> Schemas() const override;
  absl::StatusOr<std::string> SchemaFrame(model::SchemaId id) const override;
  absl::StatusOr<std::vector<PendingReread>> Rereads(size_t max,
                                                     model::Sequence from) const override;
  absl::StatusOr<std::vector<model::DriverRecord>> DriverRecords() const override;
  absl::StatusOr<std::unique_ptr<Cursor>> Read(model::Sequence from) override;
  absl::StatusOr<model::Sequence> FindTime(uint64_t time_us) const override;
  uint64_t WaitFor(model::Sequence sequence, std::function<void()> wake) override;
  void StopWaiting(uint64_t handle) override;
  absl::Status Acknowledge(const std::string& consumer, model::Sequence sequence) override;
  absl::Status ResetConsumer(const std::string& consumer, model::Sequence next) override;
  absl::Status DeleteConsumer(const std::string& consumer) override;
  absl::StatusOr<std::vector<ConsumerPlace>> Consumers() const override;
  StateLog& state_log() override { return state_log_; }
  absl::Status Trim(const Retention& retention, uint64_t now_us) override;

  // For cursors. What there is at `place`: its block if it is in memory; the next sequence to be
  // appended.
  struct Sight {
    std::optional<Block> block;
    model::Sequence next = 1;
  };
  // OutOfRange: no longer retained.
  absl::StatusOr<Sight> Look(model::Sequence place) const;
  const BlockStore& blocks() const { return blocks_; }

 private:
  struct Write;

  RocksJournal(Database* database, const std::string& source, rocksdb::ColumnFamilyHandle* family,
               size_t tail_bytes_max)
      : database_(database),
        source_(source),
        blocks_{database, family},
        tail_(tail_bytes_max),
        consumers_(database, source),
        state_log_(database, source) {}

  absl::Status Load();
  absl::Status LoadMilestones();
  absl::Status LoadEnd();
  absl::Status Damaged(const std::string& what) const;

  absl::Status CheckFollows(const AppendBatch& batch) const;
  absl::Status Build(const AppendBatch& batch, Write* write) const;
  rocksdb::Status PutBlock(const Block& block, Write* write) const;
  rocksdb::Status PutState(const AppendBatch& batch, Write* write) const;
  void Publish(AppendBatch batch, Write write);

  // REQUIRES: mutex_ is held, and `sequence` is retained or the next.
  uint64_t BytesBefore(model::Sequence sequence) const;
  absl::StatusOr<uint64_t> AppendTime(model::Sequence sequence) const;

  absl::StatusOr<Floor> FindFloor(const Retention& retention, uint64_t now_us) const;
  absl::Status StoreFloor(const Floor& floor);
  absl::Status DropFiles(model::Sequence oldest);

  Database* const database_;
  const std::string source_;
  const BlockStore blocks_;

  mutable std::mutex mutex_;
  Checkpoint checkpoint_;
  Floor floor_;
  // Frames since the journal began, dropped or not.
  uint64_t end_bytes_ = 0;
  // Of the newest block; times never decrease.
  uint64_t time_us_ = 0;
  Milestones milestones_;
  Tail tail_;
  // No key that must be read again is older: spares Rereads the walk over deleted ones.
  mutable model::Sequence rereads_from_ = 0;
  // Counts appends that added such keys.
  uint64_t rereads_version_ = 0;

  Waiters waiters_;
  ConsumerPlaces consumers_;
  RocksStateLog state_log_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_ROCKS_JOURNAL_H_
