#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/database.h"
#include "storage/folder.h"
#include "storage/layout.h"
#include "storage/rocks_journal.h"
#include "storage/rocks_state_log.h"
#include "storage/state_records.h"

namespace tidemark::storage {
namespace {

class RocksStore final : public Store {
 public:
  RocksStore(const StoreOptions& options, Folder folder, std::unique_ptr<Database> database)
      : options_(options), folder_(std::move(folder)), database_(std::move(database)) {}

  absl::Status Load();

  absl::StatusOr<Journal*> OpenJournal(const std::string& source) override;
  absl::StatusOr<bool> HasState(const std::string& source) const override;
  absl::Status Restore(const std::string& source, const std::vector<StateRecord>& records,
                       model::Sequence next, const std::string& published_as) override;
  absl::StatusOr<std::vector<JobRecord>> Jobs() const override;
  absl::StatusOr<uint64_t> NextJobId() override;
  StoreStatus status() const override { return database_->status(); }

 private:
  absl::Status CheckJobsAreFree(const std::vector<StateRecord>& records) const;
  absl::Status PutNextJobId(const std::vector<StateRecord>& records, rocksdb::WriteBatch* batch);

  const StoreOptions options_;
  // In this order: the database is closed before the folder is given up, the journals go before the
  // database.
  Folder folder_;
  std::unique_ptr<Database> database_;
  std::mutex mutex_;
  uint64_t next_job_id_ = 1;
  std::map<std::string, std::unique_ptr<RocksJournal>> journals_;
};

absl::Status RocksStore::Load() {
  std::string value;
  auto found = database_->Get(kCheckpointFamily, kNextJobKey, &value);
  if (!found.ok()) return found.status();
  if (!*found || ParseNumberValue(value, &next_job_id_)) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the next job id cannot be read; ", kDamageRemedy));
}

absl::StatusOr<Journal*> RocksStore::OpenJournal(const std::string& source) {
  if (source.empty() || source.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("a source's name must not be empty nor hold a zero byte");
  }
  std::lock_guard lock(mutex_);
  auto open = journals_.find(source);
  if (open != journals_.end()) return open->second.get();
  auto journal = RocksJournal::Open(database_.get(), source, options_.tail_bytes_max);
  if (!journal.ok()) return journal.status();
  return (journals_[source] = *std::move(journal)).get();
}

absl::StatusOr<bool> RocksStore::HasState(const std::string& source) const {
  std::string checkpoint;
  return database_->Get(kCheckpointFamily, CheckpointKey(source), &checkpoint);
}

absl::Status RocksStore::Restore(const std::string& source, const std::vector<StateRecord>& records,
                                 model::Sequence next, const std::string& published_as) {
  std::lock_guard lock(mutex_);
  absl::StatusOr<bool> exists = HasState(source);
  if (!exists.ok()) return exists.status();
  if (*exists || journals_.contains(source)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "there is a journal of ", source, " already; its state is not replaced by another one"));
  }
  rocksdb::WriteBatch batch;
  absl::Status built = CheckJobsAreFree(records);
  if (built.ok()) {
    built = RocksStateLog::PutRestored(*database_, source, records, next, published_as, &batch);
  }
  if (built.ok()) built = PutNextJobId(records, &batch);
  if (built.ok()) built = database_->Write(&batch);
  return built.ok() ? Load() : built;
}

// Ids of jobs are unique within a data folder only: the source may come from another one.
absl::Status RocksStore::CheckJobsAreFree(const std::vector<StateRecord>& records) const {
  for (const StateRecord& record : records) {
    uint64_t id = 0;
    if (!ParseJobStateRecord(record.key, &id)) continue;
    std::string job;
    absl::StatusOr<bool> taken = database_->Get(kSnapshotFamily, record.key.substr(1), &job);
    if (!taken.ok()) return taken.status();
    if (*taken) {
      return absl::FailedPreconditionError(
          absl::StrCat("snapshot ", id,
                       " of the state to restore has the id of a snapshot in this data folder; "
                       "run the source in a service with a data folder of its own"));
    }
  }
  return absl::OkStatus();
}

// Ids of jobs that were restored are not given again.
absl::Status RocksStore::PutNextJobId(const std::vector<StateRecord>& records,
                                      rocksdb::WriteBatch* batch) {
  uint64_t next = next_job_id_;
  for (const StateRecord& record : records) {
    uint64_t id = 0;
    if (ParseJobStateRecord(record.key, &id)) next = std::max(next, id + 1);
  }
  return ToStatus(batch->Put(database_->family(kCheckpointFamily), kNextJobKey, NumberValue(next)),
                  "cannot build a write");
}

absl::StatusOr<std::vector<JobRecord>> RocksStore::Jobs() const {
  auto rows = database_->List(kSnapshotFamily, "");
  if (!rows.ok()) return rows.status();
  std::vector<JobRecord> jobs;
  for (auto& [key, value] : *rows) {
    JobRecord& job = jobs.emplace_back();
    job.value = std::move(value);
    if (!ParseJobKey(key, &job.id, &job.part)) {
      return absl::DataLossError(absl::StrCat("a snapshot job cannot be read; ", kDamageRemedy));
    }
  }
  return jobs;
}

absl::StatusOr<uint64_t> RocksStore::NextJobId() {
  std::lock_guard lock(mutex_);
  absl::Status status =
      database_->Put(kCheckpointFamily, kNextJobKey, NumberValue(next_job_id_ + 1));
  if (!status.ok()) return status;
  return next_job_id_++;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const StoreOptions& options) {
  auto folder = Folder::Take(options.folder);
  if (!folder.ok()) return folder.status();
  if (!folder->has_database()) {
    absl::Status created = Database::Create(folder->new_database_path());
    if (created.ok()) created = folder->PutDatabaseInPlace();
    if (!created.ok()) return created;
  }
  auto mark = DurableMark::Open(folder->durable_mark_path());
  if (!mark.ok()) return mark.status();
  auto database =
      Database::Open(folder->database_path(), options.write_buffer_bytes, *std::move(mark));
  if (!database.ok()) return database.status();
  auto store = std::make_unique<RocksStore>(options, *std::move(folder), *std::move(database));
  if (absl::Status status = store->Load(); !status.ok()) return status;
  return store;
}

}  // namespace tidemark::storage
