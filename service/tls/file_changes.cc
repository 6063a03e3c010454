#include "service/tls/file_changes.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"

namespace tidemark::service {

FileChanges::FileChanges(std::vector<std::string> files)
    : files_(std::move(files)), seen_(Marks()), taken_(seen_) {}

bool FileChanges::Settled() {
  std::string now = Marks();
  const bool still = now == seen_;
  seen_ = std::move(now);
  if (!still || seen_ == taken_) return false;
  taken_ = seen_;
  return true;
}

std::string FileChanges::Marks() const {
  std::string marks;
  for (const std::string& file : files_) {
    struct stat found {};
    if (file.empty() || ::stat(file.c_str(), &found) != 0) found = {};
    absl::StrAppend(&marks, found.st_dev, ".", found.st_ino, ".", found.st_size, ".",
                    found.st_mtim.tv_sec, ".", found.st_mtim.tv_nsec, " ");
  }
  return marks;
}

}  // namespace tidemark::service
