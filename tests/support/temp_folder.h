#ifndef TIDEMARK_TESTS_SUPPORT_TEMP_FOLDER_H_
#define TIDEMARK_TESTS_SUPPORT_TEMP_FOLDER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tidemark::testing {

// A new empty folder, removed with all it holds by the destructor, or by the cleanup guard if this
// process dies before. Readable by every user, so that a server under another user can live in it.
// Aborts the program if no folder can be made: no test can go on without.
class TempFolder {
 public:
  enum class Place {
    // $TMPDIR, else /tmp.
    kDisk,
    // $TIDEMARK_TEST_MEMORY, where dev/test has mounted a file system in memory; else as kDisk.
    kAny,
  };
  TempFolder() : TempFolder(Place::kAny) {}
  explicit TempFolder(Place place);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  // The path of `name` in this folder; makes nothing.
  std::string File(absl::string_view name) const;

 private:
  std::string path_;
};

// Writes `content` to a file, replacing what it held. Aborts the program on failure.
void WriteFile(const std::string& path, absl::string_view content);

// The file's content; empty if it does not exist.
std::string ReadFile(const std::string& path);

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_TEMP_FOLDER_H_
