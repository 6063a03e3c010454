#include "storage/database.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/database_options.h"
#include "storage/layout.h"

namespace tidemark::storage {
namespace {

constexpr size_t kCreateWriteBufferBytes = 1 << 20;
// For manifests and logs, besides the write buffers that may have to be flushed.
constexpr uint64_t kSpaceForFiles = 16 << 20;

rocksdb::ColumnFamilyOptions OptionsFor(const std::string& family, size_t write_buffer_bytes) {
  return absl::StartsWith(family, JournalFamily("")) ? MakeJournalOptions(write_buffer_bytes)
                                                     : MakeStateOptions();
}

// A file that is missing or cannot be understood is damage here: nobody else writes in the folder.
absl::Status OpenFailure(const rocksdb::Status& status, const std::string& path) {
  bool damaged = status.IsCorruption() || status.IsNotFound() || status.IsInvalidArgument() ||
                 status.IsNotSupported() || status.IsPathNotFound();
  if (!damaged) return ToStatus(status, absl::StrCat("cannot open ", path));
  return absl::DataLossError(
      absl::StrCat("the database ", path, " is damaged: ", status.ToString(), "; ", kDamageRemedy));
}

absl::Status CheckMark(uint64_t recovered, const DurableMark& mark, const std::string& path) {
  if (recovered >= mark.number()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "the write-ahead log in ", path, " is damaged: writes ", recovered + 1, " to ", mark.number(),
      " are lost; ", kDamageRemedy,
      ". If this is a backup that was put back on purpose, remove the file DURABLE beside it"));
}

}  // namespace

absl::Status ToStatus(const rocksdb::Status& status, const std::string& what) {
  if (status.ok()) return absl::OkStatus();
  std::string message = absl::StrCat(what, ": ", status.ToString());
  if (status.IsCorruption()) return absl::DataLossError(absl::StrCat(message, "; ", kDamageRemedy));
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit) {
    return absl::ResourceExhaustedError(
        absl::StrCat(message, "; free space on the disk of the data folder"));
  }
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut()) {
    return absl::UnavailableError(message);
  }
  return absl::InternalError(message);
}

absl::Status Database::Create(const std::string& path) {
  rocksdb::Options options(MakeDatabaseOptions(kCreateWriteBufferBytes), MakeStateOptions());
  rocksdb::DestroyDB(path, options);  // what a start that was killed left
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  std::string what = absl::StrCat("cannot create ", path);
  rocksdb::Status status = rocksdb::DB::Open(options, path, &raw);
  if (!status.ok()) return ToStatus(status, what);
  std::unique_ptr<rocksdb::DB> db(raw);
  for (const char* name : {kCheckpointFamily, kSchemaFamily, kSnapshotFamily}) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    status = db->CreateColumnFamily(MakeStateOptions(), name, &handle);
    if (!status.ok()) return ToStatus(status, what);
    db->DestroyColumnFamilyHandle(handle);
  }
  return ToStatus(db->Close(), what);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const std::string& path,
                                                         size_t write_buffer_bytes,
                                                         DurableMark mark) {
  rocksdb::DBOptions options = MakeDatabaseOptions(write_buffer_bytes);
  auto stalls = std::make_shared<WriteStalls>();
  options.listeners.push_back(stalls);
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!status.ok()) return OpenFailure(status, path);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, OptionsFor(name, write_buffer_bytes));
  }
  rocksdb::DB* raw = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  status = rocksdb::DB::Open(options, path, descriptors, &handles, &raw);
  if (!status.ok()) return OpenFailure(status, path);
  std::unique_ptr<Database> database(
      new Database(raw, std::move(stalls), write_buffer_bytes, std::move(mark)));
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    database->families_[handle->GetName()] = handle;
  }
  absl::Status checked = CheckMark(raw->GetLatestSequenceNumber(), database->mark_, path);
  if (!checked.ok()) return checked;
  return database;
}

Database::~Database() {
  for (const auto& [name, handle] : families_) db_->DestroyColumnFamilyHandle(handle);
  // All that matters was durable when its write returned.
  db_->Close().PermitUncheckedError();
}

rocksdb::ColumnFamilyHandle* Database::family(const std::string& name) const {
  std::lock_guard lock(families_mutex_);
  return families_.at(name);
}

absl::StatusOr<rocksdb::ColumnFamilyHandle*> Database::JournalOf(const std::string& source) {
  std::lock_guard lock(families_mutex_);
  rocksdb::ColumnFamilyHandle*& handle = families_[JournalFamily(source)];
  if (handle != nullptr) return handle;
  rocksdb::Status status = db_->CreateColumnFamily(MakeJournalOptions(write_buffer_bytes_),
                                                   JournalFamily(source), &handle);
  if (status.ok()) return handle;
  families_.erase(JournalFamily(source));
  return ToStatus(status, absl::StrCat("cannot create the journal of ", source));
}

StoreStatus Database::status() const {
  using Properties = rocksdb::DB::Properties;
  StoreStatus status;
  stalls_->Fill(&status);
  std::error_code error;
  std::filesystem::space_info space = std::filesystem::space(db_->GetName(), error);
  if (!error) status.disk_free_bytes = space.available;
  uint64_t buffers = 0;
  uint64_t cache = 0;
  uint64_t stopped = 0;
  uint64_t delayed_rate = 0;
  db_->GetAggregatedIntProperty(Properties::kTotalSstFilesSize, &status.disk_used_bytes);
  db_->GetAggregatedIntProperty(Properties::kSizeAllMemTables, &buffers);
  // One cache for all families.
  db_->GetIntProperty(family(kCheckpointFamily), Properties::kBlockCacheUsage, &cache);
  status.memory_bytes = buffers + cache;
  db_->GetIntProperty(Properties::kIsWriteStopped, &stopped);
  db_->GetIntProperty(Properties::kActualDelayedWriteRate, &delayed_rate);
  status.stopped = stopped != 0;
  status.delayed = delayed_rate != 0;
  return status;
}

absl::Status Database::Write(rocksdb::WriteBatch* batch) {
  uint64_t needed = batch->GetDataSize() + 2 * write_buffer_bytes_ + kSpaceForFiles;
  if (absl::Status status = CheckUsable(needed); !status.ok()) return status;
  return WriteChecked(batch);
}

absl::Status Database::WriteToFreeSpace(rocksdb::WriteBatch* batch) {
  uint64_t needed = batch->GetDataSize() + kSpaceForFiles;
  if (absl::Status status = CheckUsable(needed); !status.ok()) return status;
  return WriteChecked(batch);
}

absl::Status Database::WriteChecked(rocksdb::WriteBatch* batch) {
  rocksdb::WriteOptions options;
  options.sync = true;
  rocksdb::Status status = db_->Write(options, batch);
  if (!status.ok()) return Fail(status);
  mark_.Advance(db_->GetLatestSequenceNumber());
  return absl::OkStatus();
}

absl::Status Database::CheckUsable(uint64_t needed) {
  {
    std::lock_guard lock(failure_mutex_);
    if (!failure_.ok()) return failure_;
  }
  std::error_code error;
  std::filesystem::space_info space = std::filesystem::space(db_->GetName(), error);
  if (error || space.available >= needed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the disk of ", db_->GetName(), " is full: ", space.available >> 20, " MiB are free, ",
      needed >> 20, " MiB are needed; free space, it goes on by itself then"));
}

absl::Status Database::Fail(const rocksdb::Status& status) {
  std::lock_guard lock(failure_mutex_);
  absl::Status reason = ToStatus(status, absl::StrCat("cannot write to ", db_->GetName()));
  failure_ = absl::Status(
      absl::IsResourceExhausted(reason) ? absl::StatusCode::kUnavailable : reason.code(),
      absl::StrCat(reason.message(), "; then restart the service"));
  return failure_;
}

absl::Status Database::Put(const std::string& family_name, const std::string& key,
                           const std::string& value) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status = batch.Put(family(family_name), key, value);
  return status.ok() ? Write(&batch) : ToStatus(status, "cannot build a write");
}

absl::StatusOr<bool> Database::Get(const std::string& family_name, const std::string& key,
                                   std::string* value) const {
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(family_name), key, value);
  if (status.IsNotFound()) return false;
  if (!status.ok()) return ToStatus(status, absl::StrCat("cannot read ", db_->GetName()));
  return true;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Database::List(
    const std::string& family_name, const std::string& prefix, const std::string& from,
    size_t max) const {
  std::vector<std::pair<std::string, std::string>> rows;
  std::unique_ptr<rocksdb::Iterator> at(
      db_->NewIterator(rocksdb::ReadOptions(), family(family_name)));
  for (at->Seek(prefix + from); rows.size() < max && at->Valid() && at->key().starts_with(prefix);
       at->Next()) {
    rows.emplace_back(at->key().ToString().substr(prefix.size()), at->value().ToString());
  }
  if (!at->status().ok()) {
    return ToStatus(at->status(), absl::StrCat("cannot read ", db_->GetName()));
  }
  return rows;
}

}  // namespace tidemark::storage
