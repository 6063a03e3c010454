#include "tests/support/data_templates.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace tidemark::testing {

absl::Status GiveToUser(const std::string& path, const std::string& user) {
  if (user.empty()) return absl::OkStatus();
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    return absl::NotFoundError(absl::StrCat("no user ", user, ": run dev/install"));
  }
  if (chown(path.c_str(), entry->pw_uid, entry->pw_gid) == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("chown ", path));
}

DataTemplates& DataTemplates::Get() {
  static DataTemplates templates;
  return templates;
}

std::string DataTemplates::Folder() {
  const char* shared = std::getenv("TIDEMARK_TEST_TEMPLATES");
  return shared == nullptr || *shared == '\0' ? own_.path() : shared;
}

absl::StatusOr<std::string> DataTemplates::Find(const std::string& name, const std::string& user,
                                                Make make) {
  std::lock_guard<std::mutex> alone(mutex_);
  const std::string folder = absl::StrCat(Folder(), "/", name);
  const std::string made = absl::StrCat(folder, "/data");
  const std::string lock_path = absl::StrCat(folder, ".lock");
  const int lock = open(lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock < 0) return absl::InternalError(absl::StrCat("cannot open ", lock_path));
  const auto close_lock = absl::MakeCleanup([lock] { close(lock); });
  if (flock(lock, LOCK_EX) != 0) {
    return absl::InternalError(absl::StrCat("cannot lock ", lock_path));
  }
  if (std::filesystem::exists(made)) return made;
  // Another program may have died over it.
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!error) std::filesystem::create_directory(folder, error);
  if (error) {
    return absl::InternalError(absl::StrCat("cannot make ", folder, ": ", error.message()));
  }
  const std::string begun = absl::StrCat(folder, "/begun");
  if (absl::Status given = GiveToUser(folder, user); !given.ok()) return given;
  if (absl::Status done = make(begun); !done.ok()) return done;
  std::filesystem::rename(begun, made, error);
  if (error) {
    return absl::InternalError(absl::StrCat("cannot rename ", begun, ": ", error.message()));
  }
  return made;
}

}  // namespace tidemark::testing
