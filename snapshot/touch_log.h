#ifndef TIDEMARK_SNAPSHOT_TOUCH_LOG_H_
#define TIDEMARK_SNAPSHOT_TOUCH_LOG_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>

#include "model/bytes.h"
#include "model/event.h"
#include "model/schema.h"
#include "model/transaction.h"

namespace tidemark::snapshot {

// One change of the log to one key of a table (or, for a truncate, to all of them).
struct Touch {
  model::TransactionRef transaction;
  model::Op op = model::Op::kNone;
  bool partial = false;
  // The key is read again (LogEvent.moved): a column that `after` lacks may have changed.
  bool read_again = false;
  model::SchemaId schema = 0;
  // Serialized tidemark.v1.Row; `after` only where `partial`. Live as long as the log keeps the
  // touch.
  std::string_view key;
  std::string_view after;
};

// What the log did to one table since the oldest of its open windows was opened. Each touch is kept
// once, however many windows are open; each window remembers the index at which it started. Not
// thread-safe.
class TouchLog {
 public:
  // Copies key and row.
  void Add(const Touch& touch);

  // Index that the next touch will get.
  uint64_t end() const { return first_ + touches_.size(); }
  // REQUIRES: index in [the oldest not dropped, end()).
  const Touch& at(uint64_t index) const { return touches_[index - first_]; }
  // Forgets all touches before `index`.
  void DropBefore(uint64_t index);

  // Memory held.
  size_t bytes() const { return bytes_; }

 private:
  // A piece of memory for keys and rows; freed as a whole once its last touch is dropped.
  struct Segment {
    model::Bytes bytes;
    uint64_t last_touch = 0;
  };

  std::string_view Keep(std::string_view bytes);

  std::deque<Touch> touches_;
  std::deque<Segment> segments_;
  uint64_t first_ = 0;
  size_t bytes_ = 0;
};

}  // namespace tidemark::snapshot

#endif  // TIDEMARK_SNAPSHOT_TOUCH_LOG_H_
