#include "storage/rocks_cursor.h"

#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/rocks_journal.h"

namespace tidemark::storage {
namespace {

constexpr size_t kPrefetchBytes = 1 << 20;

// The block with frames of its own.
Block Copy(const Block& block) {
  auto bytes = std::make_shared_for_overwrite<char[]>(block.frames.size());
  std::memcpy(bytes.get(), block.frames.data(), block.frames.size());
  Block copy = block;
  copy.frames = {bytes.get(), block.frames.size()};
  copy.owner = std::move(bytes);
  return copy;
}

}  // namespace

absl::StatusOr<std::optional<Block>> RocksCursor::Next() {
  if (ready_.empty()) {
    if (absl::Status status = Refill(); !status.ok()) return status;
    if (ready_.empty()) return std::nullopt;
  }
  std::optional<Block> block = std::move(ready_.front());
  ready_.pop_front();
  place_ = block->last() + 1;
  return block;
}

absl::Status RocksCursor::Refill() {
  auto sight = journal_->Look(place_);
  if (!sight.ok()) return sight.status();
  if (place_ >= sight->next) return absl::OkStatus();
  if (sight->block) {
    ready_.push_back(*std::move(sight->block));
  } else if (absl::Status status = ReadDisk(sight->next); !status.ok()) {
    return status;
  }
  return !ready_.empty() && CutFront(&ready_.front(), place_) ? absl::OkStatus() : Hole();
}

absl::Status RocksCursor::ReadDisk(model::Sequence end) {
  size_t bytes = 0;
  model::Sequence next = place_;
  return ForEachBlock(journal_->blocks(), place_, [&](const Block& block) {
    bool follows = block.first == next || (ready_.empty() && block.first < next);
    if (!follows || block.first >= end) return false;
    ready_.push_back(Copy(block));
    next = block.last() + 1;
    bytes += block.frames.size();
    return bytes < kPrefetchBytes;
  });
}

// Nothing at a place that is in range: it was trimmed just now, or the journal is damaged.
absl::Status RocksCursor::Hole() const {
  auto sight = journal_->Look(place_);
  if (!sight.ok()) return sight.status();
  return absl::DataLossError(
      absl::StrCat("the journal has no event ", place_, "; ", kDamageRemedy));
}

}  // namespace tidemark::storage
