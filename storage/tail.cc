#include "storage/tail.h"

#include <algorithm>
#include <utility>

namespace tidemark::storage {

std::vector<Tail::Batch> Tail::Add(Batch batch) {
  std::vector<Batch> gone;
  if (batch.blocks.empty()) return gone;
  bytes_ += batch.bytes;
  batches_.push_back(std::move(batch));
  while (bytes_ > bytes_max_) {
    bytes_ -= batches_.front().bytes;
    gone.push_back(std::move(batches_.front()));
    batches_.pop_front();
  }
  return gone;
}

std::optional<Block> Tail::Find(model::Sequence sequence) const {
  auto batch = std::upper_bound(
      batches_.begin(), batches_.end(), sequence,
      [](model::Sequence wanted, const Batch& at) { return wanted < at.blocks.front().first; });
  if (batch == batches_.begin()) return std::nullopt;
  const std::vector<Block>& blocks = std::prev(batch)->blocks;
  auto block =
      std::upper_bound(blocks.begin(), blocks.end(), sequence,
                       [](model::Sequence wanted, const Block& at) { return wanted < at.first; });
  --block;
  return block->last() < sequence ? std::nullopt : std::optional<Block>(*block);
}

}  // namespace tidemark::storage
