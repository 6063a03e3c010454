#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class DamageTest : public StoreTest {
 protected:
  // The largest file of the database with `part` in its name.
  std::string LargestFile(const std::string& part) const {
    std::string found;
    for (const auto& file : std::filesystem::directory_iterator(options_.folder + "/db")) {
      if (file.path().filename().string().find(part) != std::string::npos &&
          (found.empty() || file.file_size() > std::filesystem::file_size(found))) {
        found = file.path();
      }
    }
    return found;
  }
  static void FlipMiddle(const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    ASSERT_TRUE(file) << path;
    auto at = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
    file.seekg(at);
    char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 0x55));
  }
  void FillFiles() {
    for (int i = 0; i < 60; ++i) {
      ASSERT_TRUE(journal_->Append(MakeBatch(1 + 10 * i, 1, 10, 1, 100 << 10)).ok());
    }
  }
  // Opens store and journal and reads everything.
  absl::Status OpenAndRead() {
    auto store = Store::Open(options_);
    if (!store.ok()) return store.status();
    auto journal = (*store)->OpenJournal("shop");
    if (!journal.ok()) return journal.status();
    return ReadSequences(*journal, 1).status();
  }
  void ExpectDataLoss() {
    absl::Status status = OpenAndRead();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(status.ToString(), HasSubstr("restore the data folder from a backup"));
  }
};

TEST_F(DamageTest, SecondOpenerIsToldWhoHasTheFolder) {
  absl::Status status = Store::Open(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), AllOf(HasSubstr("in use by process " + std::to_string(getpid())),
                                       HasSubstr("stop that process")));
  Reopen();
}

TEST_F(DamageTest, AnotherFormatIsLeftAlone) {
  Close();
  for (const char* age : {"newer", "older"}) {
    const std::string number = age == std::string("newer") ? "9" : "1";
    tidemark::testing::WriteFile(options_.folder + "/FORMAT",
                                 "tidemark data folder, format " + number + "\n");
    absl::Status status = Store::Open(options_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.ToString(), AllOf(HasSubstr("format " + number), HasSubstr("format 2"),
                                         HasSubstr(age + std::string(" Tidemark"))));
  }
}

TEST_F(DamageTest, DamagedFormatFileIsDataLoss) {
  Close();
  tidemark::testing::WriteFile(options_.folder + "/FORMAT", "what\n");
  ExpectDataLoss();
  std::filesystem::remove(options_.folder + "/FORMAT");
  ExpectDataLoss();
}

TEST_F(DamageTest, FlippedManifestIsDataLoss) {
  FillFiles();
  Close();
  FlipMiddle(LargestFile("MANIFEST"));
  ExpectDataLoss();
}

TEST_F(DamageTest, FlippedTableIsDataLoss) {
  FillFiles();
  Close();
  FlipMiddle(LargestFile(".sst"));
  ExpectDataLoss();
}

TEST_F(DamageTest, FlippedWriteAheadLogIsDataLoss) {
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(journal_->Append(MakeBatch(1 + i, 1, 1)).ok());
  Close();
  FlipMiddle(LargestFile(".log"));
  ExpectDataLoss();
}

TEST_F(DamageTest, TornLastWriteIsNoDamage) {
  ASSERT_TRUE(journal_->Append(MakeBatch(1, 1, 10)).ok());
  Close();
  std::ofstream(LargestFile(".log"), std::ios::binary | std::ios::app) << "torn";
  Reopen();
  EXPECT_EQ(journal_->bounds().newest, 10u);
}

TEST_F(DamageTest, MissingFilesAreDataLoss) {
  FillFiles();
  Close();
  std::string table = LargestFile(".sst");
  std::filesystem::rename(table, options_.folder + "/kept");
  ExpectDataLoss();
  std::filesystem::rename(options_.folder + "/kept", table);
  Reopen();
  Close();
  std::filesystem::remove(options_.folder + "/db/CURRENT");
  ExpectDataLoss();
}

TEST_F(DamageTest, FlippedCurrentIsDataLoss) {
  Close();
  FlipMiddle(options_.folder + "/db/CURRENT");
  ExpectDataLoss();
}

TEST_F(DamageTest, HalfCreatedFolderIsCreatedAgain) {
  Close();
  std::filesystem::rename(options_.folder + "/db", options_.folder + "/db.new");
  Open();
  EXPECT_EQ(journal_->bounds().newest, 0u);
}

TEST_F(DamageTest, FolderThatCannotBeMadeSaysSo) {
  StoreOptions options;
  options.folder = "/proc/nothing/here";
  absl::Status status = Store::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.ToString(), HasSubstr("/proc/nothing/here"));
}

}  // namespace
}  // namespace tidemark::storage
