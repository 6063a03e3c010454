#ifndef TIDEMARK_STORAGE_BLOCK_READER_H_
#define TIDEMARK_STORAGE_BLOCK_READER_H_

#include <functional>

#include "absl/status/status.h"
#include "storage/database.h"
#include "storage/journal.h"

namespace tidemark::storage {

// Where the blocks of one journal are.
struct BlockStore {
  Database* database = nullptr;
  rocksdb::ColumnFamilyHandle* family = nullptr;
};

// Calls `visit` for the stored blocks in order, from the one that holds `from` on (or the next one
// after it, if none does), until it returns false. A visited block has no owner: its frames live
// until `visit` returns. Nothing of the database is held afterwards. DataLoss: damaged.
// Thread-safe.
absl::Status ForEachBlock(const BlockStore& store, model::Sequence from,
                          const std::function<bool(const Block&)>& visit);

// The newest stored block, without frames and owner; count 0: there is none.
absl::StatusOr<Block> NewestBlock(const BlockStore& store);

// Cuts the events before `place` off. False: the block does not hold `place`, or its frames are
// damaged.
bool CutFront(Block* block, model::Sequence place);

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_BLOCK_READER_H_
