#include "storage/rocks_journal.h"

#include <rocksdb/convenience.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocks_cursor.h"
#include "storage/schema_codec.h"

namespace tidemark::storage {

// What one Append writes and then publishes. The batch that RocksDB gets is also what keeps the
// frames in memory for followers: frames are copied once, and what the tail counts is what it
// holds.
struct RocksJournal::Write {
  std::shared_ptr<rocksdb::WriteBatch> batch;
  // Owned by `batch` once they are published.
  std::vector<Block> blocks;
  // Of each block's frames in `batch`.
  std::vector<size_t> offsets;
  std::vector<Milestone> milestones;
  uint64_t end_bytes = 0;
  uint64_t time_us = 0;
};

namespace {

// Key, header and RocksDB's own bytes of one record.
constexpr size_t kRecordBytes = 128;

size_t BatchBytes(const AppendBatch& batch) {
  size_t bytes = 1024 + batch.checkpoint.resume.size() +
                 (batch.rereads_added.size() + batch.rereads_done.size()) * kRecordBytes;
  for (const Block& block : batch.blocks) {
    bytes += block.frames.size() + kRecordBytes + block.schemas.size() * sizeof(model::SchemaId);
  }
  for (const JobRecord& job : batch.jobs) bytes += job.value.value_or("").size() + kRecordBytes;
  for (const model::DriverRecord& record : batch.driver_records) {
    bytes += record.name.size() + record.value.value_or("").size() + kRecordBytes;
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksJournal>> RocksJournal::Open(Database* database,
                                                                 const std::string& source,
                                                                 size_t tail_bytes_max) {
  auto family = database->JournalOf(source);
  if (!family.ok()) return family.status();
  std::unique_ptr<RocksJournal> journal(
      new RocksJournal(database, source, *family, tail_bytes_max));
  if (absl::Status status = journal->Load(); !status.ok()) return status;
  return journal;
}

absl::Status RocksJournal::Damaged(const std::string& what) const {
  return absl::DataLossError(
      absl::StrCat("the journal of ", source_, " is damaged: ", what, "; ", kDamageRemedy));
}

absl::Status RocksJournal::Load() {
  std::string value;
  auto found = database_->Get(kCheckpointFamily, CheckpointKey(source_), &value);
  if (!found.ok()) return found.status();
  if (*found && !ParseCheckpoint(value, &checkpoint_)) return Damaged("its checkpoint");
  found = database_->Get(kCheckpointFamily, FloorKey(source_), &value);
  if (!found.ok()) return found.status();
  if (*found && !ParseFloor(value, &floor_)) return Damaged("its oldest sequence");
  if (absl::Status status = LoadMilestones(); !status.ok()) return status;
  if (absl::Status status = LoadEnd(); !status.ok()) return status;
  if (absl::Status status = consumers_.Load(); !status.ok()) return status;
  if (absl::Status status = state_log_.Load(checkpoint_.append); !status.ok()) return status;
  waiters_.Reached(checkpoint_.next_sequence - 1);
  // What a process that was killed while trimming left.
  return DropFiles(floor_.oldest);
}

absl::Status RocksJournal::LoadMilestones() {
  auto rows = database_->List(kCheckpointFamily, MilestonePrefix(source_));
  if (!rows.ok()) return rows.status();
  for (const auto& [key, value] : *rows) {
    Milestone milestone;
    if (!ParseNumberKey(key, &milestone.first) || !ParseMilestone(value, &milestone)) {
      return Damaged("a milestone");
    }
    milestones_.Add(milestone);
  }
  return absl::OkStatus();
}

// The newest block must end where the checkpoint says: data never ahead of progress, nor behind it.
absl::Status RocksJournal::LoadEnd() {
  auto newest = NewestBlock(blocks_);
  if (!newest.ok()) return newest.status();
  // A restored journal begins behind what the one before had.
  model::Sequence stored_next = newest->count == 0 ? floor_.oldest : newest->last() + 1;
  if (stored_next != checkpoint_.next_sequence) {
    return Damaged(absl::StrCat("its blocks end before sequence ", stored_next,
                                ", its checkpoint before ", checkpoint_.next_sequence));
  }
  if (newest->count == 0) return absl::OkStatus();
  if (milestones_.empty() || floor_.oldest > newest->first) return Damaged("its milestones");
  const Milestone& start = milestones_.newest();
  end_bytes_ = start.bytes_before;
  time_us_ = newest->time_us;
  model::Sequence next = start.first;
  if (floor_.oldest > start.first) {
    // The file with the milestone's block may have been dropped already.
    next = floor_.oldest;
    end_bytes_ = floor_.bytes_before;
  }
  absl::Status status = ForEachBlock(blocks_, next, [&](const Block& block) {
    if (block.first != next) return false;
    next = block.last() + 1;
    end_bytes_ += block.frames.size();
    return true;
  });
  if (status.ok() && next != stored_next) return Damaged(absl::StrCat("no block at ", next));
  return status;
}

absl::Status RocksJournal::Append(AppendBatch batch) {
  if (absl::Status status = CheckFollows(batch); !status.ok()) return status;
  batch.checkpoint.append = checkpoint().append + 1;
  Write write;
  if (absl::Status status = Build(batch, &write); !status.ok()) return status;
  if (absl::Status status = database_->Write(write.batch.get()); !status.ok()) return status;
  Publish(std::move(batch), std::move(write));
  return absl::OkStatus();
}

absl::Status RocksJournal::CheckFollows(const AppendBatch& batch) const {
  model::Sequence next = bounds().newest + 1;
  for (const Block& block : batch.blocks) {
    if (block.first != next || block.count == 0) {
      return absl::InternalError(absl::StrCat("append: a block of ", block.count, " events at ",
                                              block.first, " where ", next, " is next"));
    }
    next = block.last() + 1;
  }
  if (next == batch.checkpoint.next_sequence) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("append: the checkpoint says that ",
                                          batch.checkpoint.next_sequence, " is next, it is ",
                                          next));
}

absl::Status RocksJournal::Build(const AppendBatch& batch, Write* write) const {
  write->batch = std::make_shared<rocksdb::WriteBatch>(BatchBytes(batch));
  write->blocks = batch.blocks;
  std::optional<uint64_t> milestone_bytes;
  {
    std::lock_guard lock(mutex_);
    write->end_bytes = end_bytes_;
    write->time_us = time_us_;
    if (!milestones_.empty()) milestone_bytes = milestones_.newest().bytes_before;
  }
  rocksdb::Status status;
  for (Block& block : write->blocks) {
    write->time_us = block.time_us = std::max(block.time_us, write->time_us);
    if (!milestone_bytes || write->end_bytes - *milestone_bytes >= Milestones::kStrideBytes) {
      milestone_bytes = write->end_bytes;
      write->milestones.push_back({block.first, block.time_us, write->end_bytes});
    }
    write->end_bytes += block.frames.size();
    if (status.ok()) status = PutBlock(block, write);
  }
  if (status.ok()) status = PutState(batch, write);
  return ToStatus(status, "cannot build a write");
}

rocksdb::Status RocksJournal::PutBlock(const Block& block, Write* write) const {
  std::string key = NumberKey(block.first);
  std::string header;
  AppendBlockHeader(block, &header);
  rocksdb::Slice key_part(key);
  rocksdb::Slice value_parts[] = {header, {block.frames.data(), block.frames.size()}};
  rocksdb::Status status = write->batch->Put(blocks_.family, rocksdb::SliceParts(&key_part, 1),
                                             rocksdb::SliceParts(value_parts, 2));
  write->offsets.push_back(write->batch->GetDataSize() - block.frames.size());
  return status;
}

rocksdb::Status RocksJournal::PutState(const AppendBatch& batch, Write* write) const {
  rocksdb::WriteBatch& out = *write->batch;
  rocksdb::ColumnFamilyHandle* state = database_->family(kCheckpointFamily);
  rocksdb::Status status;
  for (const Milestone& milestone : write->milestones) {
    if (!status.ok()) return status;
    status = out.Put(state, MilestonePrefix(source_) + NumberKey(milestone.first),
                     MilestoneValue(milestone));
  }
  if (!status.ok()) return status;
  StateChange change;
  change.append = batch.checkpoint.append;
  change.next_sequence = batch.checkpoint.next_sequence;
  change.frontier = batch.checkpoint.frontier;
  change.end_bytes = write->end_bytes;
  change.time_us = write->time_us;
  return state_log_.Put(batch, std::move(change), &out);
}

void RocksJournal::Publish(AppendBatch batch, Write write) {
  const std::string& bytes = write.batch->Data();
  for (size_t i = 0; i < write.blocks.size(); ++i) {
    Block& block = write.blocks[i];
    block.frames = std::string_view(bytes).substr(write.offsets[i], block.frames.size());
    block.owner = write.batch;
  }
  Tail::Batch in_memory{std::move(write.blocks), bytes.capacity()};
  std::vector<Tail::Batch> gone;
  model::Sequence newest = batch.checkpoint.next_sequence - 1;
  const uint64_t append = batch.checkpoint.append;
  {
    std::lock_guard lock(mutex_);
    checkpoint_ = std::move(batch.checkpoint);
    for (const PendingReread& reread : batch.rereads_added) {
      rereads_from_ = std::min(rereads_from_, reread.sequence);
      ++rereads_version_;
    }
    end_bytes_ = write.end_bytes;
    time_us_ = write.time_us;
    for (const Milestone& milestone : write.milestones) milestones_.Add(milestone);
    gone = tail_.Add(std::move(in_memory));
  }
  state_log_.Appended(append);
  waiters_.Reached(newest);
}

Checkpoint RocksJournal::checkpoint() const {
  std::lock_guard lock(mutex_);
  return checkpoint_;
}

Bounds RocksJournal::bounds() const {
  std::lock_guard lock(mutex_);
  return {floor_.oldest, checkpoint_.next_sequence - 1, checkpoint_.frontier,
          end_bytes_ - floor_.bytes_before, end_bytes_};
}

absl::StatusOr<Backlog> RocksJournal::Behind(model::Sequence place) const {
  Backlog backlog;
  model::Sequence next;
  {
    std::lock_guard lock(mutex_);
    next = std::max(place + 1, floor_.oldest);
    if (next >= checkpoint_.next_sequence) return backlog;
    backlog.events = checkpoint_.next_sequence - next;
    backlog.bytes = end_bytes_ - BytesBefore(next);
  }
  absl::StatusOr<uint64_t> since_us = AppendTime(next);
  if (!since_us.ok()) return since_us.status();
  backlog.since_us = *since_us;
  return backlog;
}

// Between two known places, as if all events there were of one size.
uint64_t RocksJournal::BytesBefore(model::Sequence sequence) const {
  Floor from = floor_;
  Floor to{checkpoint_.next_sequence, end_bytes_};
  const std::deque<Milestone>& all = milestones_.all();
  auto after = std::upper_bound(
      all.begin(), all.end(), sequence,
      [](model::Sequence wanted, const Milestone& at) { return wanted < at.first; });
  if (after != all.end()) to = {after->first, after->bytes_before};
  if (after != all.begin() && std::prev(after)->first > from.oldest) {
    from = {std::prev(after)->first, std::prev(after)->bytes_before};
  }
  const double share = static_cast<double>(sequence - from.oldest) / (to.oldest - from.oldest);
  return from.bytes_before +
         static_cast<uint64_t>(share * static_cast<double>(to.bytes_before - from.bytes_before));
}

absl::StatusOr<uint64_t> RocksJournal::AppendTime(model::Sequence sequence) const {
  {
    std::lock_guard lock(mutex_);
    if (std::optional<Block> block = tail_.Find(sequence)) return block->time_us;
  }
  uint64_t time_us = 0;
  absl::Status status = ForEachBlock(blocks_, sequence, [&](const Block& block) {
    time_us = block.time_us;
    return false;
  });
  if (!status.ok()) return status;
  return time_us;
}

absl::StatusOr<std::vector<std::shared_ptr<const model::TableSchema>>> RocksJournal::Schemas()
    const {
  auto rows = database_->List(kSchemaFamily, SchemaPrefix(source_));
  if (!rows.ok()) return rows.status();
  std::vector<std::shared_ptr<const model::TableSchema>> schemas;
  for (const auto& [id, frame] : *rows) {
    auto schema = SchemaOfFrame(frame);
    if (!schema.ok()) return schema.status();
    schemas.push_back(*std::move(schema));
  }
  return schemas;
}

absl::StatusOr<std::string> RocksJournal::SchemaFrame(model::SchemaId id) const {
  std::string frame;
  auto found = database_->Get(kSchemaFamily, SchemaKey(source_, id), &frame);
  if (!found.ok()) return found.status();
  if (!*found) {
    return absl::NotFoundError(absl::StrCat("the journal of ", source_, " has no schema ", id));
  }
  return frame;
}

absl::StatusOr<std::vector<PendingReread>> RocksJournal::Rereads(
    size_t max, model::Sequence from) const {
  model::Sequence oldest;
  model::Sequence next;
  uint64_t version;
  {
    std::lock_guard lock(mutex_);
    oldest = rereads_from_;
    next = checkpoint_.next_sequence;
    version = rereads_version_;
  }
  std::vector<PendingReread> rereads;
  auto rows = database_->List(kCheckpointFamily, RereadPrefix(source_),
                              NumberKey(std::max(from, oldest)), max);
  if (!rows.ok()) return rows.status();
  for (const auto& [key, value] : *rows) {
    PendingReread& reread = rereads.emplace_back();
    if (!ParseNumberKey(key, &reread.sequence) || !ParseReread(value, &reread)) {
      return Damaged("a key to read again");
    }
  }
  std::lock_guard lock(mutex_);
  if (max > 0 && from <= oldest && version == rereads_version_) {
    rereads_from_ = rereads.empty() ? next : rereads.front().sequence;
  }
  return rereads;
}

absl::StatusOr<std::vector<model::DriverRecord>> RocksJournal::DriverRecords() const {
  auto rows = database_->List(kCheckpointFamily, DriverRecordPrefix(source_));
  if (!rows.ok()) return rows.status();
  std::vector<model::DriverRecord> records;
  for (auto& [name, value] : *rows) records.push_back({std::move(name), std::move(value)});
  return records;
}

absl::StatusOr<std::unique_ptr<Cursor>> RocksJournal::Read(model::Sequence from) {
  auto sight = Look(from);
  if (!sight.ok()) return sight.status();
  if (from > sight->next) {
    return absl::OutOfRangeError(absl::StrCat("sequence ", from, " is not in the stream of ",
                                              source_, " yet; start at ", sight->next,
                                              " or before"));
  }
  return std::make_unique<RocksCursor>(this, from);
}

absl::StatusOr<RocksJournal::Sight> RocksJournal::Look(model::Sequence place) const {
  std::lock_guard lock(mutex_);
  if (place < floor_.oldest) {
    return absl::OutOfRangeError(absl::StrCat(
        "sequence ", place, " of ", source_, " is no longer retained, the oldest is ",
        floor_.oldest, "; start there and take a new snapshot, or raise the retention"));
  }
  return Sight{tail_.Find(place), checkpoint_.next_sequence};
}

absl::StatusOr<model::Sequence> RocksJournal::FindTime(uint64_t time_us) const {
  model::Sequence from;
  model::Sequence next;
  {
    std::lock_guard lock(mutex_);
    next = checkpoint_.next_sequence;
    if (milestones_.empty() || time_us > time_us_) return next;
    // A milestone of that very time may follow blocks of the same time: start before it.
    const Milestone& start =
        milestones_.LastWhere([&](const Milestone& at) { return at.time_us < time_us; });
    from = std::max(start.first, floor_.oldest);
  }
  model::Sequence found = next;
  absl::Status status = ForEachBlock(blocks_, from, [&](const Block& block) {
    if (block.time_us >= time_us) found = std::min(found, block.first);
    return block.time_us < time_us;
  });
  if (!status.ok()) return status;
  return found;
}

uint64_t RocksJournal::WaitFor(model::Sequence sequence, std::function<void()> wake) {
  return waiters_.Add(sequence, std::move(wake));
}

void RocksJournal::StopWaiting(uint64_t handle) { waiters_.Remove(handle); }

absl::Status RocksJournal::Acknowledge(const std::string& consumer, model::Sequence sequence) {
  return consumers_.Acknowledge(consumer, sequence, bounds().newest);
}

absl::Status RocksJournal::ResetConsumer(const std::string& consumer, model::Sequence next) {
  return consumers_.Reset(consumer, next, bounds());
}

absl::Status RocksJournal::DeleteConsumer(const std::string& consumer) {
  return consumers_.Delete(consumer);
}

absl::StatusOr<std::vector<ConsumerPlace>> RocksJournal::Consumers() const {
  return consumers_.All();
}

// The new oldest sequence is durable before anything is deleted: a reader is never sent into a
// hole. Range tombstones are not used: they would make RocksDB rewrite the files that they span.
absl::Status RocksJournal::Trim(const Retention& retention, uint64_t now_us) {
  auto floor = FindFloor(retention, now_us);
  if (!floor.ok()) return floor.status();
  if (floor->oldest == bounds().oldest) return absl::OkStatus();
  if (absl::Status status = StoreFloor(*floor); !status.ok()) return status;
  return DropFiles(floor->oldest);
}

absl::StatusOr<Floor> RocksJournal::FindFloor(const Retention& retention, uint64_t now_us) const {
  uint64_t age_us = retention.age_s_max * 1000000;
  uint64_t time_min = age_us == 0 || age_us > now_us ? 0 : now_us - age_us;
  const model::Sequence keep_from = state_log_.keep_from();
  Floor floor;
  uint64_t end_bytes;
  model::Sequence newest;
  // True if what is older than something of that time, with so many bytes before it, is to go.
  auto drops_before = [&](uint64_t time_us, uint64_t bytes_before) {
    return time_us < time_min ||
           (retention.bytes_max > 0 && end_bytes - bytes_before >= retention.bytes_max);
  };
  {
    std::lock_guard lock(mutex_);
    floor = floor_;
    end_bytes = end_bytes_;
    newest = checkpoint_.next_sequence - 1;
    if (milestones_.empty()) return floor;
    const Milestone& start = milestones_.LastWhere([&](const Milestone& at) {
      return at.first <= keep_from && drops_before(at.time_us, at.bytes_before);
    });
    if (start.first > floor.oldest) floor = {start.first, start.bytes_before};
  }
  absl::Status status = ForEachBlock(blocks_, floor.oldest, [&](const Block& block) {
    uint64_t bytes_after = floor.bytes_before + block.frames.size();
    if (block.last() >= std::min(newest, keep_from) || !drops_before(block.time_us, bytes_after))
      return false;
    floor = {block.last() + 1, bytes_after};
    return true;
  });
  if (!status.ok()) return status;
  return floor;
}

absl::Status RocksJournal::StoreFloor(const Floor& floor) {
  rocksdb::ColumnFamilyHandle* state = database_->family(kCheckpointFamily);
  rocksdb::WriteBatch batch;
  rocksdb::Status built = batch.Put(state, FloorKey(source_), FloorValue(floor));
  {
    std::lock_guard lock(mutex_);
    const std::deque<Milestone>& all = milestones_.all();
    for (size_t i = 0; i + 1 < all.size() && all[i + 1].first <= floor.oldest && built.ok(); ++i) {
      built = batch.Delete(state, MilestonePrefix(source_) + NumberKey(all[i].first));
    }
  }
  if (!built.ok()) return ToStatus(built, "cannot build a write");
  if (absl::Status status = database_->WriteToFreeSpace(&batch); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  floor_ = floor;
  milestones_.DropBefore(floor.oldest);
  return absl::OkStatus();
}

absl::Status RocksJournal::DropFiles(model::Sequence oldest) {
  std::string end = NumberKey(oldest);
  rocksdb::Slice end_slice(end);
  return ToStatus(rocksdb::DeleteFilesInRange(database_->get(), blocks_.family, nullptr, &end_slice,
                                              /*include_end=*/false),
                  absl::StrCat("cannot drop old files of ", source_));
}

}  // namespace tidemark::storage
