#ifndef TIDEMARK_STORAGE_ROCKS_CURSOR_H_
#define TIDEMARK_STORAGE_ROCKS_CURSOR_H_

#include <deque>
#include <optional>

#include "storage/journal.h"

namespace tidemark::storage {

class RocksJournal;

// A cursor of a RocksJournal, which must outlive it. Reads the tail from memory and the past from
// disk, some blocks at a time, which it keeps; they are returned even if they are trimmed
// meanwhile.
class RocksCursor final : public Cursor {
 public:
  RocksCursor(RocksJournal* journal, model::Sequence place) : journal_(journal), place_(place) {}

  absl::StatusOr<std::optional<Block>> Next() override;
  model::Sequence place() const override { return place_; }

 private:
  absl::Status Refill();
  absl::Status ReadDisk(model::Sequence end);
  absl::Status Hole() const;

  RocksJournal* const journal_;
  model::Sequence place_;
  std::deque<Block> ready_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_ROCKS_CURSOR_H_
