#ifndef TIDEMARK_SNAPSHOT_OUTPUT_H_
#define TIDEMARK_SNAPSHOT_OUTPUT_H_

#include <cstdint>
#include <vector>

#include "model/bytes.h"
#include "model/event.h"
#include "storage/journal.h"

namespace tidemark::snapshot {

// Collects events in their final order, gives them their sequences and cuts them into blocks for
// one append. Small pieces are gathered into a common block; large ones become blocks where they
// lie, without a copy. Not thread-safe.
class Output {
 public:
  // One event to append: where its frame starts, its size, and the schema that a change uses (else
  // 0).
  struct Frame {
    uint32_t at = 0;
    uint32_t size = 0;
    model::SchemaId schema = 0;
  };

  Output(model::Sequence next, size_t block_bytes) : next_(next), block_bytes_(block_bytes) {}

  // Appends the events of `frames` back to back; `bytes` is exactly them. Sets their sequences.
  void Append(model::Bytes bytes, const std::vector<Frame>& frames);
  // Appends a single event.
  void AppendOne(std::string_view frame, model::SchemaId schema = 0);

  // The sequence of the next event.
  model::Sequence next() const { return next_; }
  size_t bytes() const { return bytes_; }
  bool empty() const { return blocks_.empty() && gathered_.empty(); }

  // The blocks collected since the last call.
  std::vector<storage::Block> Take(uint64_t now_us);

 private:
  void Gather(std::string_view frame, model::SchemaId schema);
  void FlushGathered();
  void CutInPlace(model::Bytes bytes, const std::vector<Frame>& frames);

  model::Sequence next_;
  size_t block_bytes_;
  size_t bytes_ = 0;
  std::vector<storage::Block> blocks_;
  // The block being gathered.
  model::Bytes gathered_;
  uint32_t gathered_count_ = 0;
  std::vector<model::SchemaId> gathered_schemas_;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_OUTPUT_H_
