// The rules of the tree itself: which room includes what, where client libraries may appear, the
// size of files, and that every test is built and runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tidemark {
namespace {

namespace fs = std::filesystem;

constexpr int kLinesMax = 800;

struct SourceFile {
  // Relative to the top folder.
  std::string path;
  std::vector<std::string> lines;
};

bool IsSource(const fs::path& path) {
  return path.extension() == ".h" || path.extension() == ".cc";
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const std::vector<SourceFile>& Sources() {
  static const auto* const sources = [] {
    auto* found = new std::vector<SourceFile>;
    for (const std::string room :
         {"model", "capture", "snapshot", "storage", "service", "tests", "bench", "examples"}) {
      const fs::path folder = fs::path(TIDEMARK_SOURCE_FOLDER) / room;
      if (!fs::exists(folder)) continue;
      for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file() || !IsSource(entry.path())) continue;
        found->push_back({fs::relative(entry.path(), TIDEMARK_SOURCE_FOLDER).string(),
                          absl::StrSplit(ReadAll(entry.path()), '\n')});
      }
    }
    return found;
  }();
  return *sources;
}

// What stands between the quotes or brackets; "" if the line includes nothing.
std::string IncludeOf(const std::string& line) {
  if (!absl::StartsWith(line, "#include ")) return "";
  const size_t begin = line.find_first_of("\"<");
  const size_t end = line.find_first_of("\">", begin + 1);
  return begin == std::string::npos ? "" : line.substr(begin + 1, end - begin - 1);
}

std::string RoomOf(const std::string& path) { return path.substr(0, path.find('/')); }

// The places in which `wrong` holds for an include of a file.
template <typename Predicate>
std::vector<std::string> WrongIncludes(Predicate wrong) {
  std::vector<std::string> places;
  for (const SourceFile& file : Sources()) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string include = IncludeOf(file.lines[i]);
      if (include.empty() || !wrong(file.path, include)) continue;
      places.push_back(absl::StrCat(file.path, ":", i + 1, " includes ", include));
    }
  }
  return places;
}

TEST(LayeringTest, EachRoomIncludesOnlyWhatItMay) {
  // Design: model stands alone; capture sees model; snapshot sees the ports of capture and storage.
  const std::map<std::string, std::vector<std::string>> may_include = {
      {"model", {"model"}},
      {"capture", {"capture", "model"}},
      {"snapshot", {"snapshot", "model", "capture", "storage", "tidemark"}},
      {"storage", {"storage", "model", "tidemark"}},
  };
  const std::vector<std::string> rooms = {"model",   "capture", "snapshot", "storage",
                                          "service", "tests",   "tidemark"};
  EXPECT_THAT(WrongIncludes([&](const std::string& path, const std::string& include) {
                const auto allowed = may_include.find(RoomOf(path));
                const std::string room = RoomOf(include);
                return allowed != may_include.end() && include != room &&
                       std::count(rooms.begin(), rooms.end(), room) > 0 &&
                       std::count(allowed->second.begin(), allowed->second.end(), room) == 0;
              }),
              ::testing::IsEmpty());
}

TEST(LayeringTest, SnapshotSeesOnlyPorts) {
  EXPECT_THAT(WrongIncludes([](const std::string& path, const std::string& include) {
                if (RoomOf(path) != "snapshot") return false;
                return absl::StartsWith(include, "capture/postgres/") ||
                       (RoomOf(include) == "storage" && include != "storage/journal.h");
              }),
              ::testing::IsEmpty());
}

TEST(LayeringTest, NothingButTestsIncludesTests) {
  EXPECT_THAT(WrongIncludes([](const std::string& path, const std::string& include) {
                return RoomOf(include) == "tests" && RoomOf(path) != "tests" &&
                       RoomOf(path) != "bench";
              }),
              ::testing::IsEmpty());
}

struct ClientLibrary {
  const char* include;
  std::vector<std::string> folders;
};

TEST(LayeringTest, ClientLibrariesStayInTheirRooms) {
  const ClientLibrary libraries[] = {
      {"libpq-fe.h", {"capture/postgres/", "tests/", "bench/"}},
      {"mysql.h", {"capture/mysql/", "tests/", "bench/"}},
      {"rocksdb/", {"storage/", "tests/storage/", "bench/"}},
      {"grpcpp/", {"service/", "tests/", "bench/", "examples/"}},
      {"librdkafka/", {"service/kafka/", "tests/support/"}},
      {"sqlite3.h", {"examples/"}},
      {"re2/", {"service/kafka/"}},
      {"openssl/", {"service/kafka/", "service/tls/"}},
      {"curl/", {"service/kafka/"}},
      {"nlohmann/", {"service/kafka/"}},
      {"yaml-cpp/", {"service/"}},
      {"spdlog/", {"service/"}},
      {"prometheus/", {"service/http/"}},
      {"boost/", {"service/http/"}},
      {"CLI/", {"service/", "tests/", "bench/", "examples/"}},
  };
  for (const ClientLibrary& library : libraries) {
    EXPECT_THAT(WrongIncludes([&](const std::string& path, const std::string& include) {
                  return absl::StartsWith(include, library.include) &&
                         std::none_of(library.folders.begin(), library.folders.end(),
                                      [&](const std::string& folder) {
                                        return absl::StartsWith(path, folder);
                                      });
                }),
                ::testing::IsEmpty());
  }
}

TEST(LayeringTest, NoHeaderOfAnotherRoomThanServiceAndTestsShowsAClientLibrary) {
  EXPECT_THAT(WrongIncludes([](const std::string& path, const std::string& include) {
                const bool header = absl::EndsWith(path, ".h") && RoomOf(path) != "service" &&
                                    RoomOf(path) != "tests";
                // The sessions of a driver are private to its folder.
                const bool private_header = absl::StartsWith(path, "capture/postgres/") ||
                                            absl::StartsWith(path, "capture/mysql/");
                const bool client = include == "libpq-fe.h" || include == "mysql.h" ||
                                    absl::StartsWith(include, "grpcpp/");
                return header && !private_header && client;
              }),
              ::testing::IsEmpty());
}

TEST(FilesTest, NoFileIsTooLong) {
  std::vector<std::string> long_files;
  for (const SourceFile& file : Sources()) {
    if (file.lines.size() > kLinesMax + 1) long_files.push_back(file.path);
  }
  EXPECT_THAT(long_files, ::testing::IsEmpty());
}

TEST(FilesTest, EverySourceIsRegisteredInItsFolder) {
  std::vector<std::string> missing;
  for (const SourceFile& file : Sources()) {
    if (!absl::EndsWith(file.path, ".cc")) continue;
    // The CMakeLists.txt that names it may be that of a folder above.
    fs::path folder = fs::path(file.path).parent_path();
    bool found = false;
    for (; !folder.empty() && !found; folder = folder.parent_path()) {
      const std::string name = fs::relative(file.path, folder).string();
      const fs::path list = fs::path(TIDEMARK_SOURCE_FOLDER) / folder / "CMakeLists.txt";
      found = absl::StrContains(ReadAll(list), name);
    }
    if (!found) missing.push_back(file.path);
  }
  EXPECT_THAT(missing, ::testing::IsEmpty());
}

TEST(FilesTest, GuardsAreInStepWithTheCodeAndTheHazardMap) {
  const std::string check = absl::StrCat("'", TIDEMARK_SOURCE_FOLDER, "/dev/guards' --check");
  EXPECT_EQ(std::system(check.c_str()), 0) << "it says above what is wrong";
}

TEST(FilesTest, NoTestIsSkippedOrDisabled) {
  // Put together here, so that this file does not hold them.
  const std::string skip = absl::StrCat("GTEST", "_SKIP");
  const std::string disabled = absl::StrCat("DISABLED", "_");
  std::vector<std::string> places;
  for (const SourceFile& file : Sources()) {
    for (const std::string& line : file.lines) {
      if (absl::StrContains(line, skip) || absl::StrContains(line, disabled)) {
        places.push_back(absl::StrCat(file.path, ": ", line));
      }
    }
  }
  EXPECT_THAT(places, ::testing::IsEmpty());
}

}  // namespace
}  // namespace tidemark
