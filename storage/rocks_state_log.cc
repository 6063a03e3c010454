#include "storage/rocks_state_log.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/folder.h"
#include "storage/layout.h"
#include "storage/state_records.h"
#include "tidemark/state/state.pb.h"

namespace tidemark::storage {
namespace {

// How many changes are read at a time.
constexpr size_t kChangesMost = 64;

std::unique_ptr<rocksdb::Iterator> SeekTo(const Database& database,
                                          const rocksdb::ReadOptions& options, const char* family,
                                          const std::string& key) {
  std::unique_ptr<rocksdb::Iterator> at(
      database.get()->NewIterator(options, database.family(family)));
  at->Seek(key);
  return at;
}

bool Owns(std::string_view job, const std::string& source) {
  state::SnapshotJob stored;
  return stored.ParseFromArray(job.data(), static_cast<int>(job.size())) &&
         stored.source() == source;
}

}  // namespace

RocksStateLog::RocksStateLog(Database* database, const std::string& source)
    : database_(database), source_(source) {}

absl::Status RocksStateLog::Damaged(const std::string& what) const {
  return absl::DataLossError(
      absl::StrCat("the journal of ", source_, " is damaged: ", what, "; ", kDamageRemedy));
}

absl::Status RocksStateLog::Load(uint64_t append) {
  newest_ = append;
  std::string value;
  auto found = database_->Get(kCheckpointFamily, PublishedAsKey(source_), &value);
  if (!found.ok()) return found.status();
  if (*found && !ParsePublishedAs(value, &published_as_)) return Damaged("who published it");
  if (published_as_.id.empty() || published_as_.reach) return absl::OkStatus();
  PublishedAs reached = published_as_;
  reached.reach = append;
  return SetPublishedAs(reached);
}

PublishedAs RocksStateLog::published_as() const {
  std::lock_guard lock(mutex_);
  return published_as_;
}

absl::Status RocksStateLog::SetPublishedAs(const PublishedAs& name) {
  absl::Status status =
      database_->Put(kCheckpointFamily, PublishedAsKey(source_), PublishedAsValue(name));
  if (!status.ok()) return status;
  std::lock_guard lock(mutex_);
  published_as_ = name;
  return absl::OkStatus();
}

rocksdb::Status RocksStateLog::Put(const AppendBatch& batch, StateChange change,
                                   rocksdb::WriteBatch* out) const {
  change.records = StateRecordsOf(batch);
  rocksdb::Status status;
  for (const StateRecord& record : change.records) {
    if (!status.ok()) return status;
    const StatePlace place = PlaceOf(source_, record.key);
    rocksdb::ColumnFamilyHandle* family = database_->family(place.family);
    status =
        record.value ? out->Put(family, place.key, *record.value) : out->Delete(family, place.key);
  }
  std::lock_guard lock(mutex_);
  if (!keeps_ || !status.ok()) return status;
  return out->Put(database_->family(kCheckpointFamily),
                  StateChangePrefix(source_) + NumberKey(change.append), StateChangeValue(change));
}

void RocksStateLog::Appended(uint64_t append) {
  std::lock_guard lock(mutex_);
  newest_ = append;
}

model::Sequence RocksStateLog::keep_from() const {
  std::lock_guard lock(mutex_);
  return keeps_ ? keep_from_ : std::numeric_limits<model::Sequence>::max();
}

absl::Status RocksStateLog::EraseBefore(uint64_t append, rocksdb::WriteBatch* batch) const {
  const std::string prefix = StateChangePrefix(source_);
  rocksdb::ColumnFamilyHandle* family = database_->family(kCheckpointFamily);
  auto at = SeekTo(*database_, {}, kCheckpointFamily, prefix + NumberKey(first_));
  rocksdb::Status status;
  const std::string end = prefix + NumberKey(append);
  for (; status.ok() && at->Valid() && at->key().starts_with(prefix) && at->key().compare(end) < 0;
       at->Next()) {
    status = batch->Delete(family, at->key());
  }
  if (status.ok()) status = at->status();
  return ToStatus(status, "cannot build a write");
}

absl::Status RocksStateLog::Keep(bool keep) {
  std::string value;
  auto found = database_->Get(kCheckpointFamily, ForgottenKey(source_), &value);
  if (!found.ok()) return found.status();
  StateChange forgotten;
  if (*found && !ParseStateChange(value, &forgotten)) return Damaged("what was stored elsewhere");
  std::lock_guard lock(mutex_);
  keeps_ = keep;
  if (keep) {
    keep_from_ = *found ? forgotten.next_sequence : 0;
    return absl::OkStatus();
  }
  auto kept = database_->List(kCheckpointFamily, StateChangePrefix(source_), "", 1);
  if (!kept.ok()) return kept.status();
  if (kept->empty() && !*found) return absl::OkStatus();
  // All of them by their range: there may be millions.
  rocksdb::ColumnFamilyHandle* family = database_->family(kCheckpointFamily);
  const std::string prefix = StateChangePrefix(source_);
  rocksdb::WriteBatch batch;
  rocksdb::Status built =
      batch.DeleteRange(family, prefix, prefix + NumberKey(std::numeric_limits<uint64_t>::max()));
  if (built.ok()) built = batch.Delete(family, ForgottenKey(source_));
  return built.ok() ? database_->WriteToFreeSpace(&batch) : ToStatus(built, "cannot build a write");
}

absl::StatusOr<std::vector<StateChange>> RocksStateLog::After(uint64_t append,
                                                              size_t bytes_max) const {
  uint64_t newest;
  {
    std::lock_guard lock(mutex_);
    newest = newest_;
  }
  if (append == newest) return std::vector<StateChange>();
  auto rows = database_->List(kCheckpointFamily, StateChangePrefix(source_), NumberKey(append + 1),
                              kChangesMost);
  if (!rows.ok()) return rows.status();
  std::vector<StateChange> changes;
  size_t bytes = 0;
  for (const auto& [key, value] : *rows) {
    StateChange change;
    if (!ParseNumberKey(key, &change.append)) return Damaged("a change of its state");
    if (change.append > newest || change.append != append + 1 + changes.size()) break;
    if (!changes.empty() && bytes + value.size() > bytes_max) break;
    bytes += value.size();
    if (!ParseStateChange(value, &change)) return Damaged("a change of its state");
    changes.push_back(std::move(change));
  }
  if (!changes.empty()) return changes;
  return absl::OutOfRangeError(absl::StrCat("the state of ", source_, " behind append ", append,
                                            " was not kept; append ", newest, " is the newest"));
}

absl::StatusOr<StateChange> RocksStateLog::Whole() const {
  rocksdb::ManagedSnapshot snapshot(database_->get());
  rocksdb::ReadOptions options;
  options.snapshot = snapshot.snapshot();
  StateChange whole;
  std::string value;
  rocksdb::Status got = database_->get()->Get(options, database_->family(kCheckpointFamily),
                                              CheckpointKey(source_), &value);
  if (got.IsNotFound()) return whole;
  if (!got.ok()) return ToStatus(got, "cannot read the checkpoint");
  Checkpoint checkpoint;
  if (!ParseCheckpoint(value, &checkpoint)) return Damaged("its checkpoint");
  whole.append = checkpoint.append;
  whole.next_sequence = checkpoint.next_sequence;
  whole.frontier = checkpoint.frontier;
  whole.records.push_back({kCheckpointRecord, value});
  absl::Status added = AddRecords(options, &whole);
  if (added.ok()) added = AddJobs(options, &whole);
  if (!added.ok()) return added;
  return whole;
}

absl::Status RocksStateLog::AddRecords(const rocksdb::ReadOptions& options,
                                       StateChange* whole) const {
  for (const std::string& kind : {SchemaRecordKind(), RereadRecordKind(), DriverRecordKind()}) {
    const StatePlace prefix = PlaceOf(source_, kind);
    auto at = SeekTo(*database_, options, prefix.family, prefix.key);
    for (; at->Valid() && at->key().starts_with(prefix.key); at->Next()) {
      whole->records.push_back(
          {kind + at->key().ToString().substr(prefix.key.size()), at->value().ToString()});
    }
    if (!at->status().ok()) return ToStatus(at->status(), "cannot read the state");
  }
  return absl::OkStatus();
}

// The family holds those of all sources; a job's own record comes before its others.
absl::Status RocksStateLog::AddJobs(const rocksdb::ReadOptions& options, StateChange* whole) const {
  auto at = SeekTo(*database_, options, kSnapshotFamily, "");
  uint64_t ours = 0;
  for (; at->Valid(); at->Next()) {
    uint64_t id = 0;
    std::string part;
    if (!ParseJobKey(at->key().ToStringView(), &id, &part)) return Damaged("a snapshot job");
    if (part.empty() && Owns(at->value().ToStringView(), source_)) ours = id;
    if (id == ours) {
      whole->records.push_back({JobStateRecord(id, part), at->value().ToString()});
    }
  }
  return ToStatus(at->status(), "cannot read the snapshot jobs");
}

absl::Status RocksStateLog::Forget(uint64_t append, model::Sequence next_sequence) {
  StateChange forgotten;
  forgotten.next_sequence = next_sequence;
  rocksdb::WriteBatch batch;
  if (absl::Status erased = EraseBefore(append + 1, &batch); !erased.ok()) return erased;
  rocksdb::Status built = batch.Put(database_->family(kCheckpointFamily), ForgottenKey(source_),
                                    StateChangeValue(forgotten));
  if (!built.ok()) return ToStatus(built, "cannot build a write");
  if (absl::Status written = database_->WriteToFreeSpace(&batch); !written.ok()) return written;
  std::lock_guard lock(mutex_);
  first_ = append + 1;
  keep_from_ = next_sequence;
  return absl::OkStatus();
}

absl::Status RocksStateLog::PutRestored(const Database& database, const std::string& source,
                                        const std::vector<StateRecord>& records,
                                        model::Sequence next, const std::string& published_as,
                                        rocksdb::WriteBatch* out) {
  PublishedAs name;
  name.previous = published_as;
  rocksdb::Status status;
  for (const StateRecord& record : records) {
    const StatePlace place = PlaceOf(source, record.key);
    if (place.family == nullptr || !record.value) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", absl::CHexEscape(record.key), "\" is no record of a source's state"));
    }
    std::string value = *record.value;
    if (record.key == kCheckpointRecord) {
      Checkpoint checkpoint;
      if (!ParseCheckpoint(value, &checkpoint)) {
        return absl::InvalidArgumentError("the stored checkpoint cannot be read");
      }
      name.previous_append = checkpoint.append;
      checkpoint.next_sequence = next;
      value = CheckpointValue(checkpoint);
    }
    if (status.ok()) status = out->Put(database.family(place.family), place.key, value);
  }
  rocksdb::ColumnFamilyHandle* family = database.family(kCheckpointFamily);
  if (status.ok()) status = out->Put(family, FloorKey(source), FloorValue({next, 0}));
  if (status.ok()) status = out->Put(family, PublishedAsKey(source), PublishedAsValue(name));
  return ToStatus(status, "cannot build a write");
}

}  // namespace tidemark::storage
