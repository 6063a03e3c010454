#ifndef TIDEMARK_TESTS_SUPPORT_DATA_TEMPLATES_H_
#define TIDEMARK_TESTS_SUPPORT_DATA_TEMPLATES_H_

#include <mutex>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/support/temp_folder.h"

namespace tidemark::testing {

// Makes a folder the property of `user`; leaves it as it is if that is empty.
absl::Status GiveToUser(const std::string& path, const std::string& user);

// The data folders that servers start from, by name: each made at first use. Programs that find
// TIDEMARK_TEST_TEMPLATES in their environment share those in that folder, whose maker removes it;
// else they are removed when the process ends. Thread-safe.
class DataTemplates {
 public:
  // Makes a data folder at `path`, in a folder that belongs to the server's user and holds nothing
  // else.
  using Make = absl::FunctionRef<absl::Status(const std::string& path)>;

  static DataTemplates& Get();

  absl::StatusOr<std::string> Find(const std::string& name, const std::string& user, Make make);

 private:
  std::string Folder();

  std::mutex mutex_;
  TempFolder own_;
};

}  // namespace tidemark::testing

#endif  // TIDEMARK_TESTS_SUPPORT_DATA_TEMPLATES_H_
