#ifndef TIDEMARK_STORAGE_TAIL_H_
#define TIDEMARK_STORAGE_TAIL_H_

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "storage/journal.h"

namespace tidemark::storage {

// The newest blocks, in memory. Blocks that were written together share one owner and come and go
// together, so that what is counted is what is held. Not thread-safe.
class Tail {
 public:
  struct Batch {
    std::vector<Block> blocks;
    // Memory that the blocks' owner holds.
    size_t bytes = 0;
  };

  explicit Tail(size_t bytes_max) : bytes_max_(bytes_max) {}

  // REQUIRES: follows what was added before. Returns what had to go (its memory is better freed
  // without locks).
  std::vector<Batch> Add(Batch batch);
  // The block that holds the sequence, whole.
  std::optional<Block> Find(model::Sequence sequence) const;

 private:
  size_t bytes_max_;
  size_t bytes_ = 0;
  std::deque<Batch> batches_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_TAIL_H_
