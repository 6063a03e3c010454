#ifndef TIDEMARK_STORAGE_FOLDER_H_
#define TIDEMARK_STORAGE_FOLDER_H_

#include <cstdint>
#include <mutex>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tidemark::storage {

// What to do about a damaged data folder: the end of every DataLoss message.
inline constexpr char kDamageRemedy[] =
    "restore the data folder from a backup, or move it away, start again and take a new snapshot";

// A file descriptor that closes itself. Move-only.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.Release()) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();

  int get() const { return descriptor_; }

 private:
  int Release();

  int descriptor_ = -1;
};

// The data folder in our hands alone, from Take until it is destroyed (or the process dies).
//
// Files (FORMAT.md): OWNER (our pid, locked), FORMAT (the version), DURABLE (see DurableMark), db/
// (RocksDB's).
class Folder {
 public:
  // Creates the folder if it is missing. FailedPrecondition: another process has it (says which),
  // its format is another one, or we may not write there. DataLoss: it is damaged.
  static absl::StatusOr<Folder> Take(const std::string& path);

  // False: nothing is stored yet; the database is to be built at new_database_path and then put in
  // place.
  bool has_database() const { return has_database_; }
  std::string database_path() const { return path_ + "/db"; }
  std::string new_database_path() const { return path_ + "/db.new"; }
  std::string durable_mark_path() const { return path_ + "/DURABLE"; }

  // Makes the database at new_database_path the one of this folder, in one step.
  absl::Status PutDatabaseInPlace();

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  absl::Status Lock();
  absl::Status CheckFormat() const;
  absl::Status WriteFormat() const;

  std::string path_;
  FileHandle owner_;
  bool has_database_ = false;
};

// How far the write-ahead log was known to be durable: RocksDB recovers a log whose middle is
// damaged by leaving out everything after the damage, and only this tells that from a torn last
// write. Not synced (a lost update only makes the mark older). Thread-safe.
class DurableMark {
 public:
  static absl::StatusOr<DurableMark> Open(const std::string& path);
  DurableMark(DurableMark&& other) noexcept
      : file_(std::move(other.file_)), number_(other.number_) {}

  // 0: not known.
  uint64_t number() const { return number_; }
  void Advance(uint64_t number);

 private:
  explicit DurableMark(FileHandle file) : file_(std::move(file)) {}

  FileHandle file_;
  std::mutex mutex_;
  uint64_t number_ = 0;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_FOLDER_H_
