#ifndef TIDEMARK_STORAGE_DATABASE_H_
#define TIDEMARK_STORAGE_DATABASE_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/folder.h"
#include "storage/write_stalls.h"

namespace tidemark::storage {

// What RocksDB says, in our codes: DataLoss (damaged), ResourceExhausted (disk full), Unavailable
// (other I/O), Internal. `what`: "cannot ...".
absl::Status ToStatus(const rocksdb::Status& status, const std::string& what);

// The RocksDB of a data folder with its families, its write path and its error handling.
// Thread-safe.
class Database {
 public:
  // Builds an empty database at the path, with the families that every data folder has.
  static absl::Status Create(const std::string& path);
  // DataLoss: damaged, or it holds less than `mark` says.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        size_t write_buffer_bytes,
                                                        DurableMark mark);
  ~Database();

  rocksdb::DB* operator->() { return db_.get(); }
  rocksdb::DB* get() const { return db_.get(); }

  // A family that is there since Open. REQUIRES: one of the three of layout.h.
  rocksdb::ColumnFamilyHandle* family(const std::string& name) const;
  // A journal's family, created if it is not there.
  absl::StatusOr<rocksdb::ColumnFamilyHandle*> JournalOf(const std::string& source);

  StoreStatus status() const;

  // Atomic and durable when it returns. ResourceExhausted: the disk is nearly full, nothing was
  // tried, and it may be called again: RocksDB is never brought to write to a full disk, since it
  // does not survive that in every build. After any other error all later calls fail.
  absl::Status Write(rocksdb::WriteBatch* batch);
  // As Write, for the few bytes that let files be dropped: they may take of the space that Write
  // leaves.
  absl::Status WriteToFreeSpace(rocksdb::WriteBatch* batch);
  absl::Status Put(const std::string& family_name, const std::string& key,
                   const std::string& value);
  // False: there is no such key.
  absl::StatusOr<bool> Get(const std::string& family_name, const std::string& key,
                           std::string* value) const;
  // The first `max` keys from prefix + from on that start with `prefix`, in order; without the
  // prefix.
  absl::StatusOr<std::vector<std::pair<std::string, std::string>>> List(
      const std::string& family_name, const std::string& prefix, const std::string& from = "",
      size_t max = std::numeric_limits<size_t>::max()) const;

 private:
  Database(rocksdb::DB* db, std::shared_ptr<const WriteStalls> stalls, size_t write_buffer_bytes,
           DurableMark mark)
      : stalls_(std::move(stalls)),
        db_(db),
        write_buffer_bytes_(write_buffer_bytes),
        mark_(std::move(mark)) {}
  absl::Status CheckUsable(uint64_t space_needed);
  absl::Status WriteChecked(rocksdb::WriteBatch* batch);
  absl::Status Fail(const rocksdb::Status& status);

  const std::shared_ptr<const WriteStalls> stalls_;
  std::unique_ptr<rocksdb::DB> db_;
  const size_t write_buffer_bytes_;
  DurableMark mark_;

  mutable std::mutex families_mutex_;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> families_;

  std::mutex failure_mutex_;
  // Why nothing can be written any more.
  absl::Status failure_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_DATABASE_H_
