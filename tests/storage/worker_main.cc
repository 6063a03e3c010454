// What the crash and memory tests run as a process of its own:
//   storage_worker append FOLDER   appends for ever; writes each durable sequence to standard
//   output storage_worker fill FOLDER     writes 2 GB, reads them, prints its peak memory in KiB

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/storage/journal_batches.h"

namespace tidemark::storage {
namespace {

int AppendForEver(Journal* journal) {
  while (true) {
    model::Sequence first = journal->bounds().newest + 1;
    uint32_t blocks = 1 + first % 4;
    size_t payload = 1 + first * 7919 % 40000;
    if (!journal->Append(MakeBatch(first, blocks, 3, first, payload)).ok()) return 2;
    model::Sequence newest = journal->bounds().newest;
    if (newest % 7 == 0 && !journal->Trim({.bytes_max = 8 << 20}, 0).ok()) return 3;
    if (write(STDOUT_FILENO, &newest, sizeof(newest)) != sizeof(newest)) return 4;
  }
}

unsigned long PeakMemoryKib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::stoul(line.substr(6));
  }
  return 0;
}

int Fill(Journal* journal) {
  constexpr uint32_t kCount = 250;
  model::Bytes frames;
  for (uint32_t i = 0; i < kCount; ++i) AppendTestFrame(&frames, 0, 1000);
  for (model::Sequence next = 1; next < 7500 * kCount;) {
    AppendBatch batch;
    for (int i = 0; i < 8; ++i, next += kCount) {
      batch.blocks.push_back({next, kCount, next, {1}, frames.view(), nullptr});
    }
    batch.checkpoint.next_sequence = next;
    if (!journal->Append(std::move(batch)).ok()) return 2;
  }
  auto cursor = *journal->Read(1);
  for (auto block = cursor->Next(); !block.ok() || block->has_value(); block = cursor->Next()) {
    if (!block.ok()) return 3;
  }
  printf("%lu\n", PeakMemoryKib());
  return 0;
}

int Run(const std::string& work, const std::string& folder) {
  StoreOptions options;
  options.folder = folder;
  if (work == "append") options.write_buffer_bytes = 2 << 20;
  auto store = Store::Open(options);
  if (!store.ok()) return 1;
  auto journal = (*store)->OpenJournal("shop");
  if (!journal.ok()) return 1;
  return work == "append" ? AppendForEver(*journal) : Fill(*journal);
}

}  // namespace
}  // namespace tidemark::storage

int main(int argc, char** argv) {
  return argc == 3 ? tidemark::storage::Run(argv[1], argv[2]) : 64;
}
