#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "storage/database.h"
#include "storage/folder.h"
#include "storage/layout.h"
#include "tests/storage/journal_batches.h"
#include "tests/support/temp_folder.h"

namespace tidemark::storage {
namespace {

class StoreStatusTest : public StoreTest {};

TEST_F(StoreStatusTest, SizesAreThoseOfDiskAndMemory) {
  const StoreStatus before = store_->status();
  EXPECT_GT(before.disk_free_bytes, 0u);
  for (int i = 0; i < 40; ++i) {
    ASSERT_TRUE(journal_->Append(MakeBatch(1 + 10 * i, 1, 10, 1, 100'000)).ok());
  }
  const StoreStatus after = store_->status();
  // Of 40 MB in all the write buffers hold 16 MiB at most.
  EXPECT_GT(after.disk_used_bytes, 10u << 20);
  EXPECT_GT(after.memory_bytes, before.memory_bytes);
  EXPECT_EQ(after.background_errors, 0u);
}

bool Await(const std::function<bool()>& holds) {
  for (int i = 0; i < 3000 && !holds(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return holds();
}

TEST(WriteStallsTest, WritesThatWaitForAFlushAreCountedAsStopped) {
  tidemark::testing::TempFolder folder;
  const std::string path = folder.File("db");
  ASSERT_TRUE(Database::Create(path).ok());
  auto mark = DurableMark::Open(folder.File("DURABLE"));
  ASSERT_TRUE(mark.ok()) << mark.status();
  auto database = Database::Open(path, 16 << 20, *std::move(mark));
  ASSERT_TRUE(database.ok()) << database.status();
  auto family = (*database)->JournalOf("db");
  ASSERT_TRUE(family.ok());
  EXPECT_FALSE((*database)->status().stopped);

  // Two write buffers of 8 MiB are full, and no flush may empty them.
  ASSERT_TRUE((*database)->get()->PauseBackgroundWork().ok());
  std::atomic<bool> failed = false;
  std::thread writer([&] {
    for (uint64_t i = 0; i < 40; ++i) {
      rocksdb::WriteBatch batch;
      batch.Put(*family, NumberKey(i), std::string(1 << 20, 'x'));
      if (!(*database)->Write(&batch).ok()) failed = true;
    }
  });
  EXPECT_TRUE(Await([&] { return (*database)->status().stopped; }));
  ASSERT_TRUE((*database)->get()->ContinueBackgroundWork().ok());
  writer.join();
  EXPECT_FALSE(failed);
  EXPECT_TRUE(Await([&] { return !(*database)->status().stopped; }));
  EXPECT_TRUE(Await([&] { return (*database)->status().write_stops > 0; }));
}

}  // namespace
}  // namespace tidemark::storage
