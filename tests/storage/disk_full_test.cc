#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

using ::testing::HasSubstr;

// A file system of 128 MiB in memory.
class SmallDisk {
 public:
  SmallDisk() { mounted_ = mount("none", folder_.path().c_str(), "tmpfs", 0, "size=128m") == 0; }
  ~SmallDisk() {
    if (mounted_) umount(folder_.path().c_str());
  }
  bool mounted() const { return mounted_; }
  std::string File(const char* name) const { return folder_.File(name); }

  // Takes all but `left` bytes.
  void Fill(uint64_t left) const {
    std::ofstream file(File("ballast"), std::ios::binary);
    uint64_t space = std::filesystem::space(folder_.path()).available;
    std::string chunk(64 << 10, 'b');
    for (; space > left + chunk.size(); space -= chunk.size()) file << chunk;
  }
  void Free() const { std::filesystem::remove(File("ballast")); }

 private:
  tidemark::testing::TempFolder folder_;
  bool mounted_ = false;
};

// Appends batches until one fails; its status.
absl::Status AppendUntilFailure(Journal* journal) {
  for (int i = 0; i < 10000; ++i) {
    model::Sequence first = journal->bounds().newest + 1;
    absl::Status status = journal->Append(MakeBatch(first, 2, 10, first, 5000));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// Retries as the merger does, for at most 30 s.
absl::Status AppendUntilSuccess(Journal* journal) {
  absl::Status status;
  for (int i = 0; i < 300; ++i) {
    model::Sequence first = journal->bounds().newest + 1;
    status = journal->Append(MakeBatch(first, 1, 10, first, 1000));
    if (status.ok()) return status;
    usleep(100000);
  }
  return status;
}

TEST(DiskFullTest, NothingIsLostAndAppendsGoOnOnceThereIsSpace) {
  SmallDisk disk;
  ASSERT_TRUE(disk.mounted()) << "mounting a tmpfs needs root";
  StoreOptions options;
  options.folder = disk.File("data");
  options.write_buffer_bytes = 4 << 20;
  for (uint64_t left : {uint64_t{0}, uint64_t{8} << 20}) {
    auto store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    Journal* journal = *(*store)->OpenJournal("shop");
    ASSERT_TRUE(AppendUntilSuccess(journal).ok());
    disk.Fill(left);
    absl::Status full = AppendUntilFailure(journal);
    EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
    EXPECT_THAT(full.ToString(), HasSubstr("free space"));
    model::Sequence durable = journal->bounds().newest;
    EXPECT_EQ(AppendUntilFailure(journal).code(), absl::StatusCode::kResourceExhausted);
    disk.Free();
    absl::Status again = AppendUntilSuccess(journal);
    EXPECT_TRUE(again.ok()) << again;
    EXPECT_GT(journal->bounds().newest, durable);
    EXPECT_TRUE(journal->Trim({.bytes_max = 1}, 0).ok());
    store->reset();
    store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    journal = *(*store)->OpenJournal("shop");
    EXPECT_EQ(ReadSequences(journal, journal->bounds().oldest)->back(), journal->bounds().newest);
  }
}

}  // namespace
}  // namespace tidemark::storage
