#include "storage/block_reader.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "storage/layout.h"

namespace tidemark::storage {
namespace {

constexpr size_t kReadaheadBytes = 1 << 20;

bool ParseEntry(const rocksdb::Iterator& at, Block* block) {
  return ParseNumberKey(at.key().ToStringView(), &block->first) &&
         ParseBlock(at.value().ToStringView(), block);
}

absl::Status DamagedBlock(const std::string& family) {
  return absl::DataLossError(
      absl::StrCat("a block of ", family, " cannot be read; ", kDamageRemedy));
}

std::unique_ptr<rocksdb::Iterator> NewIterator(const BlockStore& store) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadaheadBytes;
  return std::unique_ptr<rocksdb::Iterator>(
      store.database->get()->NewIterator(options, store.family));
}

// A reader nearly always stands at the start of a block: that costs no backward step.
void SeekBlock(rocksdb::Iterator* at, model::Sequence from) {
  std::string key = NumberKey(from);
  at->Seek(key);
  if (at->Valid() && at->key() == key) return;
  at->SeekForPrev(key);
  if (!at->Valid() && at->status().ok()) at->Seek(key);
}

}  // namespace

absl::Status ForEachBlock(const BlockStore& store, model::Sequence from,
                          const std::function<bool(const Block&)>& visit) {
  std::unique_ptr<rocksdb::Iterator> at = NewIterator(store);
  for (SeekBlock(at.get(), from); at->Valid(); at->Next()) {
    Block block;
    if (!ParseEntry(*at, &block)) return DamagedBlock(store.family->GetName());
    if (block.last() >= from && !visit(block)) break;
  }
  return ToStatus(at->status(), absl::StrCat("cannot read ", store.family->GetName()));
}

absl::StatusOr<Block> NewestBlock(const BlockStore& store) {
  std::unique_ptr<rocksdb::Iterator> at = NewIterator(store);
  at->SeekToLast();
  Block block;
  if (at->Valid() && !ParseEntry(*at, &block)) return DamagedBlock(store.family->GetName());
  if (!at->status().ok()) {
    return ToStatus(at->status(), absl::StrCat("cannot read ", store.family->GetName()));
  }
  block.frames = {};
  return block;
}

bool CutFront(Block* block, model::Sequence place) {
  if (place == block->first) return true;
  model::FrameScanner scanner(block->frames);
  model::EventView event;
  while (scanner.Next(&event)) {
    if (event.sequence != place) continue;
    block->frames.remove_prefix(event.frame.data() - block->frames.data());
    block->count -= static_cast<uint32_t>(place - block->first);
    block->first = place;
    return true;
  }
  return false;
}

}  // namespace tidemark::storage
