#include "storage/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "storage/layout.h"

namespace tidemark::storage {
namespace {

constexpr char kFormatPrefix[] = "tidemark data folder, format ";

absl::Status FileError(int error, const std::string& what, const std::string& path) {
  std::string message = absl::StrCat("cannot ", what, " ", path, ": ", std::strerror(error));
  if (error == ENOSPC || error == EDQUOT) {
    return absl::ResourceExhaustedError(message + "; free some space");
  }
  return absl::FailedPreconditionError(message +
                                       "; give the service a data folder that it may write to");
}

// True if the file is there; *content is all of it.
bool ReadSmallFile(const std::string& path, std::string* content) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  content->assign(std::istreambuf_iterator<char>(file), {});
  return true;
}

absl::Status SyncFolder(const std::string& path) {
  FileHandle folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || fsync(folder.get()) != 0) return FileError(errno, "sync", path);
  return absl::OkStatus();
}

absl::Status WriteSynced(const std::string& path, const std::string& content) {
  FileHandle file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  ssize_t size = static_cast<ssize_t>(content.size());
  if (file.get() < 0 || write(file.get(), content.data(), content.size()) != size ||
      fsync(file.get()) != 0) {
    return FileError(errno, "write", path);
  }
  return absl::OkStatus();
}

absl::Status InUse(const std::string& path, const std::string& owner_path) {
  std::string pid;
  ReadSmallFile(owner_path, &pid);
  if (!pid.empty()) pid.pop_back();  // the line end
  return absl::FailedPreconditionError(
      absl::StrCat("the data folder ", path, " is in use by process ", pid.empty() ? "?" : pid,
                   "; stop that process, or give this one a data folder of its own"));
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  FileHandle old(std::exchange(descriptor_, other.Release()));
  return *this;
}

FileHandle::~FileHandle() {
  if (descriptor_ >= 0) close(descriptor_);
}

int FileHandle::Release() { return std::exchange(descriptor_, -1); }

absl::StatusOr<Folder> Folder::Take(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FileError(error.value(), "create the data folder", path);
  Folder folder(path);
  if (absl::Status status = folder.Lock(); !status.ok()) return status;
  folder.has_database_ = std::filesystem::exists(folder.database_path(), error);
  if (error) return FileError(error.value(), "read", path);
  if (folder.has_database_) {
    if (absl::Status status = folder.CheckFormat(); !status.ok()) return status;
  }
  return folder;
}

absl::Status Folder::Lock() {
  std::string path = path_ + "/OWNER";
  owner_ = FileHandle(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (owner_.get() < 0) return FileError(errno, "open", path);
  if (flock(owner_.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? InUse(path_, path) : FileError(errno, "lock", path);
  }
  std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(owner_.get(), 0) != 0 ||
      pwrite(owner_.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return FileError(errno, "write", path);
  }
  return absl::OkStatus();
}

absl::Status Folder::CheckFormat() const {
  std::string path = path_ + "/FORMAT";
  std::string content;
  if (!ReadSmallFile(path, &content)) {
    return absl::DataLossError(absl::StrCat(path, " is missing; ", kDamageRemedy));
  }
  absl::string_view text = content;
  uint32_t version = 0;
  if (!absl::ConsumePrefix(&text, kFormatPrefix) || !absl::ConsumeSuffix(&text, "\n") ||
      !absl::SimpleAtoi(text, &version)) {
    return absl::DataLossError(absl::StrCat(path, " is damaged; ", kDamageRemedy));
  }
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the data folder ", path_, " has format ", version, ", this program knows format ",
      kFormatVersion, "; run the ", version > kFormatVersion ? "newer" : "older",
      " Tidemark that wrote it, or use another data folder and take new snapshots"));
}

absl::Status Folder::WriteFormat() const {
  return WriteSynced(path_ + "/FORMAT", absl::StrCat(kFormatPrefix, kFormatVersion, "\n"));
}

absl::Status Folder::PutDatabaseInPlace() {
  // A mark of a database that was here before means nothing for the new one.
  unlink(durable_mark_path().c_str());
  if (absl::Status status = WriteFormat(); !status.ok()) return status;
  if (absl::Status status = SyncFolder(path_); !status.ok()) return status;
  if (rename(new_database_path().c_str(), database_path().c_str()) != 0) {
    return FileError(errno, "create", database_path());
  }
  has_database_ = true;
  return SyncFolder(path_);
}

absl::StatusOr<DurableMark> DurableMark::Open(const std::string& path) {
  FileHandle file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640));
  if (file.get() < 0) return FileError(errno, "open", path);
  uint64_t stored[2] = {0, 0};
  bool whole = pread(file.get(), stored, sizeof(stored), 0) == sizeof(stored);
  DurableMark mark(std::move(file));
  // Torn by a power failure: as good as no mark.
  if (whole && stored[0] == ~stored[1]) mark.number_ = stored[0];
  return mark;
}

void DurableMark::Advance(uint64_t number) {
  std::lock_guard lock(mutex_);
  if (number <= number_) return;
  uint64_t stored[2] = {number, ~number};
  if (pwrite(file_.get(), stored, sizeof(stored), 0) == sizeof(stored)) number_ = number;
}

}  // namespace tidemark::storage
