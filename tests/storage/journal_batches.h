#ifndef TIDEMARK_TESTS_STORAGE_JOURNAL_BATCHES_H_
#define TIDEMARK_TESTS_STORAGE_JOURNAL_BATCHES_H_

#include <memory>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/event.h"
#include "storage/journal.h"
#include "tests/support/temp_folder.h"

namespace tidemark::storage {

// A change whose row holds its sequence and `payload` bytes of text.
void AppendTestFrame(model::Bytes* out, model::Sequence sequence, size_t payload);

// A block of `count` such changes that owns its frames.
Block MakeBlock(model::Sequence first, uint32_t count, uint64_t time_us = 1, size_t payload = 10);

// Blocks of `count` changes each, from `first` on, with the checkpoint that fits.
AppendBatch MakeBatch(model::Sequence first, uint32_t blocks, uint32_t count, uint64_t time_us = 1,
                      size_t payload = 10);

// Reads to the end; the sequences found, or the error.
absl::StatusOr<std::vector<model::Sequence>> ReadSequences(Journal* journal, model::Sequence from);

// A store in a folder of its own, which can be closed and opened again.
class StoreTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open();
  void Close() { store_.reset(); }
  void Reopen();

  StoreOptions options_;
  std::unique_ptr<Store> store_;
  Journal* journal_ = nullptr;

 private:
  tidemark::testing::TempFolder folder_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_TESTS_STORAGE_JOURNAL_BATCHES_H_
