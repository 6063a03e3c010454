#ifndef TIDEMARK_STORAGE_MILESTONES_H_
#define TIDEMARK_STORAGE_MILESTONES_H_

#include <cstdint>
#include <deque>

#include "storage/layout.h"

namespace tidemark::storage {

// Every so many bytes of frames a block is a milestone: kept in memory and stored with the block,
// so that times and byte counts are found without reading the journal. 24 bytes of memory each: 3
// MiB for 1 TiB of journal. Not thread-safe.
class Milestones {
 public:
  static constexpr uint64_t kStrideBytes = 8 << 20;

  // REQUIRES: after all others.
  void Add(const Milestone& milestone) { milestones_.push_back(milestone); }

  bool empty() const { return milestones_.empty(); }
  const Milestone& newest() const { return milestones_.back(); }
  const std::deque<Milestone>& all() const { return milestones_; }

  // The newest milestone for which `holds` (true up to some milestone, false after it); the oldest
  // one if there is none. REQUIRES: not empty.
  template <typename Predicate>
  const Milestone& LastWhere(Predicate holds) const {
    size_t low = 0;
    size_t high = milestones_.size();
    while (high - low > 1) {
      size_t middle = low + (high - low) / 2;
      (holds(milestones_[middle]) ? low : high) = middle;
    }
    return milestones_[low];
  }

  // Forgets those that are not needed for events from `oldest` on; returns how many.
  size_t DropBefore(model::Sequence oldest) {
    size_t dropped = 0;
    while (milestones_.size() > 1 && milestones_[1].first <= oldest) {
      milestones_.pop_front();
      ++dropped;
    }
    return dropped;
  }

 private:
  std::deque<Milestone> milestones_;
};

}  // namespace tidemark::storage

#endif  // TIDEMARK_STORAGE_MILESTONES_H_
