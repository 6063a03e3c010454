#include "tests/support/temp_folder.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "tests/support/cleanup_guard.h"

namespace tidemark::testing {
namespace {

const char* FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

const char* Parent(TempFolder::Place place) {
  const char* memory = FromEnvironment("TIDEMARK_TEST_MEMORY");
  if (place == TempFolder::Place::kAny && memory != nullptr) return memory;
  const char* parent = FromEnvironment("TMPDIR");
  return parent != nullptr ? parent : "/tmp";
}

}  // namespace

TempFolder::TempFolder(Place place) {
  path_ = absl::StrCat(Parent(place), "/tidemark-XXXXXX");
  if (mkdtemp(path_.data()) == nullptr || chmod(path_.c_str(), 0755) != 0) {
    std::perror(path_.c_str());
    std::abort();
  }
  CleanupGuard::Get().AddFolder(path_);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
  CleanupGuard::Get().ForgetFolder(path_);
}

std::string TempFolder::File(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

void WriteFile(const std::string& path, absl::string_view content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  if (!file) {
    std::perror(path.c_str());
    std::abort();
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace tidemark::testing
